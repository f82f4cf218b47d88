import type { Profile } from '#functions/accounts/profile.ts';
import type { SessionRecord } from '#functions/pomodoro/session.ts';
import type { Clock } from '#shared/clock.ts';
import type { UserId } from '#shared/ids.ts';
import type { DayRange } from './range.ts';

/** What one day has counted, in the transactions that did it. */
export interface DayCounters {
  readonly date: string;
  readonly completed: number;
  readonly pomodoros: number;
  readonly focus_seconds: number;
}

/** One task that was done, once. */
export interface Completion {
  readonly day: string;
  /** As they were spelled then. */
  readonly tags: readonly string[];
}

export interface Person {
  /** `null`: it has not been made yet, or the account is gone. */
  readonly profile: Profile | null;
  /** The session that is active, paused, or was last. */
  readonly session: SessionRecord | null;
}

/** A task that is open, as far as its tags are counted. */
export interface OpenTask {
  readonly id: string;
  readonly created_at: string;
  readonly tags: readonly string[];
}

/** What reports are read from. */
export interface ReportStore {
  /** One round trip. */
  person(owner: UserId): Promise<Person>;
  /** Those of the range that have counted anything; one round trip. */
  counters(owner: UserId, range: DayRange): Promise<readonly DayCounters[]>;
  /** All of the range and some around it, the oldest first; one round trip a MB. */
  completions(owner: UserId, range: DayRange): Promise<readonly Completion[]>;
  /** Sessions that are over: all of the range and some around it, the oldest first; one round trip a MB. */
  sessions(owner: UserId, range: DayRange): Promise<readonly SessionRecord[]>;
  /** One round trip a MB. */
  openTasks(owner: UserId): Promise<readonly OpenTask[]>;
}

export interface ReportNeeds {
  readonly reports: ReportStore;
  readonly clock: Clock;
}
