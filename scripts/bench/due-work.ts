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
import { type Figure, rounded, type Section } from './section.ts';

/** Reminders of as many people, all in one shard. */
const reminders = (count: number, fires_at: Date): readonly Item[] =>
  Array.from({ length: count }, () => {
    const reminder = { id: randomUUID(), minutes_before: null, at: null, state: 'scheduled' } as const;
    const scheduled = { ...reminder, fires_at: fires_at.toISOString() };
    const [write] = reminderWrites(userId(randomUUID()), randomUUID(), [], [scheduled]);
    const row = write && inItsShard(write, 1);
    return row && 'put' in row ? row.put : {};
  });

const due = 100;

/** What a run costs in which a hundred are due while others wait. */
const costWith = async (pending: number): Promise<Cost> => {
  const later = secondsAfter(systemClock.now(), 86_400);
  const { table, stop } = await plantedTable([...reminders(pending, later), ...reminders(due, systemClock.now())]);
  const cost = await costOf(table, () => runOn(table));
  table.client.destroy();
  await stop();
  return cost;
};

/** What a partition of an index takes in a second. */
const indexWritesPerSecond = 1_000;
/** Of a minute; the rest is for what has been begun, and for the next run to start. */
const workingSeconds = 45;
/** After which a mail says of itself that it is late. */
const lateSeconds = 300;

/** @param writesOfAClaim in the index  @returns over how many shards a morning's reminders are to be spread so that none is late */
export const shardsFor = (reminderCount: number, writesOfAClaim: number): number =>
  Math.ceil(((reminderCount / lateSeconds) * (60 / workingSeconds) * writesOfAClaim) / indexWritesPerSecond);

/** A claim moves its entry: one out, one in. */
const writesOfAClaim = 2;

export const dueWork = async (quick: boolean): Promise<Section> => {
  const [few, many] = [1_000, quick ? 10_000 : 100_000];
  const costs = [await costWith(few), await costWith(many)] as const;
  return {
    title: `A run of due-work, in which ${due} reminders are due`,
    how: `Units and round trips with ${many.toLocaleString('en')} more that wait ÷ those with ${few.toLocaleString('en')}; on dynoxide. The claims of a second are what a partition of the index takes, 1,000 units, ÷ the two that move an entry.`,
    figures: [
      ratio('units', costs[0].units, costs[1].units),
      ratio('round trips', costs[0].roundTrips, costs[1].roundTrips),
      { name: 'units of a due reminder', value: rounded(costs[1].units / due), unit: 'units', limit: 3.1 },
      { name: 'requests of a due reminder', value: rounded(costs[1].roundTrips / due), unit: 'requests', limit: 1.1 },
      { name: 'claims a second and shard', value: indexWritesPerSecond / writesOfAClaim, unit: 'claims', limit: null },
      {
        name: 'shards for a million reminders at 09:00, none of them late',
        value: shardsFor(1_000_000, writesOfAClaim),
        unit: 'shards',
        limit: 16,
      },
    ],
  };
};

const ratio = (name: string, few: number, many: number): Figure => ({
  name: `${name}, ${few} → ${many}`,
  value: rounded(many / few),
  unit: '×',
  limit: 1.1,
});

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
