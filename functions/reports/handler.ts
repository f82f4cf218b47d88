import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { openTable } from '#shared/table.ts';
import { reportOperations } from './operations.ts';
import { dynamoReportStore } from './store.ts';

const reports = dynamoReportStore(openTable(readEnvironment('reports')));

export const handler = createHttpHandler('reports', reportOperations({ reports, clock: systemClock }));
