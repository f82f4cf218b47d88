import * as z from 'zod/mini';
import { type Recurrence, recurrenceDraftSchema } from '#functions/recurrence/recurrence.ts';
import { preview } from '#functions/recurrence/series.ts';
import type { Clock } from '#shared/clock.ts';
import type { OperationsOf } from '#shared/http-handler.ts';
import type { UserId } from '#shared/ids.ts';
import { type Idempotency, operation, parsePart } from '#shared/operation.ts';
import { uuid } from '#shared/parameters.ts';
import { Failure, problemOf } from '#shared/problems.ts';
import { busy, isOverload, timeLimit } from '#shared/retry.ts';
import { type ActNeeds, type Changes, type Draft, type Memory, type TaskActs, taskActs } from './acts.ts';
import {
  type BatchOperation,
  childrenOfCompleted,
  childrenOfDeleted,
  draftSchema,
  type ListQuery,
  moveSchema,
  patchSchema,
  scopeOfChange,
  type TaskDraft,
  type TaskNode,
  type TaskPatch,
  taskContracts,
} from './contract.ts';
import { type Listed, type ListRequest, listTasks, nested } from './listing.ts';
import { placeOf as placeInSeries } from './recurring.ts';
import type { Act, Task, TaskFields, TaskRecord } from './task.ts';
import { resolved } from './temporary-ids.ts';

export interface TaskNeeds extends ActNeeds {
  readonly clock: Clock;
}

export const taskOperations = (needs: TaskNeeds): OperationsOf<'tasks'> => {
  const { tasks, clock } = needs;
  const acts = taskActs(needs);
  const list = listTasks(needs);
  const perform = performOperation(performTask(acts));
  const actOf = (clientId: string | null): Act => ({ now: clock.now(), clientId });

  return {
    createTask: operation(taskContracts.createTask, async ({ principal: { owner }, body, clientId, idempotency }) => {
      const { task } = await acts.create(owner, draftOf(body), actOf(clientId), idempotency);
      return { status: 201 as const, location: `/tasks/${task.id}`, version: task.version, body: wire(task) };
    }),

    listTasks: operation(taskContracts.listTasks, async ({ principal: { owner }, query }) => {
      const { items, next_cursor } = await list(owner, requestOf(query), clock.now());
      return { status: 200 as const, body: { items: items.map(nodeOf), next_cursor } };
    }),

    getTask: operation(taskContracts.getTask, async ({ principal: { owner }, params: { task_id }, query }) => {
      const record = (await tasks.get(owner, task_id, clock.now())) ?? missing();
      if (query.include === undefined) return answer(record);
      // More than the item: its version would be no tag of that.
      return { status: 200 as const, body: nodeOf(nested(record, await tasks.below(owner, record.path))) };
    }),

    replaceTask: operation(
      taskContracts.replaceTask,
      async ({ principal: { owner }, params: { task_id }, query: { scope }, body, clientId, ifMatch }) => {
        const { recurrence, ...rest } = body;
        const changes = { ...changesOf(rest), recurrence: () => recurrence, scope };
        return answer(await acts.change(owner, task_id, changes, actOf(clientId), ifMatch));
      },
    ),

    updateTask: operation(
      taskContracts.updateTask,
      async ({ principal: { owner }, params: { task_id }, query: { scope }, body, clientId, ifMatch }) =>
        answer(await acts.change(owner, task_id, { ...changesOf(body), scope }, actOf(clientId), ifMatch)),
    ),

    deleteTask: operation(
      taskContracts.deleteTask,
      async ({ principal: { owner }, params: { task_id }, query, clientId, ifMatch }) => {
        await acts.remove(owner, task_id, query, actOf(clientId), ifMatch);
        return { status: 204 as const };
      },
    ),

    completeTask: operation(
      taskContracts.completeTask,
      async ({ principal: { owner }, params: { task_id }, query: { children }, clientId, ifMatch }) =>
        answer(await acts.complete(owner, task_id, children, actOf(clientId), ifMatch)),
    ),

    reopenTask: operation(
      taskContracts.reopenTask,
      async ({ principal: { owner }, params: { task_id }, clientId, ifMatch }) =>
        answer(await acts.reopen(owner, task_id, actOf(clientId), ifMatch)),
    ),

    skipTask: operation(
      taskContracts.skipTask,
      async ({ principal: { owner }, params: { task_id }, clientId, ifMatch }) => {
        const next = await acts.skip(owner, task_id, actOf(clientId), ifMatch);
        return next ? answer(next) : { status: 200 as const, body: null };
      },
    ),

    listOccurrences: operation(
      taskContracts.listOccurrences,
      async ({ principal: { owner }, params: { task_id }, query: { count } }) => {
        const record = (await tasks.get(owner, task_id, clock.now())) ?? missing();
        const { series_id, due_date } = record.task;
        if (series_id === null) return { status: 200 as const, body: { items: [] } };
        const series = await tasks.series(owner, series_id);
        const items = preview(series?.recurrence ?? null, { ...placeInSeries(record), due_date }, count);
        return { status: 200 as const, body: { items } };
      },
    ),

    moveTask: operation(
      taskContracts.moveTask,
      async ({ principal: { owner }, params: { task_id }, body, clientId, ifMatch }) =>
        answer(await acts.move(owner, task_id, body.parent_id, placeOf(body), actOf(clientId), ifMatch)),
    ),

    batchTasks: operation(
      taskContracts.batchTasks,
      async ({ principal: { owner }, body: { operations }, clientId, requestId, idempotency }) => {
        const keyOf = (index: number): Idempotency | null =>
          idempotency && { key: `${idempotency.key}#${index}`, requestHash: idempotency.requestHash };
        const creations = operations.flatMap(({ op }, index) => (op === 'create' ? [keyOf(index)] : []));
        await acts.expectUnused(owner, creations, actOf(clientId));
        const made = new Map<string, string>();
        const expectTime = timeLimit(clock);
        const results = [];
        for (const [index, entry] of operations.entries()) {
          const key = keyOf(index);
          results.push(await perform(owner, entry, made, actOf(clientId), key, requestId, expectTime));
        }
        return { status: 200 as const, body: { results } };
      },
    ),
  };
};

/** What a batch, or a queue of offline edits, asks for: names of tasks are resolved to ids already. */
export interface TaskRequest {
  readonly op: BatchOperation['op'];
  /** `null` for what is created. */
  readonly id: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Does one operation as its own route would.
 * @returns the task as it is now; `null` when it is deleted
 * @throws Failure as the route would answer
 */
export const performTask =
  (acts: TaskActs) =>
  async (
    owner: UserId,
    { op, id, data }: TaskRequest,
    act: Act,
    idempotency: Idempotency | null,
    memory?: Memory,
  ): Promise<TaskRecord | null> => {
    if (op === 'create') return acts.create(owner, draftOf(parsePart(draftSchema(), data)), act, idempotency, memory);
    const which = uuid().safeParse(id).data ?? missing();
    switch (op) {
      case 'update': {
        const { scope, ...patch } = data;
        const scoped = parsePart(z.strictObject({ scope: scopeOfChange() }), scope === undefined ? {} : { scope });
        return acts.change(
          owner,
          which,
          { ...changesOf(parsePart(patchSchema(), patch)), ...scoped },
          act,
          null,
          memory,
        );
      }
      case 'delete': {
        const how = parsePart(z.strictObject({ children: childrenOfDeleted(), scope: scopeOfChange() }), data);
        await acts.remove(owner, which, how, act, null, memory);
        return null;
      }
      case 'complete': {
        const { children } = parsePart(z.strictObject({ children: childrenOfCompleted() }), data);
        return acts.complete(owner, which, children, act, null, memory);
      }
      case 'reopen':
        parsePart(z.strictObject({}), data);
        return acts.reopen(owner, which, act, null, memory);
      case 'move': {
        const to = parsePart(moveSchema(), data);
        return acts.move(owner, which, to.parent_id, placeOf(to), act, null, memory);
      }
    }
  };

const statusOf = (op: BatchOperation['op']): number => (op === 'create' ? 201 : op === 'delete' ? 204 : 200);

/** One operation of a batch, with the answer it would have had alone; `busy` when the batch has taken too long already. `made`: temporary id → id, of what the batch has created so far. */
const performOperation =
  (perform: ReturnType<typeof performTask>) =>
  async (
    owner: UserId,
    { op, id, temp_id, data = {} }: BatchOperation,
    made: Map<string, string>,
    act: Act,
    idempotency: Idempotency | null,
    requestId: string,
    expectTime: () => void,
  ) => {
    const target = id === undefined ? null : (made.get(id) ?? id);
    try {
      expectTime();
      const record = await perform(owner, { op, id: target, data: resolved(data, made) }, act, idempotency);
      if (op === 'create' && temp_id !== undefined && record) made.set(temp_id, record.task.id);
      return { status: statusOf(op), id: record?.task.id ?? target, ...(record && { body: wire(record.task) }) };
    } catch (error) {
      const failure = isOverload(error) ? busy() : error;
      if (!(failure instanceof Failure)) throw error;
      const problem = problemOf(failure, requestId);
      return { status: problem.status, id: target, problem: { ...problem } };
    }
  };

const requestOf = (query: ListQuery): ListRequest => ({
  filter: {
    status: query.status ?? null,
    priority: query.priority ?? null,
    tags: query.tag,
    due_date_start: query.due_date_start ?? null,
    due_date_end: query.due_date_end ?? null,
    parent_id: query.parent_id ?? null,
    search_term: query.search_term ?? null,
  },
  order: orderOf(query),
  view: query.view,
  limit: query.limit,
  skip: query.skip,
  cursor: query.cursor ?? null,
});

/** The list as it is by default begins with what is due first: turned round, it begins with what is due last. */
const orderOf = ({ sort_by, order }: ListQuery): ListRequest['order'] => {
  const descending = order === 'desc';
  if (sort_by !== undefined) return { by: sort_by, descending };
  return descending ? { by: 'due_date', descending } : null;
};

const draftOf = ({
  title,
  description,
  status,
  priority,
  due_date,
  tags,
  parent_id,
  reminders,
  recurrence,
  after,
  before,
}: TaskDraft): Draft => ({
  fields: { title, description, status, priority, due_date, tags, reminders },
  parent_id,
  recurrence,
  after: after ?? null,
  before: before ?? null,
});

const placeOf = ({ after, before }: { after?: string | undefined; before?: string | undefined }) => ({
  after: after ?? null,
  before: before ?? null,
});

const changesOf = ({ parent_id, recurrence, ...body }: TaskPatch): Changes => ({
  fields: fieldsOf(body),
  ...(parent_id !== undefined && { parent_id }),
  ...(recurrence !== undefined && { recurrence: (before) => recurrence && merged(before, recurrence) }),
});

/** @throws Failure `invalid-request` when that makes no recurrence */
const merged = (before: Recurrence | null, patch: NonNullable<TaskPatch['recurrence']>): Recurrence =>
  parsePart(z.strictObject({ recurrence: recurrenceDraftSchema() }), { recurrence: { ...before, ...patch } })
    .recurrence;

/** The fields a body sets, and no others. */
const fieldsOf = ({
  title,
  description,
  status,
  priority,
  due_date,
  tags,
  reminders,
}: TaskPatch): Partial<TaskFields> => ({
  ...(title !== undefined && { title }),
  ...(description !== undefined && { description }),
  ...(status !== undefined && { status }),
  ...(priority !== undefined && { priority }),
  ...(due_date !== undefined && { due_date }),
  ...(tags !== undefined && { tags }),
  ...(reminders !== undefined && { reminders }),
});

const missing = (): never => {
  throw new Failure('not-found', 'There is no such task.');
};

const answer = ({ task }: TaskRecord) => ({ status: 200 as const, version: task.version, body: wire(task) });

/** The contract's schema lets nothing else out; it only wants its arrays to be its own. */
const wire = ({ tags, reminders, ...task }: Task) => ({ ...task, tags: [...tags], reminders: [...reminders] });

const nodeOf = ({ record, children }: Listed): TaskNode => ({
  ...wire(record.task),
  ...(children && { children: children.map(nodeOf) }),
});
