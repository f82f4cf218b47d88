import * as z from 'zod/mini';
import { prefix, single } from '#blueprint/table.ts';
import { dueAt } from '#shared/due.ts';
import type { UserId } from '#shared/ids.ts';
import type { Key } from '#shared/item.ts';
import { once } from '#shared/once.ts';
import { absent, type Condition, deleteItem, getItem, holds, putItem, type Table, updateItem } from '#shared/table.ts';
import type { Deletion, DeletionStore } from './deletion.ts';

/** Deletions in the single table, in a partition that no deletion removes: one round trip each. */
export const dynamoDeletionStore = (table: Table, shards: number): DeletionStore => ({
  find: async (owner) => {
    const item = await getItem(table, deletionKey(owner));
    if (!item) return null;
    const { usernames, looks, due_at } = deletionItem().parse(item);
    return { owner, usernames, looks, dueAt: new Date(due_at) };
  },

  begin: async ({ owner, usernames }, now) => {
    const row = { ...deletionKey(owner), usernames, looks: 0, ...dueAt(owner, now, shards) };
    await holds(putItem(table, row, absent(now)));
  },

  looked: async (deletion, again) => {
    const key = deletionKey(deletion.owner);
    await holds(
      again === null
        ? deleteItem(table, key, asRead(deletion))
        : updateItem(table, key, { set: { looks: deletion.looks + 1, due_at: again.toISOString() } }, asRead(deletion)),
    );
  },
});

const deletionKey = (owner: UserId): Key => ({ pk: `${prefix.deletion}${owner}`, sk: single.deletion });

/** Two that have looked at once have looked once. */
const asRead = ({ looks }: Deletion): Condition => ({
  expression: '#looks = :looks',
  names: { '#looks': 'looks' },
  values: { ':looks': looks },
});

const deletionItem = once(() => z.object({ usernames: z.array(z.string()), looks: z.number(), due_at: z.string() }));
