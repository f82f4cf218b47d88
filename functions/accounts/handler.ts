import { setTimeout as pause } from 'node:timers/promises';
import { endConnections } from '#functions/sync/connection.ts';
import { dynamoConnectionStore } from '#functions/sync/connection-store.ts';
import { apiGateway } from '#functions/sync/gateway.ts';
import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { limitPerSource } from '#shared/rate-limit.ts';
import { openTable } from '#shared/table.ts';
import { cognitoIdentityProvider } from './cognito.ts';
import { sesTellOwner } from './mail.ts';
import { accountOperations } from './operations.ts';
import { dynamoProfileStore, dynamoUsernameStore } from './store.ts';

const environment = readEnvironment('accounts');
const table = openTable(environment);

export const handler = createHttpHandler(
  'accounts',
  accountOperations({
    identity: cognitoIdentityProvider(environment),
    usernames: dynamoUsernameStore(table),
    profiles: dynamoProfileStore(table),
    endConnections: endConnections({
      connections: dynamoConnectionStore(table),
      gateway: apiGateway(environment.WEBSOCKET_CALLBACK_URL),
    }),
    tellOwner: sesTellOwner(environment.MAIL_FROM),
    clock: systemClock,
    pause,
    limit: limitPerSource({ table, clock: systemClock, perMinute: Number(environment.PUBLIC_REQUESTS_PER_MINUTE) }),
  }),
);
