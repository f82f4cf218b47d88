import type { EventBridgeEvent } from 'aws-lambda';
import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { log } from '#shared/log.ts';
import { openTable } from '#shared/table.ts';
import { receive } from './arrival.ts';
import { s3FileStore } from './files.ts';
import { dynamoArrivalStore } from './store.ts';

const environment = readEnvironment('attachment-arrival');
const arrive = receive({
  attachments: dynamoArrivalStore(openTable(environment)),
  files: s3FileStore(environment),
});

/** A file has arrived in the bucket. What fails here is tried again by Lambda, and in the end by the sweep. */
export const handler = async ({
  detail,
}: EventBridgeEvent<'Object Created', { readonly object: { readonly key: string } }>): Promise<void> => {
  // Not the key: it names the user.
  log.info('a file has arrived', { outcome: await arrive(detail.object.key, systemClock.now()) });
};
