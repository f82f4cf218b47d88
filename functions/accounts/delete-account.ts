import type { Clock } from '#shared/clock.ts';
import type { UserId } from '#shared/ids.ts';
import type { EndConnections, IdentityProvider, ProfileStore, UsernameStore } from './account.ts';
import type { DeletionStore } from './deletion.ts';

export interface DeleteAccountNeeds {
  readonly identity: Pick<IdentityProvider, 'signIn' | 'signOutEverywhere' | 'find' | 'remove'>;
  readonly usernames: Pick<UsernameStore, 'giveUp'>;
  readonly profiles: Pick<ProfileStore, 'get' | 'remove'>;
  readonly deletions: Pick<DeletionStore, 'find' | 'begin'>;
  readonly endConnections: EndConnections;
  readonly clock: Clock;
}

/**
 * Ends an account: afterwards nobody can sign in to it, and its names are free. Everything that it owns goes with the next sweep, which also
 * does what is left undone here, from the moment on when the deletion is written down.
 *
 * Again, while it is under way, it does the same again, and asks for no password, of which nobody knows any more whether it is right.
 * @throws Failure `invalid-credentials`, with which nothing has happened
 */
export const deleteAccount =
  ({ identity, usernames, profiles, deletions, endConnections, clock }: DeleteAccountNeeds) =>
  async (owner: UserId, password: string): Promise<void> => {
    const underWay = await deletions.find(owner);
    // The tokens that it gives are ended with all others.
    if (!underWay) await identity.signIn(owner, password);
    await identity.signOutEverywhere(owner);
    await endConnections(owner, clock.now());

    const names = underWay?.usernames ?? (await usernamesOf({ identity, profiles }, owner));
    await deletions.begin({ owner, usernames: names }, clock.now());
    await identity.remove(owner);
    for (const username of names) await usernames.giveUp(username, owner);
    // At once, so that it is no account to any route that asks for its profile.
    await profiles.remove(owner);
  };

/** The one they have, and the one they asked for: it is theirs as well until somebody else's. */
const usernamesOf = async (
  { identity, profiles }: Pick<DeleteAccountNeeds, 'identity' | 'profiles'>,
  owner: UserId,
): Promise<readonly string[]> => {
  const [profile, known] = await Promise.all([profiles.get(owner), identity.find(owner)]);
  return [...new Set([profile?.username, known?.username].filter((name) => typeof name === 'string'))];
};
