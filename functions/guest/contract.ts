import * as z from 'zod/mini';
import type { OperationOf } from '#blueprint/routes.ts';
import { statuses, taskSchema } from '#functions/tasks/task.ts';
import { once } from '#shared/once.ts';
import { type Contract, contract } from '#shared/operation.ts';
import { ignored, uuid, wholeNumber } from '#shared/parameters.ts';
import { text } from '#shared/text.ts';
import { noteSchema } from './note.ts';

const fields = once(() => ({
  title: text({ min: 1, max: 500 }),
  description: z._default(z.nullable(text({ max: 20_000 })), null),
  status: z._default(z.enum(statuses), 'todo'),
}));

const noteId = once(() => z.object({ task_id: uuid() }));

export const guestContracts = {
  createGuest: contract(() => ({
    summary: 'Get a guest id: whoever holds it holds the notes',
    replies: { 201: z.object({ guest_uuid: z.string() }) },
  })),
  createGuestTask: contract(() => ({
    summary: 'Create a note that lives 24 hours',
    body: z.strictObject(fields()),
    replies: { 201: noteSchema() },
    names: { task_id: '/id' },
    problems: ['quota-exceeded', 'too-large'],
  })),
  listGuestTasks: contract(() => ({
    summary: 'List a guest’s notes, the newest first; an unknown guest has none',
    query: z.strictObject({ limit: z._default(wholeNumber(1, 100), 50), cursor: z.optional(z.string()) }),
    replies: { 200: z.object({ items: z.array(noteSchema()), next_cursor: z.nullable(z.string()) }) },
  })),
  getGuestTask: contract(() => ({
    summary: 'Get a note',
    params: noteId(),
    headers: ['If-None-Match'],
    replies: { 200: noteSchema() },
    problems: ['not-found'],
  })),
  replaceGuestTask: contract(() => ({
    summary: 'Replace a note; it lives no longer for it',
    params: noteId(),
    body: z.strictObject({
      ...fields(),
      id: ignored(),
      created_at: ignored(),
      expires_at: ignored(),
      version: ignored(),
    }),
    headers: ['If-Match'],
    replies: { 200: noteSchema() },
    problems: ['not-found', 'stale-version', 'too-large'],
  })),
  deleteGuestTask: contract(() => ({
    summary: 'Delete a note, which makes room for another',
    params: noteId(),
    replies: { 204: null },
    problems: ['not-found'],
  })),
  claimGuestTasks: contract(() => ({
    summary: 'Turn a guest’s notes into one’s own tasks; again, the same tasks',
    body: z.strictObject({ guest_uuid: z.uuidv4() }),
    replies: { 200: z.object({ claimed: z.number(), tasks: z.array(taskSchema()) }) },
  })),
} satisfies Record<OperationOf<'guest'>, () => Contract>;
