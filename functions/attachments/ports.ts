import type { Act } from '#functions/tasks/task.ts';
import type { UserId } from '#shared/ids.ts';
import type { ArrivedFile, AttachmentRecord, Place } from './attachment.ts';

/** What came of creating an attachment under an id that may have been used before. */
export type Creation =
  | { readonly outcome: 'created' }
  | { readonly outcome: 'exists'; readonly record: AttachmentRecord }
  | { readonly outcome: 'deleted' }
  /** The id was given for another request. */
  | { readonly outcome: 'reused' }
  | { readonly outcome: 'no-task' }
  | { readonly outcome: 'task-full' }
  | { readonly outcome: 'user-full' };

/** What an arrival needs of the table. */
export interface ArrivalStore {
  /** Whether its task still lives or not. */
  find(place: Place, now: Date): Promise<AttachmentRecord | null>;
  /** @returns false when it is no longer what was read */
  replace(before: AttachmentRecord, after: AttachmentRecord): Promise<boolean>;
}

/** Where attachments are kept, without their files. Each is one round trip, unless it says otherwise. */
export interface AttachmentStore extends ArrivalStore {
  /** One round trip; another one when there is no room. */
  create(record: AttachmentRecord, now: Date): Promise<Creation>;
  /** @returns null also when its task is gone */
  get(place: Place, now: Date): Promise<AttachmentRecord | null>;
  /** The oldest first. @returns null when there is no such task */
  list(owner: UserId, taskId: string, now: Date): Promise<readonly AttachmentRecord[] | null>;
  /** Of a task that may be gone. */
  all(owner: UserId, taskId: string, now: Date): Promise<readonly AttachmentRecord[]>;
  /**
   * Removes attachments of one task, at once or not at all, and leaves word that their files have to go. Two round trips.
   * @returns false when one of them is no longer what was read
   */
  remove(records: readonly AttachmentRecord[], act: Act): Promise<boolean>;
  /** The object that has to go. @returns null when it has gone */
  discarded(owner: UserId, id: string): Promise<string | null>;
  /** It has gone. */
  forget(owner: UserId, id: string): Promise<void>;
}

/** How a client sends its file. The headers are signed: the store refuses whoever sends others, or another number of bytes. */
export interface UploadLink {
  readonly method: 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly expires_at: string;
}

export interface DownloadLink {
  readonly url: string;
  readonly expires_at: string;
}

/** Where the files lie. */
export interface FileStore {
  /** A link for exactly this file, once. Needs no round trip. */
  uploadLink(record: AttachmentRecord, now: Date, seconds: number): Promise<UploadLink>;
  /** Needs no round trip. @param seconds a quarter of an hour, unless it says otherwise */
  downloadLink(record: AttachmentRecord, now: Date, seconds?: number): Promise<DownloadLink>;
  /** @returns null when nothing is there */
  look(objectKey: string): Promise<ArrivedFile | null>;
  /** Nothing is there afterwards, whether or not something was. */
  remove(objectKey: string): Promise<void>;
}
