import * as z from 'zod/mini';
import type { OperationOf } from '#blueprint/routes.ts';
import { once } from '#shared/once.ts';
import { type Contract, contract } from '#shared/operation.ts';
import { attachmentSchema, largestFileBytes, longestFilenameBytes } from './attachment.ts';

/** A name is data: whatever Unicode can write, and never a path or a header of ours. */
const filename = once(() =>
  z
    .string()
    .check(
      z.refine((value: string) => value.isWellFormed(), 'must be well-formed Unicode'),
      z.refine((value: string) => {
        const bytes = Buffer.byteLength(value);
        return bytes >= 1 && bytes <= longestFilenameBytes;
      }, `must have 1 to ${longestFilenameBytes} bytes in UTF-8`),
    )
    .register(z.globalRegistry, {
      minLength: 1,
      maxLength: longestFilenameBytes,
      description: `1 to ${longestFilenameBytes} bytes in UTF-8; comes back as it was given.`,
    }),
);

/** RFC 6838 §4.2: a type and a subtype, without parameters. */
const fileTypes = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/i;

/** 32 bytes in base64, spelled in the one way that a store's own spelling can equal. */
const isSha256 = (value: string): boolean => {
  const bytes = Buffer.from(value, 'base64');
  return bytes.length === 32 && bytes.toString('base64') === value;
};

const sha256 = once(() =>
  z
    .string()
    .check(z.refine(isSha256, 'must be a SHA-256 in base64: 32 bytes'))
    .register(z.globalRegistry, { pattern: '^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$' }),
);

const upload = once(() =>
  z
    .object({
      method: z.literal('PUT'),
      url: z.string(),
      /** All of them must be sent, as they are; `Content-Length` must be the size that was agreed on. */
      headers: z.record(z.string(), z.string()),
      expires_at: z.string(),
    })
    .register(z.globalRegistry, { id: 'Upload' }),
);

const attachmentIds = once(() => z.object({ task_id: z.uuid(), attachment_id: z.uuid() }));

export const attachmentContracts = {
  uploadAttachment: contract(() => ({
    summary: 'Agree on a file, then send it to `upload.url`; `upload` is null when a replay finds it arrived',
    body: z.strictObject({
      task_id: z.uuid(),
      filename: filename(),
      file_type: z.string().check(z.regex(fileTypes, 'must be a media type without parameters: type/subtype')),
      size: z.int().check(z.minimum(1), z.maximum(largestFileBytes)),
      checksum_sha256: z._default(z.nullable(sha256()), null),
    }),
    headers: ['Idempotency-Key'],
    replies: { 201: z.object({ attachment: attachmentSchema(), upload: z.nullable(upload()) }) },
    names: { task_id: '/attachment/task_id', attachment_id: '/attachment/id' },
    problems: ['not-found', 'quota-exceeded', 'idempotency-key-reused'],
  })),
  listAttachments: contract(() => ({
    summary: 'List what is attached to a task, the oldest first, with fresh links',
    params: z.object({ task_id: z.uuid() }),
    replies: { 200: z.object({ items: z.array(attachmentSchema()) }) },
    problems: ['not-found'],
  })),
  getAttachment: contract(() => ({
    summary: 'Get an attachment, with a fresh link to its file',
    params: attachmentIds(),
    replies: { 200: attachmentSchema() },
    problems: ['not-found'],
  })),
  deleteAttachment: contract(() => ({
    summary: 'Delete an attachment and its file, arrived or not',
    params: attachmentIds(),
    headers: ['If-Match'],
    replies: { 204: null },
    problems: ['not-found', 'stale-version'],
  })),
} satisfies Record<OperationOf<'attachments'>, () => Contract>;
