import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as cognito from '@aws-sdk/client-cognito-identity-provider';
import { CognitoJwtVerifier } from 'aws-jwt-verify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startCognito } from '#local/cognito.ts';
import { startMailbox } from '#local/mailbox.ts';
import { localCredentials, localRegion, type Part } from '#local/parts.ts';
import { assemblyOf, fakeLambdas } from '#test/support/assembly.ts';
import { freePort } from '#test/support/ports.ts';

const poolId = 'us-east-1_PoolForTests';
const clientId = 'clientfortests';
const password = 'correct horse battery';
const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:post-confirmation';

const assembly = assemblyOf({
  [poolId]: {
    type: 'AWS::Cognito::UserPool',
    properties: {
      UserPoolName: 'tests',
      UsernameAttributes: ['email'],
      AutoVerifiedAttributes: ['email'],
      MfaConfiguration: 'OFF',
      Policies: { PasswordPolicy: { MinimumLength: 12 } },
      EmailVerificationSubject: 'Your code',
      EmailVerificationMessage: 'It is {####}.',
      LambdaConfig: { PostConfirmation: functionArn },
    },
  },
  [clientId]: {
    type: 'AWS::Cognito::UserPoolClient',
    properties: {
      UserPoolId: poolId,
      ClientName: 'app',
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH', 'ALLOW_USER_SRP_AUTH'],
      AccessTokenValidity: 60,
      IdTokenValidity: 60,
      RefreshTokenValidity: 43_200,
      TokenValidityUnits: { AccessToken: 'minutes', IdToken: 'minutes', RefreshToken: 'minutes' },
      WriteAttributes: ['email', 'preferred_username', 'zoneinfo'],
      PreventUserExistenceErrors: 'ENABLED',
      EnableTokenRevocation: true,
    },
  },
});

let folder: string;
let port: number;
let pool: Part & { readonly endpoint: string };
let mailbox: Part & { readonly url: string };
let client: cognito.CognitoIdentityProviderClient;
let lambdas = fakeLambdas();
let clock: Date;
let people = 0;

const start = async (): Promise<void> => {
  pool = await startCognito({
    assembly,
    lambdas: { invoke: (arn, event) => lambdas.invoke(arn, event) },
    port,
    dataFolder: folder,
    mailboxUrl: mailbox.url,
    now: () => clock,
  });
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pomona-cognito-'));
  port = await freePort();
  mailbox = await startMailbox({ port: await freePort() });
  clock = new Date();
  await start();
  client = new cognito.CognitoIdentityProviderClient({
    endpoint: pool.endpoint,
    region: localRegion,
    credentials: localCredentials,
  });
});
afterAll(async () => {
  client.destroy();
  await pool.stop();
  await mailbox.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  lambdas = fakeLambdas();
  clock = new Date();
});

const minutesLater = (minutes: number): void => {
  clock = new Date(clock.getTime() + minutes * 60_000);
};
const newAddress = (): string => {
  people += 1;
  return `person${people}@example.com`;
};
const signUp = (Username: string, more: Partial<cognito.SignUpCommandInput> = {}) =>
  client.send(new cognito.SignUpCommand({ ClientId: clientId, Username, Password: password, ...more }));
const mailsTo = async (address: string): Promise<{ subject: string; body: { text: string } }[]> => {
  const { emails } = (await (await fetch(`${mailbox.url}/store`)).json()) as {
    emails: { subject: string; body: { text: string }; destination: { to: string[] } }[];
  };
  return emails.filter(({ destination }) => destination.to.includes(address));
};
const codeTo = async (address: string): Promise<string> =>
  /\d{6}/.exec((await mailsTo(address)).at(-1)?.body.text ?? '')?.[0] ?? '';
const otherThan = (code: string): string => (code === '123456' ? '654321' : '123456');
const confirm = (Username: string, ConfirmationCode: string) =>
  client.send(new cognito.ConfirmSignUpCommand({ ClientId: clientId, Username, ConfirmationCode }));
const signIn = async (USERNAME: string, PASSWORD = password) =>
  (
    await client.send(
      new cognito.InitiateAuthCommand({
        ClientId: clientId,
        AuthFlow: 'USER_PASSWORD_AUTH',
        AuthParameters: { USERNAME, PASSWORD },
      }),
    )
  ).AuthenticationResult ?? {};
const refresh = async (REFRESH_TOKEN = '') =>
  (
    await client.send(
      new cognito.InitiateAuthCommand({
        ClientId: clientId,
        AuthFlow: 'REFRESH_TOKEN_AUTH',
        AuthParameters: { REFRESH_TOKEN },
      }),
    )
  ).AuthenticationResult ?? {};
const registered = async (): Promise<string> => {
  const address = newAddress();
  await signUp(address);
  await confirm(address, await codeTo(address));
  return address;
};
const claimsOf = (token = ''): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
const refused = (name: string, message?: string) => expect.objectContaining({ name, ...(message && { message }) });

describe('signing up', () => {
  it('mails a code in the words of the pool', async () => {
    const address = newAddress();
    const { UserConfirmed, UserSub, CodeDeliveryDetails } = await signUp(address);
    expect(UserConfirmed).toBe(false);
    expect(UserSub).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    expect(CodeDeliveryDetails).toEqual({ AttributeName: 'email', DeliveryMedium: 'EMAIL', Destination: 'p***@e***' });
    expect(await mailsTo(address)).toMatchObject([
      { subject: 'Your code', body: { text: expect.stringMatching(/^It is \d{6}\.$/) } },
    ]);
  });

  it('knows an address however it is spelled, confirmed or not', async () => {
    const address = newAddress();
    await signUp(address);
    await expect(signUp(address.toUpperCase())).rejects.toEqual(refused('UsernameExistsException'));
    await confirm(address.toUpperCase(), await codeTo(address));
    await expect(signUp(address)).rejects.toEqual(refused('UsernameExistsException'));
  });

  it('holds the password against the policy', async () => {
    await expect(signUp(newAddress(), { Password: 'eleven char' })).rejects.toEqual(
      refused('InvalidPasswordException', 'Password did not conform with policy: Password not long enough'),
    );
  });

  it('writes what the client may write, and nothing else', async () => {
    const address = newAddress();
    await signUp(address, {
      UserAttributes: [
        { Name: 'preferred_username', Value: 'ann' },
        { Name: 'zoneinfo', Value: 'Europe/Berlin' },
      ],
    });
    const { UserAttributes } = await client.send(
      new cognito.AdminGetUserCommand({ UserPoolId: poolId, Username: address }),
    );
    expect(UserAttributes).toEqual(
      expect.arrayContaining([
        { Name: 'preferred_username', Value: 'ann' },
        { Name: 'zoneinfo', Value: 'Europe/Berlin' },
        { Name: 'email_verified', Value: 'false' },
      ]),
    );
    const UserAttributesOfAnother = [{ Name: 'email_verified', Value: 'true' }];
    await expect(signUp(newAddress(), { UserAttributes: UserAttributesOfAnother })).rejects.toEqual(
      refused('NotAuthorizedException'),
    );
  });
});

describe('confirming', () => {
  it('calls the trigger with the user as it is then', async () => {
    const address = newAddress();
    const { UserSub } = await signUp(address);
    await confirm(address, await codeTo(address));
    expect(lambdas.calls).toEqual([
      {
        functionArn,
        event: {
          version: '1',
          region: 'us-east-1',
          userPoolId: poolId,
          userName: UserSub,
          callerContext: { awsSdkVersion: expect.any(String), clientId },
          triggerSource: 'PostConfirmation_ConfirmSignUp',
          request: {
            userAttributes: {
              sub: UserSub,
              email: address,
              email_verified: 'true',
              'cognito:user_status': 'CONFIRMED',
            },
          },
          response: {},
        },
      },
    ]);
  });

  it('takes the right code, once, within a day', async () => {
    const address = newAddress();
    await signUp(address);
    const code = await codeTo(address);
    await expect(confirm(address, otherThan(code))).rejects.toEqual(refused('CodeMismatchException'));
    minutesLater(24 * 60 + 1);
    await expect(confirm(address, code)).rejects.toEqual(refused('ExpiredCodeException'));
    await client.send(new cognito.ResendConfirmationCodeCommand({ ClientId: clientId, Username: address }));
    const fresh = await codeTo(address);
    await confirm(address, fresh);
    await expect(confirm(address, fresh)).rejects.toEqual(refused('NotAuthorizedException'));
  });

  it('does not tell whether there is such a user', async () => {
    const Username = newAddress();
    await expect(confirm(Username, '123456')).rejects.toEqual(refused('ExpiredCodeException'));
    const { CodeDeliveryDetails } = await client.send(
      new cognito.ResendConfirmationCodeCommand({ ClientId: clientId, Username }),
    );
    expect(CodeDeliveryDetails?.Destination).toBe('p***@e***');
    expect(await mailsTo(Username)).toEqual([]);
  });
});

describe('signing in', () => {
  it('gives tokens that stand every check of AWS', async () => {
    const address = await registered();
    const { AccessToken, IdToken, RefreshToken, ExpiresIn, TokenType } = await signIn(address.toUpperCase());
    expect([ExpiresIn, TokenType]).toEqual([3600, 'Bearer']);
    const verifier = CognitoJwtVerifier.create({ userPoolId: poolId, clientId, tokenUse: 'access' });
    const keys = await fetch(`${pool.endpoint}/${poolId}/.well-known/jwks.json`);
    verifier.cacheJwks((await keys.json()) as Parameters<typeof verifier.cacheJwks>[0]);
    const claims = await verifier.verify(AccessToken ?? '');
    expect(claims).toMatchObject({
      iss: `https://cognito-idp.us-east-1.amazonaws.com/${poolId}`,
      client_id: clientId,
      scope: 'aws.cognito.signin.user.admin',
      username: claims.sub,
      jti: expect.any(String),
      origin_jti: expect.any(String),
    });
    expect(claims.exp - claims.iat).toBe(3600);
    expect(claimsOf(IdToken)).toMatchObject({ token_use: 'id', aud: clientId, email: address, sub: claims.sub });
    expect(claimsOf(IdToken)).not.toHaveProperty('scope');
    expect(RefreshToken).toEqual(expect.any(String));
  });

  it('refuses a wrong password and an unknown address alike', async () => {
    const wrong = refused('NotAuthorizedException', 'Incorrect username or password.');
    await expect(signIn(await registered(), 'something else')).rejects.toEqual(wrong);
    await expect(signIn(newAddress())).rejects.toEqual(wrong);
  });

  it('tells that the account is unconfirmed only to who knows its password', async () => {
    const address = newAddress();
    await signUp(address);
    await expect(signIn(address)).rejects.toEqual(refused('UserNotConfirmedException'));
    await expect(signIn(address, 'something else')).rejects.toEqual(refused('NotAuthorizedException'));
  });

  it('refuses a disabled user', async () => {
    const address = await registered();
    const { RefreshToken } = await signIn(address);
    const user = { UserPoolId: poolId, Username: address };
    await client.send(new cognito.AdminDisableUserCommand(user));
    const disabled = refused('NotAuthorizedException', 'User is disabled.');
    await expect(signIn(address)).rejects.toEqual(disabled);
    await expect(refresh(RefreshToken)).rejects.toEqual(disabled);
    await client.send(new cognito.AdminEnableUserCommand(user));
    await expect(signIn(address)).resolves.toHaveProperty('AccessToken');
  });

  it('says what it does not emulate', async () => {
    const request = {
      ClientId: clientId,
      AuthFlow: 'USER_SRP_AUTH',
      AuthParameters: { USERNAME: 'a', SRP_A: '1' },
    } as const;
    await expect(client.send(new cognito.InitiateAuthCommand(request))).rejects.toThrow('USER_SRP_AUTH');
  });
});

describe('a refresh token', () => {
  it('gives new tokens of the same origin, and no other refresh token', async () => {
    const first = await signIn(await registered());
    minutesLater(30);
    const second = await refresh(first.RefreshToken);
    expect(second.RefreshToken).toBeUndefined();
    expect(second.ExpiresIn).toBe(3600);
    expect(claimsOf(second.AccessToken)).toMatchObject({ origin_jti: claimsOf(first.AccessToken).origin_jti });
    const { AuthenticationResult } = await client.send(
      new cognito.GetTokensFromRefreshTokenCommand({ ClientId: clientId, RefreshToken: first.RefreshToken }),
    );
    expect(AuthenticationResult?.AccessToken).toEqual(expect.any(String));
  });

  it('ends after 30 days', async () => {
    const { RefreshToken } = await signIn(await registered());
    minutesLater(30 * 24 * 60 + 1);
    await expect(refresh(RefreshToken)).rejects.toEqual(refused('NotAuthorizedException'));
  });

  it('can be revoked, alone', async () => {
    const address = await registered();
    const [one, two] = [await signIn(address), await signIn(address)];
    await client.send(new cognito.RevokeTokenCommand({ ClientId: clientId, Token: one.RefreshToken }));
    const revoked = refused('NotAuthorizedException', 'Refresh Token has been revoked');
    await expect(refresh(one.RefreshToken)).rejects.toEqual(revoked);
    await expect(refresh(two.RefreshToken)).resolves.toHaveProperty('AccessToken');
  });

  it.each([
    ['the user', (AccessToken: string) => client.send(new cognito.GlobalSignOutCommand({ AccessToken }))],
    [
      'an administrator',
      (AccessToken: string) =>
        client.send(
          new cognito.AdminUserGlobalSignOutCommand({
            UserPoolId: poolId,
            Username: String(claimsOf(AccessToken).sub),
          }),
        ),
    ],
  ])('is revoked with all others when %s signs out everywhere', async (_, signOutEverywhere) => {
    const address = await registered();
    const [one, two] = [await signIn(address), await signIn(address)];
    await signOutEverywhere(one.AccessToken ?? '');
    for (const { RefreshToken } of [one, two]) {
      await expect(refresh(RefreshToken)).rejects.toEqual(refused('NotAuthorizedException'));
    }
  });
});

describe('a forgotten password', () => {
  const forget = (Username: string) => client.send(new cognito.ForgotPasswordCommand({ ClientId: clientId, Username }));
  const reset = (Username: string, ConfirmationCode: string, Password = 'quite another one') =>
    client.send(new cognito.ConfirmForgotPasswordCommand({ ClientId: clientId, Username, ConfirmationCode, Password }));

  it('is replaced with the right code, once, within the hour', async () => {
    const address = await registered();
    await forget(address);
    const code = await codeTo(address);
    await expect(reset(address, code, 'short')).rejects.toEqual(refused('InvalidPasswordException'));
    await expect(reset(address, otherThan(code))).rejects.toEqual(refused('CodeMismatchException'));
    minutesLater(61);
    await expect(reset(address, code)).rejects.toEqual(refused('ExpiredCodeException'));
    await forget(address);
    const fresh = await codeTo(address);
    await reset(address, fresh);
    await expect(reset(address, fresh)).rejects.toEqual(refused('ExpiredCodeException'));
    await expect(signIn(address)).rejects.toEqual(refused('NotAuthorizedException'));
    await expect(signIn(address, 'quite another one')).resolves.toHaveProperty('AccessToken');
    expect(lambdas.calls.at(-1)?.event).toMatchObject({ triggerSource: 'PostConfirmation_ConfirmForgotPassword' });
  });

  it('of nobody is answered as if a code had been sent', async () => {
    const Username = newAddress();
    expect((await forget(Username)).CodeDeliveryDetails).toEqual({
      AttributeName: 'email',
      DeliveryMedium: 'EMAIL',
      Destination: 'p***@e***',
    });
    expect(await mailsTo(Username)).toEqual([]);
  });
});

describe('changing a password', () => {
  const change = (AccessToken: string | undefined, PreviousPassword: string, ProposedPassword: string) =>
    client.send(new cognito.ChangePasswordCommand({ AccessToken, PreviousPassword, ProposedPassword }));

  it('needs the one before, and leaves other sessions alone', async () => {
    const address = await registered();
    const { AccessToken, RefreshToken } = await signIn(address);
    await expect(change(AccessToken, 'wrong password', 'quite another one')).rejects.toEqual(
      refused('NotAuthorizedException', 'Incorrect username or password.'),
    );
    await expect(change(AccessToken, password, 'short')).rejects.toEqual(refused('InvalidPasswordException'));
    await change(AccessToken, password, 'quite another one');
    await expect(signIn(address, 'quite another one')).resolves.toHaveProperty('AccessToken');
    await expect(refresh(RefreshToken)).resolves.toHaveProperty('AccessToken');
  });
});

describe('an access token', () => {
  it('that is forged does nothing', async () => {
    const { AccessToken = '' } = await signIn(await registered());
    const [header, , signature] = AccessToken.split('.');
    const claims = Buffer.from(JSON.stringify({ ...claimsOf(AccessToken), exp: 4_000_000_000 })).toString('base64url');
    const forged = [header, claims, signature].join('.');
    for (const attempt of [
      client.send(new cognito.GetUserCommand({ AccessToken: forged })),
      client.send(new cognito.DeleteUserCommand({ AccessToken: forged })),
      client.send(new cognito.UpdateUserAttributesCommand({ AccessToken: forged, UserAttributes: [] })),
    ]) {
      await expect(attempt).rejects.toEqual(refused('NotAuthorizedException'));
    }
    await expect(client.send(new cognito.GetUserCommand({ AccessToken }))).resolves.toHaveProperty('Username');
  });
});

describe('an administrator', () => {
  const user = (Username: string) => ({ UserPoolId: poolId, Username });

  it('makes users who can sign in once their password is set', async () => {
    const address = newAddress();
    await client.send(
      new cognito.AdminCreateUserCommand({
        ...user(address.toUpperCase()),
        MessageAction: 'SUPPRESS',
        TemporaryPassword: password,
      }),
    );
    const { ChallengeName } = await client.send(
      new cognito.InitiateAuthCommand({
        ClientId: clientId,
        AuthFlow: 'USER_PASSWORD_AUTH',
        AuthParameters: { USERNAME: address, PASSWORD: password },
      }),
    );
    expect(ChallengeName).toBe('NEW_PASSWORD_REQUIRED');
    const set = (Password: string) =>
      client.send(new cognito.AdminSetUserPasswordCommand({ ...user(address), Password, Permanent: true }));
    await expect(set('short')).rejects.toEqual(refused('InvalidPasswordException'));
    await set('quite another one');
    await expect(signIn(address, 'quite another one')).resolves.toHaveProperty('AccessToken');
    const { Users } = await client.send(
      new cognito.ListUsersCommand({ UserPoolId: poolId, Filter: `email = "${address}"` }),
    );
    expect(Users).toHaveLength(1);
  });

  it('deletes users', async () => {
    const address = await registered();
    await client.send(new cognito.AdminDeleteUserCommand(user(address)));
    await expect(client.send(new cognito.AdminGetUserCommand(user(address)))).rejects.toEqual(
      refused('UserNotFoundException'),
    );
    await expect(signIn(address)).rejects.toEqual(refused('NotAuthorizedException'));
  });
});

describe('a restart', () => {
  it('finds users and their sessions again', async () => {
    const address = await registered();
    const { RefreshToken } = await signIn(address);
    await pool.stop();
    await start();
    await expect(signIn(address)).resolves.toHaveProperty('AccessToken');
    await expect(refresh(RefreshToken)).resolves.toHaveProperty('AccessToken');
  });

  it('does not mind a write that was cut short', async () => {
    const address = await registered();
    await pool.stop();
    const file = join(folder, 'cognito', `${poolId}.json`);
    await writeFile(`${file}.draft`, (await readFile(file, 'utf8')).slice(0, 100));
    await start();
    await expect(signIn(address)).resolves.toHaveProperty('AccessToken');
  });
});
