import { single } from '#blueprint/table.ts';
import { dueAt, leaseEnd } from '#shared/due.ts';
import { userKey } from '#shared/item.ts';
import { ConditionFailed, deleteItem, holds, type Table, updateItem } from '#shared/table.ts';
import type { ReplanStore } from './replan.ts';

/** One row a user, in the single table: one round trip each. */
export const dynamoReplanStore = (table: Table, shards: number): ReplanStore => ({
  writeOf: (owner, now) => ({
    put: { ...userKey(owner, single.replan), ...dueAt(owner, leaseEnd(now), shards) },
  }),

  claim: async (owner, now) => {
    const claimed = leaseEnd(now).toISOString();
    try {
      await updateItem(
        table,
        userKey(owner, single.replan),
        { set: { due_at: claimed } },
        {
          expression: 'attribute_exists(pk) AND #due_at <= :now',
          names: { '#due_at': 'due_at' },
          values: { ':now': now.toISOString() },
        },
      );
      return claimed;
    } catch (error) {
      if (error instanceof ConditionFailed) return null;
      throw error;
    }
  },

  finish: async (owner, claimed) => {
    await holds(
      deleteItem(table, userKey(owner, single.replan), {
        expression: '#due_at = :claimed',
        names: { '#due_at': 'due_at' },
        values: { ':claimed': claimed },
      }),
    );
  },
});
