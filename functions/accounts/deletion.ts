import { accessTokenMinutes } from '#blueprint/tokens.ts';
import type { UserId } from '#shared/ids.ts';

/** An account that is being deleted: there until nothing of it can be found, or come back, any more. */
export interface Deletion {
  readonly owner: UserId;
  /** Those that are free again. */
  readonly usernames: readonly string[];
  /** How often everything was looked for, and removed. */
  readonly looks: number;
  /** When it is looked for again. */
  readonly dueAt: Date;
}

export interface DeletionStore {
  find(owner: UserId): Promise<Deletion | null>;
  /** Comes due at once. One that is under way stays as it is. */
  begin(deletion: Pick<Deletion, 'owner' | 'usernames'>, now: Date): Promise<void>;
  /** Everything was looked for, and nothing is left. @param again when to look once more; `null`: never */
  looked(deletion: Deletion, again: Date | null): Promise<void>;
}

/** Says whether there is time for more; the rest is for the next run. */
export type HasTime = () => boolean;

/** What somebody has in the table. */
export interface Belongings {
  /** @returns false when there was no time for all of it */
  remove(owner: UserId, hasTime: HasTime): Promise<boolean>;
}

/** What lies in the bucket. */
export interface ObjectRemover {
  /** @param prefix of the objects' keys  @returns false when there was no time for all of them */
  removeUnder(prefix: string, hasTime: HasTime): Promise<boolean>;
}

/** A request that a last access token was good for is answered by then, whatever clocks say. */
const lastAnswerSeconds = 300;

/** The stream forgets a record after a day. Until then its consumers may still write of what was: a log, a mail's memory. */
const lastRecordSeconds = 25 * 60 * 60;

/**
 * How long after everything was removed it is looked for again: once the last access token has run out, with which its holder could still
 * write; and once more when nothing that follows from such a write can come any more.
 */
export const pausesSeconds: readonly number[] = [accessTokenMinutes * 60 + lastAnswerSeconds, lastRecordSeconds];
