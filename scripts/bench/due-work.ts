import { randomUUID } from 'node:crypto';
import { prefix } from '#blueprint/table.ts';
import { sweep } from '#functions/due/due-work.ts';
import { reminderWrites } from '#functions/reminders/reminder-row.ts';
import { dynamoReminderStore } from '#functions/reminders/store.ts';
import { secondsAfter, systemClock } from '#shared/clock.ts';
import { inItsShard } from '#shared/due.ts';
import { userId } from '#shared/ids.ts';
import type { Item } from '#shared/item.ts';
import { queryDue, type Table } from '#shared/table.ts';
import { type Cost, costOf } from './cost.ts';
import { plantedTable } from './planted.ts';

/** Reminders of as many people, all in one shard. */
const reminders = (count: number, fires_at: Date): readonly Item[] =>
  Array.from({ length: count }, () => {
    const reminder = { id: randomUUID(), minutes_before: null, at: null, state: 'scheduled' } as const;
    const scheduled = { ...reminder, fires_at: fires_at.toISOString() };
    const [write] = reminderWrites(userId(randomUUID()), randomUUID(), [], [scheduled]);
    const row = write && inItsShard(write, 1);
    return row && 'put' in row ? row.put : {};
  });

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
export const measureDueWork = async (sizes: readonly number[]): Promise<DueWorkFigures> => {
  const costs: DueWorkCost[] = [];
  for (const pending of sizes) {
    const later = secondsAfter(systemClock.now(), 86_400);
    const { table, stop } = await plantedTable([...reminders(pending, later), ...reminders(due, systemClock.now())]);
    costs.push({ pending, ...(await costOf(table, () => runOn(table))) });
    await stop();
  }
  const { table, stop } = await plantedTable(reminders(1_000, systemClock.now()));
  const begin = performance.now();
  const { done } = await runOn(table);
  const seconds = (performance.now() - begin) / 1000;
  await stop();
  return { costs, claimsPerSecond: Math.round(done / seconds) };
};

const runOn = (table: Table) => {
  const store = dynamoReminderStore(table, 1);
  return sweep({
    clock: systemClock,
    shards: 1,
    due: (shard, now, limit, after) => queryDue(table, shard, now, limit, after),
    rooms: {
      [prefix.reminder]: async ({ pk, sk }, now) => {
        await store.claim(userId(pk.slice(prefix.user.length)), sk, now);
      },
    },
  })(secondsAfter(systemClock.now(), 45));
};
