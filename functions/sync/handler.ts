import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId } from '#shared/ids.ts';
import { late } from '#shared/late.ts';
import { openTable } from '#shared/table.ts';
import type { PerformTask } from './edit.ts';
import { dynamoEditStore } from './edit-store.ts';
import { dynamoFeedReader } from './feed-store.ts';
import { syncOperations } from './operations.ts';
import { dynamoTicketStore } from './ticket-store.ts';

const environment = readEnvironment('sync');
const table = openTable(environment);
const shards = Number(environment.DUE_SHARDS);

/** Devices ask for what is new far more often than they bring edits: what carries those out, recurrence with it, comes with the first. */
const { perform } = late<{ readonly perform: PerformTask }>(async () => {
  const [{ taskActs }, { performTask }, { dynamoTaskStore }, { dynamoJobStore }] = await Promise.all([
    import('#functions/tasks/acts.ts'),
    import('#functions/tasks/operations.ts'),
    import('#functions/tasks/store.ts'),
    import('#functions/tasks/job-store.ts'),
  ]);
  const [tasks, jobs] = [dynamoTaskStore(table, shards), dynamoJobStore(table, shards)];
  return { perform: performTask(taskActs({ tasks, jobs, newId })) };
});

export const handler = createHttpHandler(
  'sync',
  syncOperations({
    clock: systemClock,
    feed: dynamoFeedReader({ table, stream: environment.TABLE_STREAM_ARN }),
    tickets: dynamoTicketStore(table),
    edits: dynamoEditStore(table),
    perform,
    webSocketUrl: environment.WEBSOCKET_URL,
  }),
);
