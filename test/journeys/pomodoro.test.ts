import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Schemas, Told } from '#client/pomona.ts';
import { type Account, at, expectData, expectNothing, expectProblem, type Task } from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import { atOnce, needs, somebody } from './support.ts';

type Session = Schemas['PomodoroSession'];

type Person = Pick<Account, 'client'>;

type Draft = Partial<Pick<Session, 'kind' | 'planned_seconds' | 'task_id'>> & { readonly replace?: boolean };

type Command = 'pause' | 'resume' | 'stop' | 'complete';

const sessionIn = (told: Told<Schemas['PomodoroStanding']>): Session => {
  const { session } = expectData(told, 200, 201);
  if (!session) throw new Error('there is no session in the answer');
  return session;
};

const start = ({ client }: Person, body: Draft = {}) => client.api.POST('/pomodoro/start', { body });

const ask = ({ client }: Person, command: Command, body: { readonly session_id?: string } = {}) =>
  client.api.POST(`/pomodoro/${command}`, { body });

const completeEarly = ({ client }: Person) => client.api.POST('/pomodoro/complete', { body: { early: true } });

const refused = async (person: Person, command: Command, body: { readonly session_id?: string } = {}) =>
  expectProblem(await ask(person, command, body), 409);

const active = ({ client }: Person) => client.api.GET('/pomodoro/active');

const history = async (
  { client }: Person,
  query: { task_id?: string; from?: string; to?: string; limit?: number; cursor?: string } = {},
) => expectData(await client.api.GET('/pomodoro/sessions', { params: { query } }), 200);

const taskOf = async ({ client }: Person, title: string): Promise<Task> =>
  expectData(await client.api.POST('/tasks', { body: { title } }), 201);

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
    const task = await taskOf(ada, 'Write the report');

    const started = sessionIn(await start(phone, { task_id: task.id }));
    expect(started).toMatchObject({ status: 'active', planned_seconds: 1500, task_title: 'Write the report' });
    await both(({ running }) => running[0]?.status === 'active', 'the session');
    expect(laptop.running).toMatchObject([
      { id: started.id, version: 1, ends_at: started.ends_at, anchor: started.start_time, remaining_seconds: 1500 },
    ]);

    const paused = sessionIn(await ask(laptop, 'pause', { session_id: started.id }));
    await both(({ running }) => running[0]?.status === 'paused', 'the pause');
    expect(phone.running).toMatchObject([{ remaining_seconds: paused.remaining_seconds, ends_at: null }]);
    expectData(await ask(phone, 'resume'), 200);
    expectData(await phone.client.api.POST('/pomodoro/interrupt', { body: { kind: 'external' } }), 200);
    await both(({ running }) => running[0]?.interruptions.external === 1, 'the interruption');

    const next = sessionIn(await start(laptop, { kind: 'short_break', replace: true }));
    await both(({ running }) => running.length === 1 && running[0]?.id === next.id, 'the break alone');
    expect(phone.sessions.find(({ id }) => id === started.id)).toMatchObject({ status: 'stopped', early: false });
    expectData(await completeEarly(phone), 200);
    await both(({ running }) => running.length === 0, 'that it is over');
    await laptop.until(() => laptop.cursor === phone.cursor, 'the same cursor');

    const tablet = new Device(ada.client);
    await tablet.pull();
    expect(tablet.sessions).toMatchObject([{ id: next.id, status: 'completed', early: true }]);
    phone.drop();
    laptop.drop();
  });

  it('is timed by the server, and says so', async () => {
    const started = await start(ada, { planned_seconds: 600 });
    expect(started.response.headers.get('location')).toBe('/pomodoro/active');
    expect(started.response.headers.get('etag')).toBeNull();
    const { session, server_time, suggested_next } = expectData(started, 201);
    expect(Date.parse(session?.ends_at ?? '') - Date.parse(server_time)).toBe(600_000);
    expect(suggested_next).toEqual({ kind: 'short_break', planned_seconds: 300 });
    const later = expectData(await active(ada), 200);
    const remaining = (Date.parse(session?.ends_at ?? '') - Date.parse(later.server_time)) / 1000;
    expect(Math.abs((later.session?.remaining_seconds ?? 0) - remaining)).toBeLessThanOrEqual(1);
  });

  it('is refused what its state does not allow', async () => {
    expect(expectData(await active(ada), 200).session).toBeNull();
    for (const command of ['pause', 'resume', 'stop', 'complete'] as const) {
      expect((await refused(ada, command)).type).toBe('wrong-state');
    }
    const { id } = sessionIn(await start(ada));
    expect(expectProblem(await start(ada), 409)).toMatchObject({ type: 'session-active', session: { id } });
    expect(await refused(ada, 'resume')).toMatchObject({ type: 'wrong-state' });
    expect(await refused(ada, 'complete')).toMatchObject({ type: 'too-early', session: { id } });
    expect(await refused(ada, 'pause', { session_id: randomUUID() })).toMatchObject({ type: 'session-active' });
    expect(sessionIn(await ask(ada, 'pause')).version).toBe(2);
    expect(await refused(ada, 'pause')).toMatchObject({ type: 'wrong-state', session: { version: 2 } });
    expectProblem(await ada.client.ask('POST', '/pomodoro/interrupt', { body: { kind: 'cat' } }), 400);
    expectProblem(await start(ada, { planned_seconds: 59 }), 400);
    expectProblem(await start(ada, { task_id: randomUUID(), replace: true }), 404);
  });

  it('starts once, however many try at once', needs('crowd'), async () => {
    const answers = await atOnce(50, () => ada.client.api.POST('/pomodoro/start'));
    const [started, ...more] = answers.flatMap(({ data }) => data ?? []);
    expect(more).toEqual([]);
    const others = answers.filter(({ error }) => error);
    expect(others).toHaveLength(49);
    const session = { id: started?.session?.id };
    for (const other of others) expect(expectProblem(other, 409)).toMatchObject({ session });
  });

  it('once over stands in the history, with the title of a task that is gone', async () => {
    const task = await taskOf(ada, 'Prune the trees');
    const params = { header: { 'Idempotency-Key': randomUUID() } };
    const startOnce = () => ada.client.api.POST('/pomodoro/start', { params, body: { task_id: task.id } });
    const { id } = sessionIn(await startOnce());
    expectNothing(await ada.client.api.DELETE('/tasks/{task_id}', at(task.id)));
    const stopped = sessionIn(await ask(ada, 'stop'));
    expect(stopped).toMatchObject({ id, status: 'stopped', task_title: 'Prune the trees', remaining_seconds: 0 });
    expect(sessionIn(await startOnce())).toEqual(stopped);
    expectData(await start(ada), 201);
    const early = sessionIn(await completeEarly(ada));

    const first = await history(ada, { limit: 1 });
    expect(first.items).toEqual([early]);
    const second = await history(ada, { limit: 1, cursor: first.next_cursor ?? '' });
    expect(second).toEqual({ items: [stopped], next_cursor: null });
    expect((await history(ada, { task_id: task.id })).items).toEqual([stopped]);
    expect((await history(ada, { from: '2020-01-01', to: '2020-12-31' })).items).toEqual([]);
  });

  it('is nobody else’s', async () => {
    const eve = await somebody();
    const task = await taskOf(ada, 'Secret');
    const { id } = sessionIn(await start(ada, { task_id: task.id }));
    expectProblem(await start(eve, { task_id: task.id }), 404);
    for (const command of ['pause', 'stop', 'complete'] as const) {
      expect((await refused(eve, command, { session_id: id })).type).toBe('wrong-state');
    }
    expect(expectData(await active(eve), 200).session).toBeNull();
    expect((await history(eve)).items).toEqual([]);
    expect(sessionIn(await active(ada))).toMatchObject({ id, version: 1 });
  });
});
