import type { Context } from 'aws-lambda';
import { prefix, single } from '#blueprint/table.ts';
import { belongingsStore } from '#functions/accounts/belongings-store.ts';
import { cognitoIdentityProvider } from '#functions/accounts/cognito.ts';
import { dynamoDeletionStore } from '#functions/accounts/deletion-store.ts';
import { finishDeletion } from '#functions/accounts/finish-deletion.ts';
import { s3ObjectRemover } from '#functions/accounts/objects.ts';
import { dynamoUsernameStore } from '#functions/accounts/store.ts';
import { giveUp } from '#functions/attachments/arrival.ts';
import { objectsOf, placeOfKey } from '#functions/attachments/attachment.ts';
import { discard } from '#functions/attachments/clean-up.ts';
import { s3FileStore } from '#functions/attachments/files.ts';
import { dynamoAttachmentStore } from '#functions/attachments/store.ts';
import { calendarKeysOf } from '#functions/calendar/store.ts';
import { exportsOf } from '#functions/export/export.ts';
import { unsubscribeKeysOf } from '#functions/mail/store.ts';
import { pomodoroActs } from '#functions/pomodoro/acts.ts';
import { dynamoSessionStore } from '#functions/pomodoro/store.ts';
import { lookAtTask } from '#functions/reminders/look.ts';
import { replanLater } from '#functions/reminders/replan.ts';
import { dynamoReplanStore } from '#functions/reminders/replan-store.ts';
import { dynamoReminderStore } from '#functions/reminders/store.ts';
import { carryOut } from '#functions/tasks/follow-ups.ts';
import { dynamoJobStore } from '#functions/tasks/job-store.ts';
import { pileUp } from '#functions/tasks/pile-up.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import { secondsAfter, systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { newId, userId } from '#shared/ids.ts';
import type { Key } from '#shared/item.ts';
import { log, logged } from '#shared/log.ts';
import { measure } from '#shared/metrics.ts';
import { openTable, queryDue } from '#shared/table.ts';
import { sweep } from './due-work.ts';

const environment = readEnvironment('due-work');
const shards = Number(environment.DUE_SHARDS);
const table = openTable(environment);
const tasks = dynamoTaskStore(table, shards);
const jobs = dynamoJobStore(table, shards);
const pomodoro = pomodoroActs({ sessions: dynamoSessionStore(table, shards), clock: systemClock, newId });
const reminders = dynamoReminderStore(table, shards);
const finish = carryOut({ tasks, jobs });
const pile = pileUp({ tasks, jobs, newId });
const look = lookAtTask({ store: reminders });
const replan = replanLater({ tasks, replans: dynamoReplanStore(table, shards) });
const attached = { attachments: dynamoAttachmentStore(table, shards), files: s3FileStore(environment) };
const stopWaiting = giveUp(attached);
const discardFile = discard(attached);

const forget = finishDeletion({
  deletions: dynamoDeletionStore(table, shards),
  identity: cognitoIdentityProvider(environment),
  usernames: dynamoUsernameStore(table),
  // What lies in no partition of a user's is found through what does: a room that keeps such items says so here.
  belongings: belongingsStore(table, { [single.mail]: unsubscribeKeysOf, [single.calendar]: calendarKeysOf }),
  objects: s3ObjectRemover(environment),
  prefixesOf: (owner) => [objectsOf(owner), exportsOf(owner)],
  clock: systemClock,
});

const ownerOf = ({ pk }: Key) => userId(pk.slice(prefix.user.length));

const work = sweep({
  clock: systemClock,
  shards,
  due: (shard, now, limit, after) => queryDue(table, shard, now, limit, after),
  rooms: {
    [prefix.job]: async (key, now) => {
      const job = await jobs.claim(ownerOf(key), key.sk.slice(prefix.job.length), now);
      if (job) await finish(job);
    },
    [prefix.reminder]: async (key, now) => {
      // What follows from a claim is the stream's (functions/reminders/react.ts).
      await reminders.claim(ownerOf(key), key.sk, now);
    },
    [prefix.series]: (key, now, hasTime) => pile(ownerOf(key), key.sk.slice(prefix.series.length), now, hasTime),
    [prefix.task]: (key, now) => look(ownerOf(key), key.sk.slice(prefix.task.length), now),
    [single.replan]: (key, now) => replan(ownerOf(key), now),
    [prefix.pomodoro]: (key) => pomodoro.finish(ownerOf(key)),
    [prefix.attachment]: (key, now) => stopWaiting(placeOfKey(key), now),
    [single.deletion]: ({ pk }, now) => forget(userId(pk.slice(prefix.deletion.length)), now),
    [prefix.discard]: (key) => discardFile(ownerOf(key), key.sk.slice(prefix.discard.length)),
  },
});

/** The last seconds are for what has been begun. */
const reserveSeconds = 15;

export const handler = logged(async (_event: unknown, context: Context): Promise<void> => {
  const until = secondsAfter(systemClock.now(), context.getRemainingTimeInMillis() / 1000 - reserveSeconds);
  const swept = await work(until);
  log.info('swept', { ...swept });
  await measure({ DueWorkDone: swept.done, DueWorkFailed: swept.failed, DueWorkLag: swept.lag_ms });
});
