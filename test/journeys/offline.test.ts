import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, inject, it } from 'vitest';
import type { Schemas } from '#client/pomona.ts';
import { at, expectData, expectNothing, expectProblem, expectStatus, type TaskNode } from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import { dataFolder } from '#test/support/runner.ts';
import { goodPassword, needs, somebody } from './support.ts';

const drawn = ({ title, children = [] }: TaskNode): unknown => [title, children.map(drawn)];

describe('a tree of tasks', () => {
  it('is planted, looked at, moved, completed and cut, live on another device', needs('local indexes'), async () => {
    const ada = await somebody();
    const laptop = new Device(ada.client);
    await laptop.connect();
    const { api } = ada.client;
    const create = async (title: string, parent_id: string | null = null, place: { before?: string } = {}) =>
      expectData(await api.POST('/tasks', { body: { title, parent_id, ...place } }), 201);
    const house = await create('House');
    const kitchen = await create('Kitchen', house.id);
    const paint = await create('Paint', kitchen.id);
    await create('Bath', house.id, { before: kitchen.id });

    const subtree = await api.GET('/tasks/{task_id}', {
      params: { path: { task_id: house.id }, query: { include: 'descendants' } },
    });
    expect(subtree.response.headers.get('etag')).toBeNull();
    expect(drawn(expectData(subtree, 200))).toEqual([
      'House',
      [
        ['Bath', []],
        ['Kitchen', [['Paint', []]]],
      ],
    ]);
    const query = { view: 'tree', search_term: 'paint' } as const;
    const tree = expectData(await api.GET('/tasks', { params: { query } }), 200);
    expect(tree.items.map(drawn)).toEqual([['House', [['Kitchen', [['Paint', []]]]]]]);

    const move = (id: string, parent_id: string | null) =>
      api.POST('/tasks/{task_id}/move', { ...at(id), body: { parent_id } });
    expect(expectProblem(await move(house.id, paint.id), 409).type).toBe('cycle');
    expectData(await move(kitchen.id, null), 200);
    const blocked = await api.POST('/tasks/{task_id}/complete', {
      params: { path: { task_id: kitchen.id }, query: { children: 'block' } },
    });
    expect(expectProblem(blocked, 409).open_count).toBe(1);
    expectData(await api.POST('/tasks/{task_id}/complete', at(kitchen.id)), 200);
    await laptop.until(() => laptop.tasks.find(({ id }) => id === paint.id)?.status === 'done', 'the child done');
    expectData(await api.POST('/tasks/{task_id}/reopen', at(paint.id)), 200);
    await laptop.until(() => laptop.tasks.find(({ id }) => id === kitchen.id)?.status === 'todo', 'the parent open');
    expectNothing(await api.DELETE('/tasks/{task_id}', at(kitchen.id)));
    await laptop.until(() => laptop.titles.join() === 'Bath,House', 'the subtree gone');
    laptop.drop();
  });

  it('is made by a batch', async () => {
    const ada = await somebody();
    const operations = Array.from({ length: 100 }, (_, index): Schemas['BatchOperation'] => ({
      op: 'create',
      temp_id: `${index}`,
      data: { title: `Task ${index}`, ...(index % 10 > 0 && { parent_id: `${index - (index % 10)}` }) },
    }));
    const { results } = expectData(await ada.client.api.POST('/tasks/batch', { body: { operations } }), 200);
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set([201]));
    const query = { view: 'tree', limit: 100 } as const;
    const roots = expectData(await ada.client.api.GET('/tasks', { params: { query } }), 200);
    expect(roots.items).toHaveLength(10);
    expect(roots.items.every(({ children }) => children?.length === 9)).toBe(true);
  });
});

describe('a phone that was offline', () => {
  it('sends its edits, hears what they met, and can have back what they overwrote', async () => {
    const ada = await somebody();
    const { api } = ada.client;
    const task = expectData(await api.POST('/tasks', { body: { title: 'Milk' } }), 201);
    expectData(await api.PATCH('/tasks/{task_id}', { ...at(task.id), body: { title: 'Soy milk' } }), 200);
    const phone = new Device(ada.client);
    await phone.pull();
    const edits: Schemas['Edit'][] = [
      { edit_id: randomUUID(), entity: 'task', op: 'create', temp_id: 'new', data: { title: 'Bread' } },
      { edit_id: randomUUID(), entity: 'task', op: 'update', id: 'new', data: { priority: 'high' } },
      {
        edit_id: randomUUID(),
        entity: 'task',
        op: 'update',
        id: task.id,
        base_version: 1,
        data: { title: 'Oat milk' },
      },
      { edit_id: randomUUID(), entity: 'task', op: 'complete', id: randomUUID() },
    ];
    const send = (cursor: string | null) => phone.client.api.POST('/sync', { body: { cursor, edits } });
    const first = expectData(await send(phone.cursor), 200);
    expect(first.results.map(({ status }) => status)).toEqual(['applied', 'applied', 'conflict', 'rejected']);
    expect(first.results[2]?.lost).toEqual([{ field: 'title', kept: 'Oat milk', lost: 'Soy milk' }]);
    expect(first.cursor).not.toBeNull();

    const second = expectData(await send(null), 200);
    expect(second.results.map(({ status }) => status)).toEqual(['duplicate', 'duplicate', 'duplicate', 'rejected']);
    expect(second.cursor).toBeNull();

    const { items } = expectData(await api.GET('/sync/conflicts'), 200);
    expect(items).toHaveLength(1);
    const path = { conflict_id: items[0]?.id ?? '' };
    const restore = () => api.POST('/sync/conflicts/{conflict_id}/restore', { params: { path } });
    expect(expectData(await restore(), 200)).toMatchObject({ title: 'Soy milk' });
    expectStatus(await restore(), 404);
  });

  it('is told of a cursor that is none before anything is done', async () => {
    const ada = await somebody();
    const edits: Schemas['Edit'][] = [{ edit_id: 'e', entity: 'task', op: 'create', data: { title: 'Bread' } }];
    expectStatus(await ada.client.api.POST('/sync', { body: { cursor: 'nonsense', edits } }), 400);
    expect(expectData(await ada.client.api.GET('/tasks'), 200).items).toEqual([]);
  });
});

describe('an import', () => {
  it('takes Todoist’s tasks along, once however often it is run', async () => {
    const ada = await somebody();
    const folder = await dataFolder();
    const outputs = join(folder.path, 'outputs.json');
    await writeFile(outputs, JSON.stringify(inject('outputs')));
    const root = join(import.meta.dirname, '../..');
    const run = () =>
      promisify(execFile)(
        process.execPath,
        ['scripts/import/run.ts', '--todoist', 'test/scripts/fixtures/todoist.csv', '--outputs', outputs],
        { cwd: root, env: { ...process.env, POMONA_LOGIN: ada.email, POMONA_PASSWORD: goodPassword } },
      );
    expect((await run()).stdout).toContain('6 of 6 tasks are there.');
    expect((await run()).stdout).toContain('every friday');
    const query = { view: 'tree', sort_by: 'position' } as const;
    const { items } = expectData(await ada.client.api.GET('/tasks', { params: { query } }), 200);
    expect(items.map(drawn)).toEqual([
      ['Buy milk', []],
      ['Write the report', [['Collect figures', [['From last year', []]]]]],
      ['Call grandma', [['Too deep', []]]],
    ]);
    await folder.remove();
  });
});
