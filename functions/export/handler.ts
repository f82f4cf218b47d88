import { completeProfile } from '#functions/accounts/complete-profile.ts';
import { dynamoProfileStore, dynamoUsernameStore } from '#functions/accounts/store.ts';
import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { late } from '#shared/late.ts';
import { openTable } from '#shared/table.ts';
import { exportOperations } from './operations.ts';
import { dynamoOwnedReader } from './store.ts';

const environment = readEnvironment('export');
const table = openTable(environment);

export const handler = createHttpHandler(
  'export',
  exportOperations({
    profileOf: completeProfile({
      identity: late(async () => (await import('#functions/accounts/cognito.ts')).cognitoIdentityProvider(environment)),
      profiles: dynamoProfileStore(table),
      usernames: dynamoUsernameStore(table),
      clock: systemClock,
    }),
    owned: dynamoOwnedReader(
      table,
      late(async () => (await import('#functions/attachments/files.ts')).s3FileStore(environment)),
    ),
    exports: late(async () => (await import('./objects.ts')).s3ExportStore(environment)),
    clock: systemClock,
  }),
);
