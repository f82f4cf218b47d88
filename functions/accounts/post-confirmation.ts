import type { PostConfirmationTriggerEvent } from 'aws-lambda';
import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { logged } from '#shared/log.ts';
import { openTable } from '#shared/table.ts';
import { accountConfirmed } from './confirmed.ts';
import { dynamoProfileStore, dynamoUsernameStore } from './store.ts';

const table = openTable(readEnvironment('post-confirmation'));

const confirmed = accountConfirmed({
  profiles: dynamoProfileStore(table),
  usernames: dynamoUsernameStore(table),
  clock: systemClock,
});

export const handler = logged((event: PostConfirmationTriggerEvent) => confirmed(event));
