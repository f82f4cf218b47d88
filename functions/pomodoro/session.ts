import * as z from 'zod/mini';
import { prefix, single } from '#blueprint/table.ts';
import { secondsAfter } from '#shared/clock.ts';
import { type UserId, userId } from '#shared/ids.ts';
import { type Item, type Key, userKey } from '#shared/item.ts';
import { once } from '#shared/once.ts';

export const kinds = ['focus', 'short_break', 'long_break'] as const;
export const runningStatuses = ['active', 'paused'] as const;
export const endedStatuses = ['completed', 'stopped'] as const;
export const interruptions = ['internal', 'external'] as const;

export type Kind = (typeof kinds)[number];
/** Of a session that is not over: a person has one at most. */
export type RunningStatus = (typeof runningStatuses)[number];
export type Status = RunningStatus | (typeof endedStatuses)[number];
export type Interruption = (typeof interruptions)[number];

/** How long a session may be planned for, in seconds. */
export const plannedRange = { min: 60, max: 14_400 } as const;

/**
 * A session as it lies in the table. The server owns the clock: a session has run for `elapsed_milliseconds` up to `anchor`, and since then
 * as long as the clock says. Milliseconds, so that pausing often rounds nothing away.
 */
export interface SessionRecord {
  readonly id: string;
  readonly user_id: UserId;
  readonly kind: Kind;
  readonly status: Status;
  readonly planned_seconds: number;
  readonly elapsed_milliseconds: number;
  /** Since when it has been running on; `null`: it is not running. */
  readonly anchor: string | null;
  readonly start_time: string;
  readonly end_time: string | null;
  /** Completed before the planned time was over: its minutes count, the pomodoro does not. */
  readonly early: boolean;
  /** `time`: it ran out, whoever noticed. `null`: it is not over. */
  readonly ended_by: 'time' | 'command' | null;
  readonly task_id: string | null;
  /** Title and tags that the task had when the session began: they outlive it. */
  readonly task_title: string | null;
  readonly task_tags: readonly string[];
  readonly interruptions: Readonly<Record<Interruption, number>>;
  /** Focus sessions that ran out since the last long break began, this one included. */
  readonly focus_streak: number;
  /** The user's day on which it ended, as it was then. */
  readonly day: string | null;
  readonly version: number;
  /** The device that wrote this version; its own socket is spared the echo. */
  readonly changed_by: string | null;
  /** Hash of the starting request, where it came with an Idempotency-Key. */
  readonly request_hash: string | null;
}

export type Running = SessionRecord & { readonly status: RunningStatus };

export const isRunning = (session: SessionRecord | null): session is Running =>
  session?.status === 'active' || session?.status === 'paused';

/** How long a session has run by now, in milliseconds: never less than nothing, never more than was planned. */
export const elapsedAt = ({ elapsed_milliseconds, anchor, planned_seconds }: SessionRecord, now: Date): number => {
  const since = anchor === null ? 0 : Math.max(0, now.getTime() - Date.parse(anchor));
  return Math.min(elapsed_milliseconds + since, planned_seconds * 1000);
};

/** When the planned time is over, as things stand: nobody knows for a paused session, nor for one that ended otherwise. */
export const endsAt = (session: SessionRecord): string | null => {
  const { anchor, elapsed_milliseconds, planned_seconds } = session;
  if (anchor === null) return session.ended_by === 'time' ? session.end_time : null;
  return secondsAfter(new Date(anchor), planned_seconds - elapsed_milliseconds / 1000).toISOString();
};

/** The wire's shape: exactly the fields that may leave. Whole seconds; those that have run are rounded down. */
export const sessionSchema = once(() =>
  z
    .object({
      id: z.string(),
      kind: z.enum(kinds),
      status: z.enum([...runningStatuses, ...endedStatuses]),
      planned_seconds: z.number(),
      elapsed_seconds: z.number(),
      remaining_seconds: z.number(),
      start_time: z.string(),
      ends_at: z.nullable(z.string()),
      end_time: z.nullable(z.string()),
      early: z.boolean(),
      task_id: z.nullable(z.string()),
      task_title: z.nullable(z.string()),
      interruptions: z.object({ internal: z.number(), external: z.number() }),
      version: z.number(),
    })
    .register(z.globalRegistry, { id: 'PomodoroSession' }),
);
export type Session = z.output<ReturnType<typeof sessionSchema>>;

export const sessionAt = (record: SessionRecord, now: Date): Session => {
  const elapsed_seconds = Math.floor(elapsedAt(record, now) / 1000);
  return {
    id: record.id,
    kind: record.kind,
    status: record.status,
    planned_seconds: record.planned_seconds,
    elapsed_seconds,
    remaining_seconds: isRunning(record) ? record.planned_seconds - elapsed_seconds : 0,
    start_time: record.start_time,
    ends_at: endsAt(record),
    end_time: record.end_time,
    early: record.early,
    task_id: record.task_id,
    task_title: record.task_title,
    interruptions: record.interruptions,
    version: record.version,
  };
};

/**
 * What devices are told. A change may arrive late, so it cannot say what remains now: `elapsed_seconds` and `remaining_seconds` are those at
 * `anchor`, since when an active session runs on. It is over at `ends_at`.
 */
export const toldSessionSchema = once(() =>
  z.object({ ...sessionSchema().shape, anchor: z.nullable(z.string()) }).register(z.globalRegistry, {
    id: 'ToldPomodoroSession',
    description:
      'As it stood at `anchor`, since when an active session runs on: it is over at `ends_at`, by the server’s clock (`server_time` of any answer).',
  }),
);

export const toldSession = (record: SessionRecord): z.output<ReturnType<typeof toldSessionSchema>> => ({
  ...sessionAt(record, new Date(record.anchor ?? record.start_time)),
  anchor: record.anchor,
});

/** Where the one session lies that is active or paused, or else the one that was last: it is never deleted. */
export const seatKey = (owner: UserId): Key => userKey(owner, single.pomodoro);

/** Where a session lies once it is over. Its text sorts by when it began; one begins after the other has ended. */
export const pastKey = ({ user_id, start_time, id }: SessionRecord): Key =>
  userKey(user_id, `${prefix.pomodoro}${start_time}#${id}`);

/** A sort key of a past session, whoever says it. */
export const pastKeys = once(() => z.string().check(z.regex(/^POMODORO#\d{4}-[-0-9T:.]{18}Z#[0-9a-f-]{36}$/)));

/** How a past session is found by its id alone, in the index `by_path`: no task's place begins like that. */
export const pastPath = (id: string): string => `${prefix.pomodoro}${id}`;

const sessionItem = once(() =>
  z.object({
    id: z.string(),
    user_id: z.pipe(z.string(), z.transform(userId)),
    kind: z.enum(kinds),
    status: z.enum([...runningStatuses, ...endedStatuses]),
    planned_seconds: z.number(),
    elapsed_milliseconds: z.number(),
    anchor: z.nullable(z.string()),
    start_time: z.string(),
    end_time: z.nullable(z.string()),
    early: z.boolean(),
    ended_by: z.nullable(z.enum(['time', 'command'])),
    task_id: z.nullable(z.string()),
    task_title: z.nullable(z.string()),
    task_tags: z.array(z.string()),
    interruptions: z.object({ internal: z.number(), external: z.number() }),
    focus_streak: z.number(),
    day: z.nullable(z.string()),
    version: z.number(),
    changed_by: z.nullable(z.string()),
    request_hash: z.nullable(z.string()),
  }),
);

/** @throws ZodError when the item is no session */
export const sessionFromItem = (item: Item): SessionRecord => sessionItem().parse(item);
