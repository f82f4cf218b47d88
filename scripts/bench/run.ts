/**
 * `npm run bench`: what the reads cost as a person's history grows, and a run of due-work as more waits. Counts only, of DynamoDB's round
 * trips and of the units it says it used (dynoxide counts them as DynamoDB does), each beside its limit; exit code 1 when one is over it.
 * `--json` for machines, `--quick` without the hundred thousand.
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { reportsFrom } from '#functions/reports/reports.ts';
import { dynamoReportStore } from '#functions/reports/store.ts';
import { changeOf } from '#functions/sync/change.ts';
import { cursorsOf } from '#functions/sync/feed.ts';
import { appendRows, dynamoFeedReader } from '#functions/sync/feed-store.ts';
import { pullChanges } from '#functions/sync/pull.ts';
import { listTasks } from '#functions/tasks/listing.ts';
import { everything } from '#functions/tasks/query.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import { completeTask, itemOfTask, newTask, type TaskRecord } from '#functions/tasks/task.ts';
import { creationWrites } from '#functions/tasks/writes.ts';
import { daysInSeconds, secondsAfter, systemClock } from '#shared/clock.ts';
import { newId, type UserId, userId } from '#shared/ids.ts';
import { type Item, userKey } from '#shared/item.ts';
import { itemsOf } from '#test/support/table.ts';
import { costOf } from './cost.ts';
import { measureDueWork } from './due-work.ts';
import { emptyTable, plantedTable } from './planted.ts';

const { json, quick } = parseArgs({
  options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
}).values;

const histories = quick ? [100, 10_000] : [100, 10_000, 100_000];

const days = { timezone: 'UTC', day_start: '00:00' };

/** Open tasks of everybody, however long their history: what people see every day. */
const openTasks = 50;

/** When a task of the history was done: a hundred in the last thirty days, of everybody; the others well before that, twenty a day. */
const doneAt = (index: number): Date =>
  secondsAfter(new Date(), -daysInSeconds(index < 100 ? index % 30 : 40 + Math.floor((index - 100) / 20)));

interface Person {
  readonly owner: UserId;
  readonly history: number;
  readonly root: TaskRecord;
  readonly items: readonly Item[];
}

const person = (history: number): Person => {
  const owner = userId(randomUUID());
  const make = (title: string, parent: TaskRecord | null = null): TaskRecord =>
    newTask(
      {
        id: newId(),
        owner,
        fields: { title, description: null, status: 'todo', priority: 'none', due_date: null, tags: ['bench'] },
        requestHash: null,
        parent,
      },
      { now: new Date(), clientId: null },
      days,
    );
  const root = make('root');
  const records = [
    root,
    ...Array.from({ length: 20 }, (_, index) => make(`below ${index}`, root)),
    ...Array.from({ length: openTasks - 21 }, (_, index) => make(`open ${index}`)),
    ...Array.from({ length: history }, (_, index) =>
      completeTask(make(`done ${index}`), { now: doneAt(index), clientId: null }, days),
    ),
  ];
  return { owner, history, root, items: itemsOfAll(records) };
};

/** As the transactions that create them would leave them, counters included. */
const itemsOfAll = (records: readonly TaskRecord[]): readonly Item[] => {
  const writes = records.flatMap((record) => creationWrites(record, new Date()));
  const counts = Map.groupBy(
    writes.flatMap((write) => ('update' in write ? [write.update] : [])),
    ({ sk }) => sk,
  );
  return [
    ...writes.flatMap((write) => ('put' in write ? [write.put] : [])),
    ...[...counts.values()].map((keys): Item => ({ ...keys[0], completed: keys.length })),
  ];
};

const stream = 'bench';

/** What a device that was away for a moment asks about: a log as long as the history, as far as it is kept in the bench. */
const logsOf = async (people: readonly Person[]): Promise<readonly Item[]> => {
  const { table, stop } = await emptyTable();
  const logs = [];
  for (const { owner, history, root } of people) {
    const told = [{ change: changeOf(itemOfTask(root)), changedBy: null }];
    await appendRows({ table, stream }, owner, Array(logLength(history)).fill(told), new Date());
    logs.push(...(await itemsOf(table, userKey(owner, '').pk)));
  }
  await stop();
  return logs;
};

const logLength = (history: number): number => Math.min(history, 300);

/** A partition of an index takes 1,000 writes a second, and a claim moves an entry: it is one out, and one in. */
const claimsOfAShard = 500;

const run = async (): Promise<void> => {
  const people = histories.map(person);
  const { table, stop } = await plantedTable([...(await logsOf(people)), ...people.flatMap(({ items }) => items)]);
  const tasks = dynamoTaskStore(table, 1);
  const feed = { table, stream };
  const list = listTasks({ tasks });
  const pull = pullChanges({ feed: dynamoFeedReader(feed), clock: systemClock });
  const reports = reportsFrom({ reports: dynamoReportStore(table), clock: systemClock });
  const request = { filter: everything, order: null, view: 'flat', limit: 50, skip: 0, cursor: null } as const;

  const measured = [];
  for (const { owner, history, root } of people) {
    const cursor = cursorsOf(owner, stream).after({ epoch: 1, seq: logLength(history) - 10 });
    const reads = {
      delta: () => pull(owner, cursor, 200),
      'open list page': () => list(owner, { ...request, filter: { ...everything, status: 'open' } }, new Date()),
      'default list page': () => list(owner, request, new Date()),
      subtree: () => tasks.below(owner, root.path),
      'search over the open set': () =>
        list(owner, { ...request, filter: { ...everything, status: 'open', search_term: 'open 7' } }, new Date()),
      'head of the log': () => dynamoFeedReader(feed).head(owner),
      'first page of a snapshot': () => pull(owner, null, 50),
      'tasks completed by day': () => reports.tasksCompleted(owner, {}),
      'pomodoros completed by day': () => reports.pomodorosCompleted(owner, {}),
      'tags of the last month': () => reports.frequentTags(owner, { basis: 'completed', limit: 10 }),
      'tags in focus': () => reports.frequentTags(owner, { basis: 'focus', limit: 10 }),
      'tags of what is open': () => reports.frequentTags(owner, { basis: 'open', limit: 10 }),
    };
    for (const [name, read] of Object.entries(reads)) {
      measured.push({ name, history, ...(await costOf(table, read)) });
    }
  }
  await stop();

  const dueWork = await measureDueWork([1_000, quick ? 10_000 : 100_000]);
  const rows = [...Map.groupBy(measured, ({ name }) => name)].map(([name, costs]) => {
    const [first, last] = [costs[0], costs.at(-1)];
    const growth = (last?.units ?? 0) / Math.max(first?.units ?? 1, 0.5);
    return {
      name,
      round_trips: last?.roundTrips ?? 0,
      units: costs.map(({ units }) => units),
      growth: Number(growth.toFixed(2)),
      limit: 1.1,
    };
  });
  const [few, many] = [dueWork.costs[0], dueWork.costs.at(-1)];
  const sweepGrows = (many?.units ?? 0) > (few?.units ?? 0) * 1.1 || (many?.roundTrips ?? 0) > (few?.roundTrips ?? 0);
  const over = [
    ...rows.filter(({ growth, limit }) => growth > limit).map(({ name }) => name),
    ...(sweepGrows ? ['a run of due-work'] : []),
  ];
  if (json) console.log(JSON.stringify({ rows, due_work: dueWork, over }, null, 2));
  else {
    console.log(
      `\nWhat a read costs with ${openTasks} open tasks and a history of ${histories.map((size) => size.toLocaleString('en')).join(' → ')} closed ones\n`,
    );
    console.log(`${'read'.padEnd(28)} ${'round trips'.padStart(11)}  ${'read units'.padEnd(22)} growth (limit)`);
    for (const { name, round_trips, units, growth, limit } of rows) {
      console.log(
        `${name.padEnd(28)} ${String(round_trips).padStart(11)}  ${units.join(' → ').padEnd(22)} ${growth} (${limit})${growth > limit ? '  ✗' : ''}`,
      );
    }
    console.log('\nWhat a run of due-work costs in which a hundred reminders are due\n');
    for (const { pending, roundTrips, units } of dueWork.costs) {
      console.log(`${String(pending).padStart(7)} more wait: ${roundTrips} round trips, ${units} units`);
    }
    console.log(
      `${dueWork.claimsPerSecond} claims a second on this machine; on AWS ${claimsOfAShard} a second and shard (docs/due-work.md)${sweepGrows ? '  ✗' : ''}`,
    );
  }
  table.client.destroy();
  process.exitCode = over.length > 0 ? 1 : 0;
};

await run();
