import * as z from 'zod/mini';
import { single } from '#blueprint/table.ts';
import { type UserId, userId } from '#shared/ids.ts';
import { type Item, type Key, userKey } from '#shared/item.ts';
import { once } from '#shared/once.ts';

/** Minutes, as the profile keeps them; `long_break_every` counts focus sessions. */
export interface PomodoroPreferences {
  readonly focus_minutes: number;
  readonly short_break_minutes: number;
  readonly long_break_minutes: number;
  readonly long_break_every: number;
}

/** Which mail a person wants. `task_reminders` is what the one-click link of a reminder turns off; the rest is off until asked for. */
export interface NotificationPreferences {
  readonly task_due_soon: boolean;
  readonly due_soon_minutes: number;
  readonly task_overdue: boolean;
  readonly pomodoro_finished: boolean;
  readonly task_reminders: boolean;
}

/** What the service knows about a person beside what Cognito keeps. */
export interface Profile {
  readonly user_id: UserId;
  /** `null` until a route that may ask Cognito has filled it in (see {@link defaultProfile}). */
  readonly email: string | null;
  readonly username: string | null;
  readonly is_active: boolean;
  readonly is_verified: boolean;
  /** IANA name of the zone that days, and dates without an offset, are meant in. */
  readonly timezone: string;
  /** `HH:MM`: when a person's day begins; what is done before belongs to the day before. */
  readonly day_start: string;
  readonly pomodoro: PomodoroPreferences;
  readonly notifications: NotificationPreferences;
  readonly version: number;
}

/** The profile of someone who has not chosen anything. */
export const defaultProfile = (owner: UserId): Profile => ({
  user_id: owner,
  email: null,
  username: null,
  is_active: true,
  is_verified: false,
  timezone: 'UTC',
  day_start: '00:00',
  pomodoro: { focus_minutes: 25, short_break_minutes: 5, long_break_minutes: 15, long_break_every: 4 },
  notifications: {
    task_due_soon: false,
    due_soon_minutes: 60,
    task_overdue: false,
    pomodoro_finished: false,
    task_reminders: true,
  },
  version: 1,
});

export const profileKey = (owner: UserId): Key => userKey(owner, single.profile);

/** The wire's shape: exactly the fields that may leave. */
export const profileSchema = once(() =>
  z
    .object({
      user_id: z.string(),
      email: z.nullable(z.string()),
      username: z.nullable(z.string()),
      is_active: z.boolean(),
      is_verified: z.boolean(),
      timezone: z.string(),
      day_start: z.string(),
      pomodoro: z.object({
        focus_minutes: z.number(),
        short_break_minutes: z.number(),
        long_break_minutes: z.number(),
        long_break_every: z.number(),
      }),
      notifications: z.object({
        task_due_soon: z.boolean(),
        due_soon_minutes: z.number(),
        task_overdue: z.boolean(),
        pomodoro_finished: z.boolean(),
        task_reminders: z.boolean(),
      }),
      version: z.number(),
    })
    .register(z.globalRegistry, { id: 'Profile' }),
);

const profileItem = once(() =>
  z.object({ ...profileSchema().shape, user_id: z.pipe(z.string(), z.transform(userId)) }),
);

/** @throws ZodError when the item is no profile */
export const profileFromItem = (item: Item): Profile => profileItem().parse(item);
