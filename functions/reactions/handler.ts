import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { prefix } from '#blueprint/table.ts';
import { cognitoIdentityProvider } from '#functions/accounts/cognito.ts';
import { completeProfile } from '#functions/accounts/complete-profile.ts';
import { dynamoProfileStore, dynamoUsernameStore } from '#functions/accounts/store.ts';
import { followTask } from '#functions/attachments/clean-up.ts';
import { s3FileStore } from '#functions/attachments/files.ts';
import { dynamoAttachmentStore } from '#functions/attachments/store.ts';
import { claimNotice } from '#functions/mail/claim-store.ts';
import { tellOfFinishedSession } from '#functions/mail/finished-session.ts';
import { sendNotice } from '#functions/mail/send-notice.ts';
import { sesPost } from '#functions/mail/ses.ts';
import { dynamoMailStore } from '#functions/mail/store.ts';
import { reactToClaim } from '#functions/reminders/react.ts';
import { dynamoReminderStore } from '#functions/reminders/store.ts';
import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { logged } from '#shared/log.ts';
import { openTable } from '#shared/table.ts';
import { consumeReactions } from './reactions.ts';

const environment = readEnvironment('reactions');
const table = openTable(environment);

const completed = completeProfile({
  identity: cognitoIdentityProvider(environment),
  profiles: dynamoProfileStore(table),
  usernames: dynamoUsernameStore(table),
  clock: systemClock,
});

const send = sendNotice({
  profileOf: (owner) => completed(owner, null),
  mail: dynamoMailStore(table),
  post: sesPost(environment),
  perDay: Number(environment.MAILS_PER_DAY),
  newToken: () => randomBytes(32).toString('base64url'),
  apiUrl: environment.HTTP_API_URL,
});

const finishedSession = tellOfFinishedSession({
  send,
  claim: claimNotice(table),
  now: systemClock.now,
  pause,
});

const claimed = reactToClaim({
  store: dynamoReminderStore(table, Number(environment.DUE_SHARDS)),
  send,
  clock: systemClock,
});

const cleanUpAfterTask = followTask({
  attachments: dynamoAttachmentStore(table, Number(environment.DUE_SHARDS)),
  files: s3FileStore(environment),
});

/** A room for each of `reactedTo` and `reactedToWhenDeleted`: the event source lets nothing else through. */
const consume = consumeReactions({
  rooms: {
    [prefix.reminder]: async ({ owner, after }) => {
      if (after) await claimed(owner, after);
    },
    [prefix.pomodoro]: ({ owner, before, after }) => finishedSession(owner, before, after),
    [prefix.task]: ({ owner, after }) => cleanUpAfterTask(owner, after, systemClock.now()),
  },
});

export const handler = logged(({ Records }: DynamoDBStreamEvent) => consume(Records));
