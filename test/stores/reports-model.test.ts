import * as fc from 'fast-check';
import { expect, inject, it } from 'vitest';
import { recount } from '#functions/reports/recount.ts';
import { Diary } from '#test/support/diary.ts';
import { type Doer, doer } from '#test/support/doer.ts';
import { ownTable } from '#test/support/table.ts';

const start = Date.parse('2026-10-20T09:00:00Z');

const tags = fc.subarray(['Home', 'Work', 'ümlaut']).chain((chosen) =>
  // Whoever types it, types it differently.
  fc.tuple(...chosen.map((tag) => fc.constantFrom(tag, tag.toUpperCase(), tag.toLowerCase()))),
);
const which = fc.nat(1000);
const deed = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('create'), tags, parent: fc.option(which, { freq: 2 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('complete'), which, plainly: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reopen'), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove'), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retag'), which, tags }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('sit'),
      which,
      focus: fc.nat(3).map((one) => one > 0),
      seconds: fc.constantFrom(60, 600, 1500, 14_400),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pause or resume') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('complete early') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('move'),
      timezone: fc.constantFrom(
        'UTC',
        'Europe/Berlin',
        'America/Los_Angeles',
        'Pacific/Kiritimati',
        'Pacific/Pago_Pago',
      ),
      day_start: fc.constantFrom('00:00', '04:00', '23:59'),
    }),
  },
);
type Deed = typeof deed extends fc.Arbitrary<infer D> ? D : never;

/** How long it is until something is done; and between two days of doing. */
const minutes = (most: number) => fc.integer({ min: 1, max: most * 60_000 });
const day = fc.record({
  deeds: fc.array(fc.tuple(minutes(150), deed), { maxLength: 8, size: 'max' }),
  night: fc.oneof({ weight: 6, arbitrary: minutes(24 * 60) }, { weight: 1, arbitrary: minutes(20 * 24 * 60) }),
});

const carryOut = async (ada: Doer, diary: Diary, done: Deed): Promise<void> => {
  const chosen = (number: number) => diary.alive[number % Math.max(1, diary.alive.length)];
  switch (done.do) {
    case 'create': {
      // Below a root that is open: what is put below a closed one is another story.
      const roots = diary.alive.filter((entry) => entry.parent === null && !entry.done);
      const parent = done.parent === null ? undefined : roots[done.parent % Math.max(1, roots.length)];
      // What is done in one act has one time: who was first would be anybody's guess.
      const own = parent ? [] : done.tags;
      diary.create(await ada.create({ tags: own, parent_id: parent?.id ?? null }), parent?.id ?? null, own);
      return;
    }
    case 'complete': {
      const entry = chosen(done.which);
      if (!entry) return;
      await (done.plainly ? ada.edit(entry.id, { status: 'done' }) : ada.complete(entry.id));
      return diary.complete(entry);
    }
    case 'reopen': {
      const entry = chosen(done.which);
      if (!entry) return;
      await ada.reopen(entry.id);
      return diary.reopen(entry);
    }
    case 'remove': {
      const entry = chosen(done.which);
      if (!entry) return;
      await ada.remove(entry.id);
      return diary.remove(entry);
    }
    case 'retag': {
      const entry = chosen(done.which);
      if (!entry || entry.parent !== null) return;
      await ada.edit(entry.id, { tags: done.tags });
      entry.tags = done.tags;
      return;
    }
    case 'sit': {
      const entry = chosen(done.which);
      const kind = done.focus ? 'focus' : 'long_break';
      const of = entry ? { task_id: entry.id } : {};
      await ada.pomodoro('start', { kind, planned_seconds: done.seconds, replace: true, ...of });
      return diary.sit(done.focus, done.seconds * 1000, entry?.tags ?? []);
    }
    case 'pause or resume': {
      const command = diary.pauseOrResume();
      if (command) await ada.pomodoro(command);
      return;
    }
    case 'stop':
      if (diary.rise()) await ada.pomodoro('stop');
      return;
    case 'complete early':
      if (diary.rise()) await ada.pomodoro('complete', { early: true });
      return;
    case 'sweep':
      return ada.sweep();
    case 'move':
      // What ran out before was noticed within the minute.
      await ada.sweep();
      await ada.settle({ timezone: done.timezone, day_start: done.day_start });
      diary.timezone = done.timezone;
      diary.dayStart = done.day_start;
  }
};

const expectReports = async (ada: Doer, diary: Diary): Promise<void> => {
  const today = diary.dayOf(diary.now);
  const before = (days: number) => new Date(Date.parse(today) - days * 86_400_000).toISOString().slice(0, 10);
  for (const [query, range] of [
    [{}, { from: before(29), to: today }],
    [{ from: before(365) }, { from: before(365), to: today }],
    [{ to: before(3) }, { from: before(32), to: before(3) }],
    [
      { from: today, to: before(-1) },
      { from: today, to: before(-1) },
    ],
  ] as const) {
    expect(await ada.report('tasks_completed_by_day', query)).toEqual(diary.tasksByDay(range));
    expect(await ada.report('total_pomodoros_completed', query)).toEqual(diary.pomodorosByDay(range));
    expect(await ada.report('most_frequent_tags', query)).toEqual({
      basis: 'completed',
      ...range,
      tags: diary.completedTags(range),
    });
    expect(await ada.report('most_frequent_tags', { basis: 'focus', ...query })).toEqual({
      basis: 'focus',
      ...range,
      tags: diary.focusTags(range),
    });
  }
  expect(await ada.report('most_frequent_tags', { basis: 'open' })).toMatchObject({ tags: diary.openTags() });
  expect(await recount(ada.reports, ada.owner)).toEqual([]);
};

/** A thousand days in all. */
const lives = process.env.POMONA_DEEP ? 200 : 20;
const daysOfALife = 50;

it.skipIf(!inject('engines').includes('dynoxide'))(
  'every report equals a diary, and its counters a recount, whatever is done on a thousand days, and wherever',
  { timeout: 3_600_000 },
  async () => {
    const { table, close } = await ownTable();
    const life = fc.array(day, { minLength: daysOfALife, maxLength: daysOfALife });
    await fc.assert(
      fc.asyncProperty(life, async (days) => {
        const ada = doer(table, new Date(start).toISOString());
        const diary = new Diary(start);
        const wait = (milliseconds: number): void => {
          diary.pass(milliseconds);
          ada.at(new Date(diary.now));
        };
        for (const [index, { deeds, night }] of days.entries()) {
          for (const [milliseconds, done] of deeds) {
            wait(milliseconds);
            await carryOut(ada, diary, done);
          }
          if (index % 10 === 9) await expectReports(ada, diary);
          wait(night);
        }
        await expectReports(ada, diary);
      }),
      { numRuns: lives, endOnFailure: true },
    );
    await close();
  },
);
