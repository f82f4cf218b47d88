import {
  AdminDeleteUserCommand,
  AdminGetUserCommand,
  AdminUserGlobalSignOutCommand,
  type AuthenticationResultType,
  ChangePasswordCommand,
  CognitoIdentityProviderClient,
  ConfirmForgotPasswordCommand,
  ConfirmSignUpCommand,
  ForgotPasswordCommand,
  InitiateAuthCommand,
  ResendConfirmationCodeCommand,
  RevokeTokenCommand,
  SignUpCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import type { EnvironmentOf } from '#blueprint/environment.ts';
import { userId } from '#shared/ids.ts';
import { errorOf, log } from '#shared/log.ts';
import { Failure, invalidRequest } from '#shared/problems.ts';
import { busy } from '#shared/retry.ts';
import { traced } from '#shared/trace.ts';
import type { IdentityProvider, Tokens } from './account.ts';

/** Two tries of a call that hangs still fit into the Lambda's ten seconds. */
const patience = { connectionTimeout: 1_000, requestTimeout: 4_000, throwOnRequestTimeout: true };

/** Cognito's user pool. The client is made by the caller, or here from the Lambda's environment. */
export const cognitoIdentityProvider = (
  { USER_POOL_ID, USER_POOL_CLIENT_ID }: Pick<EnvironmentOf<'accounts'>, 'USER_POOL_ID' | 'USER_POOL_CLIENT_ID'>,
  client: CognitoIdentityProviderClient = traced(
    'CognitoIdentityProvider',
    new CognitoIdentityProviderClient({ requestHandler: patience, maxAttempts: 2 }),
  ),
): IdentityProvider => {
  const ClientId = USER_POOL_CLIENT_ID;
  return {
    signUp: ({ email, password, username, timezone }) =>
      unless(
        // Where the code could not be sent, the user is there all the same: as with one who registers again, it is sent again.
        { UsernameExistsException: null, CodeDeliveryFailureException: null },
        async () => {
          const { UserSub } = await client.send(
            new SignUpCommand({
              ClientId,
              Username: email,
              Password: password,
              UserAttributes: [
                { Name: 'email', Value: email },
                { Name: 'zoneinfo', Value: timezone },
                ...(username === null ? [] : [{ Name: 'preferred_username', Value: username }]),
              ],
            }),
          );
          if (!UserSub) throw new Error('Cognito made a user without an id');
          return userId(UserSub);
        },
        '#/password',
      ),

    confirmSignUp: (email, code) =>
      unless({ ...wrongCodes, ...failedTriggers }, async () => {
        await client.send(new ConfirmSignUpCommand({ ClientId, Username: email, ConfirmationCode: code }));
      }),

    resendCode: (email) => quietly(() => client.send(new ResendConfirmationCodeCommand({ ClientId, Username: email }))),

    signIn: (login, password) =>
      unless(wrongCredentials, async () => {
        const { AuthenticationResult } = await client.send(
          new InitiateAuthCommand({
            ClientId,
            AuthFlow: 'USER_PASSWORD_AUTH',
            AuthParameters: { USERNAME: login, PASSWORD: password },
          }),
        );
        return tokensOf(AuthenticationResult);
      }),

    refresh: (refreshToken) =>
      unless(wrongCredentials, async () => {
        const { AuthenticationResult } = await client.send(
          new InitiateAuthCommand({
            ClientId,
            AuthFlow: 'REFRESH_TOKEN_AUTH',
            AuthParameters: { REFRESH_TOKEN: refreshToken },
          }),
        );
        return tokensOf(AuthenticationResult);
      }),

    revoke: (refreshToken) =>
      quietly(
        () => client.send(new RevokeTokenCommand({ ClientId, Token: refreshToken })),
        ['UnauthorizedException', 'UnsupportedTokenTypeException'],
      ),

    forgotPassword: (email) => quietly(() => client.send(new ForgotPasswordCommand({ ClientId, Username: email }))),

    resetPassword: (email, code, newPassword) =>
      unless(
        { ...wrongCodes, ...failedTriggers },
        async () => {
          await client.send(
            new ConfirmForgotPasswordCommand({
              ClientId,
              Username: email,
              ConfirmationCode: code,
              Password: newPassword,
            }),
          );
        },
        '#/new_password',
      ),

    changePassword: (accessToken, currentPassword, newPassword) =>
      unless(
        wrongCredentials,
        async () => {
          await client.send(
            new ChangePasswordCommand({
              AccessToken: accessToken,
              PreviousPassword: currentPassword,
              ProposedPassword: newPassword,
            }),
          );
        },
        '#/new_password',
      ),

    signOutEverywhere: (owner) =>
      unless({ UserNotFoundException: undefined }, async () => {
        await client.send(new AdminUserGlobalSignOutCommand({ UserPoolId: USER_POOL_ID, Username: owner }));
      }),

    find: (login) =>
      unless({ UserNotFoundException: null }, async () => {
        const user = await client.send(new AdminGetUserCommand({ UserPoolId: USER_POOL_ID, Username: login }));
        const attributes = Object.fromEntries((user.UserAttributes ?? []).map(({ Name, Value }) => [Name, Value]));
        if (!attributes.sub) throw new Error('Cognito knows a user without an id');
        return {
          owner: userId(attributes.sub),
          email: attributes.email ?? '',
          username: attributes.preferred_username ?? null,
          timezone: attributes.zoneinfo ?? null,
          is_active: user.Enabled ?? true,
          is_verified: attributes.email_verified === 'true',
          confirmed: user.UserStatus !== 'UNCONFIRMED',
        };
      }),

    remove: (owner) =>
      unless({ UserNotFoundException: undefined }, async () => {
        await client.send(new AdminDeleteUserCommand({ UserPoolId: USER_POOL_ID, Username: owner }));
      }),
  };
};

/** A failure, or a value that stands for it, by the name of Cognito's exception. */
type Outcomes<T> = Readonly<Record<string, Failure | T>>;

const invalidCredentials = new Failure('invalid-credentials', 'The login, the password or the token is not right.');

const wrongCredentials: Outcomes<never> = {
  NotAuthorizedException: invalidCredentials,
  UserNotFoundException: invalidCredentials,
  PasswordResetRequiredException: invalidCredentials,
  InvalidParameterException: invalidCredentials,
  UserNotConfirmedException: new Failure('not-confirmed', 'Confirm the account with the mailed code first.'),
};

const wrongCode = new Failure('wrong-code', 'The code is wrong or too old: ask for a new one.');

/** Whether there is such an account, and in what state, is nobody's business. */
const wrongCodes: Outcomes<never> = {
  CodeMismatchException: wrongCode,
  ExpiredCodeException: wrongCode,
  NotAuthorizedException: wrongCode,
  UserNotFoundException: wrongCode,
  UserNotConfirmedException: wrongCode,
  AliasExistsException: wrongCode,
  InvalidParameterException: wrongCode,
  LimitExceededException: wrongCode,
  TooManyFailedAttemptsException: wrongCode,
};

/** By then Cognito has done what it was asked to do; the profile is made by the first route that misses it. */
const failedTriggers: Outcomes<void> = {
  UserLambdaValidationException: undefined,
  UnexpectedLambdaException: undefined,
  InvalidLambdaResponseException: undefined,
};

const tooOften = /^(TooManyRequestsException|LimitExceededException|TooManyFailedAttemptsException)$/;

/** @param passwordPointer where the password stands in the request, for calls that set one */
const unless = async <T>(
  outcomes: Outcomes<T>,
  call: () => Promise<T>,
  passwordPointer: string | null = null,
): Promise<T> => {
  try {
    return await call();
  } catch (error) {
    const { name } = errorOf(error);
    if (name in outcomes) {
      const outcome = outcomes[name];
      if (outcome instanceof Failure) throw outcome;
      if (name in failedTriggers) log.error('a trigger failed: the profile is made later', { error: errorOf(error) });
      return outcome as T;
    }
    if (name === 'InvalidPasswordException' && passwordPointer) {
      throw invalidRequest(passwordPointer, 'does not conform with the password policy');
    }
    if (name === 'InvalidParameterException' && passwordPointer) {
      throw invalidRequest('#', 'holds an address, a name or a password that cannot be used');
    }
    if (tooOften.test(name)) {
      throw new Failure('too-many-requests', 'Too many of these: wait a little.', { retryAfterSeconds: 60 });
    }
    if (name === 'InternalErrorException') throw busy();
    throw error;
  }
};

/** For what must look the same whether or not there is such an account: what Cognito has against it stays here. */
const quietly = async (call: () => Promise<unknown>, more: readonly string[] = []): Promise<void> => {
  const quiet = [
    'UserNotFoundException',
    'NotAuthorizedException',
    'InvalidParameterException',
    'LimitExceededException',
    'CodeDeliveryFailureException',
    ...more,
  ];
  await unless(Object.fromEntries(quiet.map((name) => [name, undefined])), async () => {
    await call();
  });
};

/** @throws Failure when Cognito wants more first (a new password in place of an administrator's) */
const tokensOf = (result: AuthenticationResultType | undefined): Tokens => {
  if (!result?.AccessToken || !result.IdToken) throw invalidCredentials;
  return {
    access_token: result.AccessToken,
    id_token: result.IdToken,
    ...(result.RefreshToken !== undefined && { refresh_token: result.RefreshToken }),
    token_type: 'Bearer',
    expires_in: result.ExpiresIn ?? 3600,
  };
};
