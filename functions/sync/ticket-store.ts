import * as z from 'zod/mini';
import { prefix, single } from '#blueprint/table.ts';
import { epochSeconds } from '#shared/clock.ts';
import { hashOf, userId } from '#shared/ids.ts';
import type { Key } from '#shared/item.ts';
import { once } from '#shared/once.ts';
import { ConditionFailed, deleteItem, putItem, type Table, unexpired } from '#shared/table.ts';
import type { TicketStore } from './ticket.ts';

/** One round trip each: spending is one conditional delete. */
export const dynamoTicketStore = (table: Table): TicketStore => ({
  keep: (ticket, { owner, clientId, tokenExpiresAt }, expiresAt) =>
    putItem(table, {
      ...keyOf(ticket),
      user_id: owner,
      client_id: clientId,
      token_expires_at: tokenExpiresAt,
      ttl: epochSeconds(expiresAt),
    }),

  spend: async (ticket, now) => {
    try {
      const { user_id, client_id, token_expires_at } = ticketItem().parse(
        await deleteItem(table, keyOf(ticket), unexpired(now)),
      );
      return { owner: userId(user_id), clientId: client_id, tokenExpiresAt: token_expires_at };
    } catch (error) {
      if (error instanceof ConditionFailed) return null;
      throw error;
    }
  },
});

const keyOf = (ticket: string): Key => ({ pk: `${prefix.ticket}${hashOf(ticket)}`, sk: single.ticket });

const ticketItem = once(() =>
  z.object({ user_id: z.string(), client_id: z.nullable(z.string()), token_expires_at: z.number() }),
);
