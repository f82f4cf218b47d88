import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { prefix } from '#blueprint/table.ts';
import { recount } from '#functions/reports/recount.ts';
import { userKey } from '#shared/item.ts';
import { deleteItem, updateItem } from '#shared/table.ts';
import { doer } from '#test/support/doer.ts';
import { pointersIn } from '#test/support/http-event.ts';
import { roundTripsOf } from '#test/support/round-trips.ts';
import { describeOnEngines } from '#test/support/table.ts';

const noon = '2026-11-24T12:00:00.000Z';

/** The days of a report on which something was. */
const busyDays = (report: unknown) =>
  (report as { days: { count: number; focus_minutes?: number }[] }).days.filter(
    ({ count, focus_minutes = 0 }) => count + focus_minutes > 0,
  );

const tagsIn = (report: unknown) =>
  (report as { tags: { tag: string; count: number }[] }).tags.map(({ tag, count }) => `${tag} ${count}`);

describeOnEngines('reports', (table) => {
  describe('of completed tasks', () => {
    it('have every one of the last thirty days, today included', async () => {
      const ada = doer(table(), noon);
      await ada.complete(await ada.create());
      const report = (await ada.report('tasks_completed_by_day')) as { days: { date: string; count: number }[] };
      expect(report).toMatchObject({ timezone: 'UTC', from: '2026-10-26', to: '2026-11-24', total: 1 });
      expect(report.days).toHaveLength(30);
      expect(report.days[0]).toEqual({ date: '2026-10-26', count: 0 });
      expect(report.days[29]).toEqual({ date: '2026-11-24', count: 1 });
    });

    it('go by the day of the person, which begins when they say', async () => {
      const ada = doer(table(), '2026-11-24T11:00:00Z');
      await ada.settle({ timezone: 'Pacific/Auckland', day_start: '04:00' });
      // Just before and just after four in the morning there: it is 13 hours ahead.
      for (const instant of ['2026-11-24T14:59:00Z', '2026-11-24T15:00:00Z']) {
        ada.at(instant);
        await ada.complete(await ada.create());
      }
      expect(await ada.report('tasks_completed_by_day')).toMatchObject({
        timezone: 'Pacific/Auckland',
        to: '2026-11-25',
        total: 2,
      });
      expect(busyDays(await ada.report('tasks_completed_by_day'))).toEqual([
        { date: '2026-11-24', count: 1 },
        { date: '2026-11-25', count: 1 },
      ]);
    });

    it('keep the day that it was when it happened', async () => {
      const ada = doer(table(), '2026-11-24T20:00:00Z');
      await ada.settle({ timezone: 'Pacific/Auckland' });
      await ada.complete(await ada.create({ tags: ['far'] }));
      await ada.settle({ timezone: 'America/Los_Angeles' });
      const range = { from: '2026-11-24', to: '2026-11-25' };
      expect(busyDays(await ada.report('tasks_completed_by_day', range))).toEqual([{ date: '2026-11-25', count: 1 }]);
      // There it is not even the day yet: what is counted in days to come is not in the days until now.
      expect(await ada.report('tasks_completed_by_day')).toMatchObject({ to: '2026-11-24', total: 0 });
      expect(tagsIn(await ada.report('most_frequent_tags', range))).toEqual(['far 1']);
      expect(tagsIn(await ada.report('most_frequent_tags'))).toEqual([]);
    });

    it('forget what was reopened, and keep what was deleted', async () => {
      const ada = doer(table(), noon);
      const [kept, undone] = [await ada.create({ tags: ['kept'] }), await ada.create({ tags: ['undone'] })];
      await ada.complete(kept);
      await ada.complete(undone);
      await ada.remove(kept);
      await ada.reopen(undone);
      expect(await ada.report('tasks_completed_by_day')).toMatchObject({ total: 1 });
      expect(tagsIn(await ada.report('most_frequent_tags'))).toEqual(['kept 1']);
    });

    it('count nothing that was cancelled', async () => {
      const ada = doer(table(), noon);
      await ada.edit(await ada.create({ tags: ['a'] }), { status: 'cancelled' });
      expect(await ada.report('tasks_completed_by_day')).toMatchObject({ total: 0 });
      expect(tagsIn(await ada.report('most_frequent_tags'))).toEqual([]);
    });

    it('are nobody else’s', async () => {
      const [ada, eve] = [doer(table(), noon), doer(table(), noon)];
      await ada.complete(await ada.create());
      expect(await eve.report('tasks_completed_by_day')).toMatchObject({ total: 0 });
    });
  });

  describe('of pomodoros', () => {
    it('count those that ran their whole time, and the minutes of all', async () => {
      const ada = doer(table(), noon);
      await ada.pomodoro('start', { planned_seconds: 1500 });
      ada.at('2026-11-24T12:25:00Z');
      await ada.sweep();
      await ada.pomodoro('start', { planned_seconds: 1500 });
      ada.at('2026-11-24T12:35:20Z');
      await ada.pomodoro('complete', { early: true });
      await ada.pomodoro('start', { planned_seconds: 1500 });
      ada.at('2026-11-24T12:36:00Z');
      await ada.pomodoro('stop');
      await ada.pomodoro('start', { kind: 'long_break', planned_seconds: 900 });
      ada.at('2026-11-24T12:51:00Z');
      await ada.sweep();
      const range = { from: '2026-11-23', to: '2026-11-24' };
      expect(await ada.report('total_pomodoros_completed', range)).toEqual({
        timezone: 'UTC',
        ...range,
        total: 1,
        focus_minutes: 36,
        days: [
          { date: '2026-11-23', count: 0, focus_minutes: 0 },
          { date: '2026-11-24', count: 1, focus_minutes: 36 },
        ],
      });
    });

    it('add up: the minutes of the days are those of them all', async () => {
      const ada = doer(table(), noon);
      for (const day of ['22', '23', '24']) {
        ada.at(`2026-11-${day}T12:00:00Z`);
        await ada.pomodoro('start', {});
        ada.at(`2026-11-${day}T12:10:40Z`);
        await ada.pomodoro('stop');
      }
      const report = await ada.report('total_pomodoros_completed');
      expect(busyDays(report).map(({ focus_minutes }) => focus_minutes)).toEqual([11, 11, 11]);
      expect(report).toMatchObject({ total: 0, focus_minutes: 33 });
    });

    it('count one whose time is over although nobody has looked yet, and count it once', async () => {
      const ada = doer(table(), '2026-11-23T23:40:00Z');
      const task = await ada.create({ tags: ['Deep'] });
      await ada.pomodoro('start', { planned_seconds: 600, task_id: task });
      const reports = () =>
        Promise.all([
          ada.report('total_pomodoros_completed'),
          ada.report('most_frequent_tags', { basis: 'focus', from: '2026-11-23', to: '2026-11-23' }),
        ]);
      expect((await reports())[0]).toMatchObject({ total: 0, focus_minutes: 0 });
      ada.at('2026-11-24T00:10:00Z');
      for (let times = 0; times < 2; times += 1) {
        const [pomodoros, tags] = await reports();
        expect(busyDays(pomodoros)).toEqual([{ date: '2026-11-23', count: 1, focus_minutes: 10 }]);
        expect(tagsIn(tags)).toEqual(['Deep 10']);
        await ada.sweep();
      }
    });
  });

  describe('of tags', () => {
    it('rank them, the more frequent first, then by name, without case and in the first spelling', async () => {
      const ada = doer(table(), noon);
      const lists = [['Home', 'b'], ['HOME', 'a'], ['home', 'c'], ['c']];
      for (const [index, tags] of lists.entries()) {
        ada.at(`2026-11-24T12:0${index}:00Z`);
        await ada.complete(await ada.create({ tags }));
      }
      expect(await ada.report('most_frequent_tags')).toEqual({
        basis: 'completed',
        from: '2026-10-26',
        to: '2026-11-24',
        tags: [
          { tag: 'Home', count: 3 },
          { tag: 'c', count: 2 },
          { tag: 'a', count: 1 },
          { tag: 'b', count: 1 },
        ],
      });
      expect(tagsIn(await ada.report('most_frequent_tags', { limit: '2' }))).toEqual(['Home 3', 'c 2']);
    });

    it('go by the minutes of focus, of sessions that ended in the days, however long ago they began', async () => {
      const ada = doer(table(), '2026-08-01T12:00:00Z');
      const task = await ada.create({ tags: ['Thesis', 'slow'] });
      // The one before the one that counts.
      await ada.pomodoro('start', { task_id: task });
      ada.at('2026-08-01T12:25:00Z');
      await ada.pomodoro('start', { task_id: task });
      ada.at('2026-08-01T12:35:00Z');
      await ada.pomodoro('pause');
      ada.at(noon);
      await ada.edit(task, { tags: ['renamed'] });
      await ada.pomodoro('stop');
      await ada.pomodoro('start', { kind: 'short_break', task_id: task });
      ada.at('2026-11-24T12:05:00Z');
      await ada.sweep();
      expect(tagsIn(await ada.report('most_frequent_tags', { basis: 'focus' }))).toEqual(['slow 10', 'Thesis 10']);
    });

    it('leave out what was in focus for less than half a minute', async () => {
      const ada = doer(table(), noon);
      await ada.pomodoro('start', { task_id: await ada.create({ tags: ['blink'] }) });
      ada.at('2026-11-24T12:00:29Z');
      await ada.pomodoro('stop');
      expect(tagsIn(await ada.report('most_frequent_tags', { basis: 'focus' }))).toEqual([]);
    });

    it('of what is open now are of no days', async () => {
      const ada = doer(table(), noon);
      await ada.create({ tags: ['b', 'Late'], due_date: '2026-12-24' });
      ada.at('2026-11-24T12:01:00Z');
      await ada.create({ tags: ['late'], due_date: '2026-11-25', status: 'in_progress' });
      await ada.complete(await ada.create({ tags: ['b'] }));
      await ada.remove(await ada.create({ tags: ['b'] }));
      expect(await ada.report('most_frequent_tags', { basis: 'open' })).toEqual({
        basis: 'open',
        from: null,
        to: null,
        tags: [
          { tag: 'Late', count: 2 },
          { tag: 'b', count: 1 },
        ],
      });
    });
  });

  describe('refuse', () => {
    it.each([
      ['a date that is none', { from: '2026-02-29' }, '#/from'],
      ['an instant', { to: '2026-11-24T12:00:00Z' }, '#/to'],
      ['an end before the beginning', { from: '2026-11-25', to: '2026-11-24' }, '#/from'],
      ['a beginning after today', { from: '2026-11-25' }, '#/from'],
      ['more than 366 days', { from: '2024-01-01', to: '2025-01-01' }, '#/from'],
      ['more than 366 days until today', { from: '2025-11-23' }, '#/from'],
      ['far more', { from: '0000-01-01', to: '9999-12-31' }, '#/from'],
      ['what they do not know', { zone: 'UTC' }, '#/zone'],
    ])('%s', async (_, query, pointer) => {
      const ada = doer(table(), noon);
      for (const report of ['tasks_completed_by_day', 'total_pomodoros_completed', 'most_frequent_tags']) {
        expect(pointersIn(await ada.tryReport(report, { query }), 400)).toEqual([pointer]);
      }
    });

    it.each([
      ['another basis', 'basis=mood', ['#/basis']],
      ['a limit of none', 'limit=0', ['#/limit']],
      ['a limit that is too high', 'limit=101', ['#/limit']],
      ['days of what is open now', 'basis=open&from=2026-11-24&to=2026-11-24', ['#/from', '#/to']],
    ])('to rank tags by %s', async (_, query, pointers) => {
      const ada = doer(table(), noon);
      expect(pointersIn(await ada.tryReport('most_frequent_tags', { query }), 400)).toEqual(pointers);
    });

    it('no leap year, no single day, and neither end of the calendar', async () => {
      const ada = doer(table(), noon);
      for (const [from, to, length] of [
        ['2024-01-01', '2024-12-31', 366],
        ['2025-11-24', '2026-11-24', 366],
        ['2026-11-24', '2026-11-24', 1],
        ['9999-12-01', '9999-12-31', 31],
        ['0000-01-01', '0000-01-02', 2],
      ] as const) {
        for (const report of ['tasks_completed_by_day', 'total_pomodoros_completed']) {
          const { days } = (await ada.report(report, { from, to })) as { days: { date: string }[] };
          expect([days.length, days[0]?.date, days.at(-1)?.date]).toEqual([length, from, to]);
        }
        for (const basis of ['completed', 'focus']) {
          expect(tagsIn(await ada.report('most_frequent_tags', { from, to, basis }))).toEqual([]);
        }
      }
      expect(await ada.report('tasks_completed_by_day', { to: '0000-01-03' })).toMatchObject({ from: '0000-01-01' });
    });
  });

  describe('are read', () => {
    it('in requests that are sent together', async () => {
      const ada = doer(table(), noon);
      await ada.complete(await ada.create({ tags: ['a'] }));
      const requestsOf = (...asked: Parameters<typeof ada.report>) => roundTripsOf(table(), () => ada.report(...asked));
      expect(await requestsOf('tasks_completed_by_day')).toBe(2);
      expect(await requestsOf('total_pomodoros_completed')).toBe(2);
      expect(await requestsOf('most_frequent_tags')).toBe(2);
      expect(await requestsOf('most_frequent_tags', { basis: 'focus' })).toBe(3);
      expect(await requestsOf('most_frequent_tags', { basis: 'open' })).toBe(1);
    });
  });

  describe('as a picture', () => {
    const svg = { accept: 'image/svg+xml' };

    it('are SVG for whoever asks for it, and JSON for everybody else', async () => {
      const ada = doer(table(), noon);
      await ada.complete(await ada.create({ tags: ['<b> & "c"'] }));
      for (const report of ['tasks_completed_by_day', 'total_pomodoros_completed', 'most_frequent_tags']) {
        const json = await ada.tryReport(report);
        expect(json.headers).toMatchObject({ 'content-type': 'application/json', vary: 'accept' });
        const picture = await ada.tryReport(report, { headers: svg });
        expect(picture).toMatchObject({
          status: 200,
          headers: { 'content-type': 'image/svg+xml', vary: 'accept', 'cache-control': 'no-store' },
        });
        expect(picture.headers['content-security-policy']).toContain("default-src 'none'");
        expect(XMLValidator.validate(String(picture.body))).toBe(true);
      }
      const tags = await ada.tryReport('most_frequent_tags', { headers: svg });
      const { svg: drawn } = new XMLParser({ htmlEntities: true }).parse(String(tags.body));
      expect(drawn.desc).toContain('<b> & "c": 1');
    });

    it('are problems where the request is one', async () => {
      const ada = doer(table(), noon);
      const answered = await ada.tryReport('tasks_completed_by_day', { headers: svg, query: { from: 'x' } });
      expect(pointersIn(answered, 400)).toEqual(['#/from']);
    });
  });

  describe('counted anew', () => {
    it('differ where a counter is not what the rows say, and nowhere else', async () => {
      const ada = doer(table(), noon);
      const [first, second] = [await ada.create(), await ada.create()];
      await ada.complete(first);
      await ada.complete(second);
      await ada.pomodoro('start', {});
      ada.at('2026-11-24T12:25:00Z');
      await ada.sweep();
      expect(await recount(ada.reports, ada.owner)).toEqual([]);

      await updateItem(table(), userKey(ada.owner, `${prefix.day}2026-11-24`), { add: { pomodoros: 1 } });
      await updateItem(table(), userKey(ada.owner, `${prefix.day}2026-11-20`), { add: { completed: 3 } });
      expect(await recount(ada.reports, ada.owner)).toEqual([
        { date: '2026-11-20', counter: 'completed', counted: 3, recounted: 0 },
        { date: '2026-11-24', counter: 'pomodoros', counted: 2, recounted: 1 },
      ]);

      await deleteItem(table(), userKey(ada.owner, `${prefix.day}2026-11-24`));
      expect(await recount(ada.reports, ada.owner)).toContainEqual({
        date: '2026-11-24',
        counter: 'focus_seconds',
        counted: 0,
        recounted: 1500,
      });
    });
  });
});
