import type { DynamoDBStreamEvent } from 'aws-lambda';
import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { logged } from '#shared/log.ts';
import { openTable } from '#shared/table.ts';
import { consumeChanges } from './change-feed.ts';
import { dynamoConnectionStore } from './connection-store.ts';
import { appendRows, raiseEpoch } from './feed-store.ts';
import { apiGateway } from './gateway.ts';
import { pushTo } from './push.ts';

const { TABLE_NAME, TABLE_STREAM_ARN, WEBSOCKET_CALLBACK_URL } = readEnvironment('change-feed');
const feed = { table: openTable({ TABLE_NAME }), stream: TABLE_STREAM_ARN };

const consume = consumeChanges({
  clock: systemClock,
  append: (owner, rows, now) => appendRows(feed, owner, rows, now),
  raiseEpoch: (owner, now) => raiseEpoch(feed, owner, now),
  push: pushTo({
    clock: systemClock,
    connections: dynamoConnectionStore(feed.table),
    gateway: apiGateway(WEBSOCKET_CALLBACK_URL),
    stream: TABLE_STREAM_ARN,
  }),
});

export const handler = logged(({ Records }: DynamoDBStreamEvent) => consume(Records));
