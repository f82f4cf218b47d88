import { instantOf, wallClock } from '#shared/days.ts';
import { type Day, dateOf, dayOf, firstDayOfWeek, weekOf } from './calendar.ts';
import { datesFrom } from './expand.ts';
import { type Recurrence, weekdays } from './recurrence.ts';
import { withoutEnd } from './rrule-text.ts';
import type { Rule } from './rule.ts';

/** One date of a series. */
export interface Occurrence {
  /** `YYYY-MM-DD`, in the rule's zone */
  readonly date: string;
  /**
   * Its place, from 1, which COUNT limits. Dates that were passed over have a place in a schedule that ends by COUNT; elsewhere nothing
   * depends on them, and only the occurrences that were made are numbered.
   */
  readonly number: number;
}

/** The first date at or after the start. The start itself is one only if the rule names it, as with python-dateutil. */
export const firstOccurrence = (rule: Rule): Occurrence => {
  const [first] = datesFrom(rule, dayOf(rule.start.date), dayOf(rule.start.date));
  if (first === undefined) throw new Error('a rule has a date: ruleOf has looked');
  return { date: dateOf(first), number: 1 };
};

/** The next one by schedule, done or not; `null` when the series is over. With the anchor `completion`, as if it had been done on its day. */
export const occurrenceAfter = (rule: Rule, previous: Occurrence): Occurrence | null =>
  nextOccurrence(rule, previous, { notBefore: previous.date });

/**
 * The first one by schedule that is after another and not before a day. What lies between is passed over, and counts for COUNT.
 * @returns `null` when the series is over
 */
export const nextOccurrence = (
  rule: Rule,
  previous: Occurrence,
  { notBefore }: { readonly notBefore: string },
): Occurrence | null =>
  firstNotBefore(
    notBefore,
    rule.anchor === 'schedule'
      ? scheduledAfter(rule, previous, notBefore)
      : numbered(rule, dayOf(previous.date), previous, notBefore),
  );

/**
 * The next one counted from the day on which an occurrence was done, as if the series began there: three days later; the next month on that
 * day of the month, unless the rule names days; the next of its weekdays, in the weeks that the interval leaves when it is counted from this
 * one. It is always after the occurrence that was done, also when that was done early: no date comes twice.
 * @param doneOn a local date in the rule's zone
 * @returns `null` when the series is over
 */
export const nextAfterCompletion = (rule: Rule, previous: Occurrence, doneOn: string): Occurrence | null =>
  firstNotBefore(doneOn, numbered(rule, dayOf(doneOn), previous, dateOf(dayOf(doneOn) + 1)));

/** At most so many by schedule, from a day on; fewer when the series is over. For a rule that ends by COUNT, they are counted from its start. */
export const occurrences = (rule: Rule, from: string, limit: number): readonly Occurrence[] => {
  const first = firstOccurrence(rule);
  const next = first.date >= from ? first : nextOccurrence(rule, first, { notBefore: from });
  return next === null || limit < 1 ? [] : [next, ...occurrencesAfter(rule, next, limit - 1)];
};

/** At most so many by schedule, behind another; fewer when the series is over. With the anchor `completion`, as if each were done on its day. */
export const occurrencesAfter = (rule: Rule, previous: Occurrence, limit: number): readonly Occurrence[] => {
  const found: Occurrence[] = [];
  const all =
    rule.anchor === 'schedule' ? scheduledAfter(rule, previous, previous.date) : doneInTimeAfter(rule, previous);
  for (const occurrence of all) {
    if (found.length >= limit) break;
    found.push(occurrence);
  }
  return found;
};

function* doneInTimeAfter(rule: Rule, previous: Occurrence): Generator<Occurrence, void> {
  for (let next = occurrenceAfter(rule, previous); next !== null; next = occurrenceAfter(rule, next)) yield next;
}

/**
 * The first day whose occurrence, if it has one, is still in the future: its time has not come or, without a time, its day has not begun.
 * @returns a local date in the rule's zone: today, or tomorrow
 */
export const firstDateAhead = ({ timezone, start }: Rule, now: Date): string => {
  const today = wallClock(now, timezone).date;
  return instantOf(today, start.time ?? '00:00', timezone) > now ? today : dateOf(dayOf(today) + 1);
};

/**
 * When an occurrence is due: its date, or its date and time as an instant with the offset that the zone has then (RFC 3339). A time that is
 * skipped is shown where it moves to: 02:30 as `03:30:00+02:00`.
 */
export const dueDateOf = ({ start, timezone }: Rule, date: string): string =>
  start.time === null ? date : withOffset(instantOf(date, start.time, timezone), timezone);

/** An instant as the clocks of a zone show it, with their offset (RFC 3339). */
export const withOffset = (instant: Date, timezone: string): string => {
  const { date, time } = wallClock(instant, timezone);
  const minutes = (Date.parse(`${date}T${time}Z`) - instant.getTime()) / 60_000;
  // Before zones there were offsets with seconds, which RFC 3339 cannot say.
  if (!Number.isInteger(minutes)) return instant.toISOString().replace('.000', '');
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((n) =>
    String(n).padStart(2, '0'),
  );
  return `${date}T${time}${minutes < 0 ? '-' : '+'}${hours}:${rest}`;
};

/** The same recurrence, over before a day; as it is, where it is over by then anyway. `null`: nothing is left of it. */
export const endedBefore = (rule: Rule, date: string): Recurrence | null => {
  const { recurrence } = rule;
  const first = firstOccurrence(rule);
  if (first.date >= date) return null;
  // What is counted from completions cannot be foreseen.
  const isForeseen = rule.anchor === 'schedule';
  if (isForeseen && nextOccurrence(rule, first, { notBefore: date }) === null) return recurrence;
  return { ...withEnd(recurrence, null), recurrence_end_date: dateOf(dayOf(date) - 1) };
};

/**
 * The same recurrence, beginning with one of its occurrences and with what is left of its COUNT. What its start left to be understood is
 * said, for the occurrence may be another day than the start was: a schedule on the 31st goes on so from a 28 February.
 */
export const continuedFrom = (rule: Rule, { date, number }: Occurrence): Recurrence => {
  const { recurrence, start } = rule;
  const left = rule.count === null ? null : rule.count - number + 1;
  // A week that begins in its middle would offer BYSETPOS fewer days to choose from.
  const from = rule.frequency === 'WEEKLY' && rule.bySetPos.length > 0 ? firstDateOfWeek(rule, date) : date;
  return {
    ...(left === null ? recurrence : withEnd(recurrence, left)),
    recurrence_start_date: start.time === null ? from : `${from}T${start.time}`,
    month_days: recurrence.month_days ?? impliedMonthDays(rule),
  };
};

const impliedMonthDays = ({ recurrence, anchor, start }: Rule): number[] | null => {
  const isByMonthDay = ['monthly', 'yearly'].includes(recurrence.recurrence_pattern);
  return anchor === 'schedule' && isByMonthDay ? [Number(start.date.slice(8))] : null;
};

const firstDateOfWeek = ({ weekStart, start }: Rule, date: string): string => {
  const begin = weekdays.indexOf(weekStart);
  return dateOf(Math.max(dayOf(start.date), firstDayOfWeek(weekOf(dayOf(date), begin), begin)));
};

const withEnd = (recurrence: Recurrence, count: number | null): Recurrence => ({
  ...recurrence,
  count,
  rrule: recurrence.rrule === null ? null : withoutEnd(recurrence.rrule),
});

/** What follows another by schedule. Only where COUNT must know of every date are the ones before a day passed over one by one. */
const scheduledAfter = (rule: Rule, previous: Occurrence, notBefore: string): Generator<Occurrence, void> =>
  numbered(rule, dayOf(rule.start.date), previous, rule.count === null ? notBefore : previous.date);

/** The days after an occurrence and not before a day, numbered on from it as far as COUNT goes. */
function* numbered(rule: Rule, anchor: Day, previous: Occurrence, notBefore: string): Generator<Occurrence, void> {
  let number = previous.number;
  for (const day of datesFrom(rule, anchor, Math.max(dayOf(previous.date) + 1, dayOf(notBefore)))) {
    number += 1;
    if (rule.count !== null && number > rule.count) return;
    yield { date: dateOf(day), number };
  }
}

const firstNotBefore = (notBefore: string, all: Iterable<Occurrence>): Occurrence | null => {
  for (const occurrence of all) if (occurrence.date >= notBefore) return occurrence;
  return null;
};
