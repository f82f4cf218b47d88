import type { PomodoroPreferences, Profile } from '#functions/accounts/profile.ts';
import type { Act } from '#functions/tasks/task.ts';
import { localDay } from '#shared/days.ts';
import type { UserId } from '#shared/ids.ts';
import {
  elapsedAt,
  endsAt,
  type Interruption,
  isRunning,
  type Kind,
  type Running,
  type RunningStatus,
  type SessionRecord,
  type Status,
} from './session.ts';

/**
 * The state machine: what a request makes of a session that is not over. What does not stand here is refused and changes nothing. That an
 * active session is over when its time is, whoever asks, is {@link settled}.
 */
export const moves = {
  pause: { active: 'paused' },
  resume: { paused: 'active' },
  complete: { active: 'completed', paused: 'completed' },
  stop: { active: 'stopped', paused: 'stopped' },
  interrupt: { active: 'active' },
} as const satisfies Readonly<Record<string, Readonly<Partial<Record<RunningStatus, Status>>>>>;

export type Command = keyof typeof moves;

/** The status that a request leads to; `null`: it is refused. */
export const statusAfter = (command: Command, from: RunningStatus): Status | null => {
  const allowed: Readonly<Partial<Record<RunningStatus, Status>>> = moves[command];
  return allowed[from] ?? null;
};

/** Where a person's days begin. */
export type Days = Pick<Profile, 'timezone' | 'day_start'>;

/** What a new session is made of. */
export interface NewSession {
  readonly id: string;
  readonly owner: UserId;
  readonly kind: Kind;
  readonly planned_seconds: number;
  readonly task: { readonly id: string; readonly title: string; readonly tags: readonly string[] } | null;
  readonly requestHash: string | null;
}

/** @param last the session before it, if there was one */
export const newSession = (
  { id, owner, kind, planned_seconds, task, requestHash }: NewSession,
  last: SessionRecord | null,
  { now, clientId }: Act,
): SessionRecord => ({
  id,
  user_id: owner,
  kind,
  status: 'active',
  planned_seconds,
  elapsed_milliseconds: 0,
  anchor: now.toISOString(),
  start_time: now.toISOString(),
  end_time: null,
  early: false,
  ended_by: null,
  task_id: task?.id ?? null,
  task_title: task?.title ?? null,
  task_tags: task?.tags ?? [],
  interruptions: { internal: 0, external: 0 },
  focus_streak: kind === 'long_break' ? 0 : (last?.focus_streak ?? 0),
  day: null,
  version: 1,
  changed_by: clientId,
  request_hash: requestHash,
});

/**
 * A session as it is by now: one whose time is over was completed when it was, however late anybody looks.
 * @returns the session itself when there is nothing to settle
 */
export const settled = <S extends SessionRecord | null>(session: S, now: Date, days: Days): S | SessionRecord => {
  if (session?.status !== 'active') return session;
  const over = endsAt(session);
  if (over === null || now < new Date(over)) return session;
  const completed = ended(session, 'completed', new Date(over), days);
  return {
    ...completed,
    ended_by: 'time',
    focus_streak: session.focus_streak + (session.kind === 'focus' ? 1 : 0),
    // Nobody's doing: every device is told.
    changed_by: null,
  };
};

/** What a request makes of a session, as {@link moves} has it; completing here is completing early. @returns `null` when it is refused */
export const moved = (
  session: Running,
  command: Command,
  { now, clientId }: Act,
  days: Days,
  interruption: Interruption = 'internal',
): SessionRecord | null => {
  const status = statusAfter(command, session.status);
  switch (status) {
    case null:
      return null;
    case 'completed':
    case 'stopped':
      return {
        ...ended(session, status, now, days),
        early: status === 'completed',
        ended_by: 'command',
        changed_by: clientId,
      };
    default:
      return { ...afterwards(session, command, now, interruption), status, ...next(session), changed_by: clientId };
  }
};

const afterwards = (session: Running, command: Command, now: Date, interruption: Interruption): SessionRecord => {
  switch (command) {
    case 'pause':
      return { ...session, elapsed_milliseconds: elapsedAt(session, now), anchor: null };
    case 'resume':
      return { ...session, anchor: now.toISOString() };
    default: {
      const { interruptions } = session;
      return { ...session, interruptions: { ...interruptions, [interruption]: interruptions[interruption] + 1 } };
    }
  }
};

const next = ({ version }: SessionRecord) => ({ version: version + 1 });

const ended = (
  session: SessionRecord,
  status: 'completed' | 'stopped',
  at: Date,
  { timezone, day_start }: Days,
): SessionRecord => ({
  ...session,
  status,
  elapsed_milliseconds: elapsedAt(session, at),
  anchor: null,
  end_time: at.toISOString(),
  day: localDay(at, timezone, day_start),
  ...next(session),
});

/** What a session that is over counts on its day: breaks nothing, others their minutes, and a pomodoro if their time was over. */
export const countsOf = (
  session: SessionRecord,
): { readonly pomodoros: number; readonly focus_seconds: number } | null =>
  session.kind === 'focus' && session.day !== null
    ? {
        pomodoros: session.status === 'completed' && !session.early ? 1 : 0,
        focus_seconds: Math.floor(session.elapsed_milliseconds / 1000),
      }
    : null;

/**
 * What comes after the session that is active or was last: a break after focus, the long one when enough focus sessions have run out since
 * the last of that kind, and focus after everything else.
 */
export const suggestedNext = (last: SessionRecord | null, preferences: PomodoroPreferences): Suggestion => {
  const kind = kindAfter(last, preferences.long_break_every);
  return { kind, planned_seconds: plannedSeconds(kind, preferences) };
};

export interface Suggestion {
  readonly kind: Kind;
  readonly planned_seconds: number;
}

const kindAfter = (last: SessionRecord | null, longBreakEvery: number): Kind => {
  if (last?.kind !== 'focus' || last.status === 'stopped') return 'focus';
  const streak = last.focus_streak + (isRunning(last) ? 1 : 0);
  return streak >= longBreakEvery ? 'long_break' : 'short_break';
};

/** How long a session of a kind is when nobody says otherwise. */
export const plannedSeconds = (
  kind: Kind,
  { focus_minutes, short_break_minutes, long_break_minutes }: PomodoroPreferences,
): number => 60 * { focus: focus_minutes, short_break: short_break_minutes, long_break: long_break_minutes }[kind];
