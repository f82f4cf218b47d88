import { randomUUID } from 'node:crypto';
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { prefix } from '#blueprint/table.ts';
import { sweep } from '#functions/due/due-work.ts';
import { reminderWrites } from '#functions/reminders/reminder-row.ts';
import { dynamoReminderStore } from '#functions/reminders/store.ts';
import { secondsAfter, systemClock } from '#shared/clock.ts';
import { concurrently } from '#shared/concurrently.ts';
import { inItsShard } from '#shared/due.ts';
import { userId } from '#shared/ids.ts';
import { queryDue, type Table } from '#shared/table.ts';
import { type Cost, costOf } from './cost.ts';

/** Reminders of as many people, all in one shard. */
const plant = async (table: Table, count: number, fires_at: Date): Promise<void> => {
  const batches = Array.from({ length: Math.ceil(count / 25) }, (_, index) => Math.min(25, count - index * 25));
  await concurrently(batches, 10, (size) =>
    table.client.send(
      new BatchWriteCommand({
        RequestItems: {
          [table.name]: Array.from({ length: size }, () => {
            const reminder = { id: randomUUID(), minutes_before: null, at: null, state: 'scheduled' } as const;
            const scheduled = { ...reminder, fires_at: fires_at.toISOString() };
            const [write] = reminderWrites(userId(randomUUID()), randomUUID(), [], [scheduled]);
            const row = write && inItsShard(write, 1);
            return { PutRequest: { Item: row && 'put' in row ? row.put : {} } };
          }),
        },
      }),
    ),
  );
};

export interface DueWorkCost extends Cost {
  readonly pending: number;
}

export interface DueWorkFigures {
  readonly costs: readonly DueWorkCost[];
  /** Claims of one run on this machine. */
  readonly claimsPerSecond: number;
}

const due = 100;

/** What a run costs in which a hundred are due while others wait; and how many a run claims on this machine. */
export const measureDueWork = async (table: Table, sizes: readonly number[]): Promise<DueWorkFigures> => {
  const store = dynamoReminderStore(table, 1);
  const run = sweep({
    clock: systemClock,
    shards: 1,
    due: (shard, now, limit, after) => queryDue(table, shard, now, limit, after),
    rooms: {
      [prefix.reminder]: async ({ pk, sk }, now) => {
        await store.claim(userId(pk.slice(prefix.user.length)), sk, now);
      },
    },
  });
  const soon = (): Date => secondsAfter(systemClock.now(), 45);
  const costs: DueWorkCost[] = [];
  let planted = 0;
  for (const pending of sizes) {
    await plant(table, pending - planted, secondsAfter(systemClock.now(), 86_400));
    planted = pending;
    await plant(table, due, systemClock.now());
    costs.push({ pending, ...(await costOf(table, () => run(soon()))) });
  }
  const many = 1_000;
  await plant(table, many, systemClock.now());
  const begin = performance.now();
  const { done } = await run(soon());
  return { costs, claimsPerSecond: Math.round(done / ((performance.now() - begin) / 1000)) };
};
