import * as z from 'zod/mini';
import { derivedId } from '#shared/ids.ts';
import { once } from '#shared/once.ts';
import { type DueRules, dueInstant, hasExpired, minutesBefore } from './due-times.ts';

/**
 * `scheduled`: it will be sent; without a time, once its task has a due date. `sent`, `failed`: it was tried. `expired`: its time was more
 * than a day ago. `cancelled`: its task was closed before, or its owner wants no reminders.
 */
export const reminderStates = ['scheduled', 'sent', 'expired', 'failed', 'cancelled'] as const;
export type ReminderState = (typeof reminderStates)[number];

export const reminderSchema = once(() =>
  z
    .object({
      id: z.string(),
      /** Before the due instant, or before 09:00 local on a due date. */
      minutes_before: z.nullable(z.number()),
      /** An instant, as it was given. */
      at: z.nullable(z.string()),
      /** When it is sent, or was to be sent. `null` while its task has no due date. */
      fires_at: z.nullable(z.string()),
      state: z.enum(reminderStates),
    })
    .register(z.globalRegistry, { id: 'Reminder' }),
);

/** A mail that a person asked for on a task. */
export type Reminder = Readonly<z.output<ReturnType<typeof reminderSchema>>>;

/** What a client says of one: either of both. Without an `id`, it is the one there is that says the same, or a new one. */
export interface ReminderDraft {
  readonly id?: string | undefined;
  readonly minutes_before: number | null;
  readonly at: string | null;
}

/** What a task's reminders are planned by. */
export interface Planning {
  readonly taskId: string;
  /** The task's version to be: ids of new reminders are made of it. */
  readonly version: number;
  readonly due_date: string | null;
  readonly dueChanged: boolean;
  readonly open: boolean;
  /** Whether it was closed until now. */
  readonly opened: boolean;
  readonly now: Date;
  readonly rules: Pick<DueRules, 'timezone'>;
}

/** @returns `null` for one that counts from a due date that is not there */
export const firesAt = (
  { minutes_before, at }: Pick<Reminder, 'minutes_before' | 'at'>,
  due: string | null,
  rules: Pick<DueRules, 'timezone'>,
): Date | null => {
  if (at !== null) return new Date(at);
  return due === null || minutes_before === null ? null : minutesBefore(dueInstant(due, rules), minutes_before);
};

/** The reminders that a task has from now on. What says the same as before keeps its id, and its state unless something else has changed it. */
export const planReminders = (
  before: readonly Reminder[],
  wanted: readonly ReminderDraft[],
  planning: Planning,
): readonly Reminder[] => {
  const left = [...before];
  const take = (is: (reminder: Reminder) => boolean): Reminder | undefined => {
    const index = left.findIndex(is);
    return index === -1 ? undefined : left.splice(index, 1)[0];
  };
  const named = wanted.map((draft) => take(({ id }) => id === draft.id));
  return wanted.map((draft, index) => {
    const known =
      named[index] ?? (draft.id === undefined ? take((reminder) => saysTheSame(reminder, draft)) : undefined);
    if (known && saysTheSame(known, draft)) return replanned(known, planning);
    const id = known?.id ?? draft.id ?? derivedId('reminder', planning.taskId, String(planning.version), String(index));
    return planned({ id, minutes_before: draft.minutes_before, at: draft.at }, planning);
  });
};

const saysTheSame = (a: ReminderDraft, b: ReminderDraft): boolean =>
  a.minutes_before === b.minutes_before && a.at === b.at;

/** One that has no past. A time that is over by less than a day is caught up, as after an outage. */
const planned = (
  draft: Pick<Reminder, 'id' | 'minutes_before' | 'at'>,
  { due_date, open, now, rules }: Planning,
): Reminder => {
  const at = firesAt(draft, due_date, rules);
  const expired = at !== null && hasExpired(at, now);
  return { ...draft, fires_at: textOf(at), state: expired ? 'expired' : open ? 'scheduled' : 'cancelled' };
};

/**
 * One that says what it said before, on a task that may be due at another time, or opened or closed by now. One that is over comes again
 * only with a due date that puts it into the future: nobody is reminded twice of the same.
 */
const replanned = (before: Reminder, planning: Planning): Reminder => {
  const { due_date, dueChanged, open, opened, now, rules } = planning;
  const at = firesAt(before, due_date, rules);
  const lies = at === null ? 'nowhere' : at > now ? 'ahead' : 'behind';
  switch (before.state) {
    case 'scheduled':
      return planned(before, planning);
    case 'cancelled': {
      const again = open && (opened || dueChanged) && lies !== 'behind';
      return { ...before, fires_at: textOf(at), state: again ? 'scheduled' : 'cancelled' };
    }
    default:
      return dueChanged && lies === 'ahead' ? planned(before, planning) : before;
  }
};

const textOf = (instant: Date | null): string | null => instant?.toISOString() ?? null;

/** Whether two lists are the same, order included. */
export const sameReminders = (a: readonly Reminder[], b: readonly Reminder[]): boolean =>
  a.length === b.length &&
  a.every((reminder, index) => {
    const other = b[index];
    return (
      other !== undefined &&
      reminder.id === other.id &&
      reminder.state === other.state &&
      reminder.fires_at === other.fires_at &&
      saysTheSame(reminder, other)
    );
  });
