import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dynamoJobStore } from '#functions/tasks/job-store.ts';
import { taskOperations } from '#functions/tasks/operations.ts';
import { comparatorOf, everything, matcherOf, positionIn, sortFields } from '#functions/tasks/query.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId } from '#shared/ids.ts';
import type { Table } from '#shared/table.ts';
import type { Task, TaskNode } from '#test/support/client.ts';
import { slowClock } from '#test/support/clock.ts';
import { callerOf, pointersIn } from '#test/support/http-event.ts';
import { roundTripsOf } from '#test/support/round-trips.ts';
import { describeOnEngines } from '#test/support/table.ts';

interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

const world = (table: Table, secondsALook = 1) => {
  const user = randomUUID();
  const clock = slowClock(new Date('2026-11-24T12:00:00Z'), secondsALook);
  const needs = { tasks: dynamoTaskStore(table, 1), jobs: dynamoJobStore(table, 1), clock, newId };
  const call = callerOf(createHttpHandler('tasks', taskOperations(needs)));
  const create = async (body: object): Promise<Task> => (await call('POST /tasks', { user, body })).body as Task;
  const page = async <T = Task>(query: string): Promise<Page<T>> =>
    (await call('GET /tasks', { user, query })).body as Page<T>;
  /** All pages, with something done between any two. */
  const pages = async <T = Task>(
    query: string,
    between: () => Promise<unknown> = async () => undefined,
  ): Promise<T[]> => {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const next: Page<T> = await page<T>(cursor === null ? query : `${query}&cursor=${encodeURIComponent(cursor)}`);
      items.push(...next.items);
      cursor = next.next_cursor;
      await between();
    } while (cursor !== null);
    return items;
  };
  return { user, call, create, page, pages };
};

const titles = (items: readonly { title: string }[]): readonly string[] => items.map(({ title }) => title);

const words = ['milk', 'Résumé', 'rent', 'Äpfel', 'résumé milk'];
const draft = fc.record({
  title: fc.constantFrom(...words),
  priority: fc.constantFrom('none', 'low', 'urgent'),
  status: fc.constantFrom('todo', 'in_progress', 'done', 'cancelled'),
  due_date: fc.constantFrom(null, '2026-11-24', '2026-11-25', '2026-11-24T23:30:00Z', '2026-11-25T08:00:00+01:00'),
  tags: fc.subarray(['home', 'Work']),
});
const asked = fc.record(
  {
    status: fc.constantFrom('open', 'todo', 'done', 'cancelled'),
    priority: fc.constantFrom('low', 'urgent'),
    tag: fc.constantFrom('HOME', 'work'),
    due_date_start: fc.constantFrom('2026-11-25', '2026-11-24T12:00:00Z'),
    due_date_end: fc.constantFrom('2026-11-24', '2026-11-25T07:00:00Z'),
    search_term: fc.constantFrom('resume', 'MILK', 'apfel rent'),
  },
  { requiredKeys: [] },
);

describeOnEngines('lists of tasks', (table) => {
  it('joined from their pages equal the whole, for every filter, order and direction', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(draft, { minLength: 5, maxLength: 25 }),
        fc.array(asked, { minLength: 4, maxLength: 4 }),
        async (drafts, filters) => {
          const here = world(table());
          const all = await Promise.all(drafts.map(here.create));
          for (const [index, filter] of filters.entries()) {
            const matches = matcherOf(
              { ...everything, ...filter, tags: filter.tag ? [filter.tag] : [] } as typeof everything,
              'UTC',
            );
            const expected = all.filter((task) => matches(task as never));
            const query = new URLSearchParams(filter as Record<string, string>).toString();
            const found = await here.pages(`${query}&limit=3`);
            expect(found.map(({ id }) => id).sort()).toEqual(expected.map(({ id }) => id).sort());
            expect(titles(found.slice(0, 100))).toEqual(titles((await here.page(`${query}&limit=100`)).items));

            const by = sortFields[index % sortFields.length] ?? 'title';
            for (const order of ['asc', 'desc']) {
              const compare = comparatorOf(order === 'desc');
              const sorted = [...expected].sort((a, b) =>
                compare(positionIn(a as never, by, 'UTC'), positionIn(b as never, by, 'UTC')),
              );
              const listed = await here.pages(`${query}&limit=4&sort_by=${by}&order=${order}`);
              expect(listed.map(({ id }) => id)).toEqual(sorted.map(({ id }) => id));
            }
          }
        },
      ),
      { numRuns: process.env.POMONA_DEEP ? 50 : 5 },
    );
  });

  it.each(['', ...sortFields.map((by) => `sort_by=${by}&`)])(
    'show each exactly once that does not move, while others come and go (%s)',
    async (sort) => {
      const here = world(table());
      const kept = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          here.create({ title: `kept ${index}`, due_date: `2027-01-${10 + index}` }),
        ),
      );
      const passing: Task[] = [];
      const found = await here.pages(`${sort}limit=3`, async () => {
        const gone = passing.pop();
        if (gone) await here.call('DELETE /tasks/{task_id}', { user: here.user, params: { task_id: gone.id } });
        passing.push(await here.create({ title: 'passing', due_date: '2027-01-12' }));
        passing.push(await here.create({ title: 'passing' }));
      });
      const seen = found.filter(({ title }) => title.startsWith('kept')).map(({ id }) => id);
      expect(seen.sort()).toEqual(kept.map(({ id }) => id).sort());
    },
  );

  it('skip', async () => {
    const here = world(table());
    for (const title of ['a', 'b', 'c', 'd', 'e']) await here.create({ title });
    for (const sort of ['', 'sort_by=title&']) {
      expect(titles((await here.page(`${sort}skip=3`)).items)).toEqual(['d', 'e']);
      expect(titles((await here.page(`${sort}skip=9`)).items)).toEqual([]);
    }
  });

  it('begin with what is due last when only the direction is asked for', async () => {
    const here = world(table());
    for (const due_date of ['2027-01-02', null, '2027-01-03', '2027-01-01']) {
      await here.create({ title: String(due_date), due_date });
    }
    const listed = await here.pages('order=desc&limit=3');
    expect(titles(listed)).toEqual(['2027-01-03', '2027-01-02', '2027-01-01', 'null']);
    expect(titles(await here.pages('order=asc'))).toEqual(['2027-01-01', '2027-01-02', '2027-01-03', 'null']);
  });

  it('and single tasks are found by ids in capitals as well', async () => {
    const here = world(table());
    const { id } = await here.create({ title: 'a' });
    const asked = { user: here.user, params: { task_id: id.toUpperCase() } };
    expect(await here.call('GET /tasks/{task_id}', asked)).toMatchObject({ status: 200, body: { id } });
  });

  it('go on with a cursor of their own only', async () => {
    const here = world(table());
    for (const title of ['a', 'b', 'c']) await here.create({ title });
    const { next_cursor } = await here.page('sort_by=title&limit=1');
    for (const other of ['', 'sort_by=created_at&', 'sort_by=title&order=desc&', 'sort_by=title&status=open&']) {
      const answer = await here.call('GET /tasks', { user: here.user, query: `${other}cursor=${next_cursor}` });
      expect(pointersIn(answer, 400)).toEqual(['#/cursor']);
    }
  });

  describe('as trees', () => {
    it('show the ancestors of what was found, and count roots', async () => {
      const here = world(table());
      const root = await here.create({ title: 'root' });
      const child = await here.create({ title: 'child', parent_id: root.id });
      await here.create({ title: 'needle', parent_id: child.id });
      await here.create({ title: 'hay', parent_id: root.id });
      await here.create({ title: 'needle too' });
      const found = await here.pages<TaskNode>('view=tree&search_term=needle&limit=1&sort_by=created_at');
      const drawn = (node: TaskNode): unknown => [node.title, (node.children ?? []).map(drawn)];
      expect(found.map(drawn)).toEqual([
        ['root', [['child', [['needle', []]]]]],
        ['needle too', []],
      ]);
    });

    it('show a closed ancestor of an open task', async () => {
      const here = world(table());
      const root = await here.create({ title: 'root' });
      await here.create({ title: 'open', parent_id: root.id });
      const params = { task_id: root.id };
      await here.call('POST /tasks/{task_id}/complete', { user: here.user, params, query: 'children=leave' });
      const { items } = await here.page<TaskNode>('view=tree&status=open');
      expect(items).toMatchObject([{ title: 'root', status: 'done', children: [{ title: 'open' }] }]);
    });
  });

  it('of a tree that no answer can hold say so', async () => {
    const here = world(table());
    const root = await here.create({ title: 'root' });
    const description = '€'.repeat(20_000);
    for (let count = 0; count < 75; count += 1) await here.create({ title: 't', description, parent_id: root.id });
    const params = { task_id: root.id };
    const subtree = await here.call('GET /tasks/{task_id}', { user: here.user, params, query: 'include=descendants' });
    const tree = await here.call('GET /tasks', { user: here.user, query: 'view=tree' });
    expect([subtree.status, tree.status]).toEqual([413, 413]);
    const children = await here.pages(`parent_id=${root.id}&limit=100`);
    expect(children).toHaveLength(75);
  });

  it('of the children of a task', async () => {
    const here = world(table());
    const root = await here.create({ title: 'root' });
    const child = await here.create({ title: 'child', parent_id: root.id });
    await here.create({ title: 'grandchild', parent_id: child.id });
    expect(titles((await here.page(`parent_id=${root.id}`)).items)).toEqual(['child']);
    expect((await here.page(`parent_id=${randomUUID()}`)).items).toEqual([]);
  });

  it('cost one round trip a page, and a search over 500 open tasks as well', async () => {
    const here = world(table());
    await Promise.all(Array.from({ length: 500 }, (_, index) => here.create({ title: `Task ${index}` })));
    expect(await roundTripsOf(table(), () => here.page('limit=50'))).toBe(1);
    expect(await roundTripsOf(table(), () => here.page('search_term=task+4&limit=20'))).toBe(1);
    expect(await roundTripsOf(table(), () => here.page('status=open&sort_by=title'))).toBe(1);
  });
});

describeOnEngines('a batch', (table) => {
  it('is done in order, one answer each, and knows what it has made', async () => {
    const here = world(table());
    const operations = [
      { op: 'create', temp_id: 'a', data: { title: 'Parent' } },
      { op: 'create', temp_id: 'b', data: { title: 'Child', parent_id: 'a' } },
      { op: 'create', data: { title: '' } },
      { op: 'update', id: 'b', data: { priority: 'high' } },
      { op: 'complete', id: 'a' },
      { op: 'reopen', id: 'b' },
      { op: 'move', id: 'a', data: { parent_id: 'b' } },
      { op: 'delete', id: randomUUID() },
      { op: 'delete', id: 'a', data: { children: 'reparent' } },
    ];
    const { status, body } = await here.call('POST /tasks/batch', { user: here.user, body: { operations } });
    expect(status).toBe(200);
    const { results } = body as { results: { status: number; id: string | null; problem?: { type: string } }[] };
    expect(results.map((result) => result.status)).toEqual([201, 201, 400, 200, 200, 200, 409, 404, 204]);
    expect(results.map(({ problem }) => problem?.type ?? null).filter((type) => type !== null)).toEqual([
      'invalid-request',
      'cycle',
      'not-found',
    ]);
    expect((await here.page('')).items).toMatchObject([
      { title: 'Child', priority: 'high', parent_id: null, status: 'todo' },
    ]);
  });

  it('with an Idempotency-Key is done once', async () => {
    const here = world(table());
    const request = {
      user: here.user,
      headers: { 'idempotency-key': randomUUID() },
      body: {
        operations: [
          { op: 'create', data: { title: 'a' } },
          { op: 'create', data: { title: 'b' } },
        ],
      },
    };
    const first = await here.call('POST /tasks/batch', request);
    expect((await here.call('POST /tasks/batch', request)).body).toEqual(first.body);
    const other = { operations: [...request.body.operations, { op: 'create', data: { title: 'c' } }] };
    const reused = await here.call('POST /tasks/batch', { ...request, body: other });
    expect(reused).toMatchObject({ status: 422, body: { type: 'idempotency-key-reused' } });
    expect([...titles((await here.page('')).items)].sort()).toEqual(['a', 'b']);
  });

  it('answers what it has done when time runs out, and that the rest may be tried again', async () => {
    const here = world(table(), 4);
    const operations = ['a', 'b', 'c', 'd', 'e'].map((title) => ({ op: 'create', data: { title } }));
    const request = { user: here.user, headers: { 'idempotency-key': randomUUID() }, body: { operations } };
    const statuses = async (): Promise<unknown[]> => {
      const { status, body } = await here.call('POST /tasks/batch', request);
      expect(status).toBe(200);
      const { results } = body as { results: { status: number; problem?: { type: string } }[] };
      return results.map((result) => result.problem?.type ?? result.status);
    };
    expect(await statuses()).toEqual([201, 201, 'busy', 'busy', 'busy']);
    expect(await statuses()).toEqual([201, 201, 'busy', 'busy', 'busy']);
    expect([...titles((await here.page('')).items)].sort()).toEqual(['a', 'b']);
  });

  it('answers what it has done when the table is too busy for a part of it', async () => {
    const here = world(table());
    const operations = ['a', 'b', 'c'].map((title) => ({ op: 'create', data: { title } }));
    const { middlewareStack } = table().client;
    middlewareStack.add(
      (next) => async (request) => {
        if (!JSON.stringify(request.input).includes('"title":"b"')) return next(request);
        throw Object.assign(new Error('too much'), { name: 'ThrottlingException' });
      },
      { step: 'initialize', name: 'busy for b' },
    );
    const { body } = await here.call('POST /tasks/batch', { user: here.user, body: { operations } });
    middlewareStack.remove('busy for b');
    expect(body).toMatchObject({
      results: [{ status: 201 }, { status: 503, problem: { type: 'busy' } }, { status: 201 }],
    });
  });

  it('gives no name to two tasks', async () => {
    const here = world(table());
    const operations = ['a', 'b', 'a'].map((temp_id) => ({ op: 'create', temp_id, data: { title: 'x' } }));
    const answer = await here.call('POST /tasks/batch', { user: here.user, body: { operations } });
    expect(pointersIn(answer, 400)).toEqual(['#/operations/2/temp_id']);
    expect((await here.page('')).items).toEqual([]);
  });

  it('is a hundred operations at most', async () => {
    const here = world(table());
    const operations = Array.from({ length: 101 }, () => ({ op: 'create', data: { title: 'x' } }));
    const answer = await here.call('POST /tasks/batch', { user: here.user, body: { operations } });
    expect(pointersIn(answer, 400)).toEqual(['#/operations']);
  });
});
