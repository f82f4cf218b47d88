import * as z from 'zod/mini';
import type { Clock } from '#shared/clock.ts';
import { decodeListCursor, encodeCursor } from '#shared/cursors.ts';
import type { OperationsOf } from '#shared/http-handler.ts';
import { derivedId, type UserId } from '#shared/ids.ts';
import { type Idempotency, operation, type VersionCondition } from '#shared/operation.ts';
import { Failure } from '#shared/problems.ts';
import { untilItHolds } from '#shared/retry.ts';
import { type TaskDraft, type TaskPatch, taskContracts } from './contract.ts';
import {
  type Act,
  completeTask,
  type DayRules,
  editTask,
  newTask,
  reopenTask,
  stateKeys,
  stateRangeOf,
  type TaskFields,
  type TaskFilter,
  type TaskRecord,
  type TaskStore,
} from './task.ts';

export interface TaskNeeds {
  readonly tasks: TaskStore;
  readonly clock: Clock;
  readonly newId: () => string;
}

export const taskOperations = (needs: TaskNeeds): OperationsOf<'tasks'> => {
  const { tasks, clock } = needs;
  const create = createTask(needs);
  const change = changeTask(tasks);
  const actOf = (clientId: string | null): Act => ({ now: clock.now(), clientId });

  return {
    createTask: operation(taskContracts.createTask, async ({ principal: { owner }, body, clientId, idempotency }) => {
      const { task } = await create(owner, body, actOf(clientId), idempotency);
      return { status: 201 as const, location: `/tasks/${task.id}`, version: task.version, body: wire(task) };
    }),

    listTasks: operation(taskContracts.listTasks, async ({ principal: { owner }, query }) => {
      const filter = query.status ?? null;
      const list = `tasks ${filter}`;
      const after = query.cursor === undefined ? null : decodeListCursor(owner, list, placeIn(filter), query.cursor);
      const page = await tasks.list(owner, filter, { limit: query.limit, after });
      const next_cursor = page.next === null ? null : encodeCursor(owner, list, page.next);
      return { status: 200 as const, body: { items: page.tasks.map(({ task }) => wire(task)), next_cursor } };
    }),

    getTask: operation(taskContracts.getTask, async ({ principal: { owner }, params: { task_id } }) =>
      answer((await tasks.get(owner, task_id, clock.now())) ?? missing()),
    ),

    replaceTask: operation(
      taskContracts.replaceTask,
      async ({ principal: { owner }, params: { task_id }, body, clientId, ifMatch }) =>
        answer(await change(owner, task_id, editWith(fieldsOf(body)), actOf(clientId), ifMatch)),
    ),

    updateTask: operation(
      taskContracts.updateTask,
      async ({ principal: { owner }, params: { task_id }, body, clientId, ifMatch }) =>
        answer(await change(owner, task_id, editWith(fieldsOf(body)), actOf(clientId), ifMatch)),
    ),

    deleteTask: operation(
      taskContracts.deleteTask,
      async ({ principal: { owner }, params: { task_id }, clientId, ifMatch }) => {
        const act = actOf(clientId);
        await untilItHolds(async () => {
          const record = (await tasks.get(owner, task_id, act.now)) ?? missing();
          expectVersion(record, ifMatch);
          return tasks.remove(record, act);
        });
        return { status: 204 as const };
      },
    ),

    completeTask: operation(
      taskContracts.completeTask,
      async ({ principal: { owner }, params: { task_id }, clientId, ifMatch }) =>
        answer(await change(owner, task_id, { setsStatus: true, apply: completeTask }, actOf(clientId), ifMatch)),
    ),

    reopenTask: operation(
      taskContracts.reopenTask,
      async ({ principal: { owner }, params: { task_id }, clientId, ifMatch }) =>
        answer(await change(owner, task_id, { setsStatus: true, apply: reopenTask }, actOf(clientId), ifMatch)),
    ),
  };
};

/** Where a list may go on. A place that is none would be an error to DynamoDB, however well its cursor is made up. */
const placeIn = (filter: TaskFilter) =>
  z.string().check(
    z.regex(stateKeys),
    z.refine((place) => place.startsWith(stateRangeOf(filter))),
  );

/** For acts that count nothing. */
const anyDays: DayRules = { timezone: 'UTC', day_start: '00:00' };

/**
 * Creates a task, once for each `Idempotency-Key`: the id is derived from the key, so that the put that creates it is itself the replay check.
 * @throws Failure `idempotency-key-reused` for another body; `not-found` when what the key once made has been deleted since
 */
const createTask =
  ({ tasks, newId }: TaskNeeds) =>
  async (owner: UserId, draft: TaskDraft, act: Act, idempotency: Idempotency | null): Promise<TaskRecord> => {
    const id = idempotency ? derivedId('task', owner, idempotency.key) : newId();
    const { title, description, status, priority, due_date, tags } = draft;
    const record = newTask(
      {
        id,
        owner,
        fields: { title, description, status, priority, due_date, tags },
        requestHash: idempotency?.requestHash ?? null,
      },
      act,
      status === 'done' ? await tasks.days(owner, act.now) : anyDays,
    );
    const creation = await tasks.create(record, act);
    if (creation.outcome === 'created') return record;
    if (creation.requestHash !== record.requestHash) {
      throw new Failure('idempotency-key-reused', 'This Idempotency-Key came with another body before.');
    }
    if (creation.outcome === 'deleted') {
      throw new Failure('not-found', 'This Idempotency-Key made a task that has been deleted since.');
    }
    return creation.record;
  };

interface Edit {
  /** Whether it may close or open the task: then the owner's days are needed, to count it. */
  readonly setsStatus: boolean;
  readonly apply: (before: TaskRecord, act: Act, days: DayRules) => TaskRecord;
}

const editWith = (fields: Partial<TaskFields>): Edit => ({
  setsStatus: 'status' in fields,
  apply: (before, act, days) => editTask(before, fields, act, days),
});

/** @throws Failure `not-found`; `stale-version` when the task is not in the version the caller expects */
const changeTask =
  (tasks: TaskStore) =>
  (owner: UserId, id: string, edit: Edit, act: Act, ifMatch: VersionCondition | null): Promise<TaskRecord> =>
    untilItHolds(async () => {
      const read = edit.setsStatus
        ? await tasks.getWithDays(owner, id, act.now)
        : { record: await tasks.get(owner, id, act.now), days: anyDays };
      const before = read?.record ?? missing();
      expectVersion(before, ifMatch);
      const after = edit.apply(before, act, read?.days ?? anyDays);
      return after === before || (await tasks.replace(before, after)) ? after : false;
    });

/** The fields a body sets, and no others. */
const fieldsOf = ({ title, description, status, priority, due_date, tags }: TaskPatch): Partial<TaskFields> => ({
  ...(title !== undefined && { title }),
  ...(description !== undefined && { description }),
  ...(status !== undefined && { status }),
  ...(priority !== undefined && { priority }),
  ...(due_date !== undefined && { due_date }),
  ...(tags !== undefined && { tags }),
});

const expectVersion = ({ task }: TaskRecord, ifMatch: VersionCondition | null): void => {
  if (ifMatch && !ifMatch(task.version)) {
    throw new Failure('stale-version', `The task is in version ${task.version} by now.`);
  }
};

const missing = (): never => {
  throw new Failure('not-found', 'There is no such task.');
};

const answer = ({ task }: TaskRecord) => ({ status: 200 as const, version: task.version, body: wire(task) });

/** The contract's schema lets nothing else out; it only wants its arrays to be its own. */
const wire = ({ tags, ...task }: TaskRecord['task']) => ({ ...task, tags: [...tags], reminders: [] });
