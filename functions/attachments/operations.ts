import type { Clock } from '#shared/clock.ts';
import type { OperationsOf } from '#shared/http-handler.ts';
import { operation } from '#shared/operation.ts';
import { Failure } from '#shared/problems.ts';
import { type AttachmentRecord, type WireAttachment, withoutLink } from './attachment.ts';
import { removeAttachment } from './clean-up.ts';
import { attachmentContracts } from './contract.ts';
import { startUpload, type UploadNeeds } from './upload.ts';

export interface AttachmentNeeds extends UploadNeeds {
  readonly clock: Clock;
}

export const attachmentOperations = (needs: AttachmentNeeds): OperationsOf<'attachments'> => {
  const { attachments, files, clock } = needs;
  const upload = startUpload(needs);
  const remove = removeAttachment(needs);

  const linked = async (record: AttachmentRecord, now: Date): Promise<WireAttachment> => {
    const { attachment } = record;
    if (attachment.status === 'pending') return withoutLink(attachment);
    const { url, expires_at } = await files.downloadLink(record, now);
    return { ...attachment, file_url: url, file_url_expires_at: expires_at };
  };

  return {
    uploadAttachment: operation(
      attachmentContracts.uploadAttachment,
      async ({ principal: { owner }, body, clientId, idempotency }) => {
        const now = clock.now();
        const { record, link } = await upload(owner, body, { now, clientId }, idempotency);
        const { task_id, id } = record.attachment;
        return {
          status: 201 as const,
          location: `/tasks/${task_id}/attachments/${id}`,
          body: { attachment: await linked(record, now), upload: link && { ...link, headers: { ...link.headers } } },
        };
      },
    ),

    listAttachments: operation(
      attachmentContracts.listAttachments,
      async ({ principal: { owner }, params: { task_id } }) => {
        const now = clock.now();
        const records = await attachments.list(owner, task_id, now);
        if (!records) throw new Failure('not-found', 'There is no such task.');
        return {
          status: 200 as const,
          body: { items: await Promise.all(records.map((record) => linked(record, now))) },
        };
      },
    ),

    // No version: the answer carries a fresh link, so that it is never what it was.
    getAttachment: operation(
      attachmentContracts.getAttachment,
      async ({ principal: { owner }, params: { task_id, attachment_id } }) => {
        const now = clock.now();
        const record = await attachments.get({ owner, taskId: task_id, id: attachment_id }, now);
        if (!record) throw new Failure('not-found', 'There is no such attachment.');
        return { status: 200 as const, body: await linked(record, now) };
      },
    ),

    deleteAttachment: operation(
      attachmentContracts.deleteAttachment,
      async ({ principal: { owner }, params: { task_id, attachment_id }, clientId, ifMatch }) => {
        const act = { now: clock.now(), clientId };
        await remove({ owner, taskId: task_id, id: attachment_id }, act, ifMatch);
        return { status: 204 as const };
      },
    ),
  };
};
