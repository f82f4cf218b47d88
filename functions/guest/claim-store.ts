import * as z from 'zod/mini';
import { prefix } from '#blueprint/table.ts';
import { defaultProfile, profileFromItem, profileKey } from '#functions/accounts/profile.ts';
import { taskFromItem, taskKey } from '#functions/tasks/task.ts';
import { creationWrites } from '#functions/tasks/writes.ts';
import { epochSeconds, memorySeconds, secondsAfter } from '#shared/clock.ts';
import { guestKey, isLive } from '#shared/item.ts';
import { once } from '#shared/once.ts';
import { absent, getItem, getItems, holds, queryPage, type Table, writeAll } from '#shared/table.ts';
import type { ClaimStore } from './claim.ts';
import { noteKey, sameNote, slotOf } from './note.ts';

/** DynamoDB's limit for one BatchGetItem. */
const keysPerRead = 100;

export const dynamoClaimStore = (table: Table): ClaimStore => ({
  days: async (owner, now) => {
    const item = await getItem(table, profileKey(owner));
    return item && isLive(item, now) ? profileFromItem(item) : defaultProfile(owner);
  },

  take: async (guest, note, record, { now }) => {
    const { id, user_id } = record.task;
    return holds(
      writeAll(table, [
        ...creationWrites(record, now),
        { delete: noteKey(guest, slotOf(note.id)), condition: sameNote(note, now) },
        {
          put: {
            ...guestKey(guest, `${prefix.claimed}${note.created_at}#${note.id}`),
            user_id,
            task_id: id,
            ttl: epochSeconds(secondsAfter(now, memorySeconds)),
          },
          condition: absent(now),
        },
      ]),
    );
  },

  taken: async (guest, owner, now) => {
    const { items } = await queryPage(table, { pk: guestKey(guest, '').pk, beginsWith: prefix.claimed });
    const ids = items
      .filter((item) => isLive(item, now))
      .map((item) => claimedItem().parse(item))
      .flatMap(({ user_id, task_id }) => (user_id === owner ? [task_id] : []));
    const tasks = [];
    for (let start = 0; start < ids.length; start += keysPerRead) {
      const keys = ids.slice(start, start + keysPerRead).map((id) => taskKey(owner, id));
      tasks.push(...(await getItems(table, keys)));
    }
    return tasks.flatMap((item) => (item && isLive(item, now) ? [taskFromItem(item)] : []));
  },
});

const claimedItem = once(() => z.object({ user_id: z.string(), task_id: z.string() }));
