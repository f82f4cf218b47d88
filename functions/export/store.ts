import * as z from 'zod/mini';
import { prefix } from '#blueprint/table.ts';
import {
  type AttachmentRecord,
  attachmentFromItem,
  type WireAttachment,
  withoutLink,
} from '#functions/attachments/attachment.ts';
import type { FileStore } from '#functions/attachments/ports.ts';
import { isRunning, seatKey, sessionAt, sessionFromItem } from '#functions/pomodoro/session.ts';
import { seriesFromItem } from '#functions/recurrence/series.ts';
import { conflictSchema } from '#functions/sync/edit.ts';
import { taskFromItem } from '#functions/tasks/task.ts';
import { concurrently } from '#shared/concurrently.ts';
import type { UserId } from '#shared/ids.ts';
import { type Item, isLive, userKey } from '#shared/item.ts';
import { errorOf, log, loggedUser } from '#shared/log.ts';
import { once } from '#shared/once.ts';
import { queryAll, type Table } from '#shared/table.ts';
import { exportLinkSeconds, type OwnedReader } from './export.ts';

/** What people own, in the single table. @param files signs the links to what is attached */
export const dynamoOwnedReader = (table: Table, files: Pick<FileStore, 'downloadLink'>): OwnedReader => {
  const live = async <T>(owner: UserId, start: string, now: Date, read: (item: Item) => T): Promise<T[]> => {
    const items = await queryAll(table, { pk: userKey(owner, '').pk, beginsWith: start });
    return items.filter((item) => isLive(item, now)).flatMap(readable(owner, read));
  };

  const linked = async (record: AttachmentRecord, now: Date): Promise<WireAttachment> => {
    const { attachment } = record;
    if (attachment.status === 'pending') return withoutLink(attachment);
    const { url, expires_at } = await files.downloadLink(record, now, exportLinkSeconds);
    return { ...attachment, file_url: url, file_url_expires_at: expires_at };
  };

  return {
    read: async (owner, now) => {
      const of = <T>(start: string, read: (item: Item) => T): Promise<T[]> => live(owner, start, now, read);
      const [tasks, series, completions, sessions, attachments, conflicts] = await Promise.all([
        of(prefix.task, (item) => wireTask(item)),
        of(prefix.series, (item) => seriesFromItem(owner, item)),
        of(prefix.completion, (item) => completionItem().parse(item)),
        of(prefix.pomodoro, (item) => ({ seat: item.sk === seatKey(owner).sk, session: sessionFromItem(item) })),
        of(prefix.attachment, attachmentFromItem),
        of(prefix.conflict, (item) => conflictSchema().parse(item)),
      ]);
      return {
        tasks,
        series,
        completions,
        pomodoro_sessions: sessions
          // A session that is over has a row of its own; on the seat it is there a second time.
          .filter(({ seat, session }) => !seat || isRunning(session))
          .map(({ session }) => ({
            ...sessionAt(session, now),
            day: session.day,
            task_tags: [...session.task_tags],
          })),
        attachments: await allOf(attachments, (record) => linked(record, now)),
        conflicts,
      };
    },
  };
};

/** One item that cannot be read must not keep its owner from all the others. */
const readable =
  <T>(owner: UserId, read: (item: Item) => T) =>
  (item: Item): T[] => {
    try {
      return [read(item)];
    } catch (error) {
      log.error('an item could not be exported', { user: loggedUser(owner), error: errorOf(error) });
      return [];
    }
  };

const wireTask = (item: Item) => {
  const { tags, reminders, ...task } = taskFromItem(item).task;
  return { ...task, tags: [...tags], reminders: [...reminders] };
};

/** Signing needs no round trip, only time: more at once would be no faster. */
const linksAtOnce = 10;

const allOf = async <T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> =>
  (await concurrently(items, linksAtOnce, work)).map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });

const completionItem = once(() =>
  z.object({
    task_id: z.string(),
    completed_at: z.string(),
    day: z.string(),
    tags: z.array(z.string()),
  }),
);
