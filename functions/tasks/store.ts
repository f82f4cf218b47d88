import { prefix } from '#blueprint/table.ts';
import { defaultProfile, profileFromItem, profileKey } from '#functions/accounts/profile.ts';
import { epochSeconds, memorySeconds, secondsAfter } from '#shared/clock.ts';
import type { UserId } from '#shared/ids.ts';
import { type Item, isLive, userKey } from '#shared/item.ts';
import {
  absent,
  atVersion,
  ConditionFailed,
  getItem,
  getItems,
  putItem,
  queryPage,
  type Range,
  type Table,
  type Write,
  writeAll,
} from '#shared/table.ts';
import {
  type Act,
  type Counted,
  type DayRules,
  isOpen,
  itemOfTask,
  requestHashOf,
  stateKey,
  type TaskFilter,
  type TaskPage,
  type TaskRecord,
  type TaskStore,
  taskFromItem,
  taskKey,
} from './task.ts';

/** Tasks in the single table. Every method is one round trip, unless it says otherwise. */
export const dynamoTaskStore = (table: Table): TaskStore => ({
  create: async (record, { now }) => {
    try {
      // A task that is done from its beginning is counted in the same act.
      await writeAll(table, [{ put: itemOfTask(record), condition: absent(now) }, ...countWrites(null, record)]);
      return { outcome: 'created' };
    } catch (error) {
      if (!(error instanceof ConditionFailed) || !error.item) throw error;
      const requestHash = requestHashOf(error.item);
      return isLive(error.item, now)
        ? { outcome: 'exists', record: taskFromItem(error.item), requestHash }
        : { outcome: 'deleted', requestHash };
    }
  },

  get: async (owner, id, now) => {
    const item = await getItem(table, taskKey(owner, id));
    return item && isLive(item, now) ? taskFromItem(item) : null;
  },

  getWithDays: async (owner, id, now) => {
    const [item, profile] = await getItems(table, [taskKey(owner, id), profileKey(owner)]);
    return item && isLive(item, now)
      ? { record: taskFromItem(item), days: await daysOf(table, owner, profile, now) }
      : null;
  },

  days: async (owner, now) => daysOf(table, owner, await getItem(table, profileKey(owner)), now),

  replace: (before, after) =>
    unlessStale(
      writeAll(table, [
        { put: itemOfTask(after), condition: atVersion(before.task.version) },
        ...countWrites(before, after),
      ]),
    ),

  remove: (before, act) => unlessStale(putItem(table, tombstoneOf(before, act), atVersion(before.task.version))),

  list: async (owner, filter, { limit, after }) => {
    const range = rangeOf(owner, filter);
    const tasks: TaskRecord[] = [];
    let startAfter: Item | undefined = after === null ? undefined : startOf(owner, after);
    let looksAt = limit + 1;
    // A filter may leave a page short; a second, longer look fills all but the rarest of them.
    for (let looks = range.filter ? 2 : 1; looks > 0; looks -= 1) {
      const { items, lastKey, looked } = await queryPage(table, { ...range, limit: looksAt, startAfter });
      tasks.push(...items.map(taskFromItem));
      if (tasks.length > limit) return pageOf(tasks.slice(0, limit));
      if (!lastKey) return { tasks, next: null };
      startAfter = lastKey;
      // Fewer than it was allowed to: DynamoDB stopped at 1 MB, and so does the page.
      if (looked < looksAt) break;
      looksAt *= 4;
    }
    return { tasks, next: String(startAfter?.by_state) };
  },
});

const pageOf = (tasks: readonly TaskRecord[]): TaskPage => {
  const last = tasks.at(-1);
  return { tasks, next: last ? stateKey(last) : null };
};

const rangeOf = (owner: UserId, filter: TaskFilter): Range => {
  const all: Range = { pk: userKey(owner, '').pk, index: 'by_state' };
  if (filter === null) return all;
  if (filter === 'open') return { ...all, beginsWith: '1#' };
  return {
    ...all,
    beginsWith: isOpen(filter) ? '1#' : '2#',
    filter: { expression: '#status = :status', names: { '#status': 'status' }, values: { ':status': filter } },
  };
};

/** A key of `by_state` ends with the task's id, which is all that the table's own key needs. */
const startOf = (owner: UserId, by_state: string): Item => ({
  ...taskKey(owner, by_state.slice(by_state.lastIndexOf('#') + 1)),
  by_state,
});

/** @returns false when somebody else wrote meanwhile (or deleted): to be read again */
const unlessStale = async (write: Promise<void>): Promise<boolean> => {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
};

/**
 * What completing, or undoing it, counts: a row that outlives the task, and the day's counters.
 * They change in the transaction of their cause, so that a report always equals a recount of the rows.
 */
const countWrites = (before: TaskRecord | null, { task, counted }: TaskRecord): Write[] => {
  const undone = before?.counted ?? null;
  if (undone?.completed_at === counted?.completed_at) return [];
  return [
    ...(undone ? [{ delete: completionKey(task.user_id, task.id, undone) }, dayWrite(task.user_id, undone, -1)] : []),
    ...(counted
      ? [
          {
            put: {
              ...completionKey(task.user_id, task.id, counted),
              task_id: task.id,
              completed_at: counted.completed_at,
              day: counted.day,
              tags: task.tags,
            },
          },
          dayWrite(task.user_id, counted, 1),
        ]
      : []),
  ];
};

const completionKey = (owner: UserId, id: string, { completed_at }: Counted) =>
  userKey(owner, `${prefix.completion}${completed_at}#${id}`);

/** A counter a tag, as attributes of the day: `ADD` makes what is not there. */
const dayWrite = (owner: UserId, { day, tags }: Counted, by: 1 | -1): Write => ({
  update: userKey(owner, `${prefix.day}${day}`),
  change: { add: { completed: by, ...Object.fromEntries(tags.map((tag) => [`tag#${tag}`, by])) } },
});

/** What is left of a deleted task: enough to tell devices, and to answer a replayed creation. */
const tombstoneOf = ({ task, requestHash }: TaskRecord, { now, clientId }: Act): Item => ({
  ...taskKey(task.user_id, task.id),
  id: task.id,
  deleted: true,
  version: task.version + 1,
  changed_by: clientId,
  request_hash: requestHash,
  ttl: epochSeconds(secondsAfter(now, memorySeconds)),
});

/** A profile that is missing is made on the way (its e-mail follows when somebody asks for it: `GET /me`). */
const daysOf = async (table: Table, owner: UserId, item: Item | undefined, now: Date): Promise<DayRules> => {
  if (item) return profileFromItem(item);
  const profile = defaultProfile(owner);
  await unlessStale(putItem(table, { ...profileKey(owner), ...profile }, absent(now)));
  return profile;
};
