import type { Notice } from '#functions/mail/notice.ts';
import { isOpen, type TaskRecord } from '#functions/tasks/task.ts';
import { secondsAfter } from '#shared/clock.ts';
import { type DueRules, dueNotices, hasExpired, isLate } from './due-times.ts';
import { firesAt, type ReminderState } from './reminder.ts';
import type { Occasion, ReminderRow } from './reminder-row.ts';

/** Which mail a person wants, and when: a profile says it. */
export interface FiringRules extends DueRules {
  readonly notifications: NonNullable<DueRules['notifications']> & { readonly task_reminders: boolean };
}

/** What is done about a claimed row, as its task is now. */
export type Firing =
  /** The task asks for no such mail any more, or never did. */
  | { readonly kind: 'drop' }
  /** The task asks for it at another time. */
  | { readonly kind: 'put-off'; readonly until: Date }
  | { readonly kind: 'record'; readonly state: Exclude<ReminderState, 'scheduled'> }
  | { readonly kind: 'send'; readonly notice: Notice };

/** Sent, and perhaps once more when nobody could record the first: what may have gone out so often, has. */
const mostSends = 2;

/** Clocks differ: what is due in a moment is due. */
const toleranceSeconds = 60;

/** @param record `null`: the task is gone */
export const firingOf = (row: ReminderRow, record: TaskRecord | null, rules: FiringRules, now: Date): Firing => {
  const wish = record && wishOf(row.occasion, record, rules);
  if (!record || !wish) return { kind: 'drop' };
  if (wish.at > secondsAfter(now, toleranceSeconds)) return { kind: 'put-off', until: wish.at };
  if (!wish.wanted) return { kind: 'record', state: 'cancelled' };
  if (row.sends >= mostSends) return { kind: 'record', state: 'sent' };
  if (hasExpired(wish.at, now)) return { kind: 'record', state: 'expired' };
  const { user_id: owner, title, due_date: due } = record.task;
  const { kind } = row.occasion;
  return { kind: 'send', notice: { kind, owner, title, due, at: wish.at, late: isLate(wish.at, now) } };
};

/** When the task asks for this mail, if it does. */
const wishOf = (
  occasion: Occasion,
  { task }: TaskRecord,
  rules: FiringRules,
): { readonly at: Date; readonly wanted: boolean } | null => {
  if (!isOpen(task.status)) return null;
  if (occasion.kind === 'task_reminder') {
    const reminder = task.reminders.find(({ id }) => id === occasion.reminder_id);
    const at = reminder?.state === 'scheduled' ? firesAt(reminder, task.due_date, rules) : null;
    return at && { at, wanted: rules.notifications.task_reminders };
  }
  if (task.due_date !== occasion.due_date) return null;
  const notice = dueNotices(task.due_date, rules).find(({ kind }) => kind === occasion.kind);
  return notice ? { at: notice.at, wanted: true } : null;
};
