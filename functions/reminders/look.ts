import { isOpen } from '#functions/tasks/task.ts';
import type { UserId } from '#shared/ids.ts';
import { dueNotices, earliest, hasExpired } from './due-times.ts';
import type { ReminderStore } from './ports.ts';

/**
 * Looks whether mails that preferences ask for are due for a task, and claims those; then the task waits for the next. Once for each due
 * date, however often it is looked at.
 */
export const lookAtTask =
  ({ store }: { readonly store: ReminderStore }) =>
  async (owner: UserId, id: string, now: Date): Promise<void> => {
    const { record, rules } = await store.task(owner, id, now);
    const looksFrom = record?.noticeAt ?? null;
    if (!record || looksFrom === null || looksFrom > now) return;
    const { due_date, status } = record.task;
    const notices = due_date !== null && isOpen(status) ? dueNotices(due_date, rules) : [];
    for (const notice of notices) {
      // What lies before the time it was planned for was over by then.
      if (notice.at >= looksFrom && notice.at <= now && !hasExpired(notice.at, now)) {
        await store.announce(record, notice, now);
      }
    }
    await store.lookAgain(record, earliest(notices.map(({ at }) => at).filter((at) => at > now)));
  };
