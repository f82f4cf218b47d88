import * as fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { firstOccurrence, nextOccurrence, occurrences } from '#functions/recurrence/occurrences.ts';
import { type Recurrence, recurrenceDraftSchema } from '#functions/recurrence/recurrence.ts';
import { Failure } from '#shared/problems.ts';
import { ruleFor } from './recurrences.ts';

/** What the library has been asked, how many dates it has made, and how many months, weeks and years have been looked at. */
const library = vi.hoisted(() => ({ asked: [] as object[], dates: 0 }));
const windows = vi.hoisted(() => ({ seen: 0 }));

vi.mock('#functions/recurrence/calendar.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('#functions/recurrence/calendar.ts')>();
  const counted =
    <A extends readonly number[]>(look: (...given: A) => number) =>
    (...given: A): number => {
      windows.seen += 1;
      return look(...given);
    };
  return {
    ...original,
    firstDayOfWeek: counted(original.firstDayOfWeek),
    firstDayOfMonth: counted(original.firstDayOfMonth),
    firstDayOfYear: counted(original.firstDayOfYear),
  };
});

vi.mock('rrule', async (importOriginal) => {
  const original = await importOriginal<typeof import('rrule') & { readonly default?: typeof import('rrule') }>();
  const { RRule, ...rest } = original.default ?? original;
  class Watched extends RRule {
    constructor(...[options, noCache]: ConstructorParameters<typeof RRule>) {
      library.asked.push(options ?? {});
      super(options, noCache);
    }
    override all(): Date[] {
      const dates = super.all();
      library.dates += dates.length;
      return dates;
    }
  }
  return { ...rest, RRule: Watched, default: { ...rest, RRule: Watched } };
});

beforeEach(() => {
  library.asked.length = 0;
  library.dates = 0;
  windows.seen = 0;
});

const failureOf = (said: Partial<Recurrence>): Failure | null => {
  try {
    ruleFor(said);
    return null;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
};

describe('a recurrence that cannot be used', () => {
  it.each<[string, Partial<Recurrence>]>([
    ['interval', { interval: 0 }],
    ['interval', { interval: 1_000 }],
    ['count', { count: 0 }],
    ['count', { count: 10_000 }],
    ['count', { count: 3, recurrence_end_date: '2027-01-01' }],
    ['count', { count: 3, rrule: 'FREQ=DAILY;COUNT=3' }],
    ['recurrence_end_date', { recurrence_end_date: '2027-01-01', rrule: 'FREQ=DAILY;UNTIL=20270101' }],
    ['rrule', { recurrence_pattern: 'custom' }],
    ['rrule', { recurrence_pattern: 'daily', rrule: 'FREQ=DAILY' }],
    ['interval', { rrule: 'FREQ=DAILY', interval: 2 }],
    ['weekdays', { rrule: 'FREQ=DAILY', weekdays: ['MO'] }],
    ['month_days', { rrule: 'FREQ=DAILY', month_days: [1] }],
    ['weekdays', { recurrence_pattern: 'monthly', weekdays: ['MO'] }],
    ['weekdays', { recurrence_pattern: 'yearly', weekdays: ['MO'] }],
    ['month_days', { recurrence_pattern: 'daily', month_days: [1] }],
    ['month_days', { recurrence_pattern: 'weekly', month_days: [1] }],
    ['month_days', { recurrence_pattern: 'monthly', month_days: [0] }],
    ['month_days', { recurrence_pattern: 'monthly', month_days: [32] }],
    ['month_days', { recurrence_pattern: 'monthly', month_days: [-2] }],
    ['recurrence_start_date', { recurrence_start_date: '0000-12-31' }],
  ])('says that of %s: %o', (field, said) => {
    const failure = failureOf(said);
    expect(failure?.type).toBe('unusable-recurrence');
    expect(failure?.facts.errors?.map(({ pointer }) => pointer)).toEqual([`#/recurrence/${field}`]);
    expect(library.asked).toEqual([]);
  });

  it.each([
    ['nothing', ' '],
    ['no frequency', 'INTERVAL=2'],
    ['a frequency below a day', 'FREQ=HOURLY'],
    ['seconds', 'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30'],
    ['a part twice', 'FREQ=DAILY;FREQ=WEEKLY'],
    ['a part twice, the same', 'FREQ=DAILY;INTERVAL=2;INTERVAL=2'],
    ['a part without a value', 'FREQ=DAILY;COUNT='],
    ['a part with two', 'FREQ=DAILY=WEEKLY'],
    ['a part without a name', 'FREQ=DAILY;;INTERVAL=2'],
    ['an end with a semicolon', 'FREQ=DAILY;'],
    ['spaces', 'FREQ=DAILY; INTERVAL=2'],
    ['another property', 'DTSTART:20261123T000000Z\nRRULE:FREQ=DAILY'],
    ['a line more', 'FREQ=DAILY\nEXDATE:20261124'],
    ['BYHOUR', 'FREQ=DAILY;BYHOUR=6'],
    ['BYWEEKNO', 'FREQ=YEARLY;BYWEEKNO=20'],
    ['BYYEARDAY', 'FREQ=YEARLY;BYYEARDAY=100'],
    ['BYEASTER', 'FREQ=YEARLY;BYEASTER=0'],
    ['a part that every object has', 'FREQ=DAILY;CONSTRUCTOR=1'],
    ['another one', 'FREQ=DAILY;__PROTO__=1'],
    ['an interval of 0', 'FREQ=DAILY;INTERVAL=0'],
    ['an interval of 1000', 'FREQ=DAILY;INTERVAL=1000'],
    ['a negative interval', 'FREQ=DAILY;INTERVAL=-1'],
    ['half an interval', 'FREQ=DAILY;INTERVAL=1.5'],
    ['an interval in another notation', 'FREQ=DAILY;INTERVAL=0x10'],
    ['a COUNT of 0', 'FREQ=DAILY;COUNT=0'],
    ['a COUNT of 10,000', 'FREQ=DAILY;COUNT=10000'],
    ['COUNT and UNTIL', 'FREQ=DAILY;COUNT=2;UNTIL=20270101'],
    ['UNTIL a day that does not exist', 'FREQ=DAILY;UNTIL=20270230'],
    ['UNTIL a local time', 'FREQ=DAILY;UNTIL=20270101T000000'],
    ['UNTIL another notation', 'FREQ=DAILY;UNTIL=2027-01-01'],
    ['UNTIL before the start', 'FREQ=DAILY;UNTIL=20261122'],
    ['a day of no week', 'FREQ=WEEKLY;BYDAY=XX'],
    ['a 0th day', 'FREQ=MONTHLY;BYDAY=0MO'],
    ['a 54th day', 'FREQ=YEARLY;BYDAY=54MO'],
    ['an ordinal in a week', 'FREQ=WEEKLY;BYDAY=1MO'],
    ['an ordinal in a day', 'FREQ=DAILY;BYDAY=-1MO'],
    ['a day of the month in a week', 'FREQ=WEEKLY;BYMONTHDAY=1'],
    ['a 0th day of the month', 'FREQ=MONTHLY;BYMONTHDAY=0'],
    ['a 32nd', 'FREQ=MONTHLY;BYMONTHDAY=32'],
    ['a 13th month', 'FREQ=YEARLY;BYMONTH=13'],
    ['a negative month', 'FREQ=YEARLY;BYMONTH=-1'],
    ['a choice of nothing', 'FREQ=MONTHLY;BYSETPOS=1'],
    ['a 0th choice', 'FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0'],
    ['a 367th', 'FREQ=YEARLY;BYDAY=MO;BYSETPOS=367'],
    ['a second choice of one', 'FREQ=DAILY;BYDAY=MO;BYSETPOS=2'],
    ['an empty item', 'FREQ=WEEKLY;BYDAY=MO,,TU'],
    ['a letter that becomes another in upper case', 'FREQ=DAıLY'],
    ['more than 500 characters', `FREQ=MONTHLY;BYMONTHDAY=${'1,'.repeat(240)}1`],
    ['more by far', 'FREQ=DAILY;'.repeat(100_000)],
  ])('has an RRULE with %s', (_, rrule) => {
    expect(failureOf({ rrule })?.facts.errors?.map(({ pointer }) => pointer)).toEqual(['#/recurrence/rrule']);
    expect(library.asked.length).toBeLessThanOrEqual(1);
  });

  it.each([
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=DAILY;BYMONTH=2,4;BYMONTHDAY=31',
    'FREQ=MONTHLY;BYMONTH=2,4,6;BYMONTHDAY=31,-31',
    'FREQ=MONTHLY;BYDAY=6MO',
    'FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1',
    'FREQ=YEARLY;BYMONTH=2;BYDAY=6MO',
    'FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2',
    'FREQ=WEEKLY;BYDAY=MO,TU,WE;BYMONTH=5;BYSETPOS=-4',
    'FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6',
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=1,2;BYSETPOS=3',
    'FREQ=DAILY;INTERVAL=7;BYDAY=TU',
    'FREQ=MONTHLY;INTERVAL=12;BYMONTH=3',
    'FREQ=YEARLY;INTERVAL=100;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU',
  ])('never happens: %s', (rrule) => {
    expect(failureOf({ rrule })?.message).toBe('has no date on which it happens');
    expect(library.asked.length).toBeLessThanOrEqual(kindsOfMonths);
    expect(windows.seen).toBeLessThanOrEqual(3 * weeksOfCycle);
  });
});

/** As many as a series can have. */
const monthsOfYears = 9999 * 12;

/** After 400 years the calendar begins anew. */
const weeksOfCycle = 20_871;

/** Twelve months that begin on seven weekdays, February in two lengths. */
const kindsOfMonths = 13 * 7;
const kindsOfYears = 2 * 7;

describe('the library', () => {
  const part = fc.oneof(
    fc.constantFrom('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY', 'HOURLY').map((value) => `FREQ=${value}`),
    fc.oneof(fc.integer({ min: -1, max: 1_001 }), fc.constantFrom(1, 2, 999)).map((value) => `INTERVAL=${value}`),
    listOf(fc.integer({ min: -32, max: 32 }), 'BYMONTHDAY'),
    listOf(fc.integer({ min: 0, max: 13 }), 'BYMONTH'),
    listOf(fc.oneof(fc.integer({ min: -7, max: 7 }), fc.integer({ min: -367, max: 367 })), 'BYSETPOS'),
    listOf(
      fc
        .tuple(
          fc.option(fc.oneof(fc.integer({ min: -6, max: 6 }), fc.integer({ min: -54, max: 54 })), { nil: '' }),
          fc.constantFrom('MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'),
        )
        .map((one) => one.join('')),
      'BYDAY',
    ),
    fc.constantFrom('MO', 'SU', 'WE').map((value) => `WKST=${value}`),
    fc.integer({ min: 0, max: 10_000 }).map((value) => `COUNT=${value}`),
    fc.constantFrom('UNTIL=20270101', 'UNTIL=99991231T235959Z', 'UNTIL=00010101', 'UNTIL=20260101T000000'),
    fc.constantFrom('BYHOUR=1', 'X=', ';', 'BYSETPOS', 'bymonth=2', 'RRULE:FREQ=DAILY', '=', '\u0000'),
  );
  const grammar = fc
    .tuple(
      fc.constantFrom('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'),
      fc.oneof(
        fc.array(part, { maxLength: 6 }),
        fc.uniqueArray(part, { maxLength: 5, selector: (text) => text.replace(/=.*/, '') }),
      ),
    )
    .map(([frequency, parts]) => [`FREQ=${frequency}`, ...parts.filter((text) => !text.startsWith('FREQ'))].join(';'));

  const days = fc
    .nat(3_000_000)
    .map((day) => new Date(Date.UTC(1600, 0) + day * 86_400_000).toISOString().slice(0, 10));

  it('answers few questions, whatever a rule says, or is not asked at all', { timeout: 120_000 }, () => {
    let usable = 0;
    const property = fc.property(
      fc.oneof({ weight: 9, arbitrary: grammar }, { weight: 1, arbitrary: part }),
      days,
      (rrule, start) => {
        library.asked.length = 0;
        windows.seen = 0;
        const failure = failureOf({ rrule, recurrence_start_date: start });
        expect(library.asked.length).toBeLessThanOrEqual(kindsOfMonths);
        expect(windows.seen).toBeLessThanOrEqual(4 * monthsOfYears);
        if (failure !== null) {
          expect(failure.type).toBe('unusable-recurrence');
          return;
        }
        usable += 1;
        const rule = ruleFor({ rrule, recurrence_start_date: start });
        library.asked.length = 0;
        const first = firstOccurrence(rule);
        const found = occurrences(rule, first.date, 3);
        nextOccurrence(rule, first, { notBefore: '9000-01-01' });
        expect(found[0]).toEqual(first);
        // One for the first, one for the preview's, one for those behind it, one for the jump.
        expect(library.asked.length).toBeLessThanOrEqual(4 * kindsOfMonths);
      },
    );
    fc.assert(property, { numRuns: 1_500 });
    expect(usable).toBeGreaterThan(100);
  });

  it('is asked for the days of one month or year near us, and leaves it for a year that it does not have', () => {
    const rules = [
      'FREQ=DAILY;COUNT=9',
      'FREQ=WEEKLY;INTERVAL=3',
      'FREQ=MONTHLY;BYDAY=-1FR',
      'FREQ=YEARLY;UNTIL=99991231',
    ];
    for (const rrule of rules) occurrences(ruleFor({ rrule, recurrence_start_date: '0031-10-05' }), '9000-01-01', 9);
    expect(library.asked).not.toEqual([]);
    for (const asked of library.asked) {
      expect(Object.keys(asked).sort()).toEqual(['bymonth', 'bymonthday', 'byweekday', 'dtstart', 'freq', 'interval']);
      const { freq, interval, dtstart } = asked as { freq: number; interval: number; dtstart: Date };
      expect([freq, interval]).toEqual(freq === 0 ? [0, 10_000] : [1, 120_000]);
      expect(dtstart.toISOString()).toMatch(/^2[0-3]\d\d-\d\d-01T00:00:00.000Z$/);
    }
  });

  it.each<[string, Partial<Recurrence>]>([
    ['daily', {}],
    ['weekly', { recurrence_pattern: 'weekly', interval: 2, weekdays: ['MO', 'FR'] }],
    ['monthly', { recurrence_pattern: 'monthly', month_days: [31] }],
    ['yearly', { recurrence_pattern: 'yearly' }],
    ['by an RRULE', { rrule: 'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1' }],
    ['counted', { count: 9_000 }],
  ])('makes as many dates for a series of ten years as for a new one: %s', (_, said) => {
    const costSince = (recurrence_start_date: string): number => {
      const rule = ruleFor({ ...said, recurrence_start_date });
      library.dates = 0;
      const next = nextOccurrence(rule, { date: '2026-11-23', number: 1_000 }, { notBefore: '2026-11-24' });
      expect(next).not.toBeNull();
      return library.dates;
    };
    expect(costSince('2016-11-21')).toBe(costSince('2026-11-23'));
  });

  it('is asked about every kind of year once, for what a whole life of the calendar looks through', () => {
    ruleFor({ rrule: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU', recurrence_start_date: '2025-01-01' });
    library.asked.length = 0;
    expect(failureOf({ rrule: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30' })).not.toBeNull();
    expect(library.asked).toHaveLength(kindsOfYears);
  });
});

function listOf(item: fc.Arbitrary<string | number>, name: string): fc.Arbitrary<string> {
  return fc.array(item, { minLength: 1, maxLength: 5 }).map((items) => `${name}=${items.join(',')}`);
}

describe('the shape of a recurrence', () => {
  const isShaped = (given: object): boolean =>
    recurrenceDraftSchema().safeParse({ recurrence_pattern: 'daily', ...given }).success;

  it.each([
    {},
    { recurrence_start_date: '2027-03-27T06:45' },
    { recurrence_start_date: '2028-02-29' },
    { interval: null, weekdays: null, count: null, timezone: null, anchor: null, when_open: null, rrule: null },
    { timezone: 'Asia/Kathmandu', anchor: 'completion', when_open: 'pile_up' },
    { interval: 1_000_000, month_days: [99], count: -1, rrule: 'nonsense' },
  ])('may be %o', (given) => {
    expect(isShaped(given)).toBe(true);
  });

  it.each([
    { recurrence_pattern: 'hourly' },
    { recurrence_pattern: null },
    { interval: '1' },
    { interval: 1.5 },
    { weekdays: ['XX'] },
    { weekdays: 'MO' },
    { month_days: ['1'] },
    { count: 1.5 },
    { recurrence_start_date: '2027-02-29' },
    { recurrence_start_date: '2027-03-27T24:00' },
    { recurrence_start_date: '2027-03-27T06:45:00' },
    { recurrence_start_date: '2027-03-27T06:45Z' },
    { recurrence_start_date: '2027-03-27T06:45\n' },
    { recurrence_end_date: '2027-03-27T06:45' },
    { timezone: 'Europe/Atlantis' },
    { timezone: '+01:00' },
    { anchor: 'today' },
    { when_open: 'never' },
    { starts: '2027-03-27' },
  ])('is not %o', (given) => {
    expect(isShaped(given)).toBe(false);
  });
});
