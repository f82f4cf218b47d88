import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Session } from '#functions/pomodoro/session.ts';
import { type Account, type Answer, expectStatus, type Task } from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import { atOnce, somebody } from './support.ts';

interface Standing {
  readonly session: Session | null;
  readonly server_time: string;
  readonly suggested_next: { readonly kind: string; readonly planned_seconds: number };
}

interface SessionPage {
  readonly items: readonly Session[];
  readonly next_cursor: string | null;
}

interface Refusal {
  readonly type: string;
  readonly session?: Session;
}

const sessionIn = (answer: Answer<Standing>): Session => {
  const { session } = expectStatus(answer, 200, 201);
  if (!session) throw new Error('there is no session in the answer');
  return session;
};

const ask = ({ client }: Pick<Account, 'client'>, command: string, body: object = {}) =>
  client.post<Standing>(`/pomodoro/${command}`, body);

const refused = async ({ client }: Account, command: string, body: object = {}): Promise<Refusal> =>
  expectStatus(await client.post<Refusal>(`/pomodoro/${command}`, body), 409);

describe('a Pomodoro session', () => {
  let ada: Account;
  beforeEach(async () => {
    ada = await somebody({ timezone: 'Europe/Berlin' });
  });

  it('is on every device, whatever is done on one', async () => {
    const [phone, laptop] = [new Device(ada.client), new Device(ada.client)];
    await Promise.all([phone.connect(), laptop.connect()]);
    const both = (holds: (device: Device) => boolean, what: string) =>
      Promise.all([phone, laptop].map((device) => device.until(() => holds(device), what)));
    const task = expectStatus(await ada.client.post<Task>('/tasks', { title: 'Write the report' }), 201);

    const started = sessionIn(await ask(phone, 'start', { task_id: task.id }));
    expect(started).toMatchObject({ status: 'active', planned_seconds: 1500, task_title: 'Write the report' });
    await both(({ running }) => running[0]?.status === 'active', 'the session');
    expect(laptop.running).toMatchObject([
      { id: started.id, version: 1, ends_at: started.ends_at, anchor: started.start_time, remaining_seconds: 1500 },
    ]);

    const paused = sessionIn(await ask(laptop, 'pause', { session_id: started.id }));
    await both(({ running }) => running[0]?.status === 'paused', 'the pause');
    expect(phone.running).toMatchObject([{ remaining_seconds: paused.remaining_seconds, ends_at: null }]);
    await ask(phone, 'resume');
    await ask(phone, 'interrupt', { kind: 'external' });
    await both(({ running }) => running[0]?.interruptions.external === 1, 'the interruption');

    const next = sessionIn(await ask(laptop, 'start', { kind: 'short_break', replace: true }));
    await both(({ running }) => running.length === 1 && running[0]?.id === next.id, 'the break alone');
    expect(phone.sessions.find(({ id }) => id === started.id)).toMatchObject({ status: 'stopped', early: false });
    await ask(phone, 'complete', { early: true });
    await both(({ running }) => running.length === 0, 'that it is over');
    await laptop.until(() => laptop.cursor === phone.cursor, 'the same cursor');

    const tablet = new Device(ada.client);
    await tablet.pull();
    expect(tablet.sessions).toMatchObject([{ id: next.id, status: 'completed', early: true }]);
    phone.drop();
    laptop.drop();
  });

  it('is timed by the server, and says so', async () => {
    const answer = await ask(ada, 'start', { planned_seconds: 600 });
    expect(answer.headers.get('location')).toBe('/pomodoro/active');
    expect(answer.headers.get('etag')).toBeNull();
    const { session, server_time, suggested_next } = expectStatus(answer, 201);
    expect(Date.parse(session?.ends_at ?? '') - Date.parse(server_time)).toBe(600_000);
    expect(suggested_next).toEqual({ kind: 'short_break', planned_seconds: 300 });
    const later = expectStatus(await ada.client.get<Standing>('/pomodoro/active'), 200);
    const remaining = (Date.parse(session?.ends_at ?? '') - Date.parse(later.server_time)) / 1000;
    expect(Math.abs((later.session?.remaining_seconds ?? 0) - remaining)).toBeLessThanOrEqual(1);
  });

  it('is refused what its state does not allow', async () => {
    expect(expectStatus(await ada.client.get<Standing>('/pomodoro/active'), 200).session).toBeNull();
    for (const command of ['pause', 'resume', 'stop', 'complete']) {
      expect((await refused(ada, command)).type).toBe('wrong-state');
    }
    const { id } = sessionIn(await ask(ada, 'start'));
    expect(await refused(ada, 'start')).toMatchObject({ type: 'session-active', session: { id } });
    expect(await refused(ada, 'resume')).toMatchObject({ type: 'wrong-state' });
    expect(await refused(ada, 'complete')).toMatchObject({ type: 'too-early', session: { id } });
    expect(await refused(ada, 'pause', { session_id: randomUUID() })).toMatchObject({ type: 'session-active' });
    expect(sessionIn(await ask(ada, 'pause')).version).toBe(2);
    expect(await refused(ada, 'pause')).toMatchObject({ type: 'wrong-state', session: { version: 2 } });
    expect((await ada.client.post('/pomodoro/interrupt', { kind: 'cat' })).status).toBe(400);
    expect((await ada.client.post('/pomodoro/start', { planned_seconds: 59 })).status).toBe(400);
    expect((await ada.client.post('/pomodoro/start', { task_id: randomUUID(), replace: true })).status).toBe(404);
  });

  it('starts once, however many try at once', async () => {
    const answers = await atOnce(50, () => ada.client.post<Standing & Refusal>('/pomodoro/start'));
    const [started, ...more] = answers.filter(({ status }) => status === 201);
    expect(more).toEqual([]);
    const others = answers.filter(({ status }) => status === 409);
    expect(others).toHaveLength(49);
    for (const { body } of others) expect(body.session?.id).toBe(started?.body.session?.id);
  });

  it('once over stands in the history, with the title of a task that is gone', async () => {
    const task = expectStatus(await ada.client.post<Task>('/tasks', { title: 'Prune the trees' }), 201);
    const key = { 'idempotency-key': randomUUID() };
    const start = () => ada.client.post<Standing>('/pomodoro/start', { task_id: task.id }, key);
    const { id } = sessionIn(await start());
    expectStatus(await ada.client.delete(`/tasks/${task.id}`), 204);
    const stopped = sessionIn(await ask(ada, 'stop'));
    expect(stopped).toMatchObject({ id, status: 'stopped', task_title: 'Prune the trees', remaining_seconds: 0 });
    expect(sessionIn(await start())).toEqual(stopped);
    await ask(ada, 'start');
    const early = sessionIn(await ask(ada, 'complete', { early: true }));

    const first = expectStatus(await ada.client.get<SessionPage>('/pomodoro/sessions?limit=1'), 200);
    expect(first.items).toEqual([early]);
    const more = `limit=1&cursor=${encodeURIComponent(first.next_cursor ?? '')}`;
    const second = expectStatus(await ada.client.get<SessionPage>(`/pomodoro/sessions?${more}`), 200);
    expect(second).toEqual({ items: [stopped], next_cursor: null });
    const ofTask = await ada.client.get<SessionPage>(`/pomodoro/sessions?task_id=${task.id}`);
    expect(expectStatus(ofTask, 200).items).toEqual([stopped]);
    const longAgo = await ada.client.get<SessionPage>('/pomodoro/sessions?from=2020-01-01&to=2020-12-31');
    expect(expectStatus(longAgo, 200).items).toEqual([]);
  });

  it('is nobody else’s', async () => {
    const eve = await somebody();
    const task = expectStatus(await ada.client.post<Task>('/tasks', { title: 'Secret' }), 201);
    const { id } = sessionIn(await ask(ada, 'start', { task_id: task.id }));
    expect((await eve.client.post('/pomodoro/start', { task_id: task.id })).status).toBe(404);
    for (const command of ['pause', 'stop', 'complete']) {
      expect((await refused(eve, command, { session_id: id })).type).toBe('wrong-state');
    }
    expect(expectStatus(await eve.client.get<Standing>('/pomodoro/active'), 200).session).toBeNull();
    expect(expectStatus(await eve.client.get<SessionPage>('/pomodoro/sessions'), 200).items).toEqual([]);
    expect(sessionIn(await ada.client.get<Standing>('/pomodoro/active'))).toMatchObject({ id, version: 1 });
  });

  it('completes by itself when its time is over, and every device hears of it', { timeout: 180_000 }, async () => {
    const { id, ends_at } = sessionIn(await ask(ada, 'start', { planned_seconds: 60 }));
    const device = new Device(ada.client);
    await device.connect();
    // Nobody asks: the minute's sweep finds it, at most a minute later.
    for (let waits = 0; waits < 10 && device.running.length > 0; waits += 1) {
      await device.until(() => device.running.length === 0, 'the end').catch(() => undefined);
    }
    expect(device.sessions).toMatchObject([{ id, status: 'completed', early: false, end_time: ends_at }]);
    const completed = sessionIn(await ask(ada, 'complete', { session_id: id }));
    expect(completed).toMatchObject({ elapsed_seconds: 60, end_time: ends_at, version: 2 });
    expect(expectStatus(await ada.client.get<SessionPage>('/pomodoro/sessions'), 200).items).toEqual([completed]);
    device.drop();
  });
});
