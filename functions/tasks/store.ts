import { defaultProfile, profileFromItem, profileKey } from '#functions/accounts/profile.ts';
import { countKey } from '#functions/attachments/attachment.ts';
import { seriesFromItem, seriesKey } from '#functions/recurrence/series.ts';
import { inItsShard } from '#shared/due.ts';
import type { UserId } from '#shared/ids.ts';
import { type Item, isLive, userKey } from '#shared/item.ts';
import {
  absent,
  ConditionFailed,
  getItem,
  getItems,
  holds,
  putItem,
  queryAll,
  queryPage,
  type Range,
  type Table,
  type Write,
  writeAll,
} from '#shared/table.ts';
import { rangeBelow } from './path.ts';
import type { StateRange, TaskStore } from './ports.ts';
import { type DayRules, requestHashOf, stateBegins, stateKey, type TaskRecord, taskFromItem, taskKey } from './task.ts';
import { creationWrites } from './writes.ts';

/** Tasks in the single table. @param shards over which that which comes due is spread */
export const dynamoTaskStore = (table: Table, shards: number): TaskStore => {
  const commit = (writes: readonly Write[]): Promise<void> =>
    writeAll(
      table,
      writes.map((write) => inItsShard(write, shards)),
    );

  const getAll: TaskStore['getAll'] = async (owner, ids, now) => {
    if (ids.length === 0) return [];
    const items = await getItems(
      table,
      ids.map((id) => taskKey(owner, id)),
    );
    return items.map((item) => (item && isLive(item, now) ? taskFromItem(item) : null));
  };

  return {
    getAll,

    create: async (record, { now }, checks) => {
      try {
        await commit([...creationWrites(record, now), ...checks]);
        return { outcome: 'created' };
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error;
        if (!error.item) return { outcome: 'stale' };
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

    hasFiles: async (owner, ids) => {
      for (let start = 0; start < ids.length; start += keysPerRead) {
        const part = ids.slice(start, start + keysPerRead);
        const counts = await getItems(
          table,
          part.map((id) => countKey(owner, id)),
        );
        if (counts.some((count) => Number(count?.attachments ?? 0) > 0)) return true;
      }
      return false;
    },

    keptDays: async (owner) => {
      const item = await getItem(table, profileKey(owner));
      return item ? profileFromItem(item) : defaultProfile(owner);
    },

    series: async (owner, id) => {
      const item = await getItem(table, seriesKey(owner, id));
      return item ? seriesFromItem(owner, item) : null;
    },

    below: async (owner, path) => {
      const range = { pk: userKey(owner, '').pk, index: 'by_path', between: rangeBelow(path), whole: true } as const;
      return (await queryAll(table, range)).map(taskFromItem);
    },

    open: async (owner) => (await queryAll(table, stateRange(owner, 'open'))).map(taskFromItem),

    all: async (owner, state) => (await queryAll(table, stateRange(owner, state))).map(taskFromItem),

    commit: (writes) => holds(commit(writes)),

    page: async (owner, { state, matches, refuses }, { limit, skip, after }) => {
      const tasks: TaskRecord[] = [];
      const wanted = skip + limit;
      let startAfter: Item | undefined = after === null ? undefined : startOf(owner, after);
      let looksAt = refuses === 'most' ? Math.max(searchLooksAt, wanted + 1) : wanted + 1;
      // A filter may leave a page short; a second, longer look fills all but the rarest of them.
      for (let looks = refuses === 'nothing' ? 1 : 2; looks > 0; looks -= 1) {
        const { items, lastKey, looked } = await queryPage(table, {
          ...stateRange(owner, state),
          limit: looksAt,
          startAfter,
        });
        tasks.push(...items.map(taskFromItem).filter(matches));
        if (tasks.length > wanted) {
          const last = tasks[wanted - 1];
          return { tasks: tasks.slice(skip, wanted), next: last ? stateKey(last) : null };
        }
        if (!lastKey) return { tasks: tasks.slice(skip), next: null };
        startAfter = lastKey;
        // Fewer than it was allowed to: DynamoDB stopped at 1 MB, and so does the page.
        if (looked < looksAt) break;
        looksAt *= 4;
      }
      return { tasks: tasks.slice(skip), next: String(startAfter?.by_state) };
    },
  };
};

/** BatchGetItem takes so many keys. */
const keysPerRead = 100;

/** A search looks at all that fits into one round trip, for most people: DynamoDB stops at 1 MB. */
const searchLooksAt = 1_000;

const stateRange = (owner: UserId, state: StateRange): Range => ({
  pk: userKey(owner, '').pk,
  index: 'by_state',
  ...(state !== 'any' && { beginsWith: stateBegins[state] }),
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
