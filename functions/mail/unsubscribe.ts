import type { ProfileStore } from '#functions/accounts/account.ts';
import { untilItHolds } from '#shared/retry.ts';
import type { MailStore } from './mail.ts';
import type { MailPreference } from './preference.ts';

export interface UnsubscribeNeeds {
  readonly mail: Pick<MailStore, 'subscriptionOf'>;
  readonly profiles: Pick<ProfileStore, 'get' | 'replace'>;
}

/**
 * Turns off the preference that a link is about; on every device, because the profile has a new version then.
 * @returns which it was, also when it is off already; `null` for a link that is none, or whose account is gone
 */
export const unsubscribe =
  ({ mail, profiles }: UnsubscribeNeeds) =>
  async (token: string): Promise<MailPreference | null> => {
    const subscription = await mail.subscriptionOf(token);
    if (!subscription) return null;
    const { owner, preference } = subscription;
    return untilItHolds(async () => {
      const profile = await profiles.get(owner);
      if (!profile) return null;
      if (!profile.notifications[preference]) return preference;
      const notifications = { ...profile.notifications, [preference]: false };
      return (await profiles.replace({ ...profile, notifications, version: profile.version + 1 }, null)) && preference;
    });
  };
