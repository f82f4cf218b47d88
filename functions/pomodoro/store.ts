import { prefix } from '#blueprint/table.ts';
import { defaultProfile, profileFromItem, profileKey } from '#functions/accounts/profile.ts';
import { taskFromItem, taskKey } from '#functions/tasks/task.ts';
import { isLive, userKey } from '#shared/item.ts';
import { absent, getItems, holds, putItem, queryPage, type Table, writeAll } from '#shared/table.ts';
import type { SessionStore } from './ports.ts';
import { pastPath, seatKey, sessionFromItem } from './session.ts';
import { transitionWrites } from './writes.ts';

/** Sessions in the single table. */
export const dynamoSessionStore = (table: Table, shards: number): SessionStore => ({
  read: async (owner, taskId, now) => {
    const keys = [seatKey(owner), profileKey(owner), ...(taskId === null ? [] : [taskKey(owner, taskId)])];
    const [seat, profile, task] = await getItems(table, keys);
    return {
      session: seat ? sessionFromItem(seat) : null,
      profile: profile ? profileFromItem(profile) : null,
      task: task && isLive(task, now) ? taskFromItem(task) : null,
    };
  },

  // Its e-mail follows when somebody asks for it: `GET /me`.
  makeProfile: async (owner, now) => {
    const profile = defaultProfile(owner);
    await holds(putItem(table, { ...profileKey(owner), ...profile }, absent(now)));
    return profile;
  },

  commit: (transition) => holds(writeAll(table, transitionWrites(transition, shards))),

  find: async (owner, id) => {
    const path = pastPath(id);
    const range = { pk: userKey(owner, '').pk, index: 'by_path', between: [path, path], whole: true } as const;
    const [item] = (await queryPage(table, range)).items;
    return item ? sessionFromItem(item) : null;
  },

  page: async (owner, { from, before, taskId }, { limit, after }) => {
    // A key is longer than the instant it begins with, so that the end of the range is not in it. The seat sorts behind every year.
    const [first, last] = [startOf(from?.toISOString() ?? '0'), startOf(before?.toISOString() ?? ':')];
    // DynamoDB goes on only within the range, and the days of a zone that was changed between two pages are others.
    if (first > last || (after !== null && after < first)) return { sessions: [], next: null };
    const { items, lastKey } = await queryPage(table, {
      pk: userKey(owner, '').pk,
      between: [first, last],
      newestFirst: true,
      startAfter: after !== null && after < last ? { ...userKey(owner, after) } : undefined,
      ...(taskId === null
        ? { limit: limit + 1 }
        : { filter: { expression: '#task = :task', names: { '#task': 'task_id' }, values: { ':task': taskId } } }),
    });
    const page = items.slice(0, limit);
    const end = items.length > limit ? page.at(-1) : lastKey;
    return { sessions: page.map(sessionFromItem), next: end ? String(end.sk) : null };
  },
});

const startOf = (instant: string): string => `${prefix.pomodoro}${instant}`;
