import { cognitoIdentityProvider } from '#functions/accounts/cognito.ts';
import { completeProfile } from '#functions/accounts/complete-profile.ts';
import { dynamoProfileStore, dynamoUsernameStore } from '#functions/accounts/store.ts';
import { s3FileStore } from '#functions/attachments/files.ts';
import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { openTable } from '#shared/table.ts';
import { s3ExportStore } from './objects.ts';
import { exportOperations } from './operations.ts';
import { dynamoOwnedReader } from './store.ts';

const environment = readEnvironment('export');
const table = openTable(environment);

export const handler = createHttpHandler(
  'export',
  exportOperations({
    profileOf: completeProfile({
      identity: cognitoIdentityProvider(environment),
      profiles: dynamoProfileStore(table),
      usernames: dynamoUsernameStore(table),
      clock: systemClock,
    }),
    owned: dynamoOwnedReader(table, s3FileStore(environment)),
    exports: s3ExportStore(environment),
    clock: systemClock,
  }),
);
