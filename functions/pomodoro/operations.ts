import type { Profile } from '#functions/accounts/profile.ts';
import { decodeListCursor, encodeCursor } from '#shared/cursors.ts';
import { daysAfter, instantOf } from '#shared/days.ts';
import type { OperationsOf } from '#shared/http-handler.ts';
import { operation } from '#shared/operation.ts';
import { type ActNeeds, pomodoroActs, type Request, type Standing } from './acts.ts';
import { pomodoroContracts } from './contract.ts';
import { suggestedNext } from './machine.ts';
import type { HistoryFilter } from './ports.ts';
import { isRunning, pastKeys, type SessionRecord, sessionAt } from './session.ts';

export const pomodoroOperations = (needs: ActNeeds): OperationsOf<'pomodoro'> => {
  const { look, start, perform } = pomodoroActs(needs);

  const plain = (command: 'pause' | 'resume' | 'stop') =>
    operation(
      () => pomodoroContracts[`${command}Session`](),
      async ({ principal: { owner }, body, clientId }) =>
        answer(await perform(owner, requestOf(command, body), clientId)),
    );

  return {
    startSession: operation(
      pomodoroContracts.startSession,
      async ({ principal: { owner }, body, clientId, idempotency }) => {
        const draft = { ...body, planned_seconds: body.planned_seconds ?? null };
        const { body: standing } = answer(await start(owner, draft, clientId, idempotency));
        return { status: 201 as const, location: '/pomodoro/active', body: standing };
      },
    ),

    pauseSession: plain('pause'),

    resumeSession: plain('resume'),

    stopSession: plain('stop'),

    completeSession: operation(pomodoroContracts.completeSession, async ({ principal: { owner }, body, clientId }) =>
      answer(await perform(owner, { ...requestOf('complete', body), early: body.early }, clientId)),
    ),

    interruptSession: operation(pomodoroContracts.interruptSession, async ({ principal: { owner }, body, clientId }) =>
      answer(await perform(owner, { ...requestOf('interrupt', body), interruption: body.kind }, clientId)),
    ),

    getActiveSession: operation(pomodoroContracts.getActiveSession, async ({ principal: { owner } }) => {
      const { session: last, profile, now } = await look(owner);
      return { status: 200 as const, body: standingOf(isRunning(last) ? last : null, last, profile, now) };
    }),

    listSessions: operation(pomodoroContracts.listSessions, async ({ principal: { owner }, query }) => {
      const { from = null, to = null, task_id: taskId = null, limit } = query;
      const list = `sessions ${JSON.stringify([from, to, taskId])}`;
      const after = query.cursor === undefined ? null : decodeListCursor(owner, list, pastKeys(), query.cursor);
      const { profile, now } = await look(owner);
      const range = rangeOf(from, to, profile);
      const { sessions, next } = await needs.sessions.page(owner, { ...range, taskId }, { limit, after });
      return {
        status: 200 as const,
        body: {
          items: sessions.map((session) => sessionAt(session, now)),
          next_cursor: next === null ? null : encodeCursor(owner, list, next),
        },
      };
    }),
  };
};

const requestOf = (
  command: Request['command'],
  { session_id }: { readonly session_id?: string | undefined },
): Request => ({ command, session_id: session_id ?? null });

const lastDate = '9999-12-31';

/** From the beginning of one of the user's days to the end of another. */
const rangeOf = (
  from: string | null,
  to: string | null,
  { timezone, day_start }: Profile,
): Pick<HistoryFilter, 'from' | 'before'> => ({
  from: from === null ? null : instantOf(from, day_start, timezone),
  before: to === null || to === lastDate ? null : instantOf(daysAfter(to, 1), day_start, timezone),
});

const standingOf = (session: SessionRecord | null, last: SessionRecord | null, profile: Profile, now: Date) => ({
  session: session && sessionAt(session, now),
  server_time: now.toISOString(),
  suggested_next: suggestedNext(last, profile.pomodoro),
});

/** Without a version: the clock in it runs on, so that it is no tag of the answer. */
const answer = ({ session, last, profile, now }: Standing) => ({
  status: 200 as const,
  body: standingOf(session, last, profile, now),
});
