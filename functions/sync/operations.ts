import * as z from 'zod/mini';
import { type Clock, secondsAfter } from '#shared/clock.ts';
import { decodeListCursor, encodeCursor } from '#shared/cursors.ts';
import type { OperationsOf } from '#shared/http-handler.ts';
import { operation } from '#shared/operation.ts';
import { Failure } from '#shared/problems.ts';
import { applyEdits } from './apply-edits.ts';
import { defaultLimit, syncContracts } from './contract.ts';
import type { EditStore, PerformTask } from './edit.ts';
import { cursorsOf } from './feed.ts';
import { type FeedReader, pullChanges } from './pull.ts';
import { restoreConflict } from './restore-conflict.ts';
import { newTicket, type TicketStore, ticketSeconds } from './ticket.ts';

export interface SyncNeeds {
  readonly clock: Clock;
  readonly feed: FeedReader;
  readonly tickets: TicketStore;
  readonly edits: EditStore;
  readonly perform: PerformTask;
  /** Where devices connect: `wss://…`. */
  readonly webSocketUrl: string;
}

const conflictList = 'conflicts';

export const syncOperations = (needs: SyncNeeds): OperationsOf<'sync'> => {
  const { clock, feed, tickets, webSocketUrl, edits } = needs;
  const pull = pullChanges({ feed, clock });
  const apply = applyEdits(needs);
  const restore = restoreConflict(needs);
  return {
    pullChanges: operation(syncContracts.pullChanges, async ({ principal: { owner }, query }) => {
      const { changes, ...rest } = await pull(owner, query.cursor ?? null, query.limit);
      return { status: 200 as const, body: { ...rest, changes: [...changes] } };
    }),

    applyEdits: operation(syncContracts.applyEdits, async ({ principal: { owner }, body, requestId }) => {
      const from = body.cursor ?? null;
      // A cursor that is none is refused before anything is done; one that no longer holds keeps no edit from being carried out.
      const holds = from !== null && cursorHolds(() => cursorsOf(owner, feed.stream).read(from));
      // The results say which version was made, and not of what: its author hears of it as all other devices do.
      const results = await apply(owner, body.edits, { now: clock.now(), clientId: null }, requestId);
      const pulled = holds ? await unlessExpired(() => pull(owner, from, defaultLimit)) : null;
      return {
        status: 200 as const,
        body: {
          results: results.map(({ problem, lost, ...result }) => ({
            ...result,
            ...(lost && { lost: [...lost] }),
            ...(problem && { problem: { ...problem } }),
          })),
          cursor: pulled?.cursor ?? null,
          has_more: pulled?.has_more ?? true,
          changes: [...(pulled?.changes ?? [])],
        },
      };
    }),

    listConflicts: operation(syncContracts.listConflicts, async ({ principal: { owner }, query }) => {
      const after = query.cursor === undefined ? null : decodeListCursor(owner, conflictList, z.uuid(), query.cursor);
      const { items, next } = await edits.conflicts(owner, { limit: query.limit, after }, clock.now());
      return {
        status: 200 as const,
        body: { items: [...items], next_cursor: next === null ? null : encodeCursor(owner, conflictList, next) },
      };
    }),

    restoreConflict: operation(
      syncContracts.restoreConflict,
      async ({ principal: { owner }, params: { conflict_id }, clientId }) => {
        const now = clock.now();
        const conflict = (await edits.conflict(owner, conflict_id, now)) ?? missing();
        const record = await restore(owner, conflict, { now, clientId });
        return {
          status: 200 as const,
          body: { ...record.task, tags: [...record.task.tags], reminders: [...record.task.reminders] },
        };
      },
    ),

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

const missing = (): never => {
  throw new Failure('not-found', 'There is no such conflict.');
};

const cursorHolds = (read: () => unknown): boolean => {
  try {
    read();
    return true;
  } catch (error) {
    if (isExpiry(error)) return false;
    throw error;
  }
};

const unlessExpired = async <T>(work: () => Promise<T>): Promise<T | null> => {
  try {
    return await work();
  } catch (error) {
    if (isExpiry(error)) return null;
    throw error;
  }
};

const isExpiry = (error: unknown): boolean => error instanceof Failure && error.type === 'cursor-expired';
