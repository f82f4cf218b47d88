import * as z from 'zod/mini';
import { prefix } from '#blueprint/table.ts';
import { dueAt, leaseEnd } from '#shared/due.ts';
import type { UserId } from '#shared/ids.ts';
import { type Item, type Key, userKey } from '#shared/item.ts';
import { once } from '#shared/once.ts';
import { ConditionFailed, deleteItem, type Table, updateItem } from '#shared/table.ts';
import type { Job, JobStore } from './ports.ts';
import { subtreeActSchema } from './subtree-act.ts';

/** Jobs in the single table: one round trip each. */
export const dynamoJobStore = (table: Table, shards: number): JobStore => ({
  writeOf: ({ id, owner, acts }, now) => ({
    put: { ...jobKey(owner, id), id, acts, ...dueAt(owner, leaseEnd(now), shards) },
  }),

  finish: async ({ owner, id }) => {
    await deleteItem(table, jobKey(owner, id));
  },

  claim: async (owner, id, now) => {
    try {
      const item = await updateItem(
        table,
        jobKey(owner, id),
        { set: { due_at: leaseEnd(now).toISOString() } },
        {
          expression: 'attribute_exists(pk) AND #due_at <= :now',
          names: { '#due_at': 'due_at' },
          values: { ':now': now.toISOString() },
        },
      );
      return jobFromItem(owner, item);
    } catch (error) {
      if (error instanceof ConditionFailed) return null;
      throw error;
    }
  },
});

const jobKey = (owner: UserId, id: string): Key => userKey(owner, `${prefix.job}${id}`);

const jobItem = once(() => z.object({ id: z.string(), acts: z.array(subtreeActSchema()) }));

const jobFromItem = (owner: UserId, item: Item): Job => ({ owner, ...jobItem().parse(item) });
