import { isLocalDate } from '#shared/days.ts';
import { Failure } from '#shared/problems.ts';
import { type Weekday, weekdays } from './recurrence.ts';

export const frequencies = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const;
export type Frequency = (typeof frequencies)[number];

/** A day of the week: each of them (`ordinal` 0), or the n-th of its month or year, counted from the end where it is negative. */
export interface WeekdayOfPeriod {
  readonly weekday: Weekday;
  readonly ordinal: number;
}

/** An RRULE, part by part; a list that was not given is empty. */
export interface RuleParts {
  readonly frequency: Frequency;
  readonly interval: number;
  readonly byDay: readonly WeekdayOfPeriod[];
  readonly byMonthDay: readonly number[];
  readonly byMonth: readonly number[];
  readonly bySetPos: readonly number[];
  readonly weekStart: Weekday;
  readonly count: number | null;
  /** As it was written: `20271231`, `20271231T225959Z`. */
  readonly until: string | null;
}

export const longestRule = 500;
export const largestInterval = 999;
export const largestCount = 9_999;

/** A 422 about one field of a recurrence. */
export const unusable = (field: string, detail: string): Failure =>
  new Failure('unusable-recurrence', detail, { errors: [{ pointer: `#/recurrence/${field}`, detail }] });

const no = (detail: string): Failure => unusable('rrule', detail);

/** How each part is read (RFC 5545 §3.3.10). What is not here is not taken. */
const readers = {
  FREQ: (text) => oneOf(frequencies, text, 'FREQ'),
  INTERVAL: (text) => whole(text, 1, largestInterval, 'INTERVAL'),
  COUNT: (text) => whole(text, 1, largestCount, 'COUNT'),
  UNTIL: (text) => {
    const [, year, month, day] = untils.exec(text) ?? [];
    if (isLocalDate(`${year}-${month}-${day}`)) return text;
    throw no('UNTIL must be a date (20271231) or a time in UTC (20271231T225959Z)');
  },
  BYDAY: (text) =>
    listOf(text, (item): WeekdayOfPeriod => {
      const [, ordinal = '0', weekday = ''] = /^([+-]?\d{1,2})?([A-Z]{2})$/.exec(item) ?? [];
      const read = { weekday: oneOf(weekdays, weekday, 'BYDAY'), ordinal: Number(ordinal) };
      if (Math.abs(read.ordinal) > 53 || (read.ordinal === 0 && item.length > 2)) {
        throw no('BYDAY must count from 1 to 53, or from -1 to -53');
      }
      return read;
    }),
  BYMONTHDAY: (text) => listOf(text, (item) => signed(item, 31, 'BYMONTHDAY')),
  BYMONTH: (text) => listOf(text, (item) => whole(item, 1, 12, 'BYMONTH')),
  BYSETPOS: (text) => listOf(text, (item) => signed(item, 366, 'BYSETPOS')),
  WKST: (text) => oneOf(weekdays, text, 'WKST'),
} as const satisfies Record<string, (text: string) => unknown>;

type Part = keyof typeof readers;

const isPart = (name: string): name is Part => Object.hasOwn(readers, name);

/**
 * Reads the value of an RRULE, with or without its name (`RRULE:`) in front. Names and values are without case.
 * @throws Failure `unusable-recurrence` for what RFC 5545 or this service does not have, before any of it is computed with
 */
export const readRule = (text: string): RuleParts => {
  if (text.length > longestRule) throw no(`must have at most ${longestRule} characters`);
  const said = new Map<Part, string>();
  for (const part of partsOf(text)) {
    const [name = '', value = '', ...more] = part.split('=');
    if (!isPart(name)) throw no(`has the part ${JSON.stringify(name.slice(0, 20))}, which is not known here`);
    if (value === '' || more.length > 0) throw no(`${name} must have one value: ${name}=…`);
    if (said.has(name)) throw no(`${name} must be there once`);
    said.set(name, value);
  }
  const read = <P extends Part, D>(part: P, standard: D): ReturnType<(typeof readers)[P]> | D => {
    const value = said.get(part);
    return value === undefined ? standard : (readers[part](value) as ReturnType<(typeof readers)[P]>);
  };
  const frequency = read('FREQ', null);
  if (frequency === null) throw no('FREQ must be there');
  return withSense({
    frequency,
    interval: read('INTERVAL', 1),
    byDay: read('BYDAY', []),
    byMonthDay: read('BYMONTHDAY', []),
    byMonth: read('BYMONTH', []),
    bySetPos: read('BYSETPOS', []),
    weekStart: read('WKST', 'MO'),
    count: read('COUNT', null),
    until: read('UNTIL', null),
  });
};

/** The same rule without an end of its own. */
export const withoutEnd = (text: string): string =>
  partsOf(text)
    .filter((part) => !/^(COUNT|UNTIL)=/.test(part))
    .join(';');

const partsOf = (text: string): readonly string[] => {
  // Upper case in ASCII only: `ſ` and `ı` would become letters of a rule.
  const upper = text.replace(/[a-z]/g, (letter) => letter.toUpperCase());
  return upper.replace(/^RRULE:/, '').split(';');
};

/** What RFC 5545 §3.3.10 forbids to be together is not, and no day is chosen from a set of one. */
const withSense = (rule: RuleParts): RuleParts => {
  const { frequency, byDay, byMonthDay, byMonth, bySetPos } = rule;
  if (rule.count !== null && rule.until !== null) throw no('must not have both COUNT and UNTIL');
  if (byDay.some(({ ordinal }) => ordinal !== 0) && !(frequency === 'MONTHLY' || frequency === 'YEARLY')) {
    throw no(`BYDAY cannot count the weekdays of a ${frequency} rule`);
  }
  if (byMonthDay.length > 0 && frequency === 'WEEKLY') throw no('BYMONTHDAY cannot be in a WEEKLY rule');
  if (bySetPos.length > 0 && byDay.length + byMonthDay.length + byMonth.length === 0) {
    throw no('BYSETPOS must have another BY… part to choose from');
  }
  if (frequency !== 'DAILY') return rule;
  if (bySetPos.length > 0 && !bySetPos.some((position) => Math.abs(position) === 1)) {
    throw no('BYSETPOS can only be 1 or -1 in a DAILY rule');
  }
  return { ...rule, bySetPos: [] };
};

const untils = /^(\d{4})(\d{2})(\d{2})(?:T(?:[01]\d|2[0-3])[0-5]\d[0-5]\dZ)?$/;

const listOf = <T>(text: string, read: (item: string) => T): readonly T[] => text.split(',').map(read);

const oneOf = <T extends string>(known: readonly T[], text: string, part: string): T => {
  const found = known.find((one) => one === text);
  if (found === undefined) throw no(`${part} must be one of ${known.join(', ')}`);
  return found;
};

const whole = (text: string, min: number, max: number, part: string): number => {
  if (/^\d{1,6}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
  throw no(`${part} must be a whole number from ${min} to ${max}`);
};

/** ±1 to ±max */
const signed = (text: string, max: number, part: string): number => {
  const number = Number(text);
  if (/^[+-]?\d{1,3}$/.test(text) && number !== 0 && Math.abs(number) <= max) return number;
  throw no(`${part} must be a number from 1 to ${max}, or from -1 to -${max}`);
};
