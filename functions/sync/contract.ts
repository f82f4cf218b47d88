import * as z from 'zod/mini';
import type { OperationOf } from '#blueprint/routes.ts';
import { type Contract, contract } from '#shared/operation.ts';
import { changeSchema } from './change.ts';

const pull = z.object({
  cursor: z.string(),
  snapshot: z.boolean(),
  has_more: z.boolean(),
  changes: z.array(changeSchema),
});
z.globalRegistry.add(pull, { id: 'Changes' });

/** How many changes one answer holds at most, unless the client asks for another number. */
export const defaultLimit = 200;

const limit = z.pipe(
  z.string().check(z.regex(/^\d{1,4}$/, 'must be a whole number from 1 to 1000')),
  z.pipe(z.transform(Number), z.int().check(z.minimum(1), z.maximum(1000))),
);

const clientId = z.string().check(z.regex(/^[\x21-\x7e]{1,64}$/, 'must be 1 to 64 visible ASCII characters'));

export const syncContracts = {
  pullChanges: contract({
    summary: 'What this client does not have yet: everything without a cursor, what has changed since with one',
    query: z.strictObject({ cursor: z.optional(z.string()), limit: z._default(limit, defaultLimit) }),
    replies: { 200: pull },
    problems: ['cursor-expired'],
  }),
  createTicket: contract({
    summary: 'Get a ticket to connect with: once, within 30 seconds, as `?ticket=` at `url`',
    body: z.optional(z.strictObject({ client_id: z.optional(clientId) })),
    replies: { 201: z.object({ ticket: z.string(), url: z.string(), expires_at: z.string() }) },
  }),
} satisfies Record<OperationOf<'sync'>, Contract>;
