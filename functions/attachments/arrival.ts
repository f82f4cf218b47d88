import { untilItHolds } from '#shared/retry.ts';
import { type AttachmentRecord, arrived, isAcceptable, type Place, placeOfObject } from './attachment.ts';
import type { ArrivalStore, AttachmentStore, FileStore } from './ports.ts';

export interface ArrivalNeeds {
  readonly attachments: ArrivalStore;
  readonly files: FileStore;
}

/**
 * An object has arrived: the attachment that waits for it becomes available, with what S3 says of it. One that nobody waits for is deleted.
 * May be told any number of times, in any order, however late.
 */
export const receive =
  ({ attachments, files }: ArrivalNeeds) =>
  (objectKey: string, now: Date): Promise<'available' | 'unwanted'> =>
    untilItHolds(async () => {
      const place = placeOfObject(objectKey);
      const record = place && (await attachments.find(place, now));
      if (record?.objectKey !== objectKey) {
        await files.remove(objectKey);
        return 'unwanted';
      }
      if (record.attachment.status === 'available') return 'available';
      return takeIn({ attachments, files }, record);
    });

/** @returns false when it must be looked at again */
const takeIn = async (
  { attachments, files }: ArrivalNeeds,
  record: AttachmentRecord,
): Promise<'available' | 'unwanted' | false> => {
  const file = await files.look(record.objectKey);
  if (file && isAcceptable(file)) return (await attachments.replace(record, arrived(record, file))) && 'available';
  if (file) await files.remove(record.objectKey);
  return 'unwanted';
};

/**
 * Nobody waits any longer for a file: it has never arrived, and its attachment goes. If it has, and the word of it was lost, it is made
 * available now.
 */
export const giveUp =
  ({ attachments, files }: { readonly attachments: AttachmentStore; readonly files: FileStore }) =>
  async (place: Place, now: Date): Promise<void> => {
    await untilItHolds(async () => {
      const record = await attachments.find(place, now);
      if (!record?.awaitedUntil || record.awaitedUntil > now) return true;
      if ((await takeIn({ attachments, files }, record)) === 'available') return true;
      return attachments.remove([record], { now, clientId: null });
    });
  };
