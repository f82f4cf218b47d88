import * as z from 'zod/mini';
import { isDueDate } from '#functions/tasks/due-date.ts';
import { isLocalDate } from '#shared/days.ts';
import { once } from '#shared/once.ts';
import { ignored } from '#shared/parameters.ts';
import type { ReminderDraft } from './reminder.ts';

/** Four weeks, as calendars have it. */
const longestMinutes = 40_320;

const most = 10;

const instant = once(() =>
  z
    .string()
    .check(
      z.refine(
        (text: string) => isDueDate(text) && !isLocalDate(text),
        'must be an instant with offset (2026-11-23T18:00:00+01:00)',
      ),
    )
    .register(z.globalRegistry, {
      description: 'An instant with its offset (RFC 3339), whose seconds may be left out.',
      format: 'date-time',
    }),
);

const plan = once(() =>
  z
    .strictObject({
      /** Of one that is there, which stays itself; else a client's own. */
      id: z.optional(z.uuid()),
      minutes_before: z._default(z.nullable(z.int().check(z.minimum(0), z.maximum(longestMinutes))), null),
      at: z._default(z.nullable(instant()), null),
      fires_at: ignored(),
      state: ignored(),
    })
    .check(
      z.refine(
        ({ minutes_before, at }) => (minutes_before === null) !== (at === null),
        'needs minutes_before or at, and not both',
      ),
    )
    .register(z.globalRegistry, {
      oneOf: [
        { required: ['minutes_before'], properties: { minutes_before: { type: 'integer' } } },
        { required: ['at'], properties: { at: { type: 'string' } } },
      ],
    }),
);

const reminder = once(() =>
  z.pipe(
    plan(),
    z.transform(
      ({ id, minutes_before, at }): ReminderDraft => ({ ...(id !== undefined && { id }), minutes_before, at }),
    ),
  ),
);

/** The reminders of a task, as clients set them. */
export const reminderList = once(() =>
  z.array(reminder()).check(
    z.maxLength(most),
    z.refine((list: readonly ReminderDraft[]) => {
      const ids = list.flatMap(({ id }) => (id === undefined ? [] : [id]));
      return new Set(ids).size === ids.length;
    }, 'must not have the same id twice'),
  ),
);
