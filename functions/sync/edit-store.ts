import * as z from 'zod/mini';
import { prefix } from '#blueprint/table.ts';
import { epochSeconds, memorySeconds, secondsAfter } from '#shared/clock.ts';
import { derivedId, hashOf, type UserId } from '#shared/ids.ts';
import { isLive, type Key, userKey } from '#shared/item.ts';
import { once } from '#shared/once.ts';
import { absent, getItem, getItems, queryPage, type Table } from '#shared/table.ts';
import { conflictSchema, type EditStore, settledSchema } from './edit.ts';

/** Results of edits, and the values they have overwritten: each for 30 days. */
export const dynamoEditStore = (table: Table): EditStore => ({
  settled: async (owner, editIds, now) => {
    const ids = [...new Set(editIds)];
    if (ids.length === 0) return new Map();
    const items = await getItems(
      table,
      ids.map((id) => editKey(owner, id)),
    );
    const live = items.flatMap((item) => (item && isLive(item, now) ? [editItem().parse(item).result] : []));
    return new Map(live.map((result) => [result.edit_id, result]));
  },

  writesOf: (owner, settled, before, deleted, now) => {
    const ttl = epochSeconds(secondsAfter(now, memorySeconds));
    const id = derivedId('conflict', owner, settled.edit_id);
    return [
      { put: { ...editKey(owner, settled.edit_id), result: settled, ttl }, condition: absent(now) },
      ...(settled.lost && before
        ? [
            {
              put: {
                ...conflictKey(owner, id),
                id,
                task_id: settled.id,
                edit_id: settled.edit_id,
                at: now.toISOString(),
                task_deleted: deleted,
                lost: settled.lost,
                ttl,
              },
            },
          ]
        : []),
    ];
  },

  conflicts: async (owner, { limit, after }, now) => {
    const { items, lastKey } = await queryPage(table, {
      pk: userKey(owner, '').pk,
      beginsWith: prefix.conflict,
      limit,
      startAfter: after === null ? undefined : { ...conflictKey(owner, after) },
    });
    return {
      items: items.filter((item) => isLive(item, now)).map((item) => conflictSchema().parse(item)),
      next: lastKey ? String(lastKey.sk).slice(prefix.conflict.length) : null,
    };
  },

  conflict: async (owner, id, now) => {
    const item = await getItem(table, conflictKey(owner, id));
    return item && isLive(item, now) ? conflictSchema().parse(item) : null;
  },

  forgetConflict: (owner, id) => [
    { delete: conflictKey(owner, id), condition: { expression: 'attribute_exists(pk)' } },
  ],
});

/** Hashed: a device's own name for an edit may be anything. */
const editKey = (owner: UserId, editId: string): Key => userKey(owner, `${prefix.edit}${hashOf(editId)}`);

const conflictKey = (owner: UserId, id: string): Key => userKey(owner, `${prefix.conflict}${id}`);

const editItem = once(() => z.object({ result: settledSchema() }));
