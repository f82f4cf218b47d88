import type { MetricName } from '#blueprint/metrics.ts';
import type { Profile } from '#functions/accounts/profile.ts';
import { hashOf, type UserId } from '#shared/ids.ts';
import { log, loggedUser } from '#shared/log.ts';
import { measure } from '#shared/metrics.ts';
import { letterOf } from './letter.ts';
import type { Addressee, MailStore, Post, SendNotice } from './mail.ts';
import type { Notice, Sending } from './notice.ts';
import { preferenceOf } from './preference.ts';

export interface SendNoticeNeeds {
  /** The profile with the account's address; `null` when there is no such account any more. */
  readonly profileOf: (owner: UserId) => Promise<Profile | null>;
  readonly mail: MailStore;
  readonly post: Post;
  /** How many mails one person gets in a day at most; days are UTC's. */
  readonly perDay: number;
  /** 32 random bytes as base64url. */
  readonly newToken: () => string;
  /** Where the HTTP API is. */
  readonly apiUrl: string;
}

/**
 * Sends one mail, to the account's own verified address and nowhere else, if its owner wants it. Whoever calls has made sure that it is
 * called once for each notice. A mail that was throttled does not count towards the day.
 */
export const sendNotice = (needs: SendNoticeNeeds): SendNotice => {
  const send = sendWanted(needs);
  return async (notice, now, addressee) => {
    const [sending, why] = await send(notice, now, addressee);
    log.info('mail', { kind: notice.kind, user: loggedUser(notice.owner), sending, ...(why && { why }) });
    await measure({
      [outcomes[sending]]: 1,
      ...(sending === 'sent' && notice.late && { MailsLate: 1 }),
    });
    return sending;
  };
};

const outcomes = {
  sent: 'MailsSent',
  throttled: 'MailsThrottled',
  unclear: 'MailsUnclear',
  unwanted: 'MailsUnwanted',
  failed: 'MailsFailed',
} as const satisfies Record<Sending, MetricName>;

const sendWanted =
  ({ profileOf, mail, post, perDay, newToken, apiUrl }: SendNoticeNeeds) =>
  async (notice: Notice, now: Date, read?: Addressee): Promise<readonly [Sending, string?]> => {
    const { owner } = notice;
    const preference = preferenceOf[notice.kind];
    const [profile, { suppressed, tokens }] = await Promise.all([
      // Without an address it has not been completed yet.
      read?.profile && read.profile.email !== null ? read.profile : profileOf(owner),
      read?.state ?? mail.stateOf(owner),
    ]);
    if (!profile?.is_active) return ['unwanted', 'no account'];
    if (profile.email === null || !profile.is_verified) return ['unwanted', 'no verified address'];
    if (!profile.notifications[preference]) return ['unwanted', 'preference'];

    if (suppressed?.address_hash === hashOf(profile.email)) return ['unwanted', suppressed.reason];
    const token = tokens[preference] ?? (await mail.keepToken({ owner, preference }, newToken()));
    if (!(await mail.takePlace(owner, now, perDay))) return ['unwanted', 'daily cap'];

    const link = unsubscribeLink(apiUrl, token);
    const sending = await post({
      ...letterOf(notice, profile.timezone, link),
      owner,
      to: profile.email,
      headers: headersOf(link),
    });
    if (sending === 'throttled') await mail.giveBack(owner, now);
    return [sending];
  };

const unsubscribeLink = (apiUrl: string, token: string): string => `${apiUrl}/unsubscribe/${token}`;

const headersOf = (link: string): Readonly<Record<string, string>> => ({
  // RFC 2369 §3.2 and RFC 8058 §3.1: a mail program shows its own button, and posts to the link.
  'List-Unsubscribe': `<${link}>`,
  'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  // RFC 3834 §5: nobody's holiday note answers it.
  'Auto-Submitted': 'auto-generated',
});
