import * as z from 'zod/mini';
import type { OperationOf } from '#blueprint/routes.ts';
import { type Contract, contract } from '#shared/operation.ts';
import { text } from '#shared/text.ts';
import { dueDateSchema } from './due-date.ts';
import { tidyTags } from './tags.ts';
import { priorities, statuses, taskSchema } from './task.ts';

z.globalRegistry.add(taskSchema, { id: 'Task' });

const tag = z.pipe(z.string().check(z.trim(), z.normalize('NFC')), text({ min: 1, max: 50 }));

const title = text({ min: 1, max: 500 });
const description = z.nullable(text({ max: 20_000 }));
const status = z.enum(statuses);
const priority = z.enum(priorities);
const dueDate = z.nullable(dueDateSchema);
const tags = z.pipe(
  z.array(tag).check(z.maxLength(20)),
  z.transform((given: string[]) => tidyTags(given)),
);

const later = 'is not supported yet: leave it out';

/** Known already, so that clients can send what they got; anything but "nothing" waits for its feature. */
const notYet = {
  parent_id: z.optional(z.null(later)),
  recurrence: z.optional(z.null(later)),
  reminders: z.optional(z.array(z.unknown()).check(z.maxLength(0, later))),
};

/** Everything a client may say of a new task; what is left out gets its default. */
const draft = {
  title,
  description: z._default(description, null),
  status: z._default(status, 'todo'),
  priority: z._default(priority, 'none'),
  due_date: z._default(dueDate, null),
  tags: z._default(tags, []),
  ...notYet,
};

const ignored = z.optional(z.unknown());
z.globalRegistry.add(ignored, { readOnly: true, description: 'Accepted and ignored: get, edit and put back works.' });

/** What the server decides. */
const readOnly = {
  id: ignored,
  user_id: ignored,
  position: ignored,
  series_id: ignored,
  occurrence_date: ignored,
  version: ignored,
  created_at: ignored,
  updated_at: ignored,
  completed_at: ignored,
};

export const draftSchema = z.strictObject(draft);
export type TaskDraft = z.output<typeof draftSchema>;

/** A JSON merge patch (RFC 7396). A field that cannot be absent cannot be null. */
export const patchSchema = z.strictObject({
  title: z.optional(title),
  description: z.optional(description),
  status: z.optional(status),
  priority: z.optional(priority),
  due_date: z.optional(dueDate),
  tags: z.optional(tags),
  ...notYet,
  ...readOnly,
});
export type TaskPatch = z.output<typeof patchSchema>;

const taskId = z.object({ task_id: z.uuid() });

/** Reads a whole number from the text of a query parameter. */
const limit = z.pipe(
  z.string().check(z.regex(/^\d{1,3}$/, 'must be a whole number from 1 to 100')),
  z.pipe(z.transform(Number), z.int().check(z.minimum(1), z.maximum(100))),
);

const taskPage = z.object({ items: z.array(taskSchema), next_cursor: z.nullable(z.string()) });
z.globalRegistry.add(taskPage, { id: 'TaskPage' });

export const taskContracts = {
  createTask: contract({
    summary: 'Create a task',
    body: draftSchema,
    headers: ['Idempotency-Key'],
    replies: { 201: taskSchema },
    problems: ['idempotency-key-reused', 'not-found'],
  }),
  listTasks: contract({
    summary: 'List tasks: the open ones by due date (undated last), then the closed ones, newest first',
    query: z.strictObject({
      status: z.optional(z.enum([...statuses, 'open'])),
      limit: z._default(limit, 50),
      cursor: z.optional(z.string()),
    }),
    replies: { 200: taskPage },
  }),
  getTask: contract({
    summary: 'Get a task',
    params: taskId,
    headers: ['If-None-Match'],
    replies: { 200: taskSchema },
    problems: ['not-found'],
  }),
  replaceTask: contract({
    summary: 'Replace a task: what is left out gets its default',
    params: taskId,
    body: z.strictObject({ ...draft, ...readOnly }),
    headers: ['If-Match'],
    replies: { 200: taskSchema },
    problems: ['not-found', 'stale-version'],
  }),
  updateTask: contract({
    summary: 'Change some fields of a task (JSON merge patch)',
    params: taskId,
    body: patchSchema,
    accepts: ['application/merge-patch+json'],
    headers: ['If-Match'],
    replies: { 200: taskSchema },
    problems: ['not-found', 'stale-version'],
  }),
  deleteTask: contract({
    summary: 'Delete a task; what it completed stays in the reports',
    params: taskId,
    headers: ['If-Match'],
    replies: { 204: null },
    problems: ['not-found', 'stale-version'],
  }),
  completeTask: contract({
    summary: 'Complete a task; a done one stays as it is',
    params: taskId,
    headers: ['If-Match'],
    replies: { 200: taskSchema },
    problems: ['not-found', 'stale-version'],
  }),
  reopenTask: contract({
    summary: 'Reopen a closed task, with the open status it had; an open one stays as it is',
    params: taskId,
    headers: ['If-Match'],
    replies: { 200: taskSchema },
    problems: ['not-found', 'stale-version'],
  }),
} satisfies Record<OperationOf<'tasks'>, Contract>;
