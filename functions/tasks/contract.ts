import * as z from 'zod/mini';
import type { OperationOf } from '#blueprint/routes.ts';
import { recurrenceDraftSchema, recurrencePatchSchema } from '#functions/recurrence/recurrence.ts';
import { reminderList } from '#functions/reminders/contract.ts';
import { once } from '#shared/once.ts';
import { type Contract, contract } from '#shared/operation.ts';
import { ignored, uuid, wholeNumber } from '#shared/parameters.ts';
import { problemSchema } from '#shared/problem-schema.ts';
import { text } from '#shared/text.ts';
import { dueDateSchema } from './due-date.ts';
import { sortFields } from './query.ts';
import { scopes } from './recurring.ts';
import { tidyTags } from './tags.ts';
import { priorities, statuses, taskSchema } from './task.ts';

const tagText = once(() => text({ min: 1, max: 50 }));
const givenTag = once(() =>
  z
    .string()
    .check(z.trim(), z.normalize('NFC'))
    .register(z.globalRegistry, z.globalRegistry.get(tagText()) ?? {}),
);
const tag = once(() => z.pipe(givenTag(), tagText()));

const title = once(() => text({ min: 1, max: 500 }));
const description = once(() => z.nullable(text({ max: 20_000 })));
const status = once(() => z.enum(statuses));
const priority = once(() => z.enum(priorities));
const dueDate = once(() => z.nullable(dueDateSchema()));
const tags = once(() =>
  z.pipe(
    z.array(tag()).check(z.maxLength(20)),
    z.transform((given: string[]) => tidyTags(given)),
  ),
);

/** Everything a client may say of a new task; what is left out gets its default. */
const draft = once(() => ({
  title: title(),
  description: z._default(description(), null),
  status: z._default(status(), 'todo'),
  priority: z._default(priority(), 'none'),
  due_date: z._default(dueDate(), null),
  tags: z._default(tags(), []),
  parent_id: z._default(z.nullable(uuid()), null),
  reminders: z._default(reminderList(), []),
  recurrence: z._default(z.nullable(recurrenceDraftSchema()), null),
}));

/** What the server decides. */
const readOnly = once(() => ({
  id: ignored(),
  user_id: ignored(),
  position: ignored(),
  series_id: ignored(),
  occurrence_date: ignored(),
  version: ignored(),
  created_at: ignored(),
  updated_at: ignored(),
  completed_at: ignored(),
}));

const replacementSchema = once(() => z.strictObject({ ...draft(), ...readOnly() }));

/** A sibling to stand behind, or before: one of them at most. */
const place = once(() => ({ after: z.optional(uuid()), before: z.optional(uuid()) }));

const onePlace = once(() =>
  z.refine<{ after?: string | undefined; before?: string | undefined }>(
    ({ after, before }) => after === undefined || before === undefined,
    'take after or before, not both',
  ),
);

/** The same for clients, who read it in the OpenAPI document. */
const onePlaceSaid = { not: { properties: { after: {}, before: {} }, required: ['after', 'before'] } };

export const draftSchema = once(() =>
  z
    .strictObject({ ...draft(), ...place() })
    .check(onePlace())
    .register(z.globalRegistry, onePlaceSaid),
);
export type TaskDraft = z.output<ReturnType<typeof draftSchema>>;

export const moveSchema = once(() =>
  z
    .strictObject({ parent_id: z.optional(z.nullable(uuid())), ...place() })
    .check(onePlace())
    .register(z.globalRegistry, onePlaceSaid),
);

export const childrenOfCompleted = once(() => z._default(z.enum(['complete', 'leave', 'block']), 'complete'));
export const childrenOfDeleted = once(() => z._default(z.enum(['delete', 'reparent']), 'delete'));
/** Of a recurring task: this occurrence, it and those behind it, or all that are open. */
export const scopeOfChange = once(() => z._default(z.enum(scopes), 'this'));

/** A task with what is below it. */
export interface TaskNode extends z.output<ReturnType<typeof taskSchema>> {
  readonly children?: TaskNode[] | undefined;
}
const taskNode: () => z.ZodMiniType<TaskNode, TaskNode> = once(() =>
  z
    .object({
      ...taskSchema().shape,
      get children(): z.ZodMiniOptional<z.ZodMiniArray<z.ZodMiniType<TaskNode, TaskNode>>> {
        return z.optional(z.array(taskNode()));
      },
    })
    .register(z.globalRegistry, { id: 'TaskNode' }),
);

const batchOperation = once(() =>
  z
    .strictObject({
      op: z.enum(['create', 'update', 'delete', 'complete', 'reopen', 'move']),
      /** A task's id, or an earlier operation's `temp_id`. */
      id: z.optional(z.string().check(z.maxLength(64))),
      temp_id: z.optional(z.string().check(z.minLength(1), z.maxLength(64))),
      data: z.optional(z.record(z.string(), z.unknown())),
    })
    .register(z.globalRegistry, { id: 'BatchOperation' }),
);
export type BatchOperation = z.output<ReturnType<typeof batchOperation>>;

/** A name that stood for two tasks would say of neither which is meant. */
const distinctNames = once(() =>
  z.check<readonly BatchOperation[]>((context) => {
    const names = new Set<string>();
    for (const [index, { temp_id }] of context.value.entries()) {
      if (temp_id !== undefined && names.has(temp_id)) {
        context.issues.push({
          code: 'custom',
          input: temp_id,
          path: [index, 'temp_id'],
          message: 'is the name of an earlier operation',
        });
      }
      if (temp_id !== undefined) names.add(temp_id);
    }
  }),
);

const batchResult = once(() =>
  z
    .object({
      status: z.number(),
      id: z.nullable(z.string()),
      body: z.optional(taskSchema()),
      problem: z.optional(problemSchema()),
    })
    .register(z.globalRegistry, { id: 'BatchResult' }),
);

/** A JSON merge patch (RFC 7396). A field that cannot be absent cannot be null. */
export const patchSchema = once(() =>
  z.strictObject({
    title: z.optional(title()),
    description: z.optional(description()),
    status: z.optional(status()),
    priority: z.optional(priority()),
    due_date: z.optional(dueDate()),
    tags: z.optional(tags()),
    parent_id: z.optional(z.nullable(uuid())),
    reminders: z.optional(reminderList()),
    recurrence: z.optional(z.nullable(recurrencePatchSchema())),
    ...readOnly(),
  }),
);
export type TaskPatch = z.output<ReturnType<typeof patchSchema>>;

const taskId = once(() => z.object({ task_id: uuid() }));

const taskPage = once(() =>
  z
    .object({ items: z.array(taskNode()), next_cursor: z.nullable(z.string()) })
    .register(z.globalRegistry, { id: 'TaskPage' }),
);

/** A parameter that may be repeated. */
const tagList = once(() =>
  z.pipe(
    z.transform((given: unknown) => [given].flat()),
    z.array(tagText()).check(z.maxLength(20)),
  ),
);

const listQuery = once(() =>
  z.strictObject({
    status: z.optional(z.enum([...statuses, 'open'])),
    priority: z.optional(priority()),
    tag: z._default(tagList(), []),
    due_date_start: z.optional(dueDateSchema()),
    due_date_end: z.optional(dueDateSchema()),
    parent_id: z.optional(uuid()),
    search_term: z.optional(text({ max: 200 })),
    sort_by: z.optional(z.enum(sortFields)),
    order: z._default(z.enum(['asc', 'desc']), 'asc'),
    limit: z._default(wholeNumber(1, 100), 50),
    cursor: z.optional(z.string()),
    skip: z._default(wholeNumber(0, 1_000), 0),
    view: z._default(z.enum(['flat', 'tree']), 'flat'),
  }),
);
export type ListQuery = z.output<ReturnType<typeof listQuery>>;

export const taskContracts = {
  createTask: contract(() => ({
    summary: 'Create a task',
    body: draftSchema(),
    headers: ['Idempotency-Key'],
    replies: { 201: taskSchema() },
    names: { task_id: '/id' },
    problems: ['idempotency-key-reused', 'not-found', 'wrong-state', 'unusable-recurrence'],
  })),
  listTasks: contract(() => ({
    summary: 'List tasks: the open ones by due date (undated last), then the closed ones, newest first',
    query: listQuery(),
    replies: { 200: taskPage() },
    problems: ['too-large'],
  })),
  getTask: contract(() => ({
    summary: 'Get a task, alone or with everything below it',
    params: taskId(),
    query: z.strictObject({ include: z.optional(z.literal('descendants')) }),
    headers: ['If-None-Match'],
    replies: { 200: taskNode() },
    problems: ['not-found', 'too-large'],
  })),
  replaceTask: contract(() => ({
    summary: 'Replace a task: what is left out gets its default',
    params: taskId(),
    query: z.strictObject({ scope: scopeOfChange() }),
    body: replacementSchema(),
    headers: ['If-Match'],
    replies: { 200: taskSchema() },
    problems: ['not-found', 'stale-version', 'cycle', 'wrong-state', 'unusable-recurrence'],
  })),
  updateTask: contract(() => ({
    summary: 'Change some fields of a task (JSON merge patch)',
    params: taskId(),
    query: z.strictObject({ scope: scopeOfChange() }),
    body: patchSchema(),
    accepts: ['application/merge-patch+json'],
    headers: ['If-Match'],
    replies: { 200: taskSchema() },
    problems: ['not-found', 'stale-version', 'cycle', 'wrong-state', 'unusable-recurrence'],
  })),
  deleteTask: contract(() => ({
    summary: 'Delete a task; an occurrence is skipped. What it completed stays in the reports',
    params: taskId(),
    query: z.strictObject({ children: childrenOfDeleted(), scope: scopeOfChange() }),
    headers: ['If-Match'],
    replies: { 204: null },
    problems: ['not-found', 'stale-version'],
  })),
  completeTask: contract(() => ({
    summary: 'Complete a task, and make the next one where it recurs; a done one stays as it is',
    params: taskId(),
    query: z.strictObject({ children: childrenOfCompleted() }),
    headers: ['If-Match'],
    replies: { 200: taskSchema() },
    problems: ['not-found', 'stale-version', 'wrong-state'],
  })),
  reopenTask: contract(() => ({
    summary: 'Reopen a closed task, with the open status it had; an open one stays as it is',
    params: taskId(),
    headers: ['If-Match'],
    replies: { 200: taskSchema() },
    problems: ['not-found', 'stale-version', 'wrong-state'],
  })),
  skipTask: contract(() => ({
    summary: 'Skip an occurrence of a recurring task: the next one, or null when there is none',
    params: taskId(),
    headers: ['If-Match'],
    replies: { 200: z.nullable(taskSchema()) },
    problems: ['not-found', 'stale-version', 'wrong-state'],
  })),
  listOccurrences: contract(() => ({
    summary: 'The next dates of a recurring task, its own first; none is made',
    params: taskId(),
    query: z.strictObject({ count: z._default(wholeNumber(1, 100), 10) }),
    replies: { 200: z.object({ items: z.array(z.object({ occurrence_date: z.string(), due_date: z.string() })) }) },
    problems: ['not-found'],
  })),
  moveTask: contract(() => ({
    summary: 'Move a task to another parent, or among its siblings',
    params: taskId(),
    body: moveSchema(),
    headers: ['If-Match'],
    replies: { 200: taskSchema() },
    problems: ['not-found', 'stale-version', 'cycle', 'wrong-state'],
  })),
  batchTasks: contract(() => ({
    summary: 'Up to a hundred operations, in order, each with the answer it would have had alone',
    body: z.strictObject({ operations: z.array(batchOperation()).check(z.maxLength(100), distinctNames()) }),
    headers: ['Idempotency-Key'],
    problems: ['idempotency-key-reused'],
    replies: { 200: z.object({ results: z.array(batchResult()) }) },
  })),
} satisfies Record<OperationOf<'tasks'>, () => Contract>;
