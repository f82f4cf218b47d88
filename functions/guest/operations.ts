import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { type Auth, type OperationOf, routes } from '#blueprint/routes.ts';
import type { Clock } from '#shared/clock.ts';
import { decodeListCursor, encodeCursor } from '#shared/cursors.ts';
import type { OperationsOf } from '#shared/http-handler.ts';
import { guestId } from '#shared/ids.ts';
import { once } from '#shared/once.ts';
import { guestOperation, type Operation, operation, publicOperation } from '#shared/operation.ts';
import { Failure } from '#shared/problems.ts';
import { untilItHolds } from '#shared/retry.ts';
import { type ClaimStore, claimNotes } from './claim.ts';
import { guestContracts } from './contract.ts';
import { byAge, bytesOf, type Note, type NoteFields, type NoteStore, noteBytes, notesPerGuest } from './note.ts';

export interface GuestNeeds {
  readonly notes: NoteStore;
  readonly claims: ClaimStore;
  readonly clock: Clock;
  /** Limits how often a source address may call an operation that needs no account. */
  readonly limit: <A extends Auth>(name: string, operation: Operation<A>) => Operation<A>;
}

export const guestOperations = ({ notes, claims, clock, limit }: GuestNeeds): OperationsOf<'guest'> => {
  const claim = claimNotes({ notes, claims, clock });

  const operations: OperationsOf<'guest'> = {
    createGuest: publicOperation(guestContracts.createGuest, async () => ({
      status: 201 as const,
      body: { guest_uuid: randomUUID() },
    })),

    createGuestTask: guestOperation(guestContracts.createGuestTask, async ({ principal: { guest }, body }) => {
      const note = await notes.create(guest, fieldsOf(body), clock.now());
      if (!note) throw new Failure('quota-exceeded', `A guest has ${notesPerGuest} notes at most: delete one first.`);
      return { status: 201 as const, location: `/guest/tasks/${note.id}`, version: note.version, body: note };
    }),

    listGuestTasks: guestOperation(guestContracts.listGuestTasks, async ({ principal: { guest }, query }) => {
      const after = query.cursor === undefined ? null : decodeListCursor(guest, list, position(), query.cursor);
      const all = [...(await notes.all(guest, clock.now()))].sort(byAge);
      const rest = after === null ? all : all.filter((note) => byAge(after, note) < 0);
      const items = rest.slice(0, query.limit);
      const last = items.at(-1);
      const next_cursor =
        last && rest.length > items.length
          ? encodeCursor(guest, list, { created_at: last.created_at, id: last.id })
          : null;
      return { status: 200 as const, body: { items, next_cursor } };
    }),

    getGuestTask: guestOperation(guestContracts.getGuestTask, async ({ principal: { guest }, params: { task_id } }) =>
      answer((await notes.get(guest, task_id, clock.now())) ?? missing()),
    ),

    replaceGuestTask: guestOperation(
      guestContracts.replaceGuestTask,
      async ({ principal: { guest }, params: { task_id }, body, ifMatch }) => {
        const fields = fieldsOf(body);
        return answer(
          await untilItHolds(async () => {
            const now = clock.now();
            const before = (await notes.get(guest, task_id, now)) ?? missing();
            if (ifMatch && !ifMatch(before.version)) {
              throw new Failure('stale-version', `The note is in version ${before.version} by now.`);
            }
            const after = { ...before, ...fields, version: before.version + 1 };
            return (await notes.replace(guest, before, after, now)) && after;
          }),
        );
      },
    ),

    deleteGuestTask: guestOperation(
      guestContracts.deleteGuestTask,
      async ({ principal: { guest }, params: { task_id } }) => {
        if (!(await notes.remove(guest, task_id, clock.now()))) missing();
        return { status: 204 as const };
      },
    ),

    claimGuestTasks: operation(guestContracts.claimGuestTasks, async ({ principal: { owner }, body, clientId }) => {
      const records = await claim(owner, guestId(body.guest_uuid), { now: clock.now(), clientId });
      const tasks = records.map(({ task }) => ({
        ...task,
        tags: [...task.tags],
        reminders: [...task.reminders],
      }));
      return { status: 200 as const, body: { claimed: tasks.length, tasks } };
    }),
  };

  const open = routes.flatMap((route) =>
    route.feature === 'guest' && route.auth !== 'user' ? [route.operationId] : [],
  );
  const limited = Object.fromEntries(open.map((id: OperationOf<'guest'>) => [id, limit<Auth>(id, operations[id])]));
  return { ...operations, ...limited };
};

const list = 'guest tasks';
const position = once(() => z.object({ created_at: z.string(), id: z.string() }));

/** @throws Failure `too-large` */
const fieldsOf = ({ title, description, status }: NoteFields): NoteFields => {
  if (bytesOf({ title, description, status }) > noteBytes) {
    throw new Failure('too-large', `Title and description of a note have ${noteBytes} bytes at most.`);
  }
  return { title, description, status };
};

const missing = (): never => {
  throw new Failure('not-found', 'There is no such note.');
};

const answer = (note: Note) => ({ status: 200 as const, version: note.version, body: note });
