/** What the reads cost as a person's history grows. */
import { randomUUID } from 'node:crypto';
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
import { type Cost, costOf } from './cost.ts';
import { emptyTable, plantedTable } from './planted.ts';
import { rounded, type Section } from './section.ts';

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

interface Read {
  readonly name: string;
  /** Of each history, in their order. */
  readonly costs: readonly Cost[];
}

const measure = async (histories: readonly number[]): Promise<readonly Read[]> => {
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
    for (const [name, read] of Object.entries(reads)) measured.push({ name, ...(await costOf(table, read)) });
  }
  table.client.destroy();
  await stop();
  return [...Map.groupBy(measured, ({ name }) => name)].map(([name, costs]) => ({ name, costs }));
};

/** A page ends a little earlier or later, by what titles and counters take: a tenth is no growth. */
const noGrowth = 1.1;

export const growth = async (quick: boolean): Promise<Section> => {
  const histories = quick ? [100, 10_000] : [100, 10_000, 100_000];
  const reads = await measure(histories);
  const sizes = histories.map((size) => size.toLocaleString('en')).join(' → ');
  return {
    title: `What a read costs as a history grows: ${sizes} closed tasks`,
    how: `Units of the longest history ÷ those of the shortest, with ${openTasks} open tasks in each, a hundred completions in the last thirty days, and a log of up to ${logLength(Number.POSITIVE_INFINITY)} rows; by the rooms themselves on dynoxide.`,
    figures: reads.map(({ name, costs }) => {
      const units = costs.map((cost) => cost.units);
      return {
        name: `${name}: units, ${units.join(' → ')}`,
        value: rounded((units.at(-1) ?? 0) / Math.max(units[0] ?? 0, 0.5)),
        unit: '×',
        limit: noGrowth,
      };
    }),
  };
};
