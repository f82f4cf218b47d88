import * as z from 'zod/mini';
import { isLocalDate } from '#shared/days.ts';
import { once } from '#shared/once.ts';

/** A whole number, out of the text of a query parameter. */
export const wholeNumber = (min: number, max: number) =>
  z.pipe(
    z.string().check(z.regex(/^\d{1,6}$/, `must be a whole number from ${min} to ${max}`)),
    z.pipe(z.transform(Number), z.int().check(z.minimum(min), z.maximum(max))),
  );

/** An id as a client may write it: RFC 9562 §4 takes either case. What lies in the table has small letters. */
export const uuid = once(() =>
  z.pipe(
    z.uuid(),
    z.transform((id: string) => id.toLowerCase()),
  ),
);

/** A day of the calendar, as a date. */
export const localDate = once(() =>
  z.string().check(z.refine(isLocalDate, 'must be a date (2026-11-23)')).register(z.globalRegistry, { format: 'date' }),
);

/** What the server decides: accepted in what a client puts back, and ignored. */
export const ignored = once(() =>
  z
    .optional(z.unknown())
    .register(z.globalRegistry, { readOnly: true, description: 'Accepted and ignored: get, edit and put back works.' }),
);

/** How a device calls itself. */
export const clientIds = /^[\x21-\x7e]{1,64}$/;

/** What a client calls a request that it may have to repeat. */
export const idempotencyKeys = /^[\x21-\x7e]{1,255}$/;
