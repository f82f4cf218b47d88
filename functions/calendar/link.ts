import { randomBytes } from 'node:crypto';
import type { Series } from '#functions/recurrence/series.ts';
import type { Task } from '#functions/tasks/task.ts';
import type { Clock } from '#shared/clock.ts';
import { hashOf, type UserId } from '#shared/ids.ts';
import { untilItHolds } from '#shared/retry.ts';

/** A person's one secret link to their calendar, as it is kept: whoever holds the secret reads the calendar, and the table has its hash. */
export interface CalendarLink {
  readonly secret_hash: string;
  readonly created_at: string;
}

/** What a calendar is made of. */
export interface Planned {
  /** The open tasks that have a due date, by it. */
  readonly tasks: readonly Task[];
  readonly series: readonly Series[];
}

/** Where links are kept, and what they lead to. Each is one round trip. */
export interface CalendarStore {
  linkOf(owner: UserId): Promise<CalendarLink | null>;
  /** Puts one link in place of another, or of none. @returns false when it is no longer the one that was read */
  replace(owner: UserId, before: CalendarLink | null, after: CalendarLink | null): Promise<boolean>;
  /** Whose a secret is; `null` for one that is none, or not any more. */
  ownerOf(secretHash: string): Promise<UserId | null>;
  /** Two queries at once, each a page of 1 MB a round trip. */
  planned(owner: UserId): Promise<Planned>;
}

export interface LinkNeeds {
  readonly calendars: Pick<CalendarStore, 'linkOf' | 'replace'>;
  readonly clock: Clock;
  readonly newSecret: () => string;
}

/** 256 random bits. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/**
 * Makes a person's link. A secret is shown once, so there is no way to be shown it again: a new one takes the place of the one there was.
 * @returns the secret
 */
export const makeLink =
  ({ calendars, clock, newSecret }: LinkNeeds) =>
  async (owner: UserId): Promise<{ readonly secret: string; readonly created_at: string }> => {
    const secret = newSecret();
    const created_at = clock.now().toISOString();
    return untilItHolds(async () => {
      const before = await calendars.linkOf(owner);
      const made = await calendars.replace(owner, before, { secret_hash: hashOf(secret), created_at });
      return made && { secret, created_at };
    });
  };

/** Makes a person's link lead nowhere; again, if need be. */
export const revokeLink =
  ({ calendars }: Pick<LinkNeeds, 'calendars'>) =>
  async (owner: UserId): Promise<void> => {
    await untilItHolds(async () => {
      const before = await calendars.linkOf(owner);
      return before === null || (await calendars.replace(owner, before, null));
    });
  };
