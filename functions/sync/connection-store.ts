import * as z from 'zod/mini';
import { prefix } from '#blueprint/table.ts';
import { epochSeconds } from '#shared/clock.ts';
import type { UserId } from '#shared/ids.ts';
import { type Item, isLive, userKey } from '#shared/item.ts';
import { once } from '#shared/once.ts';
import { deleteItem, holds, putItem, queryPage, type Table } from '#shared/table.ts';
import type { Connection, ConnectionStore } from './connection.ts';

/** One round trip each. A user has 20 connections at most, so that one page holds them all. */
export const dynamoConnectionStore = (table: Table): ConnectionStore => ({
  put: (owner, connection) =>
    holds(
      putItem(table, itemOf(owner, connection), {
        expression: 'attribute_not_exists(#ended)',
        names: { '#ended': 'ended' },
      }),
    ),

  end: (owner, connection) => putItem(table, { ...itemOf(owner, connection), ended: true }),

  list: async (owner, now) => {
    const { items } = await queryPage(table, { pk: userKey(owner, '').pk, beginsWith: prefix.connection });
    return items
      .filter((item) => isLive(item, now))
      .map(connectionOf)
      .sort((a, b) => a.connectedAt.getTime() - b.connectedAt.getTime() || (a.id < b.id ? -1 : 1));
  },

  forget: async (owner, id) => {
    await deleteItem(table, userKey(owner, `${prefix.connection}${id}`));
  },
});

const itemOf = (owner: UserId, { id, clientId, connectedAt, expiresAt }: Connection): Item => ({
  ...userKey(owner, `${prefix.connection}${id}`),
  id,
  client_id: clientId,
  connected_at: connectedAt.toISOString(),
  ttl: epochSeconds(expiresAt),
});

const connectionItem = once(() =>
  z.object({
    id: z.string(),
    client_id: z.nullable(z.string()),
    connected_at: z.string(),
    ttl: z.number(),
    ended: z.optional(z.boolean()),
  }),
);

const connectionOf = (item: Item): Connection => {
  const { id, client_id, connected_at, ttl, ended } = connectionItem().parse(item);
  return {
    id,
    clientId: client_id,
    connectedAt: new Date(connected_at),
    expiresAt: new Date(ttl * 1000),
    ...(ended && { ended }),
  };
};
