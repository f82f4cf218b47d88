import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { EventBridgeEvent } from 'aws-lambda';
import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { log, logged, loggedUser } from '#shared/log.ts';
import { openTable } from '#shared/table.ts';
import { traced } from '#shared/trace.ts';
import { usersOf } from './feed-repair.ts';
import { raiseEpoch } from './feed-store.ts';

const { TABLE_NAME, TABLE_STREAM_ARN, FAILURE_BUCKET_NAME } = readEnvironment('feed-repair');
const feed = { table: openTable({ TABLE_NAME }), stream: TABLE_STREAM_ARN };
const s3 = traced('S3', new S3Client({}));

interface ObjectCreated {
  readonly object: { readonly key: string };
}

/** A batch has ended in the failure bucket: whoever it was about starts over instead of missing it. */
export const handler = logged(async ({ detail }: EventBridgeEvent<'Object Created', ObjectCreated>): Promise<void> => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: FAILURE_BUCKET_NAME, Key: detail.object.key }));
  const owners = usersOf((await Body?.transformToString()) ?? '');
  for (const owner of owners) await raiseEpoch(feed, owner, systemClock.now());
  log.error('changes were given up: their users start over', { users: owners.map(loggedUser), key: detail.object.key });
});
