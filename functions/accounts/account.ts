import { isTimezone } from '#shared/days.ts';
import type { UserId } from '#shared/ids.ts';
import type { Write } from '#shared/table.ts';
import type { Profile } from './profile.ts';

/** What Cognito hands out. The refresh token comes again only where it rotates. */
export interface Tokens {
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token?: string;
  readonly token_type: 'Bearer';
  /** Seconds. */
  readonly expires_in: number;
}

/** A person as the identity provider knows them. */
export interface KnownUser {
  readonly owner: UserId;
  readonly email: string;
  readonly username: string | null;
  readonly timezone: string | null;
  readonly is_active: boolean;
  readonly is_verified: boolean;
  /** Whether they have confirmed their account. */
  readonly confirmed: boolean;
}

export interface Registration {
  readonly email: string;
  readonly password: string;
  readonly username: string | null;
  readonly timezone: string;
}

/**
 * Cognito, as this room asks for it. `login` is an e-mail address or a user's id. What a caller did wrong is thrown as a `Failure`:
 * `invalid-credentials`, `not-confirmed`, `wrong-code`, `invalid-request` (a password that the pool refuses), `too-many-requests`.
 */
export interface IdentityProvider {
  /** @returns the new user, or `null` when the address has an account already */
  signUp(registration: Registration): Promise<UserId | null>;
  /** A wrong or old code, an unknown address and a confirmed account are all the same `wrong-code`. */
  confirmSignUp(email: string, code: string): Promise<void>;
  /** Mails a code if there is an account that waits for one; says nothing either way. */
  resendCode(email: string): Promise<void>;
  signIn(login: string, password: string): Promise<Tokens>;
  refresh(refreshToken: string): Promise<Tokens>;
  /** A token that is none is as good as revoked (RFC 7009 §2.2). */
  revoke(refreshToken: string): Promise<void>;
  /** Mails a code if there is a confirmed account; says nothing either way. */
  forgotPassword(email: string): Promise<void>;
  resetPassword(email: string, code: string, newPassword: string): Promise<void>;
  changePassword(accessToken: string, currentPassword: string, newPassword: string): Promise<void>;
  /** Ends every refresh token. */
  signOutEverywhere(owner: UserId): Promise<void>;
  find(login: string): Promise<KnownUser | null>;
  /** Nobody is there afterwards, whether or not somebody was. */
  remove(owner: UserId): Promise<void>;
}

/** Where usernames are kept, so that each is one person's. Names are compared as {@link foldUsername} folds them. */
export interface UsernameStore {
  /**
   * Keeps a name for somebody who is registering, until it is confirmed or a day is over.
   * `mine`: the same address had reserved it already. `taken`: it is another's.
   */
  reserve(username: string, email: string, now: Date): Promise<'reserved' | 'mine' | 'taken'>;
  /** Says who the reservation is for, once that is known. */
  assign(username: string, owner: UserId, now: Date): Promise<void>;
  release(username: string, email: string): Promise<void>;
  /** Makes it theirs for good. @returns false when somebody else was faster after the reservation had run out */
  confirm(username: string, owner: UserId, now: Date): Promise<boolean>;
  ownerOf(username: string, now: Date): Promise<UserId | null>;
  /** Somebody's name is free again; anybody else's stays theirs. */
  giveUp(username: string, owner: UserId): Promise<void>;
}

/** How long a reservation holds: as long as the code that would confirm it. */
export const reservationSeconds: number = 24 * 60 * 60;

/** Without an @, so that a login is either a name or an address. */
export const usernames = /^[\p{L}\p{N}][\p{L}\p{N}._-]{2,29}$/u;

export const isUsername = (text: string): boolean => usernames.test(text);

/** Names that look alike to a person are the same name. */
export const foldUsername = (username: string): string => username.normalize('NFKC').toLowerCase();

/**
 * The name that a new account asked for, if it is theirs from now on. Whoever signs up through Cognito's own API can ask for any text, and
 * somebody else may have the name by now, if the code came after a day: the account is theirs all the same.
 */
export const confirmedUsername = async (
  usernames: Pick<UsernameStore, 'confirm'>,
  asked: string | null,
  owner: UserId,
  now: Date,
): Promise<string | null> => {
  const username = asked?.normalize('NFC') ?? '';
  return isUsername(username) && (await usernames.confirm(username, owner, now)) ? username : null;
};

/** The zone that a new account asked for, if there is one of that name. */
export const knownTimezone = (asked: string | null): string => (asked !== null && isTimezone(asked) ? asked : 'UTC');

export interface ProfileStore {
  get(owner: UserId): Promise<Profile | null>;
  /** @returns false when there is one already */
  create(profile: Profile, changedBy: string | null, now: Date): Promise<boolean>;
  /** @param also written in the same transaction  @returns false when it is no longer in the version before this one */
  replace(profile: Profile, changedBy: string | null, also?: readonly Write[]): Promise<boolean>;
  remove(owner: UserId): Promise<void>;
}

/** What follows for a person's tasks from new settings that times hang on. */
export interface Replanning {
  /** Sees to it that it is done, whatever becomes of who has begun it. */
  writeOf(owner: UserId, now: Date): Write;
  /** Does it at once, as far as it can be waited for; never throws. */
  begin(profile: Profile, now: Date): Promise<void>;
}

/** Ends a user's open sockets at once. */
export type EndConnections = (owner: UserId, now: Date) => Promise<void>;

/** Tells the owner of an address that somebody tried to register with it. Never throws: nobody must notice. */
export type TellOwner = (email: string) => Promise<void>;
