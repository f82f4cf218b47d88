import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { limitPerSource } from '#shared/rate-limit.ts';
import { openTable } from '#shared/table.ts';
import { dynamoClaimStore } from './claim-store.ts';
import { guestOperations } from './operations.ts';
import { dynamoNoteStore } from './store.ts';

const environment = readEnvironment('guest');
const table = openTable(environment);

export const handler = createHttpHandler(
  'guest',
  guestOperations({
    notes: dynamoNoteStore(table),
    claims: dynamoClaimStore(table),
    clock: systemClock,
    limit: limitPerSource({ table, clock: systemClock, perMinute: Number(environment.PUBLIC_REQUESTS_PER_MINUTE) }),
  }),
);
