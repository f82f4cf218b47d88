import type { NotificationPreferences } from '#functions/accounts/profile.ts';
import type { NoticeKind } from '#functions/mail/notice.ts';
import { daysAfter, instantOf, isLocalDate } from '#shared/days.ts';

/** Which notices of their dated tasks a person wants. */
export type NoticePreferences = Pick<NotificationPreferences, 'task_due_soon' | 'due_soon_minutes' | 'task_overdue'>;

/** What times of a task's own hang on: a profile is one. Without preferences, nothing is wanted. */
export interface DueRules {
  readonly timezone: string;
  /** `HH:MM`: before it, the day before is not over yet. */
  readonly day_start: string;
  readonly notifications?: NoticePreferences | undefined;
}

/** What is not sent a day after its time, is not sent any more. */
export const expiryMilliseconds: number = 24 * 60 * 60 * 1000;

/** What is sent later than this says so. */
export const lateMilliseconds: number = 5 * 60 * 1000;

/** When people begin with what is only dated. */
const morning = '09:00';

/** The last date whose end is written with four digits in every zone. */
const lastDate = '9999-12-28';

/** From when on reminders count back: the due instant, or 09:00 local on a due date. */
export const dueInstant = (due: string, { timezone }: Pick<DueRules, 'timezone'>): Date =>
  isLocalDate(due) ? instantOf(due, morning, timezone) : new Date(due);

/** When a task begins to be overdue: at its due instant, or when its day is over. */
export const overdueInstant = (due: string, { timezone, day_start }: DueRules): Date =>
  isLocalDate(due) ? instantOf(daysAfter(due < lastDate ? due : lastDate, 1), day_start, timezone) : new Date(due);

/** So many minutes before, in the years that are written with four digits. */
export const minutesBefore = (instant: Date, minutes: number): Date =>
  new Date(Math.max(instant.getTime() - minutes * 60_000, Date.parse('0000-01-01T00:00:00Z')));

export type PreferenceKind = Extract<NoticeKind, 'task_due_soon' | 'task_overdue'>;

/** A mail that a preference asks for. */
export interface DueNotice {
  readonly kind: PreferenceKind;
  readonly at: Date;
}

/** The mails that a person's preferences ask for of an open task that is due then, in their order. */
export const dueNotices = (due: string, rules: DueRules): readonly DueNotice[] => {
  const { task_due_soon, due_soon_minutes, task_overdue } = rules.notifications ?? nothingWanted;
  return [
    ...(task_due_soon
      ? [{ kind: 'task_due_soon' as const, at: minutesBefore(dueInstant(due, rules), due_soon_minutes) }]
      : []),
    ...(task_overdue ? [{ kind: 'task_overdue' as const, at: overdueInstant(due, rules) }] : []),
  ];
};

const nothingWanted: NoticePreferences = { task_due_soon: false, due_soon_minutes: 60, task_overdue: false };

/**
 * When an open task is to be looked at next for a mail that preferences ask for: what is due soon while it is not overdue, and nothing that
 * would have expired.
 * @returns `null`: never, as things are
 */
export const nextNotice = (due: string | null, rules: DueRules, now: Date): Date | null => {
  if (due === null) return null;
  const isOverdue = overdueInstant(due, rules) <= now;
  const coming = dueNotices(due, rules).filter(
    ({ kind, at }) => !hasExpired(at, now) && !(kind === 'task_due_soon' && isOverdue),
  );
  return earliest(coming.map(({ at }) => at));
};

export const earliest = (instants: readonly Date[]): Date | null =>
  instants.reduce<Date | null>((first, instant) => (first === null || instant < first ? instant : first), null);

export const hasExpired = (at: Date, now: Date): boolean => now.getTime() - at.getTime() > expiryMilliseconds;

export const isLate = (at: Date, now: Date): boolean => now.getTime() - at.getTime() > lateMilliseconds;
