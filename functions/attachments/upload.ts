import type { Act } from '#functions/tasks/task.ts';
import { derivedId, type UserId } from '#shared/ids.ts';
import type { Idempotency } from '#shared/operation.ts';
import { Failure } from '#shared/problems.ts';
import {
  type AttachmentRecord,
  attachmentsPerTask,
  bytesPerUser,
  type FileDraft,
  newAttachment,
  uploadSeconds,
} from './attachment.ts';
import type { AttachmentStore, FileStore, UploadLink } from './ports.ts';

export interface UploadNeeds {
  readonly attachments: AttachmentStore;
  readonly files: FileStore;
  readonly newId: () => string;
}

export interface Upload {
  readonly record: AttachmentRecord;
  /** `null`: a replay, and the file has arrived already. */
  readonly link: UploadLink | null;
}

/**
 * Agrees on a file that the client then sends to the store itself. Again with the same `Idempotency-Key`, the same attachment, and a fresh
 * link as long as the file is waited for.
 *
 * @throws Failure `not-found` without such a task, or when what the key once made has been deleted since; `quota-exceeded`;
 * `idempotency-key-reused` for another request
 */
export const startUpload =
  ({ attachments, files, newId }: UploadNeeds) =>
  async (owner: UserId, draft: FileDraft, act: Act, idempotency: Idempotency | null): Promise<Upload> => {
    const id = idempotency ? derivedId('attachment', owner, idempotency.key) : newId();
    const requestHash = idempotency?.requestHash ?? null;
    const made = newAttachment({ id, owner, draft, requestHash, nonce: newId() }, act);
    const creation = await attachments.create(made, act.now);
    switch (creation.outcome) {
      case 'created':
        return { record: made, link: await files.uploadLink(made, act.now, uploadSeconds) };
      case 'exists': {
        const seconds = secondsLeft(creation.record, act.now);
        return {
          record: creation.record,
          link: seconds > 0 ? await files.uploadLink(creation.record, act.now, seconds) : null,
        };
      }
      case 'deleted':
        throw new Failure('not-found', 'This Idempotency-Key made an attachment that has been deleted since.');
      case 'reused':
        throw new Failure('idempotency-key-reused', 'This Idempotency-Key came with another body before.');
      case 'no-task':
        throw new Failure('not-found', 'There is no such task.');
      case 'task-full':
        throw new Failure('quota-exceeded', `A task has ${attachmentsPerTask} attachments at most: delete one first.`);
      case 'user-full':
        throw new Failure('quota-exceeded', `All attachments together have ${bytesPerUser} bytes at most.`);
    }
  };

/** No link outlives the wait for what it brings. */
const secondsLeft = ({ awaitedUntil }: AttachmentRecord, now: Date): number =>
  awaitedUntil === null ? 0 : Math.min(uploadSeconds, Math.floor((awaitedUntil.getTime() - now.getTime()) / 1000));
