import type { UserId } from '#shared/ids.ts';

export const noticeKinds = ['task_reminder', 'task_due_soon', 'task_overdue', 'pomodoro_finished'] as const;

export type NoticeKind = (typeof noticeKinds)[number];

/** What is said in one mail. */
export interface Notice {
  readonly kind: NoticeKind;
  readonly owner: UserId;
  /** Of the task, or of the task a session was for. */
  readonly title: string | null;
  /** A date or an instant, as the task has it; for a finished session, when it ended. */
  readonly due: string | null;
  /** When it should have been sent; more than five minutes ago: the mail says that it is late. */
  readonly at: Date;
  readonly late: boolean;
}

/** `sent`; `throttled`: not sent, try again soon; `unclear`: nobody knows, counts as sent; `unwanted`: preference off, address not verified, bounced or complained, or the day's cap reached; `failed`: SES refuses it for good. */
export type Sending = 'sent' | 'throttled' | 'unclear' | 'unwanted' | 'failed';
