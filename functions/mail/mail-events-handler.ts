import type { EventBridgeEvent } from 'aws-lambda';
import { readEnvironment } from '#shared/environment.ts';
import { log, logged, loggedUser } from '#shared/log.ts';
import { openTable } from '#shared/table.ts';
import { suppressionOf } from './mail-event.ts';
import { dynamoMailStore } from './store.ts';

const mail = dynamoMailStore(openTable(readEnvironment('mail-events')));

/** Mail has come back, or was called spam: its address gets no more. */
export const handler = logged(async ({ detail }: EventBridgeEvent<string, unknown>): Promise<void> => {
  const found = suppressionOf(detail);
  if (!found) return log.info('mail came back, and may go there again');
  const { owner, suppression } = found;
  const kept = await mail.suppress(owner, suppression);
  log.warn('no more mail to an address', { user: loggedUser(owner), reason: suppression.reason, kept });
});
