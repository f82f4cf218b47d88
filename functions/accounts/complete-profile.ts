import type { Clock } from '#shared/clock.ts';
import type { UserId } from '#shared/ids.ts';
import { untilItHolds } from '#shared/retry.ts';
import {
  confirmedUsername,
  type IdentityProvider,
  knownTimezone,
  type ProfileStore,
  type UsernameStore,
} from './account.ts';
import { defaultProfile, type Profile } from './profile.ts';

export interface CompleteProfileNeeds {
  readonly identity: Pick<IdentityProvider, 'find'>;
  readonly profiles: ProfileStore;
  readonly usernames: Pick<UsernameStore, 'confirm'>;
  readonly clock: Clock;
}

/**
 * A profile that is missing, or that another route has made without asking Cognito, is completed here.
 * @returns null when there is no such account any more
 */
export const completeProfile =
  ({ identity, profiles, usernames, clock }: CompleteProfileNeeds) =>
  (owner: UserId, clientId: string | null): Promise<Profile | null> =>
    untilItHolds(async () => {
      const found = await profiles.get(owner);
      if (found && found.email !== null) return found;
      const known = await identity.find(owner);
      if (!known) return null;
      const now = clock.now();
      const facts = {
        email: known.email,
        username: await confirmedUsername(usernames, known.username, owner, now),
        is_active: known.is_active,
        is_verified: known.is_verified,
      };
      if (found) {
        const timezone =
          found.timezone === defaultProfile(owner).timezone ? knownTimezone(known.timezone) : found.timezone;
        const completed: Profile = { ...found, ...facts, timezone, version: found.version + 1 };
        return (await profiles.replace(completed, clientId)) && completed;
      }
      const made: Profile = { ...defaultProfile(owner), ...facts, timezone: knownTimezone(known.timezone) };
      return (await profiles.create(made, clientId, now)) && made;
    });
