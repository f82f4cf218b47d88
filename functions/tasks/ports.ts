import type { Series } from '#functions/recurrence/series.ts';
import type { UserId } from '#shared/ids.ts';
import type { Write } from '#shared/table.ts';
import type { SubtreeAct } from './subtree-act.ts';
import type { Act, Creation, DayRules, TaskRecord } from './task.ts';

/** Where tasks are kept. Each is one round trip, unless it says otherwise. */
export interface TaskStore {
  create(record: TaskRecord, act: Act, checks: readonly Write[]): Promise<Creation>;
  get(owner: UserId, id: string, now: Date): Promise<TaskRecord | null>;
  /** Several at once, in the order of the ids. */
  getAll(owner: UserId, ids: readonly string[], now: Date): Promise<readonly (TaskRecord | null)[]>;
  /** With what it takes to count a completion. */
  getWithDays(owner: UserId, id: string, now: Date): Promise<{ record: TaskRecord; days: DayRules } | null>;
  days(owner: UserId, now: Date): Promise<DayRules>;
  /** The same, but makes no profile where none is: the sweep brings nobody back who has left. */
  keptDays(owner: UserId): Promise<DayRules>;
  /** Whether files are attached to any of some tasks; one round trip for up to a hundred. */
  hasFiles(owner: UserId, ids: readonly string[]): Promise<boolean>;
  series(owner: UserId, id: string): Promise<Series | null>;
  /** Everything below a place, parents before their children; a page of 1 MB a round trip. */
  below(owner: UserId, path: string): Promise<readonly TaskRecord[]>;
  /** The open tasks; a page of 1 MB a round trip. */
  open(owner: UserId): Promise<readonly TaskRecord[]>;
  /** All writes or none. @returns false when something is no longer what was read: read it again */
  commit(writes: readonly Write[]): Promise<boolean>;
  /** By key, without sorting: the open ones by due date, undated last, then the closed ones, newest first. A page also ends at 1 MB. */
  page(owner: UserId, filter: KeyedFilter, page: KeyedPage): Promise<KeyedResult>;
  /** All tasks of a state; a page of 1 MB a round trip. */
  all(owner: UserId, state: StateRange): Promise<readonly TaskRecord[]>;
}

export type StateRange = 'open' | 'closed' | 'any';

export interface KeyedFilter {
  readonly state: StateRange;
  readonly matches: (record: TaskRecord) => boolean;
  /** How much `matches` refuses: nothing; some, as one of two statuses does; or perhaps nearly all, as a search does. */
  readonly refuses: 'nothing' | 'some' | 'most';
}

export interface KeyedPage {
  readonly limit: number;
  readonly skip: number;
  readonly after: string | null;
}

export interface KeyedResult {
  readonly tasks: readonly TaskRecord[];
  /** Where the next page goes on, when there may be one. */
  readonly next: string | null;
}

/** The rest of a large act, kept until it is done. */
export interface Job {
  readonly id: string;
  readonly owner: UserId;
  /** Of one and the same root, in their order. */
  readonly acts: readonly SubtreeAct[];
}

/** Where jobs wait: for their own invocation to finish them, or a minute later for the sweep. */
export interface JobStore {
  /** The write that leaves a job, to be committed with the act it belongs to. */
  writeOf(job: Job, now: Date): Write;
  finish(job: Job): Promise<void>;
  /** Takes a job that waits, for a minute. @returns `null` when somebody else has it, or it is done */
  claim(owner: UserId, id: string, now: Date): Promise<Job | null>;
}
