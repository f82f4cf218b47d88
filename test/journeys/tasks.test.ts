import { beforeAll, describe, expect, it } from 'vitest';
import { type Account, expectData, expectNothing, expectStatus, type Task } from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import { atOnce, somebody } from './support.ts';

interface TaskPage {
  readonly items: readonly Task[];
  readonly next_cursor: string | null;
}

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
    expect(unchanged.response.status).toBe(304);
    const changed = await ada.client.api.PATCH('/tasks/{task_id}', {
      params: { path, header: { 'If-Match': '"1"' } },
      body: { status: 'in_progress' },
    });
    expect(expectData(changed, 200)).toMatchObject({ status: 'in_progress', version: 2 });
    const complete = () => ada.client.api.POST('/tasks/{task_id}/complete', { params: { path } });
    const done = expectData(await complete(), 200);
    expect(done).toMatchObject({ status: 'done', version: 3, completed_at: expect.any(String) });
    expect(expectData(await complete(), 200)).toEqual(done);
    const reopened = await ada.client.api.POST('/tasks/{task_id}/reopen', { params: { path } });
    expect(expectData(reopened, 200)).toMatchObject({ status: 'in_progress', completed_at: null });
    expectNothing(await ada.client.api.DELETE('/tasks/{task_id}', { params: { path } }));
    expect((await ada.client.api.GET('/tasks/{task_id}', { params: { path } })).response.status).toBe(404);
    expect((await ada.client.api.DELETE('/tasks/{task_id}', { params: { path } })).response.status).toBe(404);
  });

  it('keeps 50 tasks that are created at once, in its lists and in the feed of every device', async () => {
    const eve = await somebody();
    const listener = new Device(eve.client);
    await listener.connect();
    const tasks = await atOnce(50, async (index) =>
      expectStatus(await eve.client.post<Task>('/tasks', { title: `Task ${index}` }), 201),
    );
    const versions = Object.fromEntries(tasks.map(({ id, version }) => [id, version]));
    await listener.until(() => Object.keys(listener.versions).length === 50, 'all 50 tasks');
    expect(listener.versions).toEqual(versions);

    const puller = new Device(eve.client);
    await puller.pull();
    expect(puller.versions).toEqual(versions);

    const listed: Task[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: TaskPage = expectStatus(await eve.client.get<TaskPage>(`/tasks?limit=20${query}`), 200);
      listed.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(listed.map(({ id }) => id).sort()).toEqual(Object.keys(versions).sort());
    listener.drop();
  });

  it('lets one of two devices with the same If-Match win', async () => {
    const { id } = expectStatus(await ada.client.post<Task>('/tasks', { title: 'Both of us' }), 201);
    const answers = await atOnce(2, (index) =>
      ada.client.patch<Task>(`/tasks/${id}`, { title: `Device ${index}` }, { 'if-match': '"1"' }),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    const winner = answers.find(({ status }) => status === 200)?.body;
    expect(expectStatus(await ada.client.get<Task>(`/tasks/${id}`), 200)).toEqual(winner);
  });

  it('makes one task of 20 requests with the same Idempotency-Key', async () => {
    const key = { 'idempotency-key': crypto.randomUUID() };
    const answers = await atOnce(20, () => ada.client.post<Task>('/tasks', { title: 'Only once' }, key));
    expect(new Set(answers.map((answer) => expectStatus(answer, 201).id)).size).toBe(1);
    expect((await ada.client.post('/tasks', { title: 'Another body' }, key)).status).toBe(422);
  });

  it('says what is wrong, and where', async () => {
    const answer = await ada.client.post<{ type: string; errors: { pointer: string }[] }>('/tasks', {
      title: ' ',
      priority: 'extreme',
      tags: ['a'.repeat(51)],
      colour: 'red',
    });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body.errors.map(({ pointer }) => pointer).sort()).toEqual([
      '#/colour',
      '#/priority',
      '#/tags/0',
      '#/title',
    ]);
  });

  it.each([
    ['no JSON at all', '{"title":'],
    ['an array', '[]'],
    ['a text', '"title"'],
    ['null', 'null'],
  ])('refuses %s as a body', async (_, body) => {
    expect((await ada.client.ask('POST', '/tasks', { body })).status).toBe(400);
  });

  it('refuses a body that is nested too deeply, whatever comes with it', async () => {
    const deep = `{"operations":[{"op":"create","data":{"title":"x","more":${'['.repeat(50_000)}${']'.repeat(50_000)}}}]}`;
    const headers = { 'idempotency-key': crypto.randomUUID() };
    expect((await ada.client.ask('POST', '/tasks/batch', { body: deep, headers })).status).toBe(400);
  });

  it('refuses a body of 300 KB', async () => {
    expect((await ada.client.post('/tasks', { title: 'x', description: 'x'.repeat(300_000) })).status).toBe(413);
  });
});
