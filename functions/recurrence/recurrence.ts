import * as z from 'zod/mini';
import { isLocalDate, isTimezone } from '#shared/days.ts';
import { once } from '#shared/once.ts';

export const patterns = ['daily', 'weekly', 'monthly', 'yearly', 'custom'] as const;
export const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
/** Where the next date is counted from: the date before it, or the day on which that was done. */
export const anchors = ['schedule', 'completion'] as const;
/** While an occurrence is open: none is made beside it, or one for every date. */
export const whenOpen = ['wait', 'pile_up'] as const;

export type Pattern = (typeof patterns)[number];
export type Weekday = (typeof weekdays)[number];
export type Anchor = (typeof anchors)[number];

/** How a task recurs, as it goes over the wire and lies in the table. What is `null` was not said. */
export interface Recurrence {
  readonly recurrence_pattern: Pattern;
  /** Every so many days, weeks, months or years; 1 with `custom`, whose rule says it. */
  readonly interval: number;
  readonly weekdays: Weekday[] | null;
  /** 1 to 31, a month's last day where it has no such day; -1 is the last. */
  readonly month_days: number[] | null;
  /** The value of an RFC 5545 RRULE, with `custom`. */
  readonly rrule: string | null;
  /** A local date, or a local date and time (`2027-03-27T06:45`). */
  readonly recurrence_start_date: string | null;
  /** A local date, included. */
  readonly recurrence_end_date: string | null;
  /** How many occurrences there are. */
  readonly count: number | null;
  /** An IANA name. */
  readonly timezone: string | null;
  readonly anchor: Anchor;
  readonly when_open: (typeof whenOpen)[number];
}

const localStarts = /^(\d{4}-\d{2}-\d{2})(?:T([01]\d|2[0-3]):[0-5]\d)?$/;

/** Whether a text is a local date, or a local date and time: `2027-03-27`, `2027-03-27T06:45`. */
export const isLocalStart = (text: string): boolean => isLocalDate(localStarts.exec(text)?.[1] ?? '');

const localDate = once(() =>
  z
    .string()
    .check(z.refine(isLocalDate, 'must be a date, such as 2026-11-23'))
    .register(z.globalRegistry, { format: 'date' }),
);

const localStart = once(() =>
  z
    .string()
    .check(z.refine(isLocalStart, 'must be a local date (2027-03-27) or a local date and time (2027-03-27T06:45)'))
    .register(z.globalRegistry, {
      description: 'A local date, or a local date and time: `2027-03-27T06:45`.',
      anyOf: [
        { type: 'string', format: 'date' },
        { type: 'string', format: 'date-time-local', pattern: localStarts.source },
      ],
    }),
);

const timezone = once(() =>
  z
    .string()
    .check(z.refine(isTimezone, 'must be the IANA name of a time zone, such as Europe/Berlin'))
    .register(z.globalRegistry, { description: 'The IANA name of a time zone.', format: 'timezone' }),
);

const pattern = once(() => z.enum(patterns));
const weekdayList = once(() => z.array(z.enum(weekdays)).check(z.maxLength(7)));
const monthDayList = once(() => z.array(z.int()).check(z.maxLength(32)));

/** Left out is `null`. */
const orNull = <T>(schema: z.ZodMiniType<T, T>) =>
  z.pipe(
    z.optional(z.nullable(schema)),
    z.transform((given: T | null | undefined) => given ?? null),
  );

/** Left out, or `null`, is a value of its own. */
const or = <T>(schema: z.ZodMiniType<T, T>, standard: T) =>
  z.pipe(
    z.optional(z.nullable(schema)),
    z.transform((given: T | null | undefined) => given ?? standard),
  );

/** An empty list says nothing. */
const listOrNull = <T>(schema: z.ZodMiniType<T[], T[]>) =>
  z.pipe(
    z.optional(z.nullable(schema)),
    z.transform((given: T[] | null | undefined) => (given?.length ? given : null)),
  );

/**
 * What a client says. Only shapes are checked here, a mistake in which is a 400; whether it makes a rule is for `ruleOf` to say (422).
 */
export const recurrenceDraftSchema = once(() =>
  z.strictObject({
    recurrence_pattern: pattern(),
    interval: or(z.int(), 1),
    weekdays: listOrNull(weekdayList()),
    month_days: listOrNull(monthDayList()),
    rrule: orNull(z.string()),
    recurrence_start_date: orNull(localStart()),
    recurrence_end_date: orNull(localDate()),
    count: orNull(z.int()),
    timezone: orNull(timezone()),
    anchor: or(z.enum(anchors), 'schedule'),
    when_open: or(z.enum(whenOpen), 'wait'),
  }),
);

/** What is said of a recurrence that is there: the rest of it stays, and `null` takes away (RFC 7396). */
export const recurrencePatchSchema = once(() =>
  z.strictObject({
    recurrence_pattern: z.optional(pattern()),
    interval: z.optional(z.nullable(z.int())),
    weekdays: z.optional(z.nullable(weekdayList())),
    month_days: z.optional(z.nullable(monthDayList())),
    rrule: z.optional(z.nullable(z.string())),
    recurrence_start_date: z.optional(z.nullable(localStart())),
    recurrence_end_date: z.optional(z.nullable(localDate())),
    count: z.optional(z.nullable(z.int())),
    timezone: z.optional(z.nullable(timezone())),
    anchor: z.optional(z.nullable(z.enum(anchors))),
    when_open: z.optional(z.nullable(z.enum(whenOpen))),
  }),
);

/** As it is answered, and as it lies in the table. */
export const recurrenceSchema = once(() =>
  z.object({
    recurrence_pattern: pattern(),
    interval: z.number(),
    weekdays: z.nullable(z.array(z.enum(weekdays))),
    month_days: z.nullable(z.array(z.number())),
    rrule: z.nullable(z.string()),
    recurrence_start_date: z.nullable(z.string()),
    recurrence_end_date: z.nullable(z.string()),
    count: z.nullable(z.number()),
    timezone: z.nullable(z.string()),
    anchor: z.enum(anchors),
    when_open: z.enum(whenOpen),
  }),
);
