import type { PostConfirmationTriggerEvent } from 'aws-lambda';
import type { Clock } from '#shared/clock.ts';
import { userId } from '#shared/ids.ts';
import { confirmedUsername, knownTimezone, type ProfileStore, type UsernameStore } from './account.ts';
import { defaultProfile } from './profile.ts';

export interface ConfirmedNeeds {
  readonly profiles: ProfileStore;
  readonly usernames: UsernameStore;
  readonly clock: Clock;
}

/**
 * Makes the profile of an account that has just been confirmed, once however often it is called. It also runs after a new password, when
 * there is nothing to do unless the account never had one.
 */
export const accountConfirmed =
  ({ profiles, usernames, clock }: ConfirmedNeeds) =>
  async <E extends Pick<PostConfirmationTriggerEvent, 'request'>>(event: E): Promise<E> => {
    const { sub, email, preferred_username: username, zoneinfo } = event.request.userAttributes;
    if (!sub) throw new Error('Cognito confirmed a user without an id');
    const owner = userId(sub);
    if (await profiles.get(owner)) return event;
    const now = clock.now();
    const profile = {
      ...defaultProfile(owner),
      email: email?.toLowerCase() ?? null,
      username: await confirmedUsername(usernames, username ?? null, owner, now),
      is_verified: true,
      timezone: knownTimezone(zoneinfo ?? null),
    };
    await profiles.create(profile, null, now);
    return event;
  };
