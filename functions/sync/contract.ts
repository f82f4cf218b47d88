import * as z from 'zod/mini';
import type { OperationOf } from '#blueprint/routes.ts';
import { taskSchema } from '#functions/tasks/task.ts';
import { once } from '#shared/once.ts';
import { type Contract, contract } from '#shared/operation.ts';
import { clientIds, uuid, wholeNumber } from '#shared/parameters.ts';
import { problemSchema } from '#shared/problem-schema.ts';
import { changeSchema } from './change.ts';
import { conflictSchema, editSchema, lossSchema } from './edit.ts';

const pull = once(() =>
  z
    .object({
      cursor: z.string(),
      snapshot: z.boolean(),
      has_more: z.boolean(),
      changes: z.array(changeSchema()),
    })
    .register(z.globalRegistry, { id: 'Changes' }),
);

/** How many changes one answer holds at most, unless the client asks for another number. */
export const defaultLimit = 200;

const limit = once(() => wholeNumber(1, 1_000));

const editResult = once(() =>
  z
    .object({
      edit_id: z.string(),
      status: z.enum(['applied', 'merged', 'conflict', 'duplicate', 'rejected']),
      id: z.nullable(z.string()),
      version: z.nullable(z.number()),
      lost: z.optional(z.array(lossSchema())),
      problem: z.optional(problemSchema()),
    })
    .register(z.globalRegistry, { id: 'EditResult' }),
);

const clientId = once(() => z.string().check(z.regex(clientIds, 'must be 1 to 64 visible ASCII characters')));

/** What devices send on their socket, by its `action`. */
export const fromDevice = once(() => ({
  ping: z.strictObject({ action: z.literal('ping') }),
  sync: z.strictObject({ action: z.literal('sync'), cursor: z.optional(z.nullable(z.string())) }),
}));

/** What devices are sent, by its `type`. */
export const toDevice = once(() => ({
  pong: z.strictObject({ type: z.literal('pong'), cursor: z.string(), server_time: z.string() }),
  sync: z.union([
    z.strictObject({ type: z.literal('sync'), ...pull().shape }),
    z.strictObject({ type: z.literal('sync'), use_http: z.literal(true) }),
  ]),
  changes: z.strictObject({
    type: z.literal('changes'),
    prev: z.string(),
    cursor: z.string(),
    changes: z.optional(z.array(changeSchema())),
  }),
  error: z.strictObject({ type: z.literal('error'), problem: problemSchema() }),
}));

export const syncContracts = {
  pullChanges: contract(() => ({
    summary: 'What this client does not have yet: everything without a cursor, what has changed since with one',
    query: z.strictObject({ cursor: z.optional(z.string()), limit: z._default(limit(), defaultLimit) }),
    replies: { 200: pull() },
    problems: ['cursor-expired'],
  })),
  applyEdits: contract(() => ({
    summary: 'Carry out what a device did offline, in its order; then what it does not have yet',
    body: z.strictObject({
      cursor: z.optional(z.nullable(z.string())),
      edits: z.array(editSchema()).check(z.maxLength(100)),
    }),
    replies: {
      200: z.object({
        results: z.array(editResult()),
        /** `null`: pull a snapshot. */
        cursor: z.nullable(z.string()),
        has_more: z.boolean(),
        changes: z.array(changeSchema()),
      }),
    },
  })),
  listConflicts: contract(() => ({
    summary: 'Values that offline edits have overwritten, for 30 days',
    query: z.strictObject({ cursor: z.optional(z.string()), limit: z._default(limit(), 50) }),
    replies: { 200: z.object({ items: z.array(conflictSchema()), next_cursor: z.nullable(z.string()) }) },
    names: { conflict_id: '/items/0/id' },
  })),
  restoreConflict: contract(() => ({
    summary: 'Set the overwritten values again',
    params: z.object({ conflict_id: uuid() }),
    replies: { 200: taskSchema() },
    problems: ['not-found', 'wrong-state', 'cycle'],
  })),
  createTicket: contract(() => ({
    summary: 'Get a ticket to connect with: once, within 30 seconds, as `?ticket=` at `url`',
    body: z.optional(z.strictObject({ client_id: z.optional(clientId()) })),
    replies: { 201: z.object({ ticket: z.string(), url: z.string(), expires_at: z.string() }) },
  })),
} satisfies Record<OperationOf<'sync'>, () => Contract>;
