import { type Clock, secondsAfter } from '#shared/clock.ts';
import type { UserId } from '#shared/ids.ts';
import { log, loggedUser } from '#shared/log.ts';
import type { IdentityProvider, UsernameStore } from './account.ts';
import { type Belongings, type DeletionStore, type ObjectRemover, pausesSeconds } from './deletion.ts';

export interface FinishDeletionNeeds {
  readonly deletions: Pick<DeletionStore, 'find' | 'looked'>;
  readonly identity: Pick<IdentityProvider, 'remove'>;
  readonly usernames: Pick<UsernameStore, 'giveUp'>;
  readonly belongings: Belongings;
  readonly objects: ObjectRemover;
  /** What begins the keys of somebody's objects. */
  readonly prefixesOf: (owner: UserId) => readonly string[];
  readonly clock: Clock;
}

/** So long at a time: it comes due again at once, and the same run has other things to do. */
const stepSeconds = 10;

/**
 * Removes everything that somebody who has left owns, as far as it gets in one step: who cannot be found is gone, so that it does not matter
 * who began, where they stopped, or how many do it at once.
 */
export const finishDeletion =
  ({ deletions, identity, usernames, belongings, objects, prefixesOf, clock }: FinishDeletionNeeds) =>
  async (owner: UserId, now: Date): Promise<void> => {
    const deletion = await deletions.find(owner);
    if (!deletion || deletion.dueAt > now) return;
    const until = secondsAfter(clock.now(), stepSeconds);
    const hasTime = (): boolean => clock.now() < until;

    await identity.remove(owner);
    for (const username of deletion.usernames) await usernames.giveUp(username, owner);
    if (!(await belongings.remove(owner, hasTime))) return;
    // Afterwards: a file that arrives from now on is waited for by nobody, and removed where it arrives.
    for (const prefix of prefixesOf(owner)) {
      if (!(await objects.removeUnder(prefix, hasTime))) return;
    }

    const pause = pausesSeconds[deletion.looks];
    await deletions.looked(deletion, pause === undefined ? null : secondsAfter(clock.now(), pause));
    log.info('an account was looked through', { user: loggedUser(owner), looks: deletion.looks + 1 });
  };
