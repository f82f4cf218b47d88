import { defaultProfile, profileFromItem, profileKey } from '#functions/accounts/profile.ts';
import type { UserId } from '#shared/ids.ts';
import { type Item, isLive, userKey } from '#shared/item.ts';
import {
  absent,
  atVersion,
  ConditionFailed,
  getItem,
  getItems,
  holds,
  putItem,
  queryPage,
  type Range,
  type Table,
  writeAll,
} from '#shared/table.ts';
import {
  type DayRules,
  requestHashOf,
  stateKey,
  stateRangeOf,
  type TaskFilter,
  type TaskPage,
  type TaskRecord,
  type TaskStore,
  taskFromItem,
  taskKey,
} from './task.ts';
import { creationWrites, replacementWrites, tombstoneOf } from './writes.ts';

/** Tasks in the single table. Every method is one round trip, unless it says otherwise. */
export const dynamoTaskStore = (table: Table): TaskStore => ({
  create: async (record, { now }) => {
    try {
      await writeAll(table, creationWrites(record, now));
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

  replace: (before, after) => holds(writeAll(table, replacementWrites(before, after))),

  remove: (before, act) => holds(putItem(table, tombstoneOf(before, act), atVersion(before.task.version))),

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

const rangeOf = (owner: UserId, filter: TaskFilter): Range => ({
  pk: userKey(owner, '').pk,
  index: 'by_state',
  beginsWith: stateRangeOf(filter),
  ...(filter !== null &&
    filter !== 'open' && {
      filter: { expression: '#status = :status', names: { '#status': 'status' }, values: { ':status': filter } },
    }),
});

/** A key of `by_state` ends with the task's id, which is all that the table's own key needs. */
const startOf = (owner: UserId, by_state: string): Item => ({
  ...taskKey(owner, by_state.slice(by_state.lastIndexOf('#') + 1)),
  by_state,
});

/** A profile that is missing is made on the way (its e-mail follows when somebody asks for it: `GET /me`). */
const daysOf = async (table: Table, owner: UserId, item: Item | undefined, now: Date): Promise<DayRules> => {
  if (item) return profileFromItem(item);
  const profile = defaultProfile(owner);
  await holds(putItem(table, { ...profileKey(owner), ...profile }, absent(now)));
  return profile;
};
