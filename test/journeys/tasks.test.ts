import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Account,
  at,
  expectData,
  expectNothing,
  expectProblem,
  expectStatus,
  type Task,
  type TaskPage,
} from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import { atOnce, needs, somebody } from './support.ts';

describe('keeping tasks', () => {
  let ada: Account;
  beforeAll(async () => {
    ada = await somebody({ timezone: 'Europe/Berlin' });
  });

  it('creates, reads, changes, completes, reopens and deletes one', async () => {
    const created = await ada.client.api.POST('/tasks', { body: { title: 'Pay the rent', due_date: '2027-01-01' } });
    const task = expectData(created, 201);
    expect(created.response.headers.get('location')).toBe(`/tasks/${task.id}`);
    expect(created.response.headers.get('etag')).toBe('"1"');
    expect(task).toMatchObject({
      title: 'Pay the rent',
      description: null,
      status: 'todo',
      priority: 'none',
      due_date: '2027-01-01',
      tags: [],
      parent_id: null,
      recurrence: null,
      reminders: [],
      version: 1,
      completed_at: null,
    });

    const path = { task_id: task.id };
    const unchanged = await ada.client.api.GET('/tasks/{task_id}', {
      params: { path, header: { 'If-None-Match': '"1"' } },
    });
    expectStatus(unchanged, 304);
    const changed = await ada.client.api.PATCH('/tasks/{task_id}', {
      params: { path, header: { 'If-Match': '"1"' } },
      body: { status: 'in_progress' },
    });
    expect(expectData(changed, 200)).toMatchObject({ status: 'in_progress', version: 2 });
    const complete = () => ada.client.api.POST('/tasks/{task_id}/complete', at(task.id));
    const done = expectData(await complete(), 200);
    expect(done).toMatchObject({ status: 'done', version: 3, completed_at: expect.any(String) });
    expect(expectData(await complete(), 200)).toEqual(done);
    const reopened = await ada.client.api.POST('/tasks/{task_id}/reopen', at(task.id));
    expect(expectData(reopened, 200)).toMatchObject({ status: 'in_progress', completed_at: null });
    expectNothing(await ada.client.api.DELETE('/tasks/{task_id}', at(task.id)));
    expectStatus(await ada.client.api.GET('/tasks/{task_id}', at(task.id)), 404);
    expectStatus(await ada.client.api.DELETE('/tasks/{task_id}', at(task.id)), 404);
  });

  it(
    'keeps 50 tasks that are created at once, in its lists and in the feed of every device',
    needs('crowd'),
    async () => {
      const eve = await somebody();
      const listener = new Device(eve.client);
      await listener.connect();
      const tasks = await atOnce(50, async (index) =>
        expectData(await eve.client.api.POST('/tasks', { body: { title: `Task ${index}` } }), 201),
      );
      const versions = Object.fromEntries(tasks.map(({ id, version }) => [id, version]));
      await listener.until(() => Object.keys(listener.versions).length === 50, 'all 50 tasks');
      expect(listener.versions).toEqual(versions);

      const puller = new Device(eve.client);
      await puller.pull();
      expect(puller.versions).toEqual(versions);

      const listed: Task[] = [];
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const query = { limit: 20, ...(cursor && { cursor }) };
        const page: TaskPage = expectData(await eve.client.api.GET('/tasks', { params: { query } }), 200);
        listed.push(...page.items);
        cursor = page.next_cursor;
      }
      expect(listed.map(({ id }) => id).sort()).toEqual(Object.keys(versions).sort());
      listener.drop();
    },
  );

  it('lets one of two devices with the same If-Match win', async () => {
    const { id } = expectData(await ada.client.api.POST('/tasks', { body: { title: 'Both of us' } }), 201);
    const params = { path: { task_id: id }, header: { 'If-Match': '"1"' } };
    const answers = await atOnce(2, (index) =>
      ada.client.api.PATCH('/tasks/{task_id}', { params, body: { title: `Device ${index}` } }),
    );
    expect(answers.map(({ response }) => response.status).sort()).toEqual([200, 412]);
    const winner = answers.find(({ data }) => data)?.data;
    expect(expectData(await ada.client.api.GET('/tasks/{task_id}', at(id)), 200)).toEqual(winner);
  });

  it('makes one task of 20 requests with the same Idempotency-Key', async () => {
    const params = { header: { 'Idempotency-Key': crypto.randomUUID() } };
    const create = (title: string) => ada.client.api.POST('/tasks', { params, body: { title } });
    const answers = await atOnce(20, () => create('Only once'));
    expect(new Set(answers.map((answer) => expectData(answer, 201).id)).size).toBe(1);
    expectStatus(await create('Another body'), 422);
  });

  it('says what is wrong, and where', async () => {
    const body = { title: ' ', priority: 'extreme', tags: ['a'.repeat(51)], colour: 'red' };
    const { errors } = expectProblem(await ada.client.ask('POST', '/tasks', { body }), 400);
    expect(errors?.map(({ pointer }) => pointer).sort()).toEqual(['#/colour', '#/priority', '#/tags/0', '#/title']);
  });

  it.each([
    ['no JSON at all', '{"title":'],
    ['an array', '[]'],
    ['a text', '"title"'],
    ['null', 'null'],
  ])('refuses %s as a body', async (_, body) => {
    expectStatus(await ada.client.ask('POST', '/tasks', { body }), 400);
  });

  it('refuses a body that is nested too deeply, whatever comes with it', async () => {
    const deep = `{"operations":[{"op":"create","data":{"title":"x","more":${'['.repeat(50_000)}${']'.repeat(50_000)}}}]}`;
    const headers = { 'idempotency-key': crypto.randomUUID() };
    expectStatus(await ada.client.ask('POST', '/tasks/batch', { body: deep, headers }), 400);
  });

  it('refuses a body of 300 KB', async () => {
    const body = { title: 'x', description: 'x'.repeat(300_000) };
    expectStatus(await ada.client.api.POST('/tasks', { body }), 413);
  });
});
