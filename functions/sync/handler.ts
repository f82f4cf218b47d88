import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { openTable } from '#shared/table.ts';
import { dynamoFeedReader } from './feed-store.ts';
import { syncOperations } from './operations.ts';
import { dynamoTicketStore } from './ticket-store.ts';

const environment = readEnvironment('sync');
const table = openTable(environment);

export const handler = createHttpHandler(
  'sync',
  syncOperations({
    clock: systemClock,
    feed: dynamoFeedReader({ table, stream: environment.TABLE_STREAM_ARN }),
    tickets: dynamoTicketStore(table),
    webSocketUrl: environment.WEBSOCKET_URL,
  }),
);
