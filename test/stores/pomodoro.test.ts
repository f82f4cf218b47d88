import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { prefix, single } from '#blueprint/table.ts';
import { defaultProfile, type Profile, profileKey } from '#functions/accounts/profile.ts';
import { sweep } from '#functions/due/due-work.ts';
import { pomodoroActs } from '#functions/pomodoro/acts.ts';
import { pomodoroOperations } from '#functions/pomodoro/operations.ts';
import { type Session, sessionSchema } from '#functions/pomodoro/session.ts';
import { dynamoSessionStore } from '#functions/pomodoro/store.ts';
import { itemOfTask, newTask } from '#functions/tasks/task.ts';
import { tombstoneOf } from '#functions/tasks/writes.ts';
import { secondsAfter } from '#shared/clock.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId, userId } from '#shared/ids.ts';
import { userKey } from '#shared/item.ts';
import { type DueKey, deleteItem, putItem, queryDue, type Table } from '#shared/table.ts';
import { type Answered, type Asked, callerOf, pointersIn } from '#test/support/http-event.ts';
import { roundTripsOf } from '#test/support/round-trips.ts';
import { describeOnEngines, itemsOf } from '#test/support/table.ts';

const session = z.strictObject(sessionSchema().shape);
const standing = z.strictObject({
  session: z.nullable(session),
  server_time: z.string(),
  suggested_next: z.strictObject({ kind: z.string(), planned_seconds: z.number() }),
});
const page = z.strictObject({ items: z.array(session), next_cursor: z.nullable(z.string()) });

const noon = new Date('2026-11-24T12:00:00.000Z');

const timesAtOnce = <T>(times: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: times }, (_, index) => work(index)));

/** The session in an answer. */
const sessionIn = ({ status, body }: Answered): Session => {
  expect([200, 201], JSON.stringify(body)).toContain(status);
  const found = standing.parse(body).session;
  if (!found) throw new Error('there is no session in the answer');
  return found;
};

/** The type of a problem, and the session that it shows. */
const refusal = (answered: Answered, status = 409) => {
  pointersIn(answered, status);
  return z.object({ type: z.string(), session: z.optional(session) }).parse(answered.body);
};

describeOnEngines('Pomodoro sessions', (table) => {
  describe('starting', () => {
    it('takes every default from the profile', async () => {
      const ada = somebody(table());
      const answered = await ada.ask('start');
      expect(answered).toMatchObject({ status: 201, headers: { location: '/pomodoro/active' } });
      expect(answered.headers.etag).toBeUndefined();
      expect(standing.parse(answered.body)).toEqual({
        session: {
          id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
          kind: 'focus',
          status: 'active',
          planned_seconds: 1500,
          elapsed_seconds: 0,
          remaining_seconds: 1500,
          start_time: '2026-11-24T12:00:00.000Z',
          ends_at: '2026-11-24T12:25:00.000Z',
          end_time: null,
          early: false,
          task_id: null,
          task_title: null,
          interruptions: { internal: 0, external: 0 },
          version: 1,
        },
        server_time: '2026-11-24T12:00:00.000Z',
        suggested_next: { kind: 'short_break', planned_seconds: 300 },
      });
      expect((await ada.ask('active')).body).toEqual(answered.body);
    });

    it.each([
      ['focus', 50],
      ['short_break', 7],
      ['long_break', 20],
    ] as const)('plans %s as the profile says: %d minutes', async (kind, minutes) => {
      const ada = somebody(table());
      await ada.keepProfile({
        pomodoro: { focus_minutes: 50, short_break_minutes: 7, long_break_minutes: 20, long_break_every: 4 },
      });
      expect(await ada.start({ kind })).toMatchObject({ kind, planned_seconds: minutes * 60 });
    });

    it.each([
      [{ planned_seconds: 59 }, '#/planned_seconds'],
      [{ planned_seconds: 14_401 }, '#/planned_seconds'],
      [{ planned_seconds: 60.5 }, '#/planned_seconds'],
      [{ planned_seconds: '60' }, '#/planned_seconds'],
      [{ kind: 'nap' }, '#/kind'],
      [{ task_id: 'x' }, '#/task_id'],
      [{ replace: 1 }, '#/replace'],
      [{ colour: 'red' }, '#/colour'],
    ])('refuses %j', async (body, pointer) => {
      expect(pointersIn(await somebody(table()).ask('start', { body }), 400)).toEqual([pointer]);
    });

    it.each([60, 14_400])('takes %d seconds', async (planned_seconds) => {
      expect(await somebody(table()).start({ planned_seconds })).toMatchObject({ planned_seconds });
    });

    it('50 times at once starts one session, and the 49 others are shown it', async () => {
      const ada = somebody(table());
      const answers = await timesAtOnce(50, () => ada.ask('start'));
      const started = answers.filter(({ status }) => status === 201).map(sessionIn);
      expect(started).toHaveLength(1);
      const refused = answers.filter(({ status }) => status !== 201).map((answered) => refusal(answered));
      expect(refused).toEqual(Array(49).fill({ type: 'session-active', session: started[0] }));
    });

    it('50 times at once behind one that has run out completes that one, once', async () => {
      const ada = somebody(table());
      const before = await ada.start();
      ada.pass(1600);
      const answers = await timesAtOnce(50, () => ada.ask('start'));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(49).fill(409)]);
      expect(await ada.history()).toMatchObject([{ id: before.id, status: 'completed' }]);
      expect(await ada.days()).toEqual({ '2026-11-24': { pomodoros: 1, focus_seconds: 1500 } });
    });

    it('is refused while one is paused, too', async () => {
      const ada = somebody(table());
      await ada.start();
      const paused = sessionIn(await ada.ask('pause'));
      expect(refusal(await ada.ask('start'))).toEqual({ type: 'session-active', session: paused });
    });

    it('stops the other one first, if asked to', async () => {
      const ada = somebody(table());
      const before = await ada.start();
      ada.pass(600);
      const session = await ada.start({ kind: 'short_break', replace: true });
      expect(session).toMatchObject({ kind: 'short_break', version: 1, start_time: '2026-11-24T12:10:00.000Z' });
      expect(await ada.history()).toMatchObject([{ id: before.id, status: 'stopped', elapsed_seconds: 600 }]);
      expect(sessionIn(await ada.ask('active')).id).toBe(session.id);
    });

    it('twenty times at once in place of another leaves one active, and a row for each of the others', async () => {
      const ada = somebody(table());
      await ada.start();
      const answers = await timesAtOnce(20, () => ada.ask('start', { body: { replace: true } }));
      const made = answers.filter(({ status }) => status === 201).length;
      expect(made).toBe(20);
      expect(await ada.history()).toHaveLength(20);
    });

    describe('for a task', () => {
      it('keeps its title, whatever becomes of it', async () => {
        const ada = somebody(table());
        const task = await ada.plant('Water the trees');
        expect(await ada.start({ task_id: task.id })).toMatchObject({
          task_id: task.id,
          task_title: 'Water the trees',
        });
        await task.remove();
        expect(sessionIn(await ada.ask('stop'))).toMatchObject({ task_id: task.id, task_title: 'Water the trees' });
        expect(await ada.history(`task_id=${task.id}`)).toMatchObject([{ task_title: 'Water the trees' }]);
      });

      it('is a 404 when it is missing, deleted or somebody else’s, and replaces nothing', async () => {
        const [ada, eve] = [somebody(table()), somebody(table())];
        const active = await ada.start();
        const deleted = await ada.plant();
        await deleted.remove();
        for (const task_id of [randomUUID(), deleted.id, (await eve.plant()).id]) {
          expect(refusal(await ada.ask('start', { body: { task_id, replace: true } }), 404).type).toBe('not-found');
        }
        expect(sessionIn(await ada.ask('active'))).toEqual(active);
      });
    });

    describe('with an Idempotency-Key', () => {
      const key = { 'Idempotency-Key': 'k1' };

      it('20 times at once starts one session, and all 20 answers are it', async () => {
        const ada = somebody(table());
        const answers = await timesAtOnce(20, () => ada.ask('start', { headers: key }));
        expect(new Set(answers.map((answered) => JSON.stringify(sessionIn(answered)))).size).toBe(1);
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
      });

      it('is answered with the session as it is now, also when others came after it', async () => {
        const ada = somebody(table());
        const { id } = sessionIn(await ada.ask('start', { headers: key }));
        ada.pass(60);
        const stopped = sessionIn(await ada.ask('stop'));
        expect(sessionIn(await ada.ask('start', { headers: key }))).toEqual(stopped);
        const other = await ada.start();
        expect(sessionIn(await ada.ask('start', { headers: key }))).toEqual(stopped);
        await ada.ask('stop');
        expect(sessionIn(await ada.ask('start', { headers: key })).id).toBe(id);
        expect((await ada.history()).map((session) => session.id)).toEqual([other.id, id]);
      });

      it('with another body is a 422', async () => {
        const ada = somebody(table());
        await ada.ask('start', { headers: key });
        const other = await ada.ask('start', { headers: key, body: { kind: 'long_break' } });
        expect(refusal(other, 422).type).toBe('idempotency-key-reused');
      });
    });
  });

  describe('the clock', () => {
    it('stands while a session is paused', async () => {
      const ada = somebody(table());
      await ada.start();
      ada.pass(600);
      expect(sessionIn(await ada.ask('pause'))).toMatchObject({ status: 'paused', ends_at: null });
      ada.pass(86_400);
      expect(sessionIn(await ada.ask('active'))).toMatchObject({ elapsed_seconds: 600, remaining_seconds: 900 });
      expect(sessionIn(await ada.ask('resume'))).toMatchObject({ ends_at: '2026-11-25T12:25:00.000Z', version: 3 });
      ada.pass(899);
      expect(sessionIn(await ada.ask('active'))).toMatchObject({ status: 'active', remaining_seconds: 1 });
      ada.pass(1);
      expect(standing.parse((await ada.ask('active')).body).session).toBeNull();
    });

    it('counts an interruption and runs on', async () => {
      const ada = somebody(table());
      await ada.start();
      ada.pass(60);
      for (const kind of ['internal', 'external', 'external']) await ada.ask('interrupt', { body: { kind } });
      const session = sessionIn(await ada.ask('active'));
      expect(session).toMatchObject({ elapsed_seconds: 60, interruptions: { internal: 1, external: 2 }, version: 4 });
      expect(session.ends_at).toBe('2026-11-24T12:25:00.000Z');
      expect(pointersIn(await ada.ask('interrupt', { body: { kind: 'cat' } }), 400)).toEqual(['#/kind']);
    });
  });

  describe('what the state does not allow', () => {
    const everything: readonly [string, unknown?][] = [
      ['pause'],
      ['resume'],
      ['stop'],
      ['complete', { early: true }],
      ['complete', { session_id: randomUUID() }],
      ['interrupt', { kind: 'internal' }],
    ];

    it.each(everything)('is anything without a session: %s %j', async (command, body) => {
      expect(refusal(await somebody(table()).ask(command, { body })).type).toBe('wrong-state');
    });

    it.each([
      ['active', 'resume', undefined],
      ['paused', 'pause', undefined],
      ['paused', 'interrupt', { kind: 'external' }],
    ])('%s: to %s', async (status, command, body) => {
      const ada = somebody(table());
      await ada.start();
      if (status === 'paused') await ada.ask('pause');
      const before = await ada.seat();
      expect(refusal(await ada.ask(command, { body }))).toMatchObject({ type: 'wrong-state', session: { status } });
      expect(await ada.seat()).toEqual(before);
    });

    it.each(everything)('is to %s another session than the one that is active', async (command, body) => {
      const ada = somebody(table());
      const active = await ada.start();
      const meant = { ...(body as object), session_id: randomUUID() };
      expect(refusal(await ada.ask(command, { body: meant }))).toEqual({ type: 'session-active', session: active });
      expect(sessionIn(await ada.ask('active'))).toEqual(active);
    });

    it('is pausing twice, and of 20 at once one is the first', async () => {
      const ada = somebody(table());
      await ada.start();
      const answers = await timesAtOnce(20, () => ada.ask('pause'));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(409)]);
      expect(sessionIn(await ada.ask('active')).version).toBe(2);
    });
  });

  describe('completing', () => {
    it('is too early before the planned time is over, active or paused', async () => {
      const ada = somebody(table());
      await ada.start();
      ada.pass(1499.999);
      const shown = { type: 'too-early', session: { status: 'active', remaining_seconds: 1 } };
      expect(refusal(await ada.ask('complete'))).toMatchObject(shown);
      await ada.ask('pause');
      expect(refusal(await ada.ask('complete'))).toMatchObject({ type: 'too-early', session: { status: 'paused' } });
    });

    it('early counts the minutes, and no pomodoro', async () => {
      const ada = somebody(table());
      await ada.start();
      ada.pass(600);
      expect(sessionIn(await ada.ask('complete', { body: { early: true } }))).toMatchObject({
        status: 'completed',
        early: true,
        elapsed_seconds: 600,
        remaining_seconds: 0,
        end_time: '2026-11-24T12:10:00.000Z',
      });
      expect(await ada.days()).toEqual({ '2026-11-24': { pomodoros: 0, focus_seconds: 600 } });
    });

    it('is done at ends_at, however late, and early is not said of it', async () => {
      const ada = somebody(table());
      const { ends_at } = await ada.start();
      ada.pass(1700);
      const completed = sessionIn(await ada.ask('complete', { body: { early: true } }));
      expect(completed).toMatchObject({ status: 'completed', early: false, elapsed_seconds: 1500, end_time: ends_at });
      expect(await ada.days()).toEqual({ '2026-11-24': { pomodoros: 1, focus_seconds: 1500 } });
    });

    it('one that has completed itself is a 200 with it, also when another has come and gone', async () => {
      const ada = somebody(table());
      const { id } = await ada.start();
      ada.pass(1700);
      await ada.sweep();
      const body = { session_id: id };
      expect(refusal(await ada.ask('complete')).type).toBe('wrong-state');
      const completed = sessionIn(await ada.ask('complete', { body }));
      expect(completed).toMatchObject({ id, status: 'completed', version: 2 });
      await ada.start();
      expect(refusal(await ada.ask('complete', { body })).type).toBe('session-active');
      await ada.ask('stop');
      expect(sessionIn(await ada.ask('complete', { body }))).toEqual(completed);
      expect(refusal(await ada.ask('stop', { body })).type).toBe('wrong-state');
    });

    it('one that was stopped, or completed early, is refused', async () => {
      const ada = somebody(table());
      const stopped = await ada.start();
      await ada.ask('stop');
      expect(refusal(await ada.ask('complete', { body: { session_id: stopped.id } })).type).toBe('wrong-state');
      const early = await ada.start();
      await ada.ask('complete', { body: { early: true } });
      expect(refusal(await ada.ask('complete', { body: { session_id: early.id } })).type).toBe('wrong-state');
    });
  });

  describe('a session whose time is over', () => {
    it.each([
      ['GET active', 'active', 200],
      ['the list', 'sessions', 200],
      ['a command that comes too late', 'pause', 409],
      ['completing it', 'complete', 200],
      ['starting the next', 'start', 201],
    ])('is completed by %s', async (_, what, status) => {
      const ada = somebody(table());
      const { id, ends_at } = await ada.start();
      ada.pass(5000);
      expect((await ada.ask(what)).status).toBe(status);
      expect(await ada.rows()).toMatchObject([{ id, status: 'completed', end_time: ends_at, ended_by: 'time' }]);
      expect(await ada.days()).toEqual({ '2026-11-24': { pomodoros: 1, focus_seconds: 1500 } });
    });

    it('is completed with no client alive, once by two sweeps an hour late, and comes due no more', async () => {
      const ada = somebody(table());
      const { id, ends_at } = await ada.start();
      ada.pass(1499);
      expect(await ada.sweep()).toMatchObject({ failed: 0 });
      expect(await ada.rows()).toEqual([]);
      ada.pass(3601);
      await Promise.all([ada.sweep(), ada.sweep()]);
      expect(await ada.rows()).toMatchObject([{ id, status: 'completed', end_time: ends_at }]);
      expect(await ada.days()).toEqual({ '2026-11-24': { pomodoros: 1, focus_seconds: 1500 } });
      expect(await ada.waiting()).toEqual([]);
    });

    it('brings nothing of an account back that is gone by the time of the sweep', async () => {
      const ada = somebody(table());
      await ada.start();
      ada.pass(1500);
      await ada.vanish();
      expect(await ada.sweep()).toMatchObject({ failed: 0 });
      expect(await ada.items()).toEqual([]);
    });

    it('is counted once when the sweep, its commands and a look come at once', async () => {
      const ada = somebody(table());
      const { id } = await ada.start();
      ada.pass(1500);
      await Promise.all([
        ada.sweep(),
        ...['complete', 'active', 'stop', 'complete', 'sessions'].map((what) =>
          ada.ask(what, what === 'complete' ? { body: { session_id: id } } : {}),
        ),
        ada.sweep(),
      ]);
      expect(await ada.rows()).toMatchObject([{ id, status: 'completed', early: false }]);
      expect(await ada.days()).toEqual({ '2026-11-24': { pomodoros: 1, focus_seconds: 1500 } });
    });

    it('is completed in the answer to a command that the sweep overtakes', async () => {
      const ada = somebody(table());
      await ada.start();
      ada.pass(1500);
      const [answered] = await Promise.all([ada.overtaken('complete'), ada.sweep()]);
      expect(sessionIn(answered)).toMatchObject({ status: 'completed' });
    });

    it('waits for the time that it was put off to', async () => {
      const ada = somebody(table());
      await ada.start();
      await ada.ask('pause');
      expect(await ada.waiting()).toEqual([]);
      ada.pass(5000);
      await ada.sweep();
      await ada.ask('resume');
      ada.pass(1499);
      await ada.sweep();
      expect(sessionIn(await ada.ask('active'))).toMatchObject({ status: 'active', remaining_seconds: 1 });
    });
  });

  describe('what is counted', () => {
    it('equals a recount of the rows; breaks count nowhere', async () => {
      const ada = somebody(table());
      await ada.keepProfile({ timezone: 'Pacific/Auckland', day_start: '04:00' });
      for (let round = 0; round < 6; round += 1) {
        await ada.start({ kind: round % 3 === 2 ? 'short_break' : 'focus', planned_seconds: 3600 });
        ada.pass(1800.7);
        await ada.ask(['stop', 'active', 'stop', 'active', 'complete', 'active'][round] ?? '', {
          body: round === 4 ? { early: true } : undefined,
        });
        ada.pass(1800.7);
        await ada.ask('active');
      }
      const days = await ada.days();
      expect(days).toEqual(await ada.recounted());
      expect(Object.keys(days)).toEqual(['2026-11-24', '2026-11-25']);
      expect(Object.values(days).reduce((sum, { pomodoros }) => sum + pomodoros, 0)).toBe(2);
    });

    it('suggests a long break after four focus sessions', async () => {
      const ada = somebody(table());
      const suggested = async () => standing.parse((await ada.ask('active')).body).suggested_next.kind;
      const seen = [];
      for (let count = 0; count < 5; count += 1) {
        await ada.start();
        ada.pass(1500);
        seen.push(await suggested());
      }
      expect(seen).toEqual(['short_break', 'short_break', 'short_break', 'long_break', 'long_break']);
      await ada.start({ kind: 'long_break' });
      ada.pass(900);
      expect(await suggested()).toBe('focus');
    });
  });

  describe('the history', () => {
    it('is read page by page, the newest first, without the session that is active', async () => {
      const ada = somebody(table());
      const ids = [];
      for (let count = 0; count < 7; count += 1) {
        ids.unshift((await ada.start()).id);
        ada.pass(60);
        if (count < 6) await ada.ask('stop');
      }
      const pages = await ada.pages('limit=2');
      expect(pages.map((items) => items.length)).toEqual([2, 2, 2]);
      expect(pages.flat().map(({ id }) => id)).toEqual(ids.slice(1));
    });

    it('shows the sessions that began on some of the user’s days', async () => {
      const ada = somebody(table());
      await ada.keepProfile({ timezone: 'America/New_York', day_start: '03:00' });
      // 02:59 and 03:00 in New York, then a day later each.
      for (const begun of ['07:59:59.999', '08:00:00.000']) {
        for (const day of ['2026-11-24', '2026-11-25']) await ada.sessionAt(`${day}T${begun}Z`);
      }
      const begun = async (query: string) =>
        (await ada.history(query)).map(({ start_time }) => start_time.slice(8, 16));
      expect(await begun('from=2026-11-24&to=2026-11-24')).toEqual(['25T07:59', '24T08:00']);
      expect(await begun('from=2026-11-25')).toEqual(['25T08:00']);
      expect(await begun('to=2026-11-23')).toEqual(['24T07:59']);
      expect(await begun('from=2026-11-26&to=2026-11-20')).toEqual([]);
      expect(await begun('from=0000-01-01&to=9999-12-31')).toHaveLength(4);
    });

    it('is a task’s own with task_id', async () => {
      const ada = somebody(table());
      const task = await ada.plant();
      for (let count = 0; count < 6; count += 1) {
        await ada.start({ task_id: count % 2 === 0 ? task.id : null });
        ada.pass(60);
        await ada.ask('stop');
      }
      const pages = await ada.pages(`limit=2&task_id=${task.id}`);
      expect(pages.flat().map(({ task_id }) => task_id)).toEqual(Array(3).fill(task.id));
    });

    it('is nobody else’s, nor are its cursors', async () => {
      const [ada, eve] = [somebody(table()), somebody(table())];
      for (let count = 0; count < 2; count += 1) {
        await ada.start();
        await ada.ask('stop');
        ada.pass(1);
      }
      expect(await eve.history()).toEqual([]);
      const { next_cursor } = page.parse((await ada.ask('sessions', { query: 'limit=1' })).body);
      const from = (query: string) => ({ query: `${query}&cursor=${next_cursor}` });
      expect((await ada.ask('sessions', from('limit=1'))).status).toBe(200);
      expect(pointersIn(await eve.ask('sessions', from('limit=1')), 400)).toEqual(['#/cursor']);
      expect(pointersIn(await ada.ask('sessions', from('from=2026-11-01')), 400)).toEqual(['#/cursor']);
    });

    it.each([
      ['from=2026-02-29', '#/from'],
      ['to=tomorrow', '#/to'],
      ['task_id=1', '#/task_id'],
      ['limit=0', '#/limit'],
      ['limit=101', '#/limit'],
      ['cursor=x', '#/cursor'],
      ['order=asc', '#/order'],
    ])('refuses %s', async (query, pointer) => {
      expect(pointersIn(await somebody(table()).ask('sessions', { query }), 400)).toEqual([pointer]);
    });
  });

  it('cost a read and a write each', async () => {
    const ada = somebody(table());
    await ada.keepProfile({});
    const cost = (what: string, asked: Asked = {}) => roundTripsOf(table(), () => ada.ask(what, asked));
    expect({
      start: await cost('start', { body: { task_id: (await ada.plant()).id } }),
      active: await cost('active'),
      pause: await cost('pause'),
      resume: await cost('resume'),
      stop: await cost('stop'),
      'start with a key': await cost('start', { headers: { 'Idempotency-Key': 'k' } }),
      replace: await cost('start', { body: { replace: true } }),
      sessions: await cost('sessions'),
    }).toEqual({
      start: 2,
      active: 1,
      pause: 2,
      resume: 2,
      stop: 2,
      'start with a key': 3,
      replace: 3,
      sessions: 2,
    });
  });
});

/** A new person with a clock that stands still until it is moved. */
const somebody = (table: Table) => {
  const user = randomUUID();
  const owner = userId(user);
  let now = noon;
  const clock = { now: () => now };
  const sessions = dynamoSessionStore(table, 1);
  const needs = { sessions, clock, newId };
  const call = callerOf(createHttpHandler('pomodoro', pomodoroOperations(needs)));
  const ask = (what: string, asked: Asked = {}): Promise<Answered> =>
    call(`${['active', 'sessions'].includes(what) ? 'GET' : 'POST'} /pomodoro/${what}`, { user, ...asked });
  const items = () => itemsOf(table, userKey(owner, '').pk);

  const pages = async (query: string): Promise<Session[][]> => {
    const read: Session[][] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const answered = await ask('sessions', { query: cursor === '' ? query : `${query}&cursor=${cursor}` });
      const { items: sessionsIn, next_cursor } = page.parse(answered.body);
      read.push(sessionsIn);
      cursor = next_cursor;
    }
    return read;
  };
  const rows = async () =>
    (await items()).filter(({ sk }) => String(sk).startsWith(prefix.pomodoro) && sk !== single.pomodoro);

  let stale: readonly DueKey[] = [];
  const due = async () =>
    (await queryDue(table, `${prefix.due}0`, now, 1000)).filter(({ pk }) => pk === userKey(owner, '').pk);

  return {
    ask,
    items,
    pages,
    rows,
    pass: (seconds: number): void => {
      now = secondsAfter(now, seconds);
    },
    start: async (body: object = {}): Promise<Session> => sessionIn(await ask('start', { body })),
    history: async (query = ''): Promise<Session[]> => (await pages(query)).flat(),
    seat: async () => (await items()).find(({ sk }) => sk === single.pomodoro),
    /** A session of a minute that begins then. */
    sessionAt: async (begins: string): Promise<void> => {
      now = new Date(begins);
      await ask('start', { body: { planned_seconds: 60 } });
      await ask('stop');
    },
    keepProfile: (chosen: Partial<Profile>): Promise<void> =>
      putItem(table, { ...profileKey(owner), ...defaultProfile(owner), ...chosen }),
    plant: async (title = 'Prune') => {
      const act = { now, clientId: null };
      const fields = { title, description: null, status: 'todo', priority: 'none', due_date: null, tags: [] } as const;
      const record = newTask({ id: newId(), owner, fields, requestHash: null }, act, {
        timezone: 'UTC',
        day_start: '00:00',
      });
      await putItem(table, itemOfTask(record));
      return { id: record.task.id, remove: () => putItem(table, tombstoneOf(record, act)) };
    },
    /** The account is deleted; an index may still say for a moment what came due. */
    vanish: async (): Promise<void> => {
      stale = await due();
      for (const { pk, sk } of await items()) await deleteItem(table, { pk: String(pk), sk: String(sk) });
    },
    /** What the due-work function does with this person's session. */
    sweep: () =>
      sweep({
        clock,
        shards: 1,
        due: async () => [...stale, ...(await due())],
        rooms: { [prefix.pomodoro]: () => pomodoroActs(needs).finish(owner) },
      })(secondsAfter(now, 60)),
    /** What waits to come due, some day. */
    waiting: async () => (await items()).filter((item) => item.due_shard !== undefined),
    days: async () =>
      Object.fromEntries(
        (await items())
          .filter(({ sk }) => String(sk).startsWith(prefix.day))
          .map(({ sk, ...counters }) => [String(sk).slice(prefix.day.length), dayCounters.parse(counters)]),
      ),
    recounted: async () => {
      const counted: Record<string, { pomodoros: number; focus_seconds: number }> = {};
      for (const { kind, status, early, day, elapsed_milliseconds } of (await rows()).map((row) =>
        pastRow.parse(row),
      )) {
        if (kind !== 'focus') continue;
        const { pomodoros = 0, focus_seconds = 0 } = counted[day] ?? {};
        counted[day] = {
          pomodoros: pomodoros + (status === 'completed' && !early ? 1 : 0),
          focus_seconds: focus_seconds + Math.floor(elapsed_milliseconds / 1000),
        };
      }
      return counted;
    },
    /** Asks, and is overtaken by the sweep between reading and writing. */
    overtaken: async (what: string): Promise<Answered> => {
      let overtaken = false;
      const slow = {
        ...sessions,
        commit: async (transition: Parameters<typeof sessions.commit>[0]) => {
          if (!overtaken) await pomodoroActs(needs).finish(owner);
          overtaken = true;
          return sessions.commit(transition);
        },
      };
      const handler = createHttpHandler('pomodoro', pomodoroOperations({ ...needs, sessions: slow }));
      return callerOf(handler)(`POST /pomodoro/${what}`, { user });
    },
  };
};

const dayCounters = z.object({ pomodoros: z.number(), focus_seconds: z.number() });

const pastRow = z.object({
  kind: z.string(),
  status: z.string(),
  early: z.boolean(),
  day: z.string(),
  elapsed_milliseconds: z.number(),
});
