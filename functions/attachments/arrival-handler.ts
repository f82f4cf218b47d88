import type { EventBridgeEvent } from 'aws-lambda';
import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { log, logged } from '#shared/log.ts';
import { openTable } from '#shared/table.ts';
import { receive } from './arrival.ts';
import { s3FileStore } from './files.ts';
import { dynamoArrivalStore } from './store.ts';

const environment = readEnvironment('attachment-arrival');
const arrive = receive({
  attachments: dynamoArrivalStore(openTable(environment)),
  files: s3FileStore(environment),
});

interface ObjectCreated {
  readonly object: { readonly key: string };
}

/** A file has arrived in the bucket. What fails here is tried again by Lambda, and in the end by the sweep. */
export const handler = logged(async ({ detail }: EventBridgeEvent<'Object Created', ObjectCreated>): Promise<void> => {
  // Not the key: it names the user.
  log.info('a file has arrived', { outcome: await arrive(detail.object.key, systemClock.now()) });
});
