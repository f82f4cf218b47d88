import { dynamoProfileStore } from '#functions/accounts/store.ts';
import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { limitPerSource } from '#shared/rate-limit.ts';
import { openTable } from '#shared/table.ts';
import { mailOperations } from './operations.ts';
import { dynamoMailStore } from './store.ts';

const environment = readEnvironment('mail');
const table = openTable(environment);

export const handler = createHttpHandler(
  'mail',
  mailOperations({
    mail: dynamoMailStore(table),
    profiles: dynamoProfileStore(table),
    limit: limitPerSource({ table, clock: systemClock, perMinute: Number(environment.PUBLIC_REQUESTS_PER_MINUTE) }),
  }),
);
