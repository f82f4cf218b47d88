import * as z from 'zod/mini';
import { single } from '#blueprint/table.ts';
import type { Profile } from '#functions/accounts/profile.ts';
import type { UserId } from '#shared/ids.ts';
import { type Item, type Key, userKey } from '#shared/item.ts';
import { once } from '#shared/once.ts';
import type { Letter } from './letter.ts';
import type { Notice, Sending } from './notice.ts';
import { type MailPreference, mailPreferences } from './preference.ts';

/** An address that mail must not go to any more. */
export interface Suppression {
  readonly reason: 'bounce' | 'complaint';
  /** RFC 3339. */
  readonly at: string;
  /** The address, hashed: it is about this one, and not about another that the account may have by then. */
  readonly address_hash: string;
}

/** What mail to one person goes by, beside their profile. */
export interface MailState {
  readonly suppressed: Suppression | null;
  /** The token in the links of such mail, once there is one. */
  readonly tokens: Readonly<Partial<Record<MailPreference, string>>>;
}

/** Somebody mail goes to. */
export interface Addressee {
  /** `null`: there is none yet, or no such account. */
  readonly profile: Profile | null;
  readonly state: MailState;
}

/** Whose mail a link is about, and which. */
export interface Subscription {
  readonly owner: UserId;
  readonly preference: MailPreference;
}

export interface MailStore {
  stateOf(owner: UserId): Promise<MailState>;
  /** @returns the token that is kept: this one, or one that somebody else was faster with */
  keepToken(subscription: Subscription, token: string): Promise<string>;
  /** Whose a token is: `null` for one that is none. */
  subscriptionOf(token: string): Promise<Subscription | null>;
  /** Counts one more mail of a day, unless there are so many already. @returns whether there was room */
  takePlace(owner: UserId, now: Date, perDay: number): Promise<boolean>;
  /** Takes back what {@link takePlace} counted. @param now as it was counted */
  giveBack(owner: UserId, now: Date): Promise<void>;
  /** @returns false when nothing has ever been sent to that person, or the account is gone */
  suppress(owner: UserId, suppression: Suppression): Promise<boolean>;
}

/** A letter on its way. */
export interface Message extends Letter {
  readonly owner: UserId;
  /** An address. */
  readonly to: string;
  /** Names and values of further headers, in ASCII. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Hands a message to the post, once. Never throws: what became of it is one of these. */
export type Post = (message: Message) => Promise<'sent' | 'throttled' | 'unclear' | 'failed'>;

/**
 * Sends one mail, if its owner wants it.
 * @param addressee whoever has read them together with what the mail is about says so: they are not read again
 */
export type SendNotice = (notice: Notice, now: Date, addressee?: Addressee) => Promise<Sending>;

export const mailKey = (owner: UserId): Key => userKey(owner, single.mail);

/** @param item `undefined`: nothing has ever been sent */
export const mailStateOf = (item: Item | undefined): MailState => {
  const { suppressed = null, ...tokens } = mailItem().parse(item ?? {});
  return {
    suppressed,
    tokens: Object.fromEntries(
      mailPreferences.flatMap((preference) => {
        const token = tokens[tokenAttribute(preference)];
        return token === undefined ? [] : [[preference, token]];
      }),
    ),
  };
};

export const tokenAttribute = <P extends MailPreference>(preference: P): `${P}_token` => `${preference}_token`;

const token = once(() => z.optional(z.string()));

const mailItem = once(() =>
  z.object({
    suppressed: z.optional(
      z.object({ reason: z.enum(['bounce', 'complaint']), at: z.string(), address_hash: z.string() }),
    ),
    task_reminders_token: token(),
    task_due_soon_token: token(),
    task_overdue_token: token(),
    pomodoro_finished_token: token(),
  }),
);
