import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, inject, it } from 'vitest';
import { defaultProfile, profileKey } from '#functions/accounts/profile.ts';
import { dynamoJobStore } from '#functions/tasks/job-store.ts';
import { taskOperations } from '#functions/tasks/operations.ts';
import { maxDepth } from '#functions/tasks/path.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId, userId } from '#shared/ids.ts';
import { putItem, type Table } from '#shared/table.ts';
import type { Task, TaskNode } from '#test/support/client.ts';
import { type Asked, callerOf } from '#test/support/http-event.ts';
import { ownTable } from '#test/support/table.ts';
import {
  bounds,
  dues,
  type ModelFields,
  type ModelNode,
  type ModelQuery,
  type ModelTask,
  modelTimezone,
  priorities,
  TaskModel,
  tags,
  terms,
  titles,
  wantedTags,
} from '#test/support/task-model.ts';

const keysOf = <T extends object>(table: T) => Object.keys(table) as (keyof T)[];

const pick = fc.nat(1000);
const fields: { readonly [F in keyof ModelFields]: fc.Arbitrary<ModelFields[F]> } = {
  title: fc.constantFrom(...keysOf(titles)),
  priority: fc.constantFrom(...keysOf(priorities)),
  due_date: fc.constantFrom(null, ...keysOf(dues)),
  tags: fc.subarray(keysOf(tags)),
};
const place = { parent: fc.option(pick), near: fc.option(pick), behind: fc.boolean() };

/** One or two things at a time: who asks for everything at once gets nothing. */
const filters = fc.oneof(
  fc.record({ status: fc.constantFrom('todo', 'in_progress', 'done', 'cancelled', 'open') }),
  fc.record({ priority: fc.constantFrom('none', 'low', 'urgent') }),
  fc.record({ tag: fc.constantFrom(...keysOf(wantedTags)) }),
  fc.record({ due_date_start: fc.constantFrom(...keysOf(bounds)) }),
  fc.record({ due_date_end: fc.constantFrom(...keysOf(bounds)) }),
  fc.record({ search_term: fc.constantFrom(...keysOf(terms)) }),
);
const order = fc.record({
  sort_by: fc.constantFrom('due_date', 'priority', 'created_at', 'title', 'completed_at'),
  order: fc.constantFrom('asc', 'desc'),
});
const none = fc.constant({});
const query: fc.Arbitrary<ModelQuery> = fc
  .tuple(fc.oneof(none, filters), filters, fc.oneof(none, order))
  .map(([one, other, sorted]) => ({ ...one, ...other, ...sorted }));

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('create' as const), fields: fc.record(fields), ...place }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('move' as const), which: pick, ...place }) },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('edit' as const),
      which: pick,
      fields: fc.record(fields, { requiredKeys: [] }),
      status: fc.option(fc.constantFrom('todo', 'in_progress', 'done', 'cancelled')),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('complete' as const),
      which: pick,
      children: fc.constantFrom('complete', 'leave', 'block'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('reopen' as const), which: pick }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('remove' as const),
      which: pick,
      children: fc.constantFrom('delete', 'reparent'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('list' as const),
      query,
      parent: fc.option(pick, { freq: 1 }),
      limit: fc.integer({ min: 1, max: 40 }),
      view: fc.constantFrom('flat', 'tree'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('skip' as const),
      query,
      limit: fc.integer({ min: 1, max: 9 }),
      skip: pick,
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** So many steps each time; but what fails may be shrunk to a few. */
class Steps extends fc.Arbitrary<Step[]> {
  readonly #all: fc.Arbitrary<Step[]>;
  readonly #some: fc.Arbitrary<Step[]>;

  constructor(count: number) {
    super();
    this.#all = fc.array(step, { minLength: count, maxLength: count, size: 'max' });
    this.#some = fc.array(step, { maxLength: count, size: 'max' });
  }

  generate(random: fc.Random, bias: number | undefined): fc.Value<Step[]> {
    return this.#all.generate(random, bias);
  }

  canShrinkWithoutContext(value: unknown): value is Step[] {
    return this.#some.canShrinkWithoutContext(value);
  }

  shrink(value: Step[], context: unknown): fc.Stream<fc.Value<Step[]>> {
    return this.#some.shrink(value, context);
  }
}

/** One person's tasks, through the API's own handler; each request a second after the one before. */
const world = async (table: Table) => {
  const user = randomUUID();
  const owner = userId(user);
  await putItem(table, { ...profileKey(owner), ...defaultProfile(owner), timezone: modelTimezone });
  let now = Date.parse('2026-11-24T12:00:00Z');
  const tasks = dynamoTaskStore(table, 1);
  const needs = { tasks, jobs: dynamoJobStore(table, 1), clock: { now: () => new Date(now) }, newId };
  const ask = callerOf(createHttpHandler('tasks', taskOperations(needs)));
  const call = async <T>(routeKey: string, asked: Asked): Promise<{ outcome: string; body: T }> => {
    const { status, body } = await ask(routeKey, { user, ...asked });
    const outcome = status < 400 ? 'ok' : (body as { type: string }).type;
    return { outcome, body: body as T };
  };
  const list = async <T>(asked: Record<string, string>): Promise<T[]> => {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const { body }: { body: { items: T[]; next_cursor: string | null } } = await call('GET /tasks', {
        query: { ...asked, ...(cursor !== null && { cursor }) },
      });
      items.push(...body.items);
      cursor = body.next_cursor;
    } while (cursor !== null);
    return items;
  };
  const tick = (): number => {
    now += 1000;
    return now;
  };
  return { call, list, tick, all: () => tasks.all(owner, 'any') };
};

type World = Awaited<ReturnType<typeof world>>;

/** Takes a step on both sides. */
const take = async (here: World, model: TaskModel, taken: Step): Promise<void> => {
  const chosen = (number: number | null): string | null =>
    number === null || model.ids.length === 0 ? null : (model.ids[number % model.ids.length] ?? null);
  const placeOf = ({ near, behind }: { near: number | null; behind: boolean }) => {
    const sibling = chosen(near);
    if (sibling === null) return {};
    return behind ? { after: sibling } : { before: sibling };
  };
  const now = here.tick();
  switch (taken.op) {
    case 'create': {
      const [parent, place] = [chosen(taken.parent), placeOf(taken)];
      const body = { ...taken.fields, parent_id: parent, ...place };
      const made = await here.call<Task>('POST /tasks', { body });
      const id = made.outcome === 'ok' ? made.body.id : null;
      expect([taken.op, made.outcome]).toEqual([taken.op, model.create(id, taken.fields, parent, place, now)]);
      return;
    }
    case 'list': {
      const parent_id = chosen(taken.parent);
      const asked: ModelQuery = { ...taken.query, ...(parent_id !== null && { parent_id }) };
      const { limit, view } = taken;
      const listed = await here.list<TaskNode>({ ...asked, view, limit: String(limit) });
      const drawn = ({ id, children = [] }: TaskNode): ModelNode => ({ id, children: children.map(drawn) });
      if (view === 'tree') expect(listed.map(drawn)).toEqual(model.forest(asked));
      else expect(listed.map(({ id }) => id)).toEqual(model.list(asked));
      return;
    }
    case 'skip': {
      const whole = model.list(taken.query);
      const skip = taken.skip % (whole.length + 1);
      const asked = { ...taken.query, limit: String(taken.limit), skip: String(skip) };
      const { body } = await here.call<{ items: Task[] }>('GET /tasks', { query: asked });
      const page = body.items.map(({ id }) => id);
      // A page that refuses much may be short, and goes on by its cursor.
      expect(page).toEqual(whole.slice(skip, skip + page.length));
      return;
    }
    default: {
      const id = chosen(taken.which) ?? randomUUID();
      const { outcome } = await actOn(here, id, taken, 'parent' in taken ? chosen(taken.parent) : null, placeOf);
      expect([taken.op, outcome]).toEqual([taken.op, expectedOf(model, id, taken, now, chosen, placeOf)]);
    }
  }
};

type ActStep = Exclude<Step, { op: 'create' | 'list' | 'skip' }>;
type PlaceOf = (taken: { near: number | null; behind: boolean }) => { after?: string; before?: string };

const actOn = (here: World, task_id: string, taken: ActStep, parent: string | null, placeOf: PlaceOf) => {
  const params = { task_id };
  switch (taken.op) {
    case 'move':
      return here.call('POST /tasks/{task_id}/move', { params, body: { parent_id: parent, ...placeOf(taken) } });
    case 'edit': {
      const body = { ...taken.fields, ...(taken.status !== null && { status: taken.status }) };
      return here.call('PATCH /tasks/{task_id}', { params, body });
    }
    case 'complete':
      return here.call('POST /tasks/{task_id}/complete', { params, query: { children: taken.children } });
    case 'reopen':
      return here.call('POST /tasks/{task_id}/reopen', { params });
    case 'remove':
      return here.call('DELETE /tasks/{task_id}', { params, query: { children: taken.children } });
  }
};

const expectedOf = (
  model: TaskModel,
  id: string,
  taken: ActStep,
  now: number,
  chosen: (number: number | null) => string | null,
  placeOf: PlaceOf,
): string => {
  switch (taken.op) {
    case 'move':
      return model.move(id, chosen(taken.parent), placeOf(taken));
    case 'edit':
      return model.edit(id, taken.fields, taken.status, now);
    case 'complete':
      return model.complete(id, taken.children, now);
    case 'reopen':
      return model.reopen(id);
    case 'remove':
      return model.remove(id, taken.children);
  }
};

/** Everything, as the model draws it; paths must agree with parents. */
const pictureOf = async ({ all }: World, model: TaskModel): Promise<readonly ModelTask[]> => {
  const records = await all();
  const byId = new Map(records.map((record) => [record.task.id, record]));
  for (const { task, path } of records) {
    const parent = task.parent_id === null ? null : byId.get(task.parent_id);
    expect(path).toBe(parent ? `${parent.path}/${task.id}` : task.id);
  }
  const siblings = Map.groupBy(records, ({ task }) => task.parent_id);
  return records
    .map(({ task, closed }) => ({
      id: task.id,
      parent: task.parent_id,
      status: task.status,
      closedWith: closed?.with ?? null,
      // Only the order among open ones is anybody's wish.
      place: model.isOrdered(task.parent_id)
        ? (siblings.get(task.parent_id) ?? [])
            .filter((sibling) => sibling.closed === null)
            .sort((a, b) => (a.task.position < b.task.position ? -1 : 1))
            .findIndex((sibling) => sibling.task.id === task.id)
        : null,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
};

const runs = process.env.POMONA_DEEP ? 200 : 20;
const looksEvery = 50;

it.skipIf(!inject('engines').includes('dynoxide'))(
  'tasks, their order, filters and pages equal a model in memory, whatever a thousand requests did to them',
  { timeout: 3_600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(new Steps(1000), async (steps) => {
        const { table, close } = await ownTable();
        try {
          const here = await world(table);
          const model = new TaskModel(maxDepth);
          for (const [index, taken] of steps.entries()) {
            await take(here, model, taken);
            if (index % looksEvery === 0) expect(await pictureOf(here, model)).toEqual(model.picture());
          }
          expect(await pictureOf(here, model)).toEqual(model.picture());
        } finally {
          await close();
        }
      }),
      { numRuns: runs },
    );
  },
);
