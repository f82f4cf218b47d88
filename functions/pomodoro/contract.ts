import * as z from 'zod/mini';
import type { OperationOf } from '#blueprint/routes.ts';
import { once } from '#shared/once.ts';
import { type Contract, contract } from '#shared/operation.ts';
import { localDate, wholeNumber } from '#shared/parameters.ts';
import { interruptions, kinds, plannedRange, sessionSchema } from './session.ts';

/** How it stands. The clock runs on: `server_time` says when this was true. */
const standing = once(() =>
  z
    .object({
      session: z.nullable(sessionSchema()),
      server_time: z.string(),
      suggested_next: z.object({ kind: z.enum(kinds), planned_seconds: z.number() }),
    })
    .register(z.globalRegistry, { id: 'PomodoroStanding' }),
);

const sessionPage = once(() =>
  z
    .object({ items: z.array(sessionSchema()), next_cursor: z.nullable(z.string()) })
    .register(z.globalRegistry, { id: 'PomodoroSessionPage' }),
);

const draft = once(() =>
  z.strictObject({
    kind: z._default(z.enum(kinds), 'focus'),
    planned_seconds: z.optional(z.int().check(z.minimum(plannedRange.min), z.maximum(plannedRange.max))),
    task_id: z._default(z.nullable(z.uuid()), null),
    replace: z._default(z.boolean(), false),
  }),
);

/** Which session is meant: without it, whichever is active. */
const whichSession = once(() => ({ session_id: z.optional(z.uuid()) }));

/** A body that may be left out. */
const which = once(() => z.prefault(z.strictObject(whichSession()), {}));

export const pomodoroContracts = {
  startSession: contract(() => ({
    summary: 'Start a session; one is active at a time',
    body: z.prefault(draft(), {}),
    headers: ['Idempotency-Key'],
    replies: { 201: standing() },
    problems: ['session-active', 'not-found', 'idempotency-key-reused'],
  })),
  pauseSession: contract(() => ({
    summary: 'Pause the active session',
    body: which(),
    replies: { 200: standing() },
    problems: ['wrong-state', 'session-active'],
  })),
  resumeSession: contract(() => ({
    summary: 'Go on with the paused session',
    body: which(),
    replies: { 200: standing() },
    problems: ['wrong-state', 'session-active'],
  })),
  stopSession: contract(() => ({
    summary: 'Give a session up: its minutes count, the pomodoro does not',
    body: which(),
    replies: { 200: standing() },
    problems: ['wrong-state', 'session-active'],
  })),
  completeSession: contract(() => ({
    summary: 'Complete a session whose planned time is over, or early; one that has completed itself stays as it is',
    body: z.prefault(z.strictObject({ ...whichSession(), early: z._default(z.boolean(), false) }), {}),
    replies: { 200: standing() },
    problems: ['too-early', 'wrong-state', 'session-active'],
  })),
  interruptSession: contract(() => ({
    summary: 'Count an interruption of the active session',
    body: z.strictObject({ ...whichSession(), kind: z.enum(interruptions) }),
    replies: { 200: standing() },
    problems: ['wrong-state', 'session-active'],
  })),
  getActiveSession: contract(() => ({
    summary: 'The session that is active or paused, if there is one, and what is suggested next',
    replies: { 200: standing() },
  })),
  listSessions: contract(() => ({
    summary: 'List the sessions that are over, the newest first, by the days on which they began',
    query: z.strictObject({
      from: z.optional(localDate()),
      to: z.optional(localDate()),
      task_id: z.optional(z.uuid()),
      limit: z._default(wholeNumber(1, 100), 50),
      cursor: z.optional(z.string()),
    }),
    replies: { 200: sessionPage() },
  })),
} satisfies Record<OperationOf<'pomodoro'>, () => Contract>;
