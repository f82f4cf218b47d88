import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, inject, it } from 'vitest';
import { expectStatus, type Task, type TaskNode } from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import { dataFolder } from '#test/support/runner.ts';
import { goodPassword, somebody } from './support.ts';

interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

const drawn = ({ title, children = [] }: TaskNode): unknown => [title, children.map(drawn)];

describe('a tree of tasks', () => {
  it('is planted, looked at, moved, completed and cut, live on another device', async () => {
    const ada = await somebody();
    const laptop = new Device(ada.client);
    await laptop.connect();
    const create = async (title: string, parent_id: string | null = null, place: object = {}) =>
      expectStatus(await ada.client.post<Task>('/tasks', { title, parent_id, ...place }), 201);
    const house = await create('House');
    const kitchen = await create('Kitchen', house.id);
    const paint = await create('Paint', kitchen.id);
    await create('Bath', house.id, { before: kitchen.id });

    const subtree = await ada.client.get<TaskNode>(`/tasks/${house.id}?include=descendants`);
    expect(subtree.headers.get('etag')).toBeNull();
    expect(drawn(expectStatus(subtree, 200))).toEqual([
      'House',
      [
        ['Bath', []],
        ['Kitchen', [['Paint', []]]],
      ],
    ]);
    const tree = expectStatus(await ada.client.get<Page<TaskNode>>('/tasks?view=tree&search_term=paint'), 200);
    expect(tree.items.map(drawn)).toEqual([['House', [['Kitchen', [['Paint', []]]]]]]);

    const circle = await ada.client.post<{ type: string }>(`/tasks/${house.id}/move`, { parent_id: paint.id });
    expect([circle.status, circle.body.type]).toEqual([409, 'cycle']);
    expectStatus(await ada.client.post(`/tasks/${kitchen.id}/move`, { parent_id: null }), 200);
    const blocked = await ada.client.post<{ open_count: number }>(`/tasks/${kitchen.id}/complete?children=block`);
    expect([blocked.status, blocked.body.open_count]).toEqual([409, 1]);
    expectStatus(await ada.client.post(`/tasks/${kitchen.id}/complete`), 200);
    await laptop.until(() => laptop.tasks.find(({ id }) => id === paint.id)?.status === 'done', 'the child done');
    expectStatus(await ada.client.post(`/tasks/${paint.id}/reopen`), 200);
    await laptop.until(() => laptop.tasks.find(({ id }) => id === kitchen.id)?.status === 'todo', 'the parent open');
    expectStatus(await ada.client.delete(`/tasks/${kitchen.id}`), 204);
    await laptop.until(() => laptop.titles.join() === 'Bath,House', 'the subtree gone');
    laptop.drop();
  });

  it('is made by a batch', async () => {
    const ada = await somebody();
    const operations = Array.from({ length: 100 }, (_, index) => ({
      op: 'create',
      temp_id: `${index}`,
      data: { title: `Task ${index}`, ...(index % 10 > 0 && { parent_id: `${index - (index % 10)}` }) },
    }));
    const answer = await ada.client.post<{ results: { status: number }[] }>('/tasks/batch', { operations });
    expect(new Set(expectStatus(answer, 200).results.map(({ status }) => status))).toEqual(new Set([201]));
    const roots = expectStatus(await ada.client.get<Page<TaskNode>>('/tasks?view=tree&limit=100'), 200);
    expect(roots.items).toHaveLength(10);
    expect(roots.items.every(({ children }) => children?.length === 9)).toBe(true);
  });
});

describe('a phone that was offline', () => {
  interface Answer {
    readonly results: readonly { edit_id: string; status: string; id: string; version: number; lost?: unknown }[];
    readonly cursor: string | null;
    readonly has_more: boolean;
  }

  it('sends its edits, hears what they met, and can have back what they overwrote', async () => {
    const ada = await somebody();
    const task = expectStatus(await ada.client.post<Task>('/tasks', { title: 'Milk' }), 201);
    expectStatus(await ada.client.patch(`/tasks/${task.id}`, { title: 'Soy milk' }), 200);
    const phone = new Device(ada.client);
    await phone.pull();
    const edits = [
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
    const send = (cursor: string | null) => phone.client.post<Answer>('/sync', { cursor, edits });
    const first = expectStatus(await send(phone.cursor), 200);
    expect(first.results.map(({ status }) => status)).toEqual(['applied', 'applied', 'conflict', 'rejected']);
    expect(first.results[2]?.lost).toEqual([{ field: 'title', kept: 'Oat milk', lost: 'Soy milk' }]);
    expect(first.cursor).not.toBeNull();

    const second = expectStatus(await send(null), 200);
    expect(second.results.map(({ status }) => status)).toEqual(['duplicate', 'duplicate', 'duplicate', 'rejected']);
    expect(second.cursor).toBeNull();

    const { items } = expectStatus(await ada.client.get<Page<{ id: string }>>('/sync/conflicts'), 200);
    expect(items).toHaveLength(1);
    const restored = await ada.client.post<Task>(`/sync/conflicts/${items[0]?.id}/restore`);
    expect(expectStatus(restored, 200)).toMatchObject({ title: 'Soy milk' });
    expect((await ada.client.post(`/sync/conflicts/${items[0]?.id}/restore`)).status).toBe(404);
  });

  it('is told of a cursor that is none before anything is done', async () => {
    const ada = await somebody();
    const edits = [{ edit_id: 'e', entity: 'task', op: 'create', data: { title: 'Bread' } }];
    expect((await ada.client.post('/sync', { cursor: 'nonsense', edits })).status).toBe(400);
    expect(expectStatus(await ada.client.get<Page<Task>>('/tasks'), 200).items).toEqual([]);
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
    const { items } = expectStatus(await ada.client.get<Page<TaskNode>>('/tasks?view=tree&sort_by=position'), 200);
    expect(items.map(drawn)).toEqual([
      ['Buy milk', []],
      ['Write the report', [['Collect figures', [['From last year', []]]]]],
      ['Call grandma', [['Too deep', []]]],
    ]);
    await folder.remove();
  });
});
