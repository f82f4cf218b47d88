import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId } from '#shared/ids.ts';
import { openTable } from '#shared/table.ts';
import { taskOperations } from './operations.ts';
import { dynamoTaskStore } from './store.ts';

const tasks = dynamoTaskStore(openTable(readEnvironment('tasks')));

export const handler = createHttpHandler('tasks', taskOperations({ tasks, clock: systemClock, newId }));
