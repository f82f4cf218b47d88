import { taskActs } from '#functions/tasks/acts.ts';
import { dynamoJobStore } from '#functions/tasks/job-store.ts';
import { performTask } from '#functions/tasks/operations.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId } from '#shared/ids.ts';
import { openTable } from '#shared/table.ts';
import { dynamoEditStore } from './edit-store.ts';
import { dynamoFeedReader } from './feed-store.ts';
import { syncOperations } from './operations.ts';
import { dynamoTicketStore } from './ticket-store.ts';

const environment = readEnvironment('sync');
const table = openTable(environment);
const shards = Number(environment.DUE_SHARDS);

export const handler = createHttpHandler(
  'sync',
  syncOperations({
    clock: systemClock,
    feed: dynamoFeedReader({ table, stream: environment.TABLE_STREAM_ARN }),
    tickets: dynamoTicketStore(table),
    edits: dynamoEditStore(table),
    perform: performTask(
      taskActs({
        tasks: dynamoTaskStore(table, shards),
        jobs: dynamoJobStore(table, shards),
        newId,
      }),
    ),
    webSocketUrl: environment.WEBSOCKET_URL,
  }),
);
