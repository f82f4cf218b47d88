import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId } from '#shared/ids.ts';
import { openTable } from '#shared/table.ts';
import { s3FileStore } from './files.ts';
import { attachmentOperations } from './operations.ts';
import { dynamoAttachmentStore } from './store.ts';

const environment = readEnvironment('attachments');

export const handler = createHttpHandler(
  'attachments',
  attachmentOperations({
    attachments: dynamoAttachmentStore(openTable(environment), Number(environment.DUE_SHARDS)),
    files: s3FileStore(environment),
    clock: systemClock,
    newId,
  }),
);
