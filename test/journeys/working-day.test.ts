import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Schemas } from '#client/pomona.ts';
import {
  type Account,
  at,
  type Client,
  expectData,
  expectStatus,
  mailTo,
  signIn,
  signUp,
  type Task,
} from '#test/support/client.ts';
import { type MovedClock, movedClock } from '#test/support/clock.ts';
import { Device } from '#test/support/device.ts';
import { freePorts } from '#test/support/ports.ts';
import { dataFolder, type Runner, startRunnerProcess } from '#test/support/runner.ts';
import { anyone, goodPassword, needs, newAddress } from './support.ts';

const zone = 'Europe/Berlin';

/** Berlin's clocks go from 02:00 to 03:00 on the last Sunday of March. Of next year's: no time is moved into the past. */
const year = new Date().getUTCFullYear() + 1;
const lastOfMarch = new Date(Date.UTC(year, 2, 31));
const sunday = new Date(Date.UTC(year, 2, 31 - lastOfMarch.getUTCDay()));
const saturday = new Date(Date.UTC(year, 2, sunday.getUTCDate() - 1));

const dateOf = (day: Date): string => day.toISOString().slice(0, 10);
const onSaturday = (time: string): Date => new Date(`${dateOf(saturday)}T${time}+01:00`);
const onSunday = (time: string): Date => new Date(`${dateOf(sunday)}T${time}+02:00`);

/** As mails write it. */
const written = (weekday: string, day: Date, time: string): string =>
  `${weekday}, ${day.getUTCDate()} March ${year} at ${time} (${zone})`;

const late = 'This mail is late';

const seconds = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000;

/** One story: each part goes on where the one before it has ended. */
describe('a working day on two devices', { ...needs('runner'), timeout: 180_000 }, () => {
  let folder: Awaited<ReturnType<typeof dataFolder>>;
  let clock: MovedClock;
  let runner: Runner;
  let nobody: Client;
  let ada: Account;
  let phone: Device;
  let laptop: Device;
  let report: Task;
  let endsAt: string;

  beforeAll(async () => {
    folder = await dataFolder();
    clock = movedClock(folder.path);
    await clock.moveTo(onSaturday('08:50'));
    runner = await startRunnerProcess(folder.path, await freePorts(), clock.parameters);
    nobody = await anyone(runner.outputs);
    ada = await signUp(nobody, newAddress(), goodPassword, { timezone: zone });
    [phone, laptop] = [new Device(ada.client), new Device(ada.client)];
    await Promise.all([phone.connect(), laptop.connect()]);
  }, 180_000);
  afterAll(async () => {
    leave();
    await runner?.stop();
    await folder?.remove();
  });

  const both = (holds: (device: Device) => boolean, what: string) =>
    Promise.all([phone, laptop].map((device) => device.until(() => holds(device), what)));

  const connect = () => Promise.all([phone.connect(), laptop.connect()]);

  const leave = (): void => {
    phone?.drop();
    laptop?.drop();
  };

  const subjects = async (): Promise<readonly string[]> =>
    (await mailTo(runner.outputs, ada.email)).map(({ subject }) => subject);

  /** The text of the newest mail with a subject, once there are so many. Nobody but the minute's sweep sees to it that it comes. */
  const mailed = async (subject: string, count = 1): Promise<string> => {
    const those = async () => (await mailTo(runner.outputs, ada.email)).filter((mail) => mail.subject === subject);
    await expect.poll(async () => (await those()).length, { timeout: 150_000, interval: 100 }).toBe(count);
    const { headers = [], body } = (await those()).at(-1) ?? { body: {} };
    const link = headers.find(({ name }) => name === 'List-Unsubscribe')?.value.replace(/^<|>$/g, '') ?? '';
    expect(link).toMatch(/^http\S+\/unsubscribe\/[\w-]{43}$/);
    expect(body.text).toContain(link);
    return body.text ?? '';
  };

  const sessionIn = ({ session }: Schemas['PomodoroStanding']) => {
    if (!session) throw new Error('there is no session');
    return session;
  };

  const standingOn = async ({ client }: Device) => expectData(await client.api.GET('/pomodoro/active'), 200);

  it('begins with a daily task and its reminder, and with what Ada wants to be told', async () => {
    const notifications = { task_due_soon: true, pomodoro_finished: true };
    const { user_id, version } = expectData(await laptop.client.api.PATCH('/me', { body: { notifications } }), 200);
    const body = {
      title: 'Write the report',
      recurrence: { recurrence_pattern: 'daily' as const, recurrence_start_date: `${dateOf(saturday)}T10:00` },
      reminders: [{ minutes_before: 25 }],
    };
    report = expectData(await phone.client.api.POST('/tasks', { body }), 201);
    expect(report).toMatchObject({
      due_date: `${dateOf(saturday)}T10:00:00+01:00`,
      recurrence: { timezone: zone },
      reminders: [{ fires_at: onSaturday('09:35').toISOString(), state: 'scheduled' }],
    });
    const count = { params: { path: { task_id: report.id }, query: { count: 2 } } };
    const { items } = expectData(await laptop.client.api.GET('/tasks/{task_id}/occurrences', count), 200);
    expect(items.map(({ due_date }) => due_date)).toEqual([
      `${dateOf(saturday)}T10:00:00+01:00`,
      `${dateOf(sunday)}T10:00:00+02:00`,
    ]);

    await both(({ tasks }) => tasks.length === 1, 'the task');
    await phone.until(() => phone.known.get(`profile ${user_id}`)?.version === version, 'what was set on the laptop');
    expect(laptop.tasks).toEqual([report]);
    await clock.moveTo(onSaturday('09:00:01'));
    const text = await mailed('Due soon: Write the report');
    expect(text).toContain(`Due on ${written('Saturday', saturday, '10:00')}.`);
    expect(text).not.toContain(late);
  });

  it('has a session of 25 minutes, and a pause that takes nothing from it on either device', async () => {
    await clock.moveTo(onSaturday('09:05'));
    const body = { task_id: report.id };
    const { start_time } = sessionIn(expectData(await phone.client.api.POST('/pomodoro/start', { body }), 201));
    await both(({ running }) => running[0]?.status === 'active', 'the session');
    expect(laptop.running).toMatchObject([
      { task_title: 'Write the report', remaining_seconds: 1500, anchor: start_time },
    ]);

    await clock.moveTo(onSaturday('09:15'));
    const paused = expectData(await laptop.client.api.POST('/pomodoro/pause', { body: {} }), 200);
    const run = seconds(start_time, paused.server_time);
    const left = { ends_at: null, remaining_seconds: 1500 - Math.floor(run) };
    await both(({ running }) => running[0]?.status === 'paused', 'the pause');
    await clock.moveTo(onSaturday('09:22'));
    for (const device of [phone, laptop]) {
      expect(device.running).toMatchObject([left]);
      expect(sessionIn(await standingOn(device))).toMatchObject(left);
    }

    const resumed = expectData(await phone.client.api.POST('/pomodoro/resume', { body: {} }), 200);
    endsAt = sessionIn(resumed).ends_at ?? '';
    expect(seconds(resumed.server_time, endsAt)).toBeCloseTo(1500 - run, 3);
    await both(({ running }) => running[0]?.status === 'active', 'that it goes on');
    await clock.moveTo(onSaturday('09:30'));
    for (const device of [phone, laptop]) {
      expect(device.running).toMatchObject([{ ends_at: endsAt }]);
      const { session, server_time } = await standingOn(device);
      expect(session?.remaining_seconds).toBe(Math.ceil(seconds(server_time, endsAt)));
    }
  });

  it('completes the session while both devices are away, and tells of it by mail, as of the task', async () => {
    leave();
    await clock.moveTo(new Date(Date.parse(endsAt) + 1_000));
    const finished = await mailed('Pomodoro finished: Write the report');
    const ended = new Date(Date.parse(endsAt) + 3_600_000).toISOString().slice(11, 16);
    expect(finished).toContain(`Your focus session ended on ${written('Saturday', saturday, ended)}.`);
    const reminded = await mailed('Reminder: Write the report');
    expect(reminded).toContain(`Due on ${written('Saturday', saturday, '10:00')}.`);
    for (const text of [finished, reminded]) expect(text).not.toContain(late);
  });

  it('shows the devices that come back what has happened', async () => {
    await connect();
    await both(({ tasks }) => tasks[0]?.reminders[0]?.state === 'sent', 'that the reminder was sent');
    await laptop.until(() => laptop.cursor === phone.cursor, 'the same as the phone');
    expect(phone.sessions).toMatchObject([
      { status: 'completed', early: false, elapsed_seconds: 1500, remaining_seconds: 0, end_time: endsAt },
    ]);
    expect(laptop.known).toEqual(phone.known);
    expect([phone.restarts, laptop.restarts]).toEqual([0, 0]);
  });

  it('goes on with the next day’s occurrence, at the same time on clocks that go forward in between', async () => {
    await clock.moveTo(onSaturday('09:46'));
    expectData(await laptop.client.api.POST('/tasks/{task_id}/complete', at(report.id)), 200);
    await both(({ tasks }) => tasks.length === 2, 'the next occurrence');
    const { items } = expectData(await laptop.client.api.GET('/tasks'), 200);
    expect(items).toMatchObject([
      {
        title: 'Write the report',
        status: 'todo',
        due_date: `${dateOf(sunday)}T10:00:00+02:00`,
        occurrence_date: dateOf(sunday),
        series_id: report.series_id,
        reminders: [{ fires_at: onSunday('09:35').toISOString(), state: 'scheduled' }],
      },
      { id: report.id, status: 'done', completed_at: expect.any(String) },
    ]);
    expect(laptop.versions).toEqual(phone.versions);
    expect(laptop.versions).toEqual(Object.fromEntries(items.map(({ id, version }) => [id, version])));
  });

  it('is followed by a night, and by the next morning’s mails: the one that nobody sent in time says so', async () => {
    leave();
    await clock.moveTo(onSunday('09:35:01'));
    expect(await mailed('Reminder: Write the report', 2)).not.toContain(late);
    const missed = await mailed('Due: Write the report');
    expect(missed).toContain(`Due on ${written('Sunday', sunday, '10:00')}.`);
    expect(missed).toContain(`${late}: it was meant for ${written('Sunday', sunday, '09:00')}.`);

    expectStatus(await phone.client.api.GET('/me'), 401);
    const { refresh_token } = ada.tokens;
    const renewal = { grant_type: 'refresh_token', refresh_token } as const;
    const { access_token } = expectData(await nobody.api.POST('/token', { body: renewal }), 200);
    phone.signIn(nobody.withToken(access_token));
    laptop.signIn((await signIn(nobody, ada.email, goodPassword)).client);
    await connect();
    await both(({ tasks }) => tasks.every(({ reminders }) => reminders[0]?.state === 'sent'), 'both reminders sent');
    expect(laptop.versions).toEqual(phone.versions);
    expect([phone.restarts, laptop.restarts]).toEqual([0, 0]);
  });

  it('has told of everything once', async () => {
    const [code, ...told] = await subjects();
    expect(code).toBe('Your Pomona code');
    expect(told.sort()).toEqual([
      'Due soon: Write the report',
      'Due: Write the report',
      'Pomodoro finished: Write the report',
      'Reminder: Write the report',
      'Reminder: Write the report',
    ]);
  });
});
