import type { PostConfirmationTriggerEvent } from 'aws-lambda';
import type { Clock } from '#shared/clock.ts';
import { userId } from '#shared/ids.ts';
import type { ProfileStore, UsernameStore } from './account.ts';
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
    const owner = userId(sub ?? '');
    if (await profiles.get(owner)) return event;
    const now = clock.now();
    // Somebody else may have the name by now, if the code came after a day: the account is theirs all the same.
    const hasName = username !== undefined && (await usernames.confirm(username, owner, now));
    const profile = {
      ...defaultProfile(owner),
      email: email?.toLowerCase() ?? null,
      username: hasName ? username : null,
      is_verified: true,
      timezone: zoneinfo ?? 'UTC',
    };
    await profiles.create(profile, null, now);
    return event;
  };
