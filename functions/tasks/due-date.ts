import * as z from 'zod/mini';
import { isLocalDate } from '#shared/days.ts';
import { once } from '#shared/once.ts';

const instants = /^(\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * A date (`2026-11-23`, the whole day wherever its owner is) or an instant with its offset (RFC 3339; seconds may be left out).
 * Leap seconds do not exist to JavaScript's clock and are refused.
 */
export const isDueDate = (text: string): boolean => {
  if (isLocalDate(text)) return true;
  const date = instants.exec(text)?.[1];
  if (date === undefined || !isLocalDate(date)) return false;
  const instant = new Date(text);
  // Its key is in UTC, where an offset may have carried it out of the four-digit years.
  return !Number.isNaN(instant.getTime()) && /^\d{4}-/.test(instant.toISOString());
};

/** Sorts as text: a day before the instants within it (in UTC), instants by when they are. */
export const dueKey = (due: string): string => (isLocalDate(due) ? due : new Date(due).toISOString());

export const dueDateSchema = once(() =>
  z
    .string()
    .check(z.refine(isDueDate, 'must be a date (2026-11-23) or an instant with offset (2026-11-23T18:00:00+01:00)'))
    .register(z.globalRegistry, {
      description: 'A date, or an instant with its offset (RFC 3339), whose seconds may be left out.',
      anyOf: [
        { type: 'string', format: 'date' },
        { type: 'string', format: 'date-time' },
      ],
    }),
);
