import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { logged } from '#shared/log.ts';
import { openTable } from '#shared/table.ts';
import { dynamoConnectionStore } from './connection-store.ts';
import { dynamoFeedReader } from './feed-store.ts';
import { apiGateway } from './gateway.ts';
import { answerSocket } from './socket-operations.ts';

const { TABLE_NAME, TABLE_STREAM_ARN, WEBSOCKET_CALLBACK_URL } = readEnvironment('socket');
const table = openTable({ TABLE_NAME });

export const handler = logged(
  answerSocket({
    clock: systemClock,
    connections: dynamoConnectionStore(table),
    gateway: apiGateway(WEBSOCKET_CALLBACK_URL),
    feed: dynamoFeedReader({ table, stream: TABLE_STREAM_ARN }),
  }),
);
