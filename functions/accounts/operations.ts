import { randomUUID } from 'node:crypto';
import { routes } from '#blueprint/routes.ts';
import { needsReplanning } from '#functions/reminders/replan.ts';
import type { Clock } from '#shared/clock.ts';
import type { OperationsOf } from '#shared/http-handler.ts';
import type { UserId } from '#shared/ids.ts';
import { type Operation, operation, publicOperation, type VersionCondition } from '#shared/operation.ts';
import { Failure } from '#shared/problems.ts';
import { untilItHolds } from '#shared/retry.ts';
import {
  type EndConnections,
  type IdentityProvider,
  isUsername,
  type ProfileStore,
  type Replanning,
  type TellOwner,
  type UsernameStore,
} from './account.ts';
import { completeProfile } from './complete-profile.ts';
import { accountContracts, type ProfilePatch } from './contract.ts';
import { deleteAccount } from './delete-account.ts';
import type { DeletionStore } from './deletion.ts';
import type { Profile } from './profile.ts';

export interface AccountNeeds {
  readonly identity: IdentityProvider;
  readonly usernames: UsernameStore;
  readonly profiles: ProfileStore;
  readonly replanning: Replanning;
  readonly deletions: Pick<DeletionStore, 'find' | 'begin'>;
  readonly endConnections: EndConnections;
  readonly tellOwner: TellOwner;
  readonly clock: Clock;
  readonly pause: (milliseconds: number) => Promise<unknown>;
  /** Limits how often a source address may call a public operation. */
  readonly limit: (name: string, operation: Operation<'public'>) => Operation<'public'>;
}

export const accountOperations = (needs: AccountNeeds): OperationsOf<'accounts'> => {
  const { identity, clock, limit } = needs;
  const register = registerAccount(needs);
  const completed = completeProfile(needs);
  const remove = deleteAccount(needs);

  const profileOf = async (owner: UserId, clientId: string | null): Promise<Profile> => {
    const profile = await completed(owner, clientId);
    if (!profile) throw new Failure('not-found', 'There is no such account any more.');
    return profile;
  };

  const endEverything = async (owner: UserId): Promise<void> => {
    await identity.signOutEverywhere(owner);
    await needs.endConnections(owner, clock.now());
  };

  /** As slow for every address: how long it took must not tell what was found. */
  const evenly = async (act: Promise<void>): Promise<void> => {
    await Promise.all([act, needs.pause(evenMilliseconds)]);
  };

  const operations: OperationsOf<'accounts'> = {
    register: publicOperation(accountContracts.register, async ({ body }) => {
      await evenly(register(body.email, body.password, body.username ?? null, body.timezone));
      return confirmationSent;
    }),

    confirmRegistration: publicOperation(accountContracts.confirmRegistration, async ({ body: { email, code } }) => {
      await identity.confirmSignUp(email, code);
      return nothing;
    }),

    resendConfirmation: publicOperation(accountContracts.resendConfirmation, async ({ body: { email } }) => {
      await evenly(identity.resendCode(email));
      return confirmationSent;
    }),

    issueToken: publicOperation(accountContracts.issueToken, async ({ body }) => {
      if (body.grant_type === 'refresh_token') {
        return { status: 200 as const, body: await identity.refresh(body.refresh_token) };
      }
      const { login, password } = body;
      return { status: 200 as const, body: await identity.signIn(await loginOf(needs, login), password) };
    }),

    revokeToken: publicOperation(accountContracts.revokeToken, async ({ body: { refresh_token } }) => {
      await identity.revoke(refresh_token);
      return nothing;
    }),

    forgotPassword: publicOperation(accountContracts.forgotPassword, async ({ body: { email } }) => {
      await evenly(identity.forgotPassword(email));
      return confirmationSent;
    }),

    resetPassword: publicOperation(accountContracts.resetPassword, async ({ body: { email, code, new_password } }) => {
      await identity.resetPassword(email, code, new_password);
      const user = await identity.find(email);
      if (user) await endEverything(user.owner);
      return nothing;
    }),

    changePassword: operation(
      accountContracts.changePassword,
      async ({ principal: { owner, accessToken }, body: { current_password, new_password } }) => {
        await identity.changePassword(accessToken, current_password, new_password);
        await endEverything(owner);
        return { status: 200 as const, body: await identity.signIn(owner, new_password) };
      },
    ),

    getProfile: operation(accountContracts.getProfile, async ({ principal: { owner }, clientId }) =>
      answer(await profileOf(owner, clientId)),
    ),

    updateProfile: operation(
      accountContracts.updateProfile,
      async ({ principal: { owner }, body, clientId, ifMatch }) => {
        const now = clock.now();
        const { after, replans } = await untilItHolds(async () => {
          const before = await profileOf(owner, clientId);
          expectVersion(before, ifMatch);
          const after = patched(before, body);
          const replans = needsReplanning(before, after);
          const also = replans ? [needs.replanning.writeOf(owner, now)] : [];
          return (await needs.profiles.replace(after, clientId, also)) && { after, replans };
        });
        if (replans) await needs.replanning.begin(after, now);
        return answer(after);
      },
    ),

    deleteAccount: operation(accountContracts.deleteAccount, async ({ principal: { owner }, body: { password } }) => {
      await remove(owner, password);
      return { status: 202 as const };
    }),
  };

  const publicIds = routes.flatMap((route) =>
    route.feature === 'accounts' && route.auth === 'public' ? [route.operationId] : [],
  );
  return { ...operations, ...Object.fromEntries(publicIds.map((id) => [id, limit(id, operations[id])])) };
};

/** More than Cognito and a mail take on most days. */
const evenMilliseconds = 1_000;

const nothing = { status: 204 as const };

const confirmationSent = { status: 202 as const, body: { status: 'confirmation_sent' as const } };

/**
 * Whatever there is already, the answer is the same: whoever asks learns nothing, and the address's owner learns everything by mail.
 * @throws Failure `username-taken`
 */
const registerAccount =
  ({ identity, usernames, tellOwner, clock }: AccountNeeds) =>
  async (email: string, password: string, username: string | null, timezone: string): Promise<void> => {
    const now = clock.now();
    const reservation = username === null ? null : await usernames.reserve(username, email, now);
    if (reservation === 'taken') throw new Failure('username-taken', 'Somebody else has this username.');
    const giveBack = async (): Promise<void> => {
      if (username !== null && reservation === 'reserved') await usernames.release(username, email);
    };
    let owner: UserId | null;
    try {
      owner = await identity.signUp({ email, password, username, timezone });
    } catch (error) {
      await giveBack();
      throw error;
    }
    if (owner !== null) {
      if (username !== null) await usernames.assign(username, owner, now);
      return;
    }
    await giveBack();
    const known = await identity.find(email);
    await (known?.confirmed ? tellOwner(email) : identity.resendCode(email));
  };

/** A name that nobody has goes to Cognito as an id that nobody has: it takes its time, and says what it says of a wrong password. */
const loginOf = async ({ usernames, clock }: AccountNeeds, login: string): Promise<string> => {
  const given = login.trim().normalize('NFC');
  if (given.includes('@')) return given.toLowerCase();
  return (isUsername(given) ? await usernames.ownerOf(given, clock.now()) : null) ?? randomUUID();
};

const patched = (before: Profile, { timezone, day_start, pomodoro, notifications }: ProfilePatch): Profile => ({
  ...before,
  ...(timezone !== undefined && { timezone }),
  ...(day_start !== undefined && { day_start }),
  pomodoro: { ...before.pomodoro, ...given(pomodoro) },
  notifications: { ...before.notifications, ...given(notifications) },
  version: before.version + 1,
});

/** The members that are there: an optional one may also be there as `undefined`. */
const given = <T extends object>(members: T | undefined): { [Name in keyof T]?: Exclude<T[Name], undefined> } =>
  Object.fromEntries(Object.entries(members ?? {}).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: Exclude<T[Name], undefined>;
  };

const expectVersion = ({ version }: Profile, ifMatch: VersionCondition | null): void => {
  if (ifMatch && !ifMatch(version)) throw new Failure('stale-version', `The profile is in version ${version} by now.`);
};

const answer = (profile: Profile) => ({ status: 200 as const, version: profile.version, body: profile });
