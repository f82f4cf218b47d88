import * as z from 'zod/mini';
import { prefix } from '#blueprint/table.ts';
import type { UserId } from '#shared/ids.ts';
import { type Item, type Key, userKey } from '#shared/item.ts';
import { once } from '#shared/once.ts';
import type { Write } from '#shared/table.ts';
import type { PreferenceKind } from './due-times.ts';
import type { Reminder } from './reminder.ts';

/** What a row is there for: one of a task's own reminders, or a mail that a preference asks for of a task that is due then. */
export type Occasion =
  | { readonly kind: 'task_reminder'; readonly reminder_id: string }
  | { readonly kind: PreferenceKind; readonly due_date: string };

/**
 * What wakes the sender. What is to be sent, and whether, the task says by then.
 * A claim is numbered; under each, it is sent once at most, and what is not recorded in ten minutes is claimed again.
 */
export interface ReminderRow {
  readonly owner: UserId;
  readonly sk: string;
  readonly task_id: string;
  readonly occasion: Occasion;
  /** How often it was claimed. */
  readonly claims: number;
  /** The claim that was used up: what it was for was begun, put off, or is over. */
  readonly used: number;
  /** How often it may have been sent, for all that anybody knows. */
  readonly sends: number;
}

export const reminderKey = (owner: UserId, taskId: string, rest: string): Key =>
  userKey(owner, `${prefix.reminder}${taskId}#${rest}`);

const rowItem = once(() =>
  z.object({
    pk: z.string(),
    sk: z.string(),
    task_id: z.string(),
    occasion: z.union([
      z.object({ kind: z.literal('task_reminder'), reminder_id: z.string() }),
      z.object({ kind: z.enum(['task_due_soon', 'task_overdue']), due_date: z.string() }),
    ]),
    claims: z._default(z.number(), 0),
    used: z._default(z.number(), 0),
    sends: z._default(z.number(), 0),
  }),
);

/** @throws ZodError when the item is no such row */
export const rowFromItem = (owner: UserId, item: Item): ReminderRow => {
  const { pk: _, ...row } = rowItem().parse(item);
  return { owner, ...row };
};

/** Whether it is claimed, and nothing has come of that claim yet. */
export const isClaimed = ({ claims, used }: ReminderRow): boolean => claims > used;

/**
 * The writes that keep rows in step with the reminders of one task: those that are scheduled have one, at their time.
 * A row of another time is a new one, whatever was begun with the old.
 */
export const reminderWrites = (
  owner: UserId,
  taskId: string,
  before: readonly Reminder[],
  after: readonly Reminder[],
): readonly Write[] => {
  const [had, has] = [timesOf(before), timesOf(after)];
  return [
    ...[...had.keys()].filter((id) => !has.has(id)).map((id): Write => ({ delete: reminderKey(owner, taskId, id) })),
    ...[...has]
      .filter(([id, time]) => had.get(id) !== time)
      .map(
        ([id, time]): Write => ({
          put: {
            ...reminderKey(owner, taskId, id),
            task_id: taskId,
            occasion: { kind: 'task_reminder', reminder_id: id } satisfies Occasion,
            due_at: time,
          },
        }),
      ),
  ];
};

const timesOf = (reminders: readonly Reminder[]): ReadonlyMap<string, string> =>
  new Map(
    reminders.flatMap(({ id, fires_at, state }) =>
      state === 'scheduled' && fires_at !== null ? [[id, fires_at] as const] : [],
    ),
  );
