import type { Weekday } from './recurrence.ts';
import { weekdays } from './recurrence.ts';

/**
 * Arithmetic with days as whole numbers, 1970-01-01 being 0: a series looks at thousands of them.
 * Years are those of the Gregorian calendar (ISO 8601), carried back before its introduction.
 */
export type Day = number;

const dayMilliseconds = 86_400_000;

/** @param date `YYYY-MM-DD` */
export const dayOf = (date: string): Day => Date.parse(`${date}T00:00:00Z`) / dayMilliseconds;

/** `YYYY-MM-DD` */
export const dateOf = (day: Day): string => new Date(day * dayMilliseconds).toISOString().slice(0, 10);

/** The first and the last day whose every time is within the years of four digits, in every zone. */
export const firstDay: Day = dayOf('0001-01-04');
export const lastDay: Day = dayOf('9999-12-28');

/** Months since the beginning of the year 0. */
export const monthOf = (day: Day): number => {
  const date = new Date(day * dayMilliseconds);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
};

export const yearOf = (day: Day): number => new Date(day * dayMilliseconds).getUTCFullYear();

/** 1 to 31 */
export const dayOfMonth = (day: Day): number => new Date(day * dayMilliseconds).getUTCDate();

/** 1 to 12 */
export const monthOfYear = (month: number): number => (month % 12) + 1;

export const firstDayOfYear = (year: number): Day => firstDayOfMonth(year * 12);

/** @param month since the beginning of the year 0 */
export const firstDayOfMonth = (month: number): Day => {
  const year = Math.floor(month / 12);
  // Date.UTC takes the years 0 to 99 for those of the 20th century; the calendar repeats after 400 years.
  return Date.UTC(year + cycleYears, month % 12) / dayMilliseconds - cycleDays;
};

/** After so many years the calendar begins anew, on the same day of the week. */
export const cycleYears = 400;
export const cycleDays = 146_097;

export const lengthOfMonth = (month: number): number => firstDayOfMonth(month + 1) - firstDayOfMonth(month);

/** 0 is Monday. 1970-01-01 was a Thursday. */
export const weekdayNumber = (day: Day): number => (((day + 3) % 7) + 7) % 7;

export const weekdayOf = (day: Day): Weekday => weekdays[weekdayNumber(day)] ?? 'MO';

/** Weeks since the one of 1970-01-01. @param start what weeks begin with, 0 being Monday */
export const weekOf = (day: Day, start: number): number => Math.floor((day - firstDayOfWeek(0, start)) / 7);

export const firstDayOfWeek = (week: number, start: number): Day => week * 7 - ((3 - start + 7) % 7);
