import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId } from '#shared/ids.ts';
import { late } from '#shared/late.ts';
import { openTable } from '#shared/table.ts';
import { attachmentOperations } from './operations.ts';
import { dynamoAttachmentStore } from './store.ts';

const environment = readEnvironment('attachments');

export const handler = createHttpHandler(
  'attachments',
  attachmentOperations({
    attachments: dynamoAttachmentStore(openTable(environment), Number(environment.DUE_SHARDS)),
    files: late(async () => (await import('./files.ts')).s3FileStore(environment)),
    clock: systemClock,
    newId,
  }),
);
