import * as library from 'rrule';
import {
  cycleYears,
  type Day,
  firstDayOfMonth,
  firstDayOfYear,
  lengthOfMonth,
  monthOfYear,
  weekdayNumber,
} from './calendar.ts';
import { weekdays } from './recurrence.ts';
import type { WeekdayOfPeriod } from './rrule-text.ts';

type Library = Pick<typeof library, 'RRule' | 'Weekday'>;

/**
 * To Node it is a CommonJS module with everything in its default export; to a bundler it is an ES module that has none. Asked for at each
 * use: what a module does while it is loaded, a bundler keeps in functions that know no recurrence.
 */
const exportsOf = (module: Library & { readonly default?: Library }): Library => module.default ?? module;

/** What names days within a month or a year. Of the days, at least one list is not empty, or every day is named. */
export interface NamedBy {
  readonly byDay: readonly WeekdayOfPeriod[];
  readonly byMonthDay: readonly number[];
  /** Empty: every month. */
  readonly byMonth: readonly number[];
  /** A day that a month lacks is its last, instead of none. */
  readonly clamped: boolean;
}

/** The named days of a month (counted from the beginning of the year 0) or of a year, in order. */
export interface NamedDays {
  readonly inMonth: (month: number) => readonly Day[];
  readonly inYear: (year: number) => readonly Day[];
}

/**
 * Asks the library which days are named, one month or one year at a time.
 *
 * Every question ends at once, whatever is asked: with this interval the period after the first is beyond the last year that the library
 * counts to. And there are few of them: 14 kinds of years (leap or not, and the weekday they begin with) and 91 kinds of months, each of
 * which is asked about once, in a year from 2000 to 2399, however far a series goes.
 */
export const namedDays = (by: NamedBy): NamedDays => {
  const known = new Map<number, readonly number[]>();
  const daysFrom = (first: Day, kind: number, askLibrary: () => readonly number[]): readonly Day[] => {
    const offsets = known.get(kind) ?? askLibrary();
    known.set(kind, offsets);
    return offsets.map((offset) => first + offset);
  };
  return {
    inMonth: (month) => {
      const ofYear = monthOfYear(month);
      if (by.byMonth.length > 0 && !by.byMonth.includes(ofYear)) return [];
      const first = firstDayOfMonth(month);
      const kind = (ofYear * 32 + lengthOfMonth(month)) * 7 + weekdayNumber(first);
      return daysFrom(first, kind, () => ask(by, 'MONTHLY', inKnownYears(month)));
    },
    inYear: (year) => {
      const first = firstDayOfYear(year);
      const kind = (firstDayOfYear(year + 1) - first) * 7 + weekdayNumber(first);
      return daysFrom(first, kind, () => ask(by, 'YEARLY', inKnownYears(year * 12)));
    },
  };
};

/** The month in 2000 to 2399 that has the same days, and whose year has. */
const inKnownYears = (month: number): number => 2000 * 12 + (month % (cycleYears * 12));

const yearsBeyond = 10_000;

const dayMilliseconds = 86_400_000;

/** @returns how many days each named day is behind the first of the month or year */
const ask = (
  { byDay, byMonthDay, byMonth, clamped }: NamedBy,
  frequency: 'MONTHLY' | 'YEARLY',
  month: number,
): readonly number[] => {
  const { RRule, Weekday } = exportsOf(library);
  const first = firstDayOfMonth(month);
  const everyDay = byDay.length === 0 && byMonthDay.length === 0;
  // Clamped days are asked for where the month is known: in a month, or in the one month of a year.
  const length = lengthOfMonth(frequency === 'YEARLY' ? month + (byMonth[0] ?? 1) - 1 : month);
  const rule = new RRule(
    {
      freq: RRule[frequency],
      interval: frequency === 'YEARLY' ? yearsBeyond : yearsBeyond * 12,
      dtstart: new Date(first * dayMilliseconds),
      bymonth: byMonth.length > 0 ? [...byMonth] : null,
      bymonthday: byMonthDay.length > 0 ? byMonthDay.map((day) => (clamped ? Math.min(day, length) : day)) : null,
      byweekday: everyDay
        ? [...weekdays.keys()]
        : byDay.length > 0
          ? byDay.map(
              ({ weekday, ordinal }) => new Weekday(weekdays.indexOf(weekday), ordinal === 0 ? undefined : ordinal),
            )
          : null,
    },
    true,
  );
  return rule.all().map((date) => date.getTime() / dayMilliseconds - first);
};
