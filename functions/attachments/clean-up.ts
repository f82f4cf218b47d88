import type { Act } from '#functions/tasks/task.ts';
import { concurrently } from '#shared/concurrently.ts';
import type { UserId } from '#shared/ids.ts';
import type { Item } from '#shared/item.ts';
import { errorOf, log } from '#shared/log.ts';
import type { VersionCondition } from '#shared/operation.ts';
import { Failure } from '#shared/problems.ts';
import { untilItHolds } from '#shared/retry.ts';
import type { AttachmentRecord, Place } from './attachment.ts';
import type { AttachmentStore, FileStore } from './ports.ts';

export interface CleanUpNeeds {
  readonly attachments: AttachmentStore;
  readonly files: FileStore;
}

/** @throws Failure `not-found`; `stale-version` */
export const removeAttachment =
  ({ attachments, files }: CleanUpNeeds) =>
  async (place: Place, act: Act, ifMatch: VersionCondition | null): Promise<void> => {
    const gone = await untilItHolds(async () => {
      const record = await attachments.get(place, act.now);
      if (!record) throw new Failure('not-found', 'There is no such attachment.');
      if (ifMatch && !ifMatch(record.attachment.version)) {
        throw new Failure('stale-version', 'The attachment is in another version than If-Match says.');
      }
      return (await attachments.remove([record], act)) && [record];
    });
    await discardAll({ attachments, files }, gone);
  };

/**
 * Removes what was attached to a task that is gone: no more can be attached to it. Costs a task without attachments one query. May be
 * interrupted anywhere and called any number of times.
 */
export const removeAttachmentsOf =
  ({ attachments, files }: CleanUpNeeds) =>
  async (owner: UserId, taskId: string, now: Date): Promise<void> => {
    const gone = await untilItHolds(async () => {
      const records = await attachments.all(owner, taskId, now);
      return (records.length === 0 || (await attachments.remove(records, { now, clientId: null }))) && records;
    });
    await discardAll({ attachments, files }, gone);
  };

/** What follows from a change of a task: nothing, unless it is gone. */
export const followTask =
  (needs: CleanUpNeeds) =>
  async (owner: UserId, task: Item | null, now: Date): Promise<void> => {
    if (task?.deleted === true) await removeAttachmentsOf(needs)(owner, String(task.id), now);
  };

/** An object that has to go, goes, and then the word that it has to. */
export const discard =
  ({ attachments, files }: CleanUpNeeds) =>
  async (owner: UserId, id: string): Promise<void> => {
    const objectKey = await attachments.discarded(owner, id);
    if (objectKey === null) return;
    await files.remove(objectKey);
    await attachments.forget(owner, id);
  };

const atOnce = 10;

/** At once, because links to them may be about. What fails is taken up by the sweep: the word that they have to go stands in the table. */
const discardAll = async (
  { attachments, files }: CleanUpNeeds,
  records: readonly AttachmentRecord[],
): Promise<void> => {
  const results = await concurrently(records, atOnce, async ({ owner, attachment: { id, status }, objectKey }) => {
    await files.remove(objectKey);
    // One that is on its way may still come: the sweep looks once more.
    if (status === 'available') await attachments.forget(owner, id);
  });
  for (const result of results) {
    if (result.status === 'rejected') log.warn('a file goes a little later', { error: errorOf(result.reason) });
  }
};
