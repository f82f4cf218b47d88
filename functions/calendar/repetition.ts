import { type Day, dateOf, dayOf, lastDay } from '#functions/recurrence/calendar.ts';
import { datesFrom, type Expandable, namedBy } from '#functions/recurrence/expand.ts';
import { type Occurrence, occurrencesAfter } from '#functions/recurrence/occurrences.ts';
import { weekdays } from '#functions/recurrence/recurrence.ts';
import type { WeekdayOfPeriod } from '#functions/recurrence/rrule-text.ts';
import type { Rule } from '#functions/recurrence/rule.ts';
import { instantOf } from '#shared/days.ts';

/** How an event comes again: by an RFC 5545 RRULE, or, where no RRULE says it, on these dates (RDATE), of which its own is one. */
export type Repetition = { readonly rrule: string } | { readonly dates: readonly string[] };

/** So many dates stand for a rule that no RRULE says. */
const datesAtMost = 100;

/** A rule that reads the same to whoever shows it is asked for so many dates, to see whether it is ours. */
const datesCompared = 60;

/**
 * How a series goes on from one of its occurrences, to those who know RFC 5545 and nothing of us. What the shorthand clamps, what the start
 * left to be understood, and what programs read differently is said so that there is one way to read it.
 * @returns `null` when there is no further date, or none that can be foreseen (the anchor `completion`)
 */
export const repetitionFrom = (rule: Rule, occurrence: Occurrence): Repetition | null => {
  if (rule.anchor === 'completion') return null;
  const next = occurrencesAfter(rule, occurrence, datesAtMost).map(({ date }) => date);
  if (next.length === 0) return null;
  const plain = plainly(rule);
  if (plain === null || !saysTheSame(rule, plain, dayOf(occurrence.date))) return { dates: [occurrence.date, ...next] };
  return { rrule: textOf(rule, plain, occurrence) };
};

/** A rule without a clamp, of which nothing is left to the start. `null`: there is none. */
const plainly = (rule: Rule): Expandable | null => {
  const named = namedBy(rule, dayOf(rule.start.date));
  const byDay = evenly(rule, named.byDay);
  if (byDay === null) return null;
  const explicit = { ...rule, byDay, byMonth: named.byMonth, byMonthDay: named.byMonthDay };
  if (rule.frequency === 'WEEKLY' && rule.bySetPos.length > 0) return weekly(explicit);
  return rule.clamped && named.byMonthDay.length > 0 ? unclamped(explicit) : explicit;
};

/**
 * Weekdays, each once: programs take `MO,2TU` for days that are both. Every one in a month is its first to its fifth; in a year there would be
 * a 53rd, which some look for in the next.
 */
const evenly = ({ byDay }: Rule, named: readonly WeekdayOfPeriod[]): readonly WeekdayOfPeriod[] | null => {
  const every = new Set(byDay.filter(({ ordinal }) => ordinal === 0).map(({ weekday }) => weekday));
  const others = byDay.filter(({ weekday }) => !every.has(weekday));
  if (every.size === 0) return named;
  if (others.length === 0) return [...every].map((weekday) => ({ weekday, ordinal: 0 }));
  if (named.some(({ ordinal }) => ordinal > 5)) return null;
  const first = [1, 2, 3, 4, 5];
  return [...[...every].flatMap((weekday) => first.map((ordinal) => ({ weekday, ordinal }))), ...others];
};

/** Programs count the days of a first week differently, and need not: a whole week always has the same. */
const weekly = (rule: Expandable): Expandable | null => {
  if (rule.byMonth.length > 0) return null;
  const start = weekdays.indexOf(rule.weekStart);
  const week = [...weekdays.slice(start), ...weekdays.slice(0, start)].filter((weekday) =>
    rule.byDay.some((named) => named.weekday === weekday),
  );
  const chosen = rule.bySetPos.flatMap((position) => week.at(position > 0 ? position - 1 : position) ?? []);
  const byDay = week
    .filter((weekday) => chosen.includes(weekday))
    .map((weekday): WeekdayOfPeriod => ({ weekday, ordinal: 0 }));
  return byDay.length === 0 ? null : { ...rule, byDay, bySetPos: [] };
};

/**
 * The last of the days from the 28th to the one that is meant is that one, or the month's last: BYSETPOS chooses it. Where the month's last
 * day is meant anyway, a day that a month lacks may be left out.
 */
const unclamped = (rule: Expandable): Expandable | null => {
  const [month] = rule.frequency === 'YEARLY' ? rule.byMonth : [];
  const longest = month === undefined ? 31 : (lengths[month - 1] ?? 31);
  const isOneLength = month !== undefined && month !== 2;
  const last = isOneLength ? longest : -1;
  const days = sorted(rule.byMonthDay.map((day) => (day === -1 || day >= longest ? last : day)));
  const [lacked, ...more] = isOneLength ? [] : days.filter((day) => day > 28);
  if (lacked === undefined || days.includes(-1)) return { ...rule, clamped: false, byMonthDay: days };
  if (more.length > 0) return null;
  const sure = days.filter((day) => day <= 28);
  const tail = Array.from({ length: lacked - 27 }, (_, index) => 28 + index);
  return {
    ...rule,
    clamped: false,
    byMonthDay: sorted([...sure, ...tail]),
    bySetPos: [...sure.map((_, index) => index + 1), -1],
  };
};

/** Each once; the last of a month comes last. */
const sorted = (days: readonly number[]): readonly number[] =>
  [...new Set(days)].sort((a, b) => (a < 0 ? 32 : a) - (b < 0 ? 32 : b));

/** The most days that a month has, from January on. */
const lengths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const saysTheSame = (rule: Rule, plain: Expandable, from: Day): boolean => {
  const ours = firstOf(datesFrom(rule, dayOf(rule.start.date), from));
  const theirs = firstOf(datesFrom(plain, from, from));
  return ours.length === theirs.length && ours.every((day, index) => day === theirs[index]);
};

const firstOf = (days: Iterable<Day>): readonly Day[] => {
  const found: Day[] = [];
  for (const day of days) {
    if (found.length >= datesCompared) break;
    found.push(day);
  }
  return found;
};

const textOf = (rule: Rule, plain: Expandable, occurrence: Occurrence): string => {
  const { frequency, interval, byMonth, byMonthDay, byDay, bySetPos, weekStart } = plain;
  const parts: readonly (readonly [string, string | number])[] = [
    ['FREQ', frequency],
    ['INTERVAL', interval === 1 ? '' : interval],
    ['BYMONTH', byMonth.join(',')],
    ['BYMONTHDAY', byMonthDay.join(',')],
    ['BYDAY', byDay.map(({ weekday, ordinal }) => `${ordinal === 0 ? '' : ordinal}${weekday}`).join(',')],
    ['BYSETPOS', bySetPos.join(',')],
    ['WKST', frequency === 'WEEKLY' ? weekStart : ''],
    endOf(rule, plain, occurrence),
  ];
  return parts
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${value}`)
    .join(';');
};

const endOf = (rule: Rule, { bySetPos }: Expandable, occurrence: Occurrence): readonly [string, string | number] => {
  if (rule.count === null) return ['UNTIL', rule.until < lastDay ? untilOf(rule, dateOf(rule.until)) : ''];
  const left = rule.count - occurrence.number;
  // Some programs count a day twice that two positions name.
  const last = bySetPos.length > 1 ? occurrencesAfter(rule, occurrence, left).at(-1) : undefined;
  return last ? ['UNTIL', untilOf(rule, last.date)] : ['COUNT', left + 1];
};

/** A date where DTSTART is one; else the end of that day in UTC (RFC 5545 §3.3.10). */
const untilOf = ({ start, timezone }: Rule, last: string): string => {
  if (start.time === null) return last.replaceAll('-', '');
  return `${instantOf(last, '23:59:59', timezone).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
};
