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
import { type NamedBy, type NamedDays, namedDays } from './named-days.ts';
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
 * The periods that the interval hits are computed, not walked to: a series of ten years' age costs what a new one does. It ends where the
 * calendar has come round once without a day, for then there will never be one.
 * @param anchor the day that intervals are counted from, and that gives what the rule leaves open (RFC 5545: DTSTART). It is a date of the
 *   rule only where the rule names it, and no date is before it.
 */
export function* datesFrom(rule: Expandable, anchor: Day, from: Day): Generator<Day, void> {
  const { frequency, interval, bySetPos } = rule;
  const weekStart = weekdays.indexOf(rule.weekStart);
  const { periodOf, firstDayOf, daysOf, cycle } = periods[frequency];
  const named = namedDays(namedBy(rule, anchor));
  const first = periodOf(anchor, weekStart);
  const steps = Math.floor((periodOf(Math.max(from, anchor), weekStart) - first) / interval);
  let barren = 0;
  for (let period = first + steps * interval; barren <= cycle; period += interval) {
    if (firstDayOf(period, weekStart) > rule.until) return;
    barren += 1;
    for (const day of chosen(daysOf(period, weekStart, named), bySetPos)) {
      if (day > rule.until) return;
      if (day < anchor || day < from) continue;
      barren = 0;
      yield day;
    }
  }
}

interface Periods {
  /** Which period a day is in: a number that grows by one from each to the next. */
  readonly periodOf: (day: Day, weekStart: number) => number;
  readonly firstDayOf: (period: number, weekStart: number) => Day;
  /** The named days within one, in order. */
  readonly daysOf: (period: number, weekStart: number, named: NamedDays) => readonly Day[];
  /** After so many of them the calendar is as it was, days of the week included. */
  readonly cycle: number;
}

const periods: Readonly<Record<Frequency, Periods>> = {
  DAILY: {
    periodOf: (day) => day,
    firstDayOf: (day) => day,
    daysOf: (day, _, { inMonth }) => inMonth(monthOf(day)).filter((named) => named === day),
    cycle: cycleDays,
  },
  WEEKLY: {
    periodOf: weekOf,
    firstDayOf: firstDayOfWeek,
    daysOf: (week, weekStart, { inMonth }) => {
      const monday = firstDayOfWeek(week, weekStart);
      const months = new Set([monthOf(monday), monthOf(monday + 6)]);
      return [...months].flatMap((month) => inMonth(month).filter((day) => day >= monday && day < monday + 7));
    },
    cycle: cycleDays / 7,
  },
  MONTHLY: {
    periodOf: monthOf,
    firstDayOf: firstDayOfMonth,
    daysOf: (month, _, { inMonth }) => inMonth(month),
    cycle: cycleYears * 12,
  },
  YEARLY: {
    periodOf: yearOf,
    firstDayOf: firstDayOfYear,
    daysOf: (year, _, { inYear }) => inYear(year),
    cycle: cycleYears,
  },
};

/** BYSETPOS: the n-th of a period's days, counted from the end where it is negative. Without it all of them. */
const chosen = (days: readonly Day[], positions: readonly number[]): readonly Day[] => {
  if (positions.length === 0) return days;
  const indexes = new Set(positions.map((position) => (position > 0 ? position - 1 : days.length + position)));
  return days.filter((_, index) => indexes.has(index));
};

/** The rule's own parts, and from the anchor what they leave open, as RFC 5545 §3.3.10 takes it from DTSTART. */
const namedBy = (rule: Expandable, anchor: Day): NamedBy => {
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
