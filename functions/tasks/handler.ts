import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId } from '#shared/ids.ts';
import { openTable } from '#shared/table.ts';
import { dynamoJobStore } from './job-store.ts';
import { taskOperations } from './operations.ts';
import { dynamoTaskStore } from './store.ts';

const environment = readEnvironment('tasks');
const table = openTable(environment);
const shards = Number(environment.DUE_SHARDS);

export const handler = createHttpHandler(
  'tasks',
  taskOperations({
    tasks: dynamoTaskStore(table, shards),
    jobs: dynamoJobStore(table, shards),
    clock: systemClock,
    newId,
  }),
);
