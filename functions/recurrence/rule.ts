import { instantOf, wallClock } from '#shared/days.ts';
import { Failure } from '#shared/problems.ts';
import { type Day, dayOf, firstDay, lastDay } from './calendar.ts';
import { datesFrom } from './expand.ts';
import type { Recurrence } from './recurrence.ts';
import { largestCount, largestInterval, type RuleParts, readRule, unusable } from './rrule-text.ts';

/** A recurrence that can be used: validated, complete, and with at least one date. */
export interface Rule extends Omit<RuleParts, 'until'> {
  /** As it was given. */
  readonly recurrence: Recurrence;
  readonly start: LocalStart;
  /** An IANA name. */
  readonly timezone: string;
  readonly anchor: Recurrence['anchor'];
  readonly when_open: Recurrence['when_open'];
  /** Made by the shorthand: a day that a month lacks is its last. A raw RRULE leaves such a month out. */
  readonly clamped: boolean;
  /** The last day there may be an occurrence on. */
  readonly until: Day;
}

export interface LocalStart {
  /** `YYYY-MM-DD` */
  readonly date: string;
  /** `HH:MM`; `null`: the whole day */
  readonly time: string | null;
}

/** What a recurrence leaves out. */
export interface RuleDefaults {
  readonly timezone: string;
  /** A local date, or a local date and time. */
  readonly start: string;
}

/**
 * Makes a rule of a recurrence.
 * @throws Failure `unusable-recurrence` when it contradicts itself, is beyond a limit or has no date at all
 */
export const ruleOf = (recurrence: Recurrence, defaults: RuleDefaults): Rule => {
  const [date = '', time = null] = (recurrence.recurrence_start_date ?? defaults.start).split('T');
  const start = { date, time };
  const timezone = recurrence.timezone ?? defaults.timezone;
  if (dayOf(date) < firstDay) throw unusable('recurrence_start_date', 'must be in the years 1 to 9999');
  const { until, ...parts } = withEndFields(partsOf(recurrence), recurrence);
  const rule: Rule = {
    ...parts,
    recurrence,
    start,
    timezone,
    anchor: recurrence.anchor,
    when_open: recurrence.when_open,
    clamped: recurrence.recurrence_pattern !== 'custom',
    until: Math.min(lastDay, until === null ? lastDay : lastDayUntil(until, start, timezone)),
  };
  if (datesFrom(rule, dayOf(date), dayOf(date)).next().done) throw noDate(recurrence);
  return rule;
};

const noDate = ({ recurrence_pattern }: Recurrence): Failure => {
  const pointer = recurrence_pattern === 'custom' ? '#/recurrence/rrule' : '#/recurrence';
  const detail = 'has no date on which it happens';
  return new Failure('unusable-recurrence', detail, { errors: [{ pointer, detail }] });
};

const partsOf = (recurrence: Recurrence): RuleParts => {
  const { recurrence_pattern: pattern, interval, weekdays, month_days, rrule } = recurrence;
  if (interval < 1 || interval > largestInterval) throw unusable('interval', `must be from 1 to ${largestInterval}`);
  if (pattern === 'custom') {
    if (rrule === null) throw unusable('rrule', 'must be there with the pattern custom');
    if (interval !== 1) throw unusable('interval', 'belongs into the rrule with the pattern custom');
    if (weekdays !== null) throw unusable('weekdays', 'belong into the rrule with the pattern custom');
    if (month_days !== null) throw unusable('month_days', 'belong into the rrule with the pattern custom');
    return readRule(rrule);
  }
  if (rrule !== null) throw unusable('rrule', 'must be left out unless the pattern is custom');
  if (weekdays !== null && (pattern === 'monthly' || pattern === 'yearly')) {
    throw unusable('weekdays', `must be left out with the pattern ${pattern}: an rrule can say which of them`);
  }
  if (month_days !== null && (pattern === 'daily' || pattern === 'weekly')) {
    throw unusable('month_days', `must be left out with the pattern ${pattern}`);
  }
  if (month_days?.some((day) => day !== -1 && (day < 1 || day > 31))) {
    throw unusable('month_days', 'must be from 1 to 31, or -1');
  }
  return {
    frequency: frequencyOf[pattern],
    interval,
    byDay: (weekdays ?? []).map((weekday) => ({ weekday, ordinal: 0 })),
    byMonthDay: month_days ?? [],
    byMonth: [],
    bySetPos: [],
    weekStart: 'MO',
    count: null,
    until: null,
  };
};

const frequencyOf = { daily: 'DAILY', weekly: 'WEEKLY', monthly: 'MONTHLY', yearly: 'YEARLY' } as const;

/** A series ends in one way at most, said in one place. */
const withEndFields = (parts: RuleParts, { count, recurrence_end_date: end }: Recurrence): RuleParts => {
  if (count !== null && (count < 1 || count > largestCount))
    throw unusable('count', `must be from 1 to ${largestCount}`);
  if (count !== null && end !== null) throw unusable('count', 'must be left out where there is a recurrence_end_date');
  if (parts.count === null && parts.until === null) return { ...parts, count, until: end };
  if (count !== null) throw unusable('count', 'must be left out where the rrule has an end');
  if (end !== null) throw unusable('recurrence_end_date', 'must be left out where the rrule has an end');
  return parts;
};

/** @param until a date, written either way, or a time in UTC; it is included (RFC 5545 §3.3.10) */
const lastDayUntil = (until: string, { time }: LocalStart, timezone: string): Day => {
  const [, year, month, day, clock] = /^(\d{4})-?(\d{2})-?(\d{2})(?:T(\d{6})Z)?$/.exec(until) ?? [];
  const written = dayOf(`${year}-${month}-${day}`);
  if (clock === undefined || written <= firstDay || written >= lastDay) return written;
  const instant = new Date(`${year}-${month}-${day}T${clock.replace(/..(?=.)/g, '$&:')}Z`);
  const { date } = wallClock(instant, timezone);
  const isOver = instantOf(date, time ?? '00:00', timezone) > instant;
  return dayOf(date) - (isOver ? 1 : 0);
};
