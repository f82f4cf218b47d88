import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { limitTo } from '#shared/rate-limit.ts';
import { openTable } from '#shared/table.ts';
import { newSecret } from './link.ts';
import { calendarOperations } from './operations.ts';
import { dynamoCalendarStore } from './store.ts';

const environment = readEnvironment('calendar');
const table = openTable(environment);

export const handler = createHttpHandler(
  'calendar',
  calendarOperations({
    calendars: dynamoCalendarStore(table),
    clock: systemClock,
    newSecret,
    apiUrl: environment.HTTP_API_URL,
    limit: limitTo({ table, clock: systemClock, perMinute: Number(environment.PUBLIC_REQUESTS_PER_MINUTE) }),
  }),
);
