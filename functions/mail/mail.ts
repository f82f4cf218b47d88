import type { UserId } from '#shared/ids.ts';
import type { Letter } from './letter.ts';
import type { MailPreference } from './preference.ts';

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
