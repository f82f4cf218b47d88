import {
  cycleDays,
  cycleYears,
  type Day,
  dayOfMonth,
  firstDayOfMonth,
  firstDayOfWeek,
  firstDayOfYear,
  monthOf,
  monthOfYear,
  weekdayOf,
  weekOf,
  yearOf,
} from './calendar.ts';
import { type NamedBy, namedDays } from './named-days.ts';
import { weekdays } from './recurrence.ts';
import type { Frequency, RuleParts, WeekdayOfPeriod } from './rrule-text.ts';

/** What of a rule decides its dates. */
export interface Expandable extends Omit<RuleParts, 'until' | 'count'> {
  readonly clamped: boolean;
  readonly until: Day;
}

/**
 * The days of a rule from a day on, in order, up to its `until`; how many there may be (COUNT) is the caller's to know.
 *
 * Which windows the interval hits is computed, not walked to: a series of ten years' age costs what a new one does. It ends where everything
 * has come round without a day, for then there will never be one.
 * @param anchor the day that intervals are counted from, and that gives what the rule leaves open (RFC 5545: DTSTART). It is a date of the
 *   rule only where the rule names it, and no date is before it.
 */
export function* datesFrom(rule: Expandable, anchor: Day, from: Day): Generator<Day, void> {
  const { windowOf, firstDayOf, daysIn, step, period } = frequencies[rule.frequency](rule, anchor);
  const begin = Math.max(from, anchor);
  const first = windowOf(anchor);
  let found = begin;
  let window = first + Math.floor((windowOf(begin) - first) / step) * step;
  while (firstDayOf(window) <= Math.min(rule.until, found + period)) {
    for (const day of chosen(daysIn(window), rule.bySetPos)) {
      if (day > rule.until) return;
      if (day < begin) continue;
      found = day;
      yield day;
    }
    window += step;
  }
}

/** How the days of a frequency are looked for: window by window, each of which is a set for BYSETPOS to choose from. */
interface Windows {
  /** Which window a day is in: a number that grows by one from each to the next. */
  readonly windowOf: (day: Day) => number;
  readonly firstDayOf: (window: number) => Day;
  /** The rule's days in a window that is hit, in order. */
  readonly daysIn: (window: number) => readonly Day[];
  /** From one window to the next that is hit. */
  readonly step: number;
  /** After so many days every day is as it was: its date, the day of its week, and its place in the interval. */
  readonly period: number;
}

const frequencies: Readonly<Record<Frequency, (rule: Expandable, anchor: Day) => Windows>> = {
  // Most days of most such rules are every day: a month at a time. A set of BYSETPOS is a single day, and `readRule` has chosen.
  DAILY: (rule, anchor) => {
    const { inMonth } = namedDays(namedBy(rule, anchor));
    return {
      windowOf: monthOf,
      firstDayOf: firstDayOfMonth,
      daysIn: (month) => {
        // Long intervals hit few months: whether this is one is asked first.
        const next = anchor + Math.ceil((firstDayOfMonth(month) - anchor) / rule.interval) * rule.interval;
        if (next >= firstDayOfMonth(month + 1)) return [];
        return inMonth(month).filter((day) => (day - anchor) % rule.interval === 0);
      },
      step: 1,
      period: leastCommonMultiple(rule.interval, namesMonths(rule) ? cycleDays : 7),
    };
  },
  WEEKLY: (rule, anchor) => {
    const { inMonth } = namedDays(namedBy(rule, anchor));
    const start = weekdays.indexOf(rule.weekStart);
    return {
      windowOf: (day) => weekOf(day, start),
      firstDayOf: (week) => firstDayOfWeek(week, start),
      daysIn: (week) => {
        const first = firstDayOfWeek(week, start);
        const [month, last] = [monthOf(first), monthOf(first + 6)];
        // The first week is what is left of it, for BYSETPOS too: so do python-dateutil and rrule, which clients show dates with.
        const isThere = (day: Day): boolean => day >= Math.max(first, anchor) && day < first + 7;
        const days = inMonth(month).filter(isThere);
        return month === last ? days : [...days, ...inMonth(last).filter(isThere)];
      },
      step: rule.interval,
      period: leastCommonMultiple(rule.interval * 7, namesMonths(rule) ? cycleDays : 7),
    };
  },
  MONTHLY: (rule, anchor) => ({
    windowOf: monthOf,
    firstDayOf: firstDayOfMonth,
    daysIn: namedDays(namedBy(rule, anchor)).inMonth,
    step: rule.interval,
    period: cycleDays * (leastCommonMultiple(rule.interval, cycleYears * 12) / (cycleYears * 12)),
  }),
  YEARLY: (rule, anchor) => ({
    windowOf: yearOf,
    firstDayOf: firstDayOfYear,
    daysIn: namedDays(namedBy(rule, anchor)).inYear,
    step: rule.interval,
    period: cycleDays * (leastCommonMultiple(rule.interval, cycleYears) / cycleYears),
  }),
};

/** All weeks are alike to a rule that names days of the week only. */
const namesMonths = ({ byMonth, byMonthDay }: Expandable): boolean => byMonth.length > 0 || byMonthDay.length > 0;

const leastCommonMultiple = (a: number, b: number): number => (a / greatestCommonDivisor(a, b)) * b;

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

/** BYSETPOS: the n-th of a period's days, counted from the end where it is negative. Without it all of them. */
const chosen = (days: readonly Day[], positions: readonly number[]): readonly Day[] => {
  if (positions.length === 0) return days;
  const indexes = new Set(positions.map((position) => (position > 0 ? position - 1 : days.length + position)));
  return days.filter((_, index) => indexes.has(index));
};

/** The rule's own parts, and from the anchor what they leave open, as RFC 5545 §3.3.10 takes it from DTSTART. */
export const namedBy = (rule: Expandable, anchor: Day): NamedBy => {
  const { frequency, byDay, byMonthDay, byMonth, clamped } = rule;
  const saysDay = byDay.length > 0 || byMonthDay.length > 0;
  const anchorMonth = [monthOfYear(monthOf(anchor))];
  return {
    clamped,
    byMonth: frequency === 'YEARLY' && byMonth.length === 0 && (clamped || !saysDay) ? anchorMonth : byMonth,
    byMonthDay: saysDay || frequency === 'DAILY' || frequency === 'WEEKLY' ? byMonthDay : [dayOfMonth(anchor)],
    byDay: saysDay
      ? evenly(byDay, frequency === 'YEARLY' && byMonth.length === 0 ? 53 : 5)
      : frequency === 'WEEKLY'
        ? [{ weekday: weekdayOf(anchor), ordinal: 0 }]
        : [],
  };
};

/** `MO,2TU` is every Monday and the second Tuesday; the library would take the days that are both. @param most weekdays of one name */
const evenly = (byDay: readonly WeekdayOfPeriod[], most: number): readonly WeekdayOfPeriod[] =>
  byDay.every(({ ordinal }) => ordinal === 0)
    ? byDay
    : byDay.flatMap((day) =>
        day.ordinal === 0 ? Array.from({ length: most }, (_, index) => ({ ...day, ordinal: index + 1 })) : [day],
      );
