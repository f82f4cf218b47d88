import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  continuedFrom,
  dueDateOf,
  endedBefore,
  firstDateAhead,
  firstOccurrence,
  nextAfterCompletion,
  nextOccurrence,
  type Occurrence,
  occurrenceAfter,
  occurrences,
  occurrencesAfter,
} from '#functions/recurrence/occurrences.ts';
import { type Recurrence, weekdays } from '#functions/recurrence/recurrence.ts';
import { type Rule, ruleOf } from '#functions/recurrence/rule.ts';
import { daysAfter } from '#shared/days.ts';
import { Failure } from '#shared/problems.ts';
import { berlin, recurrence, ruleFor } from './recurrences.ts';

const datesOf = (rule: Rule, count: number): readonly string[] =>
  occurrences(rule, rule.start.date, count).map(({ date }) => date);

const starting = (recurrence_start_date: string, said: Partial<Recurrence>): Rule =>
  ruleFor({ recurrence_start_date, ...said });

describe('the dates of the shorthand', () => {
  it.each<[string, string, Partial<Recurrence>, readonly string[]]>([
    ['every day', '2026-12-30', {}, ['2026-12-30', '2026-12-31', '2027-01-01']],
    ['every third day', '2028-02-27', { interval: 3 }, ['2028-02-27', '2028-03-01', '2028-03-04']],
    [
      'every day of work',
      '2026-11-27',
      { weekdays: ['MO', 'TU', 'WE', 'TH', 'FR'] },
      ['2026-11-27', '2026-11-30', '2026-12-01'],
    ],
    ['every week', '2026-11-25', { recurrence_pattern: 'weekly' }, ['2026-11-25', '2026-12-02', '2026-12-09']],
    [
      'every other week, on two days',
      '2026-11-25',
      { recurrence_pattern: 'weekly', interval: 2, weekdays: ['MO', 'TH'] },
      ['2026-11-26', '2026-12-07', '2026-12-10'],
    ],
    [
      'a month on its 31st, which does not decay',
      '2027-01-31',
      { recurrence_pattern: 'monthly' },
      ['2027-01-31', '2027-02-28', '2027-03-31', '2027-04-30', '2027-05-31'],
    ],
    ['in a leap year', '2028-01-30', { recurrence_pattern: 'monthly' }, ['2028-01-30', '2028-02-29', '2028-03-30']],
    [
      'two days that a month has as one',
      '2027-01-30',
      { recurrence_pattern: 'monthly', month_days: [31, 30] },
      ['2027-01-30', '2027-01-31', '2027-02-28', '2027-03-30'],
    ],
    [
      'the 1st and the last of a month',
      '2027-01-15',
      { recurrence_pattern: 'monthly', month_days: [-1, 1] },
      ['2027-01-31', '2027-02-01', '2027-02-28', '2027-03-01'],
    ],
    [
      'every third month on its 31st',
      '2026-08-31',
      { recurrence_pattern: 'monthly', interval: 3 },
      ['2026-08-31', '2026-11-30', '2027-02-28', '2027-05-31'],
    ],
    [
      'a year on its leap day',
      '2024-02-29',
      { recurrence_pattern: 'yearly' },
      ['2024-02-29', '2025-02-28', '2026-02-28', '2027-02-28', '2028-02-29'],
    ],
    ['every century', '2000-02-29', { recurrence_pattern: 'yearly', interval: 100 }, ['2000-02-29', '2100-02-28']],
    [
      'a year on two days of its month',
      '2026-12-24',
      { recurrence_pattern: 'yearly', month_days: [24, 31] },
      ['2026-12-24', '2026-12-31', '2027-12-24'],
    ],
  ])('%s', (_, start, said, dates) => {
    expect(datesOf(starting(start, said), dates.length)).toEqual(dates);
  });

  it('are the day of the month, or its last, in an independent model', () => {
    const starts = fc.date({ min: new Date('1990-01-01'), max: new Date('2090-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(starts, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 31 }), (date, interval, day) => {
        const start = date.toISOString().slice(0, 10);
        const rule = starting(start, { recurrence_pattern: 'monthly', interval, month_days: [day] });
        const expected: string[] = [];
        for (let month = date.getUTCMonth(); expected.length < 30; month += interval) {
          const last = new Date(Date.UTC(date.getUTCFullYear(), month + 1, 0)).getUTCDate();
          const found = new Date(Date.UTC(date.getUTCFullYear(), month, Math.min(day, last)))
            .toISOString()
            .slice(0, 10);
          if (found >= start) expected.push(found);
        }
        expect(datesOf(rule, 30)).toEqual(expected);
      }),
    );
  });
});

describe('the dates of an RRULE', () => {
  it.each<[string, string, string, readonly string[]]>([
    [
      'a month without the 31st is left out',
      'FREQ=MONTHLY;BYMONTHDAY=31',
      '2027-01-31',
      ['2027-01-31', '2027-03-31', '2027-05-31'],
    ],
    ['also where the start says it', 'FREQ=MONTHLY', '2027-01-31', ['2027-01-31', '2027-03-31']],
    ['so is a year without the leap day', 'FREQ=YEARLY', '2024-02-29', ['2024-02-29', '2028-02-29']],
    [
      'a start that the rule does not name is none',
      'FREQ=MONTHLY;BYDAY=-1FR',
      '2026-11-23',
      ['2026-11-27', '2026-12-25'],
    ],
    [
      'the last day of work of a month',
      'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1',
      '2026-10-31',
      ['2026-11-30', '2026-12-31', '2027-01-29'],
    ],
    [
      'every Monday and the second Tuesday',
      'FREQ=MONTHLY;BYDAY=MO,2TU',
      '2026-12-01',
      ['2026-12-07', '2026-12-08', '2026-12-14', '2026-12-21', '2026-12-28', '2027-01-04', '2027-01-11', '2027-01-12'],
    ],
    [
      "a week begins on Monday (RFC 5545's example)",
      'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO',
      '1997-08-05',
      ['1997-08-05', '1997-08-10', '1997-08-19', '1997-08-24'],
    ],
    [
      'or on Sunday',
      'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU',
      '1997-08-05',
      ['1997-08-05', '1997-08-17', '1997-08-19', '1997-08-31'],
    ],
    [
      "election day in the United States (RFC 5545's example)",
      'FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8',
      '1996-11-05',
      ['1996-11-05', '2000-11-07', '2004-11-02'],
    ],
    [
      'Friday the 13th',
      'FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13',
      '2026-01-01',
      ['2026-02-13', '2026-03-13', '2026-11-13'],
    ],
    ['the 20th Monday of a year', 'FREQ=YEARLY;BYDAY=20MO', '1997-05-19', ['1997-05-19', '1998-05-18', '1999-05-17']],
    ['what is rare', 'FREQ=YEARLY;INTERVAL=999;BYMONTH=2;BYMONTHDAY=29', '2026-01-01', ['4024-02-29', '8020-02-29']],
    ['the end of all years', 'FREQ=DAILY', '9999-12-26', ['9999-12-26', '9999-12-27', '9999-12-28']],
    ['names without case', 'rrule:freq=daily;interval=02', '2026-11-23', ['2026-11-23', '2026-11-25']],
  ])('%s: %s', (_, rrule, start, dates) => {
    const found = datesOf(starting(start, { rrule }), dates.length + (/COUNT|999|9999/.test(rrule + start) ? 5 : 0));
    expect(found).toEqual(dates);
  });
});

describe('the end of a series', () => {
  it.each<[string, Partial<Recurrence>, string]>([
    ['a date, included', { recurrence_end_date: '2026-11-25' }, '2026-11-25'],
    ['a number', { count: 3 }, '2026-11-25'],
    ['COUNT', { rrule: 'FREQ=DAILY;COUNT=3' }, '2026-11-25'],
    ['UNTIL a date', { rrule: 'FREQ=DAILY;UNTIL=20261125' }, '2026-11-25'],
    ['a date beside an RRULE', { rrule: 'FREQ=DAILY', recurrence_end_date: '2026-11-25' }, '2026-11-25'],
    ['a number beside an RRULE', { rrule: 'FREQ=DAILY', count: 3 }, '2026-11-25'],
    ['UNTIL the very moment of one', { rrule: 'FREQ=DAILY;UNTIL=20261125T054500Z' }, '2026-11-25'],
    ['UNTIL the second before', { rrule: 'FREQ=DAILY;UNTIL=20261125T054459Z' }, '2026-11-24'],
    ['UNTIL a moment that is another day in the zone', { rrule: 'FREQ=DAILY;UNTIL=20261124T233000Z' }, '2026-11-24'],
    [
      'UNTIL midnight, for whole days',
      { rrule: 'FREQ=DAILY;UNTIL=20261124T230000Z', recurrence_start_date: '2026-11-23' },
      '2026-11-25',
    ],
  ])('is %s', (_, said, last) => {
    const rule = starting('2026-11-23T06:45', said);
    expect(datesOf(rule, 9).at(-1)).toBe(last);
    const end = occurrences(rule, '2026-11-23', 9).at(-1);
    expect(end && occurrenceAfter(rule, end)).toBeNull();
  });

  it('counts the dates that are passed over', () => {
    const rule = starting('2026-11-01', { count: 10 });
    const passed = nextOccurrence(rule, { date: '2026-11-03', number: 3 }, { notBefore: '2026-11-09' });
    expect(passed).toEqual({ date: '2026-11-09', number: 9 });
    expect(nextOccurrence(rule, { date: '2026-11-03', number: 3 }, { notBefore: '2026-11-11' })).toBeNull();
  });
});

describe('the time of an occurrence', () => {
  it.each([
    ['the morning before the clocks go forward', '2027-03-27', '06:45', 'Europe/Berlin', '2027-03-27T06:45:00+01:00'],
    ['the morning after', '2027-03-28', '06:45', 'Europe/Berlin', '2027-03-28T06:45:00+02:00'],
    ['the morning after they go back', '2026-10-25', '06:45', 'Europe/Berlin', '2026-10-25T06:45:00+01:00'],
    ['a time that is skipped', '2027-03-28', '02:30', 'Europe/Berlin', '2027-03-28T03:30:00+02:00'],
    ['a time that comes twice', '2026-10-25', '02:30', 'Europe/Berlin', '2026-10-25T02:30:00+02:00'],
    ['skipped in New York', '2027-03-14', '02:30', 'America/New_York', '2027-03-14T03:30:00-04:00'],
    ['twice in New York', '2026-11-01', '01:30', 'America/New_York', '2026-11-01T01:30:00-04:00'],
    ['skipped in Auckland', '2026-09-27', '02:30', 'Pacific/Auckland', '2026-09-27T03:30:00+13:00'],
    ['twice in Auckland', '2027-04-04', '02:30', 'Pacific/Auckland', '2027-04-04T02:30:00+13:00'],
    ['a midnight that is skipped', '2026-09-06', '00:00', 'America/Santiago', '2026-09-06T01:00:00-03:00'],
    ['a late hour that comes twice', '2027-04-03', '23:30', 'America/Santiago', '2027-04-03T23:30:00-03:00'],
    ['half an hour is skipped', '2026-10-04', '02:15', 'Australia/Lord_Howe', '2026-10-04T02:45:00+11:00'],
    ['half an hour comes twice', '2027-04-04', '01:45', 'Australia/Lord_Howe', '2027-04-04T01:45:00+11:00'],
    ['an island that gave summer time up', '2026-12-24', '06:45', 'Pacific/Apia', '2026-12-24T06:45:00+13:00'],
    ['a quarter of an hour', '2026-11-23', '00:00', 'Asia/Kathmandu', '2026-11-23T00:00:00+05:45'],
    ['no offset', '2026-11-23', '23:59', 'UTC', '2026-11-23T23:59:00+00:00'],
    ['before zones, seconds that an offset cannot say', '1850-11-23', '12:00', 'Europe/Berlin', '1850-11-23T11:06:32Z'],
    ['the last of all days', '9999-12-28', '23:59', 'Pacific/Kiritimati', '9999-12-28T23:59:00+14:00'],
  ])('%s', (_, date, time, timezone, due) => {
    expect(dueDateOf(ruleFor({ recurrence_start_date: `${date}T${time}`, timezone }), date)).toBe(due);
  });

  it('is the whole day where the start has no time', () => {
    expect(dueDateOf(ruleFor({}), '2027-03-28')).toBe('2027-03-28');
  });

  it.each([
    ['2026-11-23T06:45', '2026-11-23T05:44:59Z', '2026-11-23'],
    ['2026-11-23T06:45', '2026-11-23T05:45:00Z', '2026-11-24'],
    ['2026-11-23', '2026-11-22T22:59:59Z', '2026-11-23'],
    ['2026-11-23', '2026-11-23T00:00:00Z', '2026-11-24'],
  ])('is ahead: of %s at %s from %s on', (start, now, date) => {
    expect(firstDateAhead(ruleFor({ recurrence_start_date: start }), new Date(now))).toBe(date);
  });
});

describe('the next one after a completion', () => {
  // 2026-11-23 is a Monday.
  it.each<[string, Partial<Recurrence>, done: string, next: string]>([
    ['so many days later', { interval: 3 }, '2026-11-25', '2026-11-28'],
    ['done early, never on a day that was', { interval: 3 }, '2026-11-20', '2026-11-26'],
    ['done on its day', { interval: 3 }, '2026-11-23', '2026-11-26'],
    [
      'every third day that is a day of work',
      { interval: 3, weekdays: ['MO', 'TU', 'WE', 'TH', 'FR'] },
      '2026-11-26',
      '2026-12-02',
    ],
    ['a week later', { recurrence_pattern: 'weekly' }, '2026-11-25', '2026-12-02'],
    ['the next of its weekdays', { recurrence_pattern: 'weekly', weekdays: ['MO', 'FR'] }, '2026-11-25', '2026-11-27'],
    [
      'the week after the next',
      { recurrence_pattern: 'weekly', interval: 2, weekdays: ['MO'] },
      '2026-11-25',
      '2026-12-07',
    ],
    [
      'a weekday of this week, when there is one left',
      { recurrence_pattern: 'weekly', interval: 2, weekdays: ['MO', 'TH'] },
      '2026-11-25',
      '2026-11-26',
    ],
    ['a month later', { recurrence_pattern: 'monthly' }, '2026-12-05', '2027-01-05'],
    ['a month later, at its end', { recurrence_pattern: 'monthly' }, '2027-01-31', '2027-02-28'],
    ['on the day it names', { recurrence_pattern: 'monthly', month_days: [1] }, '2026-12-05', '2027-01-01'],
    ['a year later', { recurrence_pattern: 'yearly' }, '2026-12-05', '2027-12-05'],
    ['a leap year later', { recurrence_pattern: 'yearly' }, '2028-02-29', '2029-02-28'],
    ['a month later, by an RRULE', { rrule: 'FREQ=MONTHLY' }, '2027-01-31', '2027-03-31'],
    ['on the day that an RRULE names', { rrule: 'FREQ=MONTHLY;BYDAY=-1FR' }, '2026-11-28', '2026-12-25'],
    ['in the month that it names', { rrule: 'FREQ=YEARLY;BYMONTH=3' }, '2026-11-28', '2027-03-28'],
  ])('is %s', (_, said, done, next) => {
    const rule = ruleFor({ anchor: 'completion', ...said });
    expect(nextAfterCompletion(rule, { date: '2026-11-23', number: 1 }, done)?.date).toBe(next);
  });

  it('counts those that were done, and ends', () => {
    const rule = ruleFor({ anchor: 'completion', count: 3 });
    expect(nextAfterCompletion(rule, { date: '2026-11-23', number: 1 }, '2027-06-01')).toEqual({
      date: '2027-06-02',
      number: 2,
    });
    expect(nextAfterCompletion(rule, { date: '2026-11-23', number: 3 }, '2026-11-23')).toBeNull();
    const ending = ruleFor({ anchor: 'completion', recurrence_end_date: '2026-11-30' });
    expect(nextAfterCompletion(ending, { date: '2026-11-23', number: 1 }, '2026-11-30')).toBeNull();
  });

  it('honours weekdays and interval in an independent model', () => {
    const days = fc.subarray([...weekdays], { minLength: 1 });
    fc.assert(
      fc.property(fc.nat(400), fc.nat(800), fc.integer({ min: 1, max: 9 }), days, (due, done, interval, named) => {
        const rule = ruleFor({ recurrence_pattern: 'weekly', interval, weekdays: named, anchor: 'completion' });
        const previous = { date: daysAfter('2026-11-23', due), number: 1 };
        const doneOn = daysAfter('2026-11-23', done);
        // 2026-11-23 is a Monday: days since then tell weeks and weekdays.
        let next = Math.max(due, done) + 1;
        const isOn = (day: number): boolean =>
          (Math.floor(day / 7) - Math.floor(done / 7)) % interval === 0 &&
          named.some((one) => weekdays[day % 7] === one);
        while (!isOn(next)) next += 1;
        expect(nextAfterCompletion(rule, previous, doneOn)?.date).toBe(daysAfter('2026-11-23', next));
      }),
    );
  });

  it('is foreseen as if each were done on its day', () => {
    const rule = ruleFor({ anchor: 'completion', interval: 3 });
    expect(datesOf(rule, 3)).toEqual(['2026-11-23', '2026-11-26', '2026-11-29']);
    expect(occurrenceAfter(rule, { date: '2026-11-25', number: 2 })).toEqual({ date: '2026-11-28', number: 3 });
  });
});

/** Rules that have dates, with and without an end. */
const rules: fc.Arbitrary<Rule> = fc
  .record({
    said: fc.oneof(
      fc.record({
        recurrence_pattern: fc.constantFrom('daily' as const, 'weekly' as const),
        weekdays: fc.option(fc.subarray([...weekdays], { minLength: 1 })),
      }),
      fc.record({
        recurrence_pattern: fc.constantFrom('monthly' as const, 'yearly' as const),
        month_days: fc.option(
          fc.uniqueArray(fc.constantFrom(1, 15, 28, 29, 30, 31, -1), { minLength: 1, maxLength: 3 }),
        ),
      }),
      fc.record({
        rrule: fc.constantFrom(
          'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1',
          'FREQ=MONTHLY;INTERVAL=2;BYDAY=1MO,-1FR',
          'FREQ=YEARLY;BYMONTH=1,7;BYDAY=2TU;WKST=SU',
          'FREQ=YEARLY;BYMONTHDAY=31',
          'FREQ=WEEKLY;INTERVAL=3;BYDAY=SU,MO;WKST=SU',
          'FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2',
          'FREQ=DAILY;INTERVAL=5;BYMONTH=1,2,12',
        ),
      }),
    ),
    interval: fc.integer({ min: 1, max: 12 }),
    start: fc.nat(3000).map((days) => daysAfter('2024-01-01', days)),
    end: fc.option(fc.oneof(fc.record({ count: fc.integer({ min: 2, max: 60 }) }), fc.record({ days: fc.nat(2000) }))),
  })
  .map(({ said, interval, start, end }): Partial<Recurrence> => {
    const limit = end === null ? {} : 'count' in end ? end : { recurrence_end_date: daysAfter(start, end.days + 1) };
    return { ...said, ...limit, ...('rrule' in said ? {} : { interval }), recurrence_start_date: start };
  })
  // Some end before they begin, some never hit: every seventh day, if it is another weekday.
  .filter(isUsable)
  .map((said) => ruleFor(said));

function isUsable(said: Partial<Recurrence>): boolean {
  try {
    return ruleFor(said) !== null;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

const stepped = (rule: Rule, from: Occurrence, most: number): readonly Occurrence[] => {
  const chain = [from];
  for (let next = occurrenceAfter(rule, from); next !== null && chain.length < most; ) {
    chain.push(next);
    next = occurrenceAfter(rule, next);
  }
  return chain;
};

describe('whichever way one goes along a series', () => {
  it('step by step or all at once, the dates are the same', () => {
    fc.assert(
      fc.property(rules, (rule) => {
        const first = firstOccurrence(rule);
        const chain = stepped(rule, first, 40);
        expect(occurrences(rule, rule.start.date, 40)).toEqual(chain);
        expect([first, ...occurrencesAfter(rule, first, 39)]).toEqual(chain);
        expect(chain.map(({ number }) => number)).toEqual(chain.map((_, index) => index + 1));
      }),
    );
  });

  it('jumping leads where stepping does, with the number that COUNT needs', () => {
    fc.assert(
      fc.property(rules, fc.nat(1500), (rule, days) => {
        const chain = stepped(rule, firstOccurrence(rule), 2000);
        const previous = chain[Math.floor(chain.length / 3)] ?? firstOccurrence(rule);
        const notBefore = daysAfter(previous.date, days);
        const expected = chain.find(({ date }) => date > previous.date && date >= notBefore) ?? null;
        const jumped = nextOccurrence(rule, previous, { notBefore });
        expect(jumped?.date).toBe(expected?.date);
        if (rule.count !== null) expect(jumped).toEqual(expected);
        expect(occurrences(rule, notBefore, 5).map(({ date }) => date)).toEqual(
          chain
            .filter(({ date }) => date >= notBefore)
            .slice(0, 5)
            .map(({ date }) => date),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('cut in two, both halves have the dates of the whole', () => {
    fc.assert(
      fc.property(rules, fc.nat(20), (rule, place) => {
        const chain = stepped(rule, firstOccurrence(rule), 60);
        const cut = chain[Math.min(place, chain.length - 1)] ?? firstOccurrence(rule);
        const before = endedBefore(rule, cut.date);
        const [head, tail] = [
          chain.filter(({ date }) => date < cut.date),
          chain.filter(({ date }) => date >= cut.date),
        ];
        if (before === null) expect(head).toEqual([]);
        else expect(datesOf(ruleOf(before, berlin), 61)).toEqual(head.map(({ date }) => date));
        const after = ruleOf(continuedFrom(rule, cut), berlin);
        expect(datesOf(after, tail.length)).toEqual(tail.map(({ date }) => date));
        if (rule.count !== null && chain.length < 60) expect(datesOf(after, 60)).toHaveLength(tail.length);
      }),
    );
  });
});

describe('cutting a series', () => {
  it('leaves one that is over by then as it is', () => {
    const rule = starting('2026-11-23', { count: 3 });
    expect(endedBefore(rule, '2026-11-26')).toBe(rule.recurrence);
    expect(endedBefore(rule, '2026-11-25')).toEqual({
      ...rule.recurrence,
      count: null,
      recurrence_end_date: '2026-11-24',
    });
    expect(endedBefore(rule, '2026-11-23')).toBeNull();
  });

  it('takes the end out of an RRULE', () => {
    const rule = starting('2026-11-23T06:45', { rrule: 'RRULE:COUNT=9;FREQ=DAILY' });
    expect(endedBefore(rule, '2026-11-25')).toMatchObject({ rrule: 'FREQ=DAILY', recurrence_end_date: '2026-11-24' });
    expect(continuedFrom(rule, { date: '2026-11-25', number: 3 })).toMatchObject({
      rrule: 'FREQ=DAILY',
      count: 7,
      recurrence_start_date: '2026-11-25T06:45',
    });
  });

  it.each<[string, Partial<Recurrence>, cut: string, readonly string[]]>([
    ['2027-01-31', { recurrence_pattern: 'monthly' }, '2027-02-28', ['2027-02-28', '2027-03-31', '2027-04-30']],
    ['2024-02-29', { recurrence_pattern: 'yearly' }, '2027-02-28', ['2027-02-28', '2028-02-29', '2029-02-28']],
  ])('at the end of a short month keeps its day: since %s', (start, said, cut, dates) => {
    const continued = continuedFrom(starting(start, said), { date: cut, number: 2 });
    expect(datesOf(ruleOf(continued, berlin), 3)).toEqual(dates);
  });

  it('gives one that goes by completions an end date, for nobody knows when its COUNT is reached', () => {
    const rule = starting('2026-11-23', { count: 3, anchor: 'completion' });
    expect(endedBefore(rule, '2027-11-23')).toMatchObject({ count: null, recurrence_end_date: '2027-11-22' });
    const monthly = starting('2026-11-23', { recurrence_pattern: 'monthly', anchor: 'completion' });
    expect(continuedFrom(monthly, { date: '2026-12-05', number: 2 }).month_days).toBeNull();
  });
});

describe('a recurrence', () => {
  it('says what was left out', () => {
    expect(recurrence({ weekdays: [] })).toEqual({
      recurrence_pattern: 'daily',
      interval: 1,
      weekdays: null,
      month_days: null,
      rrule: null,
      recurrence_start_date: null,
      recurrence_end_date: null,
      count: null,
      timezone: null,
      anchor: 'schedule',
      when_open: 'wait',
    });
  });
});
