import type { Clock } from '#shared/clock.ts';
import { secondsAfter } from '#shared/clock.ts';
import type { OperationsOf } from '#shared/http-handler.ts';
import { operation } from '#shared/operation.ts';
import { syncContracts } from './contract.ts';
import { type FeedReader, pullChanges } from './pull.ts';
import { newTicket, type TicketStore, ticketSeconds } from './ticket.ts';

export interface SyncNeeds {
  readonly clock: Clock;
  readonly feed: FeedReader;
  readonly tickets: TicketStore;
  /** Where devices connect: `wss://…`. */
  readonly webSocketUrl: string;
}

export const syncOperations = ({ clock, feed, tickets, webSocketUrl }: SyncNeeds): OperationsOf<'sync'> => {
  const pull = pullChanges({ feed, clock });
  return {
    pullChanges: operation(syncContracts.pullChanges, async ({ principal: { owner }, query }) => {
      const { changes, ...rest } = await pull(owner, query.cursor ?? null, query.limit);
      return { status: 200 as const, body: { ...rest, changes: [...changes] } };
    }),

    createTicket: operation(syncContracts.createTicket, async ({ principal, body, clientId }) => {
      const ticket = newTicket();
      const expiresAt = secondsAfter(clock.now(), ticketSeconds);
      const { owner, tokenExpiresAt } = principal;
      await tickets.keep(ticket, { owner, clientId: body?.client_id ?? clientId, tokenExpiresAt }, expiresAt);
      return {
        status: 201 as const,
        location: webSocketUrl,
        body: { ticket, url: webSocketUrl, expires_at: expiresAt.toISOString() },
      };
    }),
  };
};
