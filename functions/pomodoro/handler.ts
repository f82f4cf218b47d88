import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId } from '#shared/ids.ts';
import { openTable } from '#shared/table.ts';
import { pomodoroOperations } from './operations.ts';
import { dynamoSessionStore } from './store.ts';

const environment = readEnvironment('pomodoro');
const sessions = dynamoSessionStore(openTable(environment), Number(environment.DUE_SHARDS));

export const handler = createHttpHandler('pomodoro', pomodoroOperations({ sessions, clock: systemClock, newId }));
