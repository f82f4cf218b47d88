import { daysAfter } from '#shared/days.ts';
import { invalidRequest } from '#shared/problems.ts';

/** Days of a person, both ends included, each a date: `2026-11-23`. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

/** What somebody asks for: without an end, until today; without a beginning, the thirty days that end there. */
export interface AskedRange {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

const usualDays = 30;

/** A whole year, whichever it is. */
export const mostDays = 366;

/** @throws Failure `invalid-request` for a range that ends before it begins, or has more than {@link mostDays} */
export const rangeOf = (asked: AskedRange, today: string): DayRange => checked(understood(asked, today), mostDays);

/**
 * Every day that a range may have, wherever its person lives and whenever their day begins: it can be read before that is known.
 * @throws Failure `invalid-request` for what no person could ask for
 */
export const widestRange = (asked: AskedRange, now: Date): DayRange => {
  const utc = now.toISOString().slice(0, 10);
  const [{ from }, { to }] = [understood(asked, daysAfter(utc, -2)), understood(asked, daysAfter(utc, 1))];
  return checked({ from, to }, mostDays + 3);
};

const firstDate = '0000-01-01';
const lastDate = '9999-12-31';

const understood = ({ from, to }: AskedRange, today: string): DayRange => {
  const last = to ?? today;
  const usual = daysAfter(last, 1 - usualDays);
  return { from: from ?? (usual < firstDate ? firstDate : usual), to: last };
};

const checked = (range: DayRange, most: number): DayRange => {
  const days = lengthOf(range);
  if (days < 1) throw invalidRequest('#/from', 'must not be after the last day');
  if (days > most) throw invalidRequest('#/from', `must be one of the ${mostDays} days that end with the last one`);
  return range;
};

const lengthOf = ({ from, to }: DayRange): number => (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1;

export const datesIn = (range: DayRange): readonly string[] =>
  Array.from({ length: lengthOf(range) }, (_, index) => daysAfter(range.from, index));

export const isWithin = ({ from, to }: DayRange, date: string): boolean => from <= date && date <= to;

/**
 * Texts between which every instant sorts that was on a day of the range, in whatever zone. The earliest clocks are 14 hours ahead of UTC; the
 * latest 12 behind, and a day may begin, and so end, up to 24 hours late.
 */
export const instantsAround = ({ from, to }: DayRange): readonly [string, string] => [
  daysAfter(from, -1),
  to > daysAfter(lastDate, -3) ? ':' : daysAfter(to, 3),
];
