import * as z from 'zod/mini';
import { objectPrefix } from '#blueprint/objects.ts';
import { prefix, single } from '#blueprint/table.ts';
import type { Act } from '#functions/tasks/task.ts';
import { epochSeconds, memorySeconds, secondsAfter } from '#shared/clock.ts';
import { type UserId, userId } from '#shared/ids.ts';
import { type Item, type Key, userKey } from '#shared/item.ts';
import { once } from '#shared/once.ts';

/** 25 MB, of 1,024 times 1,024 bytes each. */
export const largestFileBytes = 26_214_400;

/** Those that are on their way count too. */
export const attachmentsPerTask = 20;

/** 1 GB, of 1,024³ bytes, in all tasks together. */
export const bytesPerUser = 1_073_741_824;

/** In UTF-8. */
export const longestFilenameBytes = 255;

/** How long a client may begin to send its file. */
export const uploadSeconds = 300;

/** How long a link to a file can be followed. */
export const downloadSeconds = 900;

/** What has not arrived by then is not waited for: long after its link has run out, so that a slow line gets its file through. */
export const patienceSeconds = 3_600;

/** `pending`: agreed on, and not arrived. */
export const attachmentStatuses = ['pending', 'available'] as const;

const fileUrl = once(() =>
  z.nullable(z.string()).register(z.globalRegistry, {
    description:
      'Opens the file for whoever has it, until `file_url_expires_at`: a secret. `null` while the file is pending, and in the change feed, where it would be stale: ask for the attachment.',
  }),
);

/** An attachment as it goes over the wire. */
export const attachmentSchema = once(() =>
  z
    .object({
      id: z.string(),
      task_id: z.string(),
      filename: z.string(),
      file_url: fileUrl(),
      file_url_expires_at: z.nullable(z.string()),
      file_type: z.string(),
      /** Bytes. */
      size: z.number(),
      status: z.enum(attachmentStatuses),
      upload_date: z.string(),
      version: z.number(),
    })
    .register(z.globalRegistry, { id: 'Attachment' }),
);
export type WireAttachment = z.output<ReturnType<typeof attachmentSchema>>;

/** An attachment as it lies in the table. */
export type Attachment = Omit<WireAttachment, 'file_url' | 'file_url_expires_at'>;

/** What is kept beside an attachment and never leaves. */
export interface AttachmentRecord {
  readonly attachment: Attachment;
  readonly owner: UserId;
  /** Where the file lies: a key that is used once, and says nothing of the filename. */
  readonly objectKey: string;
  /** SHA-256 in base64, where the client has said it. */
  readonly checksum: string | null;
  /** S3's, once the file has arrived. */
  readonly etag: string | null;
  /** Until when a pending one is waited for. */
  readonly awaitedUntil: Date | null;
  readonly changedBy: string | null;
  /** Hash of the creating request, where it came with an Idempotency-Key. */
  readonly requestHash: string | null;
}

/** What a client says of a file before it sends it. */
export interface FileDraft {
  readonly task_id: string;
  readonly filename: string;
  readonly file_type: string;
  readonly size: number;
  readonly checksum_sha256: string | null;
}

/** What has arrived, as S3 says. */
export interface ArrivedFile {
  readonly size: number;
  readonly file_type: string;
  readonly etag: string;
}

export interface NewAttachment {
  readonly id: string;
  readonly owner: UserId;
  readonly draft: FileDraft;
  readonly requestHash: string | null;
  /** Makes the object's key another one than any before. */
  readonly nonce: string;
}

export const newAttachment = (
  { id, owner, draft, requestHash, nonce }: NewAttachment,
  { now, clientId }: Act,
): AttachmentRecord => {
  const { checksum_sha256, task_id, ...fields } = draft;
  return {
    attachment: { id, task_id, ...fields, status: 'pending', upload_date: now.toISOString(), version: 1 },
    owner,
    objectKey: objectKeyOf({ owner, taskId: task_id, id }, nonce),
    checksum: checksum_sha256,
    etag: null,
    awaitedUntil: secondsAfter(now, patienceSeconds),
    changedBy: clientId,
    requestHash,
  };
};

/** What it is, from then on: as S3 says, whatever was agreed. */
export const arrived = (before: AttachmentRecord, { size, file_type, etag }: ArrivedFile): AttachmentRecord => ({
  ...before,
  attachment: { ...before.attachment, size, file_type, status: 'available', version: before.attachment.version + 1 },
  etag,
  awaitedUntil: null,
  changedBy: null,
});

/** Nothing of that size was ever agreed on. */
export const isAcceptable = ({ size }: ArrivedFile): boolean => size >= 1 && size <= largestFileBytes;

/** As devices see it in the change feed: a link in a log would be stale, and a secret that lies about. */
export const withoutLink = (attachment: Attachment): WireAttachment => ({
  ...attachment,
  file_url: null,
  file_url_expires_at: null,
});

/** Which attachment is meant. */
export interface Place {
  readonly owner: UserId;
  readonly taskId: string;
  readonly id: string;
}

export const placeOf = ({ owner, attachment: { task_id, id } }: AttachmentRecord): Place => ({
  owner,
  taskId: task_id,
  id,
});

/** Everything of one person lies under one prefix. */
export const objectsOf = (owner: UserId): string => `${objectPrefix.attachments}${owner}/`;

const objectKeyOf = ({ owner, taskId, id }: Place, nonce: string): string =>
  `${objectsOf(owner)}${taskId}/${id}/${nonce}`;

/** Whose an object is. @returns null for a key that is none of ours */
export const placeOfObject = (objectKey: string): Place | null => {
  if (!objectKey.startsWith(objectPrefix.attachments)) return null;
  const [owner, taskId, id, nonce, ...more] = objectKey.slice(objectPrefix.attachments.length).split('/');
  return owner && taskId && id && nonce && more.length === 0 ? { owner: userId(owner), taskId, id } : null;
};

export const attachmentKey = ({ owner, taskId, id }: Place): Key => userKey(owner, `${attachmentsPrefix(taskId)}${id}`);

/** Of all attachments of a task. */
export const attachmentsPrefix = (taskId: string): string => `${prefix.attachment}${taskId}#`;

/** @throws Error for a key that is no attachment's */
export const placeOfKey = ({ pk, sk }: Key): Place => {
  const [taskId, id, ...more] = sk.slice(prefix.attachment.length).split('#');
  if (!sk.startsWith(prefix.attachment) || !taskId || !id || more.length > 0) {
    throw new Error('another item was taken for an attachment');
  }
  return { owner: userId(pk.slice(prefix.user.length)), taskId, id };
};

/** How many bytes a person keeps, and how many attachments a task has: counted in the transactions that change them. */
export const bytesKey = (owner: UserId): Key => userKey(owner, single.storage);
export const countKey = (owner: UserId, taskId: string): Key => userKey(owner, `${prefix.storage}${taskId}`);

/** The ids that `Idempotency-Key`s have given, whatever task they were for. */
export const uploadKey = (owner: UserId, id: string): Key => userKey(owner, `${prefix.upload}${id}`);

export const discardKey = (owner: UserId, id: string): Key => userKey(owner, `${prefix.discard}${id}`);

const attachmentItem = once(() =>
  z.object({
    pk: z.string(),
    id: z.string(),
    task_id: z.string(),
    filename: z.string(),
    file_type: z.string(),
    size: z.number(),
    status: z.enum(attachmentStatuses),
    upload_date: z.string(),
    version: z.number(),
    object_key: z.string(),
    checksum_sha256: z.nullable(z.string()),
    etag: z.nullable(z.string()),
    due_at: z.optional(z.string()),
    changed_by: z.nullable(z.string()),
    request_hash: z.nullable(z.string()),
  }),
);

/** @throws ZodError when the item is no attachment */
export const attachmentFromItem = (item: Item): AttachmentRecord => {
  const { pk, object_key, checksum_sha256, etag, due_at, changed_by, request_hash, ...attachment } =
    attachmentItem().parse(item);
  return {
    attachment,
    owner: userId(pk.slice(prefix.user.length)),
    objectKey: object_key,
    checksum: checksum_sha256,
    etag,
    awaitedUntil: due_at === undefined ? null : new Date(due_at),
    changedBy: changed_by,
    requestHash: request_hash,
  };
};

/** Without what makes it come due, which is the store's. */
export const itemOfAttachment = (record: AttachmentRecord): Item => ({
  ...attachmentKey(placeOf(record)),
  ...record.attachment,
  object_key: record.objectKey,
  checksum_sha256: record.checksum,
  etag: record.etag,
  changed_by: record.changedBy,
  request_hash: record.requestHash,
});

/** What is left of a deleted attachment: enough to tell devices, and to answer a replayed upload. */
export const tombstoneOf = (record: AttachmentRecord, { now, clientId }: Act): Item => ({
  ...attachmentKey(placeOf(record)),
  id: record.attachment.id,
  deleted: true,
  version: record.attachment.version + 1,
  changed_by: clientId,
  request_hash: record.requestHash,
  ttl: epochSeconds(secondsAfter(now, memorySeconds)),
});
