import { defaultProfile, type Profile } from '#functions/accounts/profile.ts';
import type { Act } from '#functions/tasks/task.ts';
import type { Clock } from '#shared/clock.ts';
import { derivedId, type UserId } from '#shared/ids.ts';
import type { Idempotency } from '#shared/operation.ts';
import { Failure } from '#shared/problems.ts';
import { untilItHolds } from '#shared/retry.ts';
import { type Command, moved, newSession, plannedSeconds, settled } from './machine.ts';
import type { Seat, SessionStore } from './ports.ts';
import { type Interruption, isRunning, type Kind, type Running, type SessionRecord, sessionAt } from './session.ts';

export interface ActNeeds {
  readonly sessions: SessionStore;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** What a person asks for when they start. */
export interface Draft {
  readonly kind: Kind;
  /** `null`: as the profile says for the kind. */
  readonly planned_seconds: number | null;
  readonly task_id: string | null;
  /** Stops what is active or paused first. */
  readonly replace: boolean;
}

/** What a person asks of the session that they have. */
export interface Request {
  readonly command: Command;
  /** Which session they mean; `null`: whichever it is. */
  readonly session_id: string | null;
  /** With `complete`: although the planned time is not over. */
  readonly early?: boolean;
  /** With `interrupt`. */
  readonly interruption?: Interruption;
}

/** How it stands at a moment: the session that was asked about, and the one that is active, paused, or was last. */
export interface Standing {
  readonly session: SessionRecord;
  readonly last: SessionRecord;
  readonly profile: Profile;
  readonly now: Date;
}

/** What the API and the sweep do with sessions. Each throws a `Failure`: `session-active`, `too-early`, `wrong-state`, … */
export const pomodoroActs = ({ sessions, clock, newId }: ActNeeds) => {
  interface Seen extends Seat {
    readonly profile: Profile;
    readonly now: Date;
    /** Whether the session's time was over by this look, and not before it. */
    readonly ranOut: boolean;
  }

  /** Whoever looks first completes a session whose time is over; then they see what they came for. */
  const looking = <T>(owner: UserId, taskId: string | null, then: (seen: Seen) => Promise<T | false>): Promise<T> => {
    let over: string | null = null;
    return untilItHolds(async () => {
      const now = clock.now();
      const seat = await sessions.read(owner, taskId, now);
      const profile = seat.profile ?? (await sessions.makeProfile(owner, now));
      const session = settled(seat.session, now, profile);
      if (session !== null && session !== seat.session) {
        over = session.id;
        if (!(await sessions.commit({ before: seat.session, after: session }))) return false;
      }
      return then({ ...seat, session, profile, now, ranOut: over !== null && over === session?.id });
    });
  };

  /** What the sweep does: completes a session whose time is over, of somebody who still has one. */
  const finish = async (owner: UserId): Promise<void> => {
    await untilItHolds(async () => {
      const now = clock.now();
      const { session, profile } = await sessions.read(owner, null, now);
      const after = settled(session, now, profile ?? defaultProfile(owner));
      return after === null || after === session || (await sessions.commit({ before: session, after }));
    });
  };

  const look = (owner: UserId) => looking(owner, null, async (seen) => seen);

  /**
   * Starts a session, once for each `Idempotency-Key`: the id is derived from the key, and looked for on the seat and in the history.
   * @throws Failure `session-active` with the session that is; `not-found` for a task that is missing; `idempotency-key-reused`
   */
  const start = (
    owner: UserId,
    draft: Draft,
    clientId: string | null,
    idempotency: Idempotency | null,
  ): Promise<Standing> => {
    const id = idempotency ? derivedId('pomodoro', owner, idempotency.key) : newId();
    const requestHash = idempotency?.requestHash ?? null;
    return looking(owner, draft.task_id, async ({ session: last, task, profile, now }) => {
      const made = last?.id === id ? last : idempotency && (await sessions.find(owner, id));
      if (last && made) {
        if (made.request_hash !== requestHash) {
          throw new Failure('idempotency-key-reused', 'This Idempotency-Key came with another body before.');
        }
        return { session: made, last, profile, now };
      }
      if (draft.task_id !== null && !task) throw new Failure('not-found', 'There is no such task.');
      const act: Act = { now, clientId };
      const before = isRunning(last) ? await stopped(last, draft.replace, now, profile) : last;
      if (before === false) return false;
      const session = newSession(
        {
          id,
          owner,
          kind: draft.kind,
          planned_seconds: draft.planned_seconds ?? plannedSeconds(draft.kind, profile.pomodoro),
          task: task?.task ?? null,
          requestHash,
        },
        before,
        act,
      );
      return (await sessions.commit({ before, after: session })) && { session, last: session, profile, now };
    });
  };

  /**
   * In a write of its own: each version on the seat is a change that devices see. The answer will show the session that begins, so that the
   * device that asks is told of this one as all others are.
   */
  const stopped = async (session: Running, replace: boolean, now: Date, profile: Profile) => {
    if (!replace) throw sessionActive(session, now);
    const after = moved(session, 'stop', { now, clientId: null }, profile);
    return after !== null && (await sessions.commit({ before: session, after })) && after;
  };

  /**
   * @throws Failure `session-active` when another session is active than the one that is meant; `wrong-state` when none is, or it does not
   * allow this; `too-early`
   */
  const perform = (owner: UserId, request: Request, clientId: string | null): Promise<Standing> =>
    looking(owner, null, async ({ session: last, profile, now, ranOut }) => {
      const { command, session_id } = request;
      if (!isRunning(last)) {
        const session = command === 'complete' ? await ranOutBefore(owner, last, session_id, ranOut) : null;
        if (!last || !session) throw new Failure('wrong-state', 'No session is active.');
        return { session, last, profile, now };
      }
      if (session_id !== null && session_id !== last.id) throw sessionActive(last, now);
      if (command === 'complete' && request.early !== true) throw tooEarly(last, now);
      const session = moved(last, command, { now, clientId }, profile, request.interruption);
      if (!session) {
        throw new Failure('wrong-state', `The session is ${last.status}.`, factsOf(last, now));
      }
      return (await sessions.commit({ before: last, after: session })) && { session, last: session, profile, now };
    });

  /** The session that somebody completes who could not know that it ran out before them. */
  const ranOutBefore = async (
    owner: UserId,
    last: SessionRecord | null,
    sessionId: string | null,
    ranOut: boolean,
  ): Promise<SessionRecord | null> => {
    if (sessionId === null) return ranOut ? last : null;
    const session = sessionId === last?.id ? last : await sessions.find(owner, sessionId);
    return session?.ended_by === 'time' ? session : null;
  };

  return { look, finish, start, perform };
};

const factsOf = (session: SessionRecord, now: Date) => ({
  extensions: { session: sessionAt(session, now), server_time: now.toISOString() },
});

const sessionActive = (session: Running, now: Date): Failure =>
  new Failure('session-active', `A session is ${session.status} already.`, factsOf(session, now));

const tooEarly = (session: Running, now: Date): Failure =>
  new Failure('too-early', 'The planned time is not over: complete it early, or stop it.', factsOf(session, now));
