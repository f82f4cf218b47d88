import type { Context } from 'aws-lambda';
import { prefix } from '#blueprint/table.ts';
import { carryOut } from '#functions/tasks/acts.ts';
import { dynamoJobStore } from '#functions/tasks/job-store.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import { secondsAfter, systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { userId } from '#shared/ids.ts';
import { log } from '#shared/log.ts';
import { openTable, queryDue } from '#shared/table.ts';
import { sweep } from './due-work.ts';

const environment = readEnvironment('due-work');
const shards = Number(environment.DUE_SHARDS);
const table = openTable(environment);
const jobs = dynamoJobStore(table, shards);
const finish = carryOut({ tasks: dynamoTaskStore(table), jobs });

const work = sweep({
  clock: systemClock,
  shards,
  due: (shard, now, limit) => queryDue(table, shard, now, limit),
  rooms: {
    [prefix.job]: async ({ pk, sk }, now) => {
      const job = await jobs.claim(userId(pk.slice(prefix.user.length)), sk.slice(prefix.job.length), now);
      if (job) await finish(job);
    },
  },
});

/** The last seconds are for what has been begun. */
const reserveSeconds = 15;

export const handler = async (_event: unknown, context: Context): Promise<void> => {
  const until = secondsAfter(systemClock.now(), context.getRemainingTimeInMillis() / 1000 - reserveSeconds);
  log.info('swept', await work(until));
};
