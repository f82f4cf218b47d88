import { setTimeout as pause } from 'node:timers/promises';
import { replanAtOnce } from '#functions/reminders/replan.ts';
import { dynamoReplanStore } from '#functions/reminders/replan-store.ts';
import { endConnections } from '#functions/sync/connection.ts';
import { dynamoConnectionStore } from '#functions/sync/connection-store.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { late } from '#shared/late.ts';
import { limitPerSource } from '#shared/rate-limit.ts';
import { openTable } from '#shared/table.ts';
import { dynamoDeletionStore } from './deletion-store.ts';
import { accountOperations } from './operations.ts';
import { dynamoProfileStore, dynamoUsernameStore } from './store.ts';

const environment = readEnvironment('accounts');
const table = openTable(environment);
const shards = Number(environment.DUE_SHARDS);
const begin = replanAtOnce({ tasks: dynamoTaskStore(table, shards) });

export const handler = createHttpHandler(
  'accounts',
  accountOperations({
    identity: late(async () => (await import('./cognito.ts')).cognitoIdentityProvider(environment)),
    usernames: dynamoUsernameStore(table),
    profiles: dynamoProfileStore(table),
    replanning: {
      writeOf: dynamoReplanStore(table, shards).writeOf,
      begin: (profile, now) => begin(profile.user_id, profile, now),
    },
    deletions: dynamoDeletionStore(table, shards),
    endConnections: endConnections({
      connections: dynamoConnectionStore(table),
      gateway: late(async () =>
        (await import('#functions/sync/gateway.ts')).apiGateway(environment.WEBSOCKET_CALLBACK_URL),
      ),
    }),
    tellOwner: async (email) => (await import('./mail.ts')).sesTellOwner(environment.MAIL_FROM)(email),
    clock: systemClock,
    pause,
    limit: limitPerSource({ table, clock: systemClock, perMinute: Number(environment.PUBLIC_REQUESTS_PER_MINUTE) }),
  }),
);
