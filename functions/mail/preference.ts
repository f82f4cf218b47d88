import type { NotificationPreferences } from '#functions/accounts/profile.ts';
import type { NoticeKind } from './notice.ts';

/** A preference that lets mail through, or keeps it back. */
export type MailPreference = Exclude<keyof NotificationPreferences, 'due_soon_minutes'>;

/** The preference that each kind of mail goes by: what the link in such a mail turns off. */
export const preferenceOf = {
  task_reminder: 'task_reminders',
  task_due_soon: 'task_due_soon',
  task_overdue: 'task_overdue',
  pomodoro_finished: 'pomodoro_finished',
} as const satisfies Record<NoticeKind, MailPreference>;

export const mailPreferences: readonly MailPreference[] = Object.values(preferenceOf);

/** What a preference lets through, as a person calls it. */
export const mailNames: Readonly<Record<MailPreference, string>> = {
  task_reminders: 'task reminders',
  task_due_soon: 'mail about tasks that are due soon',
  task_overdue: 'mail about tasks that are overdue',
  pomodoro_finished: 'mail about finished Pomodoros',
};
