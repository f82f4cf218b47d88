import type { Profile } from '#functions/accounts/profile.ts';
import type { TaskRecord } from '#functions/tasks/task.ts';
import type { UserId } from '#shared/ids.ts';
import type { SessionRecord } from './session.ts';
import type { Transition } from './writes.ts';

/** Where sessions are kept. Each is one round trip. */
export interface SessionStore {
  /** The session that is active, paused, or was last, with what it takes to carry it on. @param taskId a task to look up with it */
  read(owner: UserId, taskId: string | null, now: Date): Promise<Seat>;
  /** Makes the profile of somebody who has none, as every route does that misses it. */
  makeProfile(owner: UserId, now: Date): Promise<Profile>;
  /** @returns false when the session is no longer what was read: read it again */
  commit(transition: Transition): Promise<boolean>;
  /** One that is over. */
  find(owner: UserId, id: string): Promise<SessionRecord | null>;
  /** Those that are over, newest first. A page also ends at 1 MB of sessions looked at. */
  page(owner: UserId, filter: HistoryFilter, page: HistoryPage): Promise<HistoryResult>;
}

export interface Seat {
  readonly session: SessionRecord | null;
  /** `null`: it has not been made yet, or the account is gone. */
  readonly profile: Profile | null;
  /** `null`: none was asked for, or it is missing. */
  readonly task: TaskRecord | null;
}

export interface HistoryFilter {
  /** Begun at this instant or later. */
  readonly from: Date | null;
  /** Begun before this instant. */
  readonly before: Date | null;
  readonly taskId: string | null;
}

export interface HistoryPage {
  readonly limit: number;
  /** Where the page before ended. */
  readonly after: string | null;
}

export interface HistoryResult {
  readonly sessions: readonly SessionRecord[];
  /** Where the next page goes on, when there may be one. */
  readonly next: string | null;
}
