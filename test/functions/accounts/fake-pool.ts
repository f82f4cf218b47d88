import { randomUUID } from 'node:crypto';
import type { IdentityProvider, KnownUser, Tokens } from '#functions/accounts/account.ts';
import type { Clock } from '#shared/clock.ts';
import { type UserId, userId } from '#shared/ids.ts';
import { Failure } from '#shared/problems.ts';

interface Code {
  readonly text: string;
  readonly purpose: 'confirm' | 'reset';
  readonly expiresAt: number;
}

interface Person {
  readonly owner: UserId;
  readonly email: string;
  readonly username: string | null;
  readonly timezone: string | null;
  password: string;
  confirmed: boolean;
  code: Code | null;
  readonly refreshTokens: Set<string>;
}

export interface FakePool extends IdentityProvider {
  /** The newest code that was mailed to an address. */
  codeOf(email: string): string;
  /** How many codes were mailed to an address. */
  codesSent(email: string): number;
  /** Somebody who is confirmed already, as one that an administrator makes. */
  add(person: { email: string; password: string; username?: string; timezone?: string }): UserId;
}

interface Needs {
  readonly clock: Clock;
  /** The post-confirmation trigger. */
  readonly confirmed: (event: { request: { userAttributes: Record<string, string> } }) => Promise<unknown>;
}

const codeMilliseconds = { confirm: 24 * 60 * 60_000, reset: 60 * 60_000 } as const;

const wrongCode = (): Failure => new Failure('wrong-code', 'wrong or too old');
const invalidCredentials = (): Failure => new Failure('invalid-credentials', 'not right');

/** A user pool in memory: what Cognito does, as far as the port says it. */
export const fakePool = ({ clock, confirmed }: Needs): FakePool => {
  const people: Person[] = [];
  const sent: { readonly email: string; readonly code: string }[] = [];

  const personOf = (login: string): Person | undefined =>
    people.find(({ email, owner }) => email === login || owner === login);

  const send = (person: Person, purpose: Code['purpose']): void => {
    const text = String(100_000 + sent.length);
    person.code = { text, purpose, expiresAt: clock.now().getTime() + codeMilliseconds[purpose] };
    sent.push({ email: person.email, code: text });
  };

  /** @throws Failure `wrong-code` */
  const spend = (email: string, code: string, purpose: Code['purpose']): Person => {
    const person = personOf(email);
    const known = person?.code;
    const holds = known?.text === code && known.purpose === purpose && known.expiresAt > clock.now().getTime();
    if (!person || !holds) throw wrongCode();
    person.code = null;
    return person;
  };

  const confirm = async (person: Person): Promise<void> => {
    person.confirmed = true;
    await confirmed({
      request: {
        userAttributes: {
          sub: person.owner,
          email: person.email,
          ...(person.username !== null && { preferred_username: person.username }),
          ...(person.timezone !== null && { zoneinfo: person.timezone }),
        },
      },
    });
  };

  const tokensFor = ({ owner, refreshTokens }: Person): Tokens => {
    const refresh_token = randomUUID();
    refreshTokens.add(refresh_token);
    return {
      access_token: `access ${owner}`,
      id_token: `id ${owner}`,
      refresh_token,
      token_type: 'Bearer',
      expires_in: 3600,
    };
  };

  const join = (person: Pick<Person, 'email' | 'username' | 'timezone' | 'password' | 'confirmed'>): Person => {
    const joined = { ...person, owner: userId(randomUUID()), code: null, refreshTokens: new Set<string>() };
    people.push(joined);
    return joined;
  };

  return {
    signUp: async (registration) => {
      if (personOf(registration.email)) return null;
      const person = join({ ...registration, confirmed: false });
      send(person, 'confirm');
      return person.owner;
    },
    confirmSignUp: async (email, code) => {
      if (personOf(email)?.confirmed) throw wrongCode();
      await confirm(spend(email, code, 'confirm'));
    },
    resendCode: async (email) => {
      const person = personOf(email);
      if (person && !person.confirmed) send(person, 'confirm');
    },
    signIn: async (login, password) => {
      const person = personOf(login);
      if (person?.password !== password) throw invalidCredentials();
      if (!person.confirmed) throw new Failure('not-confirmed', 'confirm first');
      return tokensFor(person);
    },
    refresh: async (refreshToken) => {
      const person = people.find(({ refreshTokens }) => refreshTokens.has(refreshToken));
      if (!person) throw invalidCredentials();
      const { refresh_token, ...tokens } = tokensFor(person);
      person.refreshTokens.delete(refresh_token ?? '');
      return tokens;
    },
    revoke: async (refreshToken) => {
      for (const { refreshTokens } of people) refreshTokens.delete(refreshToken);
    },
    forgotPassword: async (email) => {
      const person = personOf(email);
      if (person?.confirmed) send(person, 'reset');
    },
    resetPassword: async (email, code, newPassword) => {
      const person = spend(email, code, 'reset');
      person.password = newPassword;
      await confirm(person);
    },
    changePassword: async (accessToken, currentPassword, newPassword) => {
      const person = people.find(({ owner }) => accessToken === `access ${owner}`);
      if (person?.password !== currentPassword) throw invalidCredentials();
      person.password = newPassword;
    },
    signOutEverywhere: async (owner) => personOf(owner)?.refreshTokens.clear(),
    find: async (login): Promise<KnownUser | null> => {
      const person = personOf(login);
      if (!person) return null;
      const { owner, email, username, timezone } = person;
      return {
        owner,
        email,
        username,
        timezone,
        is_active: true,
        is_verified: person.confirmed,
        confirmed: person.confirmed,
      };
    },
    codeOf: (email) => sent.findLast((mail) => mail.email === email)?.code ?? 'none',
    codesSent: (email) => sent.filter((mail) => mail.email === email).length,
    add: ({
      email,
      password,
      username = null,
      timezone = null,
    }: {
      email: string;
      password: string;
      username?: string | null;
      timezone?: string | null;
    }) => join({ email, password, username, timezone, confirmed: true }).owner,
    remove: async (login) => {
      const person = personOf(login);
      if (person) people.splice(people.indexOf(person), 1);
    },
  };
};
