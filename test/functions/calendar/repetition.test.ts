import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventsOf } from '#functions/calendar/event.ts';
import { icalendarOf } from '#functions/calendar/icalendar.ts';
import { repetitionFrom } from '#functions/calendar/repetition.ts';
import { firstOccurrence, occurrencesAfter } from '#functions/recurrence/occurrences.ts';
import { type Recurrence, weekdays } from '#functions/recurrence/recurrence.ts';
import { ruleOfSeries } from '#functions/recurrence/series.ts';
import { Failure } from '#shared/problems.ts';
import { ruleFor } from '../recurrence/recurrences.ts';
import { planned, seriesOf } from './planned.ts';
import { eventLinesOf, expandedByNodeIcal, expandedByRrule } from './readers.ts';

const saidOf = (recurrence_start_date: string, said: Partial<Recurrence>) => {
  const rule = ruleFor({ recurrence_start_date, ...said });
  return repetitionFrom(rule, firstOccurrence(rule));
};

describe('the RRULE of a series', () => {
  it.each<[string, string, Partial<Recurrence>, string]>([
    ['every day', '2026-11-23', {}, 'FREQ=DAILY'],
    ['every third day, ten times', '2026-11-23', { interval: 3, count: 10 }, 'FREQ=DAILY;INTERVAL=3;COUNT=10'],
    ['every week on its day', '2026-11-25', { recurrence_pattern: 'weekly' }, 'FREQ=WEEKLY;BYDAY=WE;WKST=MO'],
    ['until a day', '2026-11-23', { recurrence_end_date: '2026-12-24' }, 'FREQ=DAILY;UNTIL=20261224'],
    [
      'until a day, at a time in a zone',
      '2026-11-23T06:45',
      { recurrence_end_date: '2026-12-24' },
      'FREQ=DAILY;UNTIL=20261224T225959Z',
    ],
    ['a month on its 15th', '2026-11-15', { recurrence_pattern: 'monthly' }, 'FREQ=MONTHLY;BYMONTHDAY=15'],
    ['a month on its 31st, or its last', '2027-01-31', { recurrence_pattern: 'monthly' }, 'FREQ=MONTHLY;BYMONTHDAY=-1'],
    [
      'a month on its 30th, or its last',
      '2027-01-30',
      { recurrence_pattern: 'monthly' },
      'FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1',
    ],
    [
      'a month on its 1st, its 28th and its 29th, or its last',
      '2027-01-01',
      { recurrence_pattern: 'monthly', month_days: [29, 1, 28] },
      'FREQ=MONTHLY;BYMONTHDAY=1,28,29;BYSETPOS=1,2,-1',
    ],
    [
      'a month on its 30th and its last',
      '2027-01-30',
      { recurrence_pattern: 'monthly', month_days: [-1, 30, 31] },
      'FREQ=MONTHLY;BYMONTHDAY=30,-1',
    ],
    [
      'a year on its leap day, or the day before',
      '2024-02-29',
      { recurrence_pattern: 'yearly' },
      'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1',
    ],
    [
      'a year on days of its month, or its last',
      '2026-11-01',
      { recurrence_pattern: 'yearly', month_days: [31, 1, -1] },
      'FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=1,30',
    ],
    [
      'what programs take for nothing: every Monday and the second Tuesday',
      '2026-11-02',
      { rrule: 'FREQ=MONTHLY;BYDAY=MO,2TU' },
      'FREQ=MONTHLY;BYDAY=1MO,2MO,3MO,4MO,5MO,2TU',
    ],
    [
      'what is said twice: every Monday, and the last but one',
      '2026-11-02',
      { rrule: 'FREQ=YEARLY;BYDAY=MO,-2MO' },
      'FREQ=YEARLY;BYDAY=MO',
    ],
    [
      'what programs read differently: the last of some days of a week',
      '2026-11-23',
      { rrule: 'FREQ=WEEKLY;BYDAY=FR,SU,WE;BYSETPOS=-1;WKST=SU' },
      'FREQ=WEEKLY;BYDAY=FR;WKST=SU',
    ],
  ])('%s', (_, start, said, rrule) => {
    expect(saidOf(start, said)).toEqual({ rrule });
  });

  it('is of what is left, and counts from the occurrence', () => {
    const rule = ruleFor({ recurrence_start_date: '2027-01-31', recurrence_pattern: 'monthly', count: 5 });
    expect(repetitionFrom(rule, { date: '2027-03-31', number: 3 })).toEqual({
      rrule: 'FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3',
    });
    expect(repetitionFrom(rule, { date: '2027-05-31', number: 5 })).toBeNull();
  });

  it('ends on a day where programs may count one twice', () => {
    const said = { recurrence_pattern: 'monthly' as const, month_days: [28, 30], count: 4 };
    expect(saidOf('2027-01-28T23:30', said)).toEqual({
      rrule: 'FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=1,-1;UNTIL=20270328T215959Z',
    });
  });

  it('is none where nobody knows the next date before this one is done', () => {
    expect(saidOf('2026-11-23', { anchor: 'completion' })).toBeNull();
  });

  it('is a list of a hundred dates where there is none that says it', () => {
    const said = { recurrence_pattern: 'monthly' as const, month_days: [29, 30] };
    const rule = ruleFor({ recurrence_start_date: '2027-01-29', ...said });
    const dates = [firstOccurrence(rule), ...occurrencesAfter(rule, firstOccurrence(rule), 100)].map(
      ({ date }) => date,
    );
    expect(dates.slice(0, 4)).toEqual(['2027-01-29', '2027-01-30', '2027-02-28', '2027-03-29']);
    expect(saidOf('2027-01-29', said)).toEqual({ dates });
  });
});

const some = <T>(values: readonly T[]) => fc.subarray([...values], { minLength: 1 });
const part = (name: string, value: fc.Arbitrary<string | number | readonly (string | number)[]>) =>
  fc.option(
    value.map((said) => `;${name}=${said}`),
    { nil: '' },
  );
const joined = (...parts: readonly fc.Arbitrary<string>[]) => fc.tuple(...parts).map((said) => said.join(''));

const day = fc
  .date({ min: new Date('2024-01-01'), max: new Date('2028-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const monthDays = some([1, 2, 15, 27, 28, 29, 30, 31, -1]);
const interval = fc.integer({ min: 1, max: 4 });
const months = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 6, maxLength: 12 });
const positions = some([1, 2, -1]);
const nth = fc
  .tuple(fc.constantFrom('', '1', '2', '4', '-1', '-2'), fc.constantFrom(...weekdays))
  .map((said) => said.join(''));
const nths = joined(
  fc.uniqueArray(nth, { minLength: 1, maxLength: 3 }).map((said) => `;BYDAY=${said}`),
  part('BYSETPOS', positions),
);

const shorthand: fc.Arbitrary<Partial<Recurrence>> = fc.oneof(
  fc.record({
    recurrence_pattern: fc.constantFrom('daily' as const, 'weekly' as const),
    weekdays: fc.option(some(weekdays)),
    interval,
  }),
  fc.record({
    recurrence_pattern: fc.constantFrom('monthly' as const, 'yearly' as const),
    month_days: fc.option(monthDays),
    interval,
  }),
);

const custom: fc.Arbitrary<Partial<Recurrence>> = fc
  .oneof(
    joined(
      fc.constant('FREQ=DAILY'),
      part('INTERVAL', interval),
      part('BYDAY', some(weekdays)),
      part('BYMONTH', months),
    ),
    joined(
      fc.constant('FREQ=WEEKLY'),
      part('INTERVAL', interval),
      part('WKST', fc.constantFrom(...weekdays)),
      some(weekdays).map((said) => `;BYDAY=${said}`),
      fc.oneof(part('BYSETPOS', positions), part('BYMONTH', months)),
    ),
    joined(fc.constant('FREQ=MONTHLY'), part('INTERVAL', interval), fc.oneof(nths, part('BYMONTHDAY', monthDays))),
    joined(
      fc.constant('FREQ=YEARLY'),
      part('INTERVAL', interval),
      part('BYMONTH', months),
      fc.oneof(nths, part('BYMONTHDAY', monthDays)),
    ),
  )
  .map((rrule) => ({ rrule }));

const end: fc.Arbitrary<Partial<Recurrence>> = fc.oneof(
  fc.constant({}),
  fc.integer({ min: 1, max: 40 }).map((count) => ({ count })),
  day.map((date) => ({
    recurrence_end_date: `${Number(date.slice(0, 4)) + 2}${date.slice(4)}`.replace('-02-29', '-03-01'),
  })),
);

/** Times that every day has: what becomes of one that is skipped, programs do not agree on. */
const time = fc.constantFrom('', 'T00:15', 'T06:45', 'T12:00', 'T23:30');
const zone = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Calcutta', 'UTC');

describe('the dates that programs show of a series', () => {
  it('are those that it makes, for hundreds of them', () => {
    const seen = { rrule: 0, rdate: 0 };
    const shown = 30;
    fc.assert(
      fc.property(
        fc.oneof(shorthand, custom),
        day,
        time,
        zone,
        end,
        fc.nat(6),
        (said, date, at, timezone, ends, behind) => {
          const series = usable(() =>
            seriesOf({ ...said, ...ends, timezone, recurrence_start_date: `${date}${at}` }, behind),
          );
          const next = occurrencesAfter(ruleOfSeries(series.recurrence), series.latest, shown - 1);
          const text = icalendarOf(eventsOf(planned([], [series])));
          const repeats = eventLinesOf(text).filter((line) => /^(RRULE|RDATE)/.test(line));
          expect(repeats).toHaveLength(next.length === 0 ? 0 : 1);
          const ours = [series.latest, ...next].map((one) => `${one.date}${at}`);
          if (next.length > 0) expect(expandedByRrule(text, shown, timezone)).toEqual(ours);
          if (repeats[0]?.startsWith('RDATE')) seen.rdate += 1;
          else expect(expandedByNodeIcal(text, shown, timezone)).toEqual(ours);
          if (repeats[0]?.startsWith('RRULE')) seen.rrule += 1;
        },
      ),
      { numRuns: 400 },
    );
    expect(seen.rrule).toBeGreaterThan(200);
    expect(seen.rdate).toBeGreaterThan(0);
  }, 60_000);
});

const usable = <T>(make: () => T): T => {
  try {
    return make();
  } catch (error) {
    fc.pre(!(error instanceof Failure));
    throw error;
  }
};
