import {
  AdminDeleteUserCommand,
  AdminGetUserCommand,
  AdminUserGlobalSignOutCommand,
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
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { cognitoIdentityProvider } from '#functions/accounts/cognito.ts';
import { userId } from '#shared/ids.ts';
import { log } from '#shared/log.ts';

log.setLogLevel('SILENT');

const client = new CognitoIdentityProviderClient({ region: 'us-east-1' });
const cognito = mockClient(client);
const pool = cognitoIdentityProvider({ USER_POOL_ID: 'pool', USER_POOL_CLIENT_ID: 'app' }, client);

const email = 'ada@pomona.example';
const password = 'correct horse battery staple';
const owner = userId('1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b');

const acts = {
  signUp: () => pool.signUp({ email, password, username: 'ada', timezone: 'UTC' }),
  confirmSignUp: () => pool.confirmSignUp(email, '123456'),
  resendCode: () => pool.resendCode(email),
  signIn: () => pool.signIn(email, password),
  refresh: () => pool.refresh('token'),
  revoke: () => pool.revoke('token'),
  forgotPassword: () => pool.forgotPassword(email),
  resetPassword: () => pool.resetPassword(email, '123456', password),
  changePassword: () => pool.changePassword('token', password, password),
  signOutEverywhere: () => pool.signOutEverywhere(owner),
  find: () => pool.find(email),
  remove: () => pool.remove(owner),
} as const;

type Act = keyof typeof acts;

const exception = (name: string): Error => Object.assign(new Error(`${name}: about ${email}`), { name });

beforeEach(() => {
  cognito.reset();
});

describe('what Cognito refuses', () => {
  const all = Object.keys(acts) as Act[];

  it.each<[Act | readonly Act[], string, object]>([
    [['signIn', 'refresh', 'changePassword'], 'NotAuthorizedException', { type: 'invalid-credentials' }],
    [['signIn', 'changePassword'], 'UserNotFoundException', { type: 'invalid-credentials' }],
    [['signIn', 'changePassword'], 'PasswordResetRequiredException', { type: 'invalid-credentials' }],
    [['signIn', 'refresh', 'changePassword'], 'InvalidParameterException', { type: 'invalid-credentials' }],
    ['signIn', 'UserNotConfirmedException', { type: 'not-confirmed' }],
    ...[
      'CodeMismatchException',
      'ExpiredCodeException',
      'UserNotFoundException',
      'NotAuthorizedException',
      'AliasExistsException',
      'InvalidParameterException',
      // Cognito counts failures only of an account that is there.
      'LimitExceededException',
      'TooManyFailedAttemptsException',
    ].map((name) => [['confirmSignUp', 'resetPassword'], name, { type: 'wrong-code' }] as [Act[], string, object]),
    ['signUp', 'InvalidPasswordException', { type: 'invalid-request', facts: { errors: [{ pointer: '#/password' }] } }],
    [
      ['resetPassword', 'changePassword'],
      'InvalidPasswordException',
      { type: 'invalid-request', facts: { errors: [{ pointer: '#/new_password' }] } },
    ],
    ['signUp', 'InvalidParameterException', { type: 'invalid-request', facts: { errors: [{ pointer: '#' }] } }],
    [all, 'TooManyRequestsException', { type: 'too-many-requests', facts: { retryAfterSeconds: 60 } }],
    [['signUp', 'signIn', 'changePassword'], 'LimitExceededException', { type: 'too-many-requests' }],
    [all, 'InternalErrorException', { type: 'busy' }],
  ])('from %j as %s is told as a failure', async (ofActs, name, failure) => {
    cognito.rejects(exception(name));
    for (const act of [ofActs].flat() as Act[]) {
      const thrown = await acts[act]().then(
        () => 'nothing',
        (error: unknown) => error,
      );
      expect(thrown, act).toMatchObject({ name: 'Failure', ...failure });
      expect(String(thrown)).not.toContain(email);
    }
  });

  it.each<[Act | readonly Act[], string, unknown]>([
    ['signUp', 'UsernameExistsException', null],
    ['signUp', 'CodeDeliveryFailureException', null],
    ['find', 'UserNotFoundException', null],
    ['signOutEverywhere', 'UserNotFoundException', undefined],
    ['remove', 'UserNotFoundException', undefined],
    ...[
      'UserNotFoundException',
      'NotAuthorizedException',
      'InvalidParameterException',
      'LimitExceededException',
      'CodeDeliveryFailureException',
    ].map((name) => [['resendCode', 'forgotPassword'], name, undefined] as [Act[], string, undefined]),
    ...[
      'UnauthorizedException',
      'UnsupportedTokenTypeException',
      'InvalidParameterException',
      'NotAuthorizedException',
    ].map((name) => ['revoke', name, undefined] as [Act, string, undefined]),
    ...['UserLambdaValidationException', 'UnexpectedLambdaException', 'InvalidLambdaResponseException'].map(
      (name) => [['confirmSignUp', 'resetPassword'], name, undefined] as [Act[], string, undefined],
    ),
  ])('from %j as %s is no failure', async (ofActs, name, outcome) => {
    cognito.rejects(exception(name));
    for (const act of [ofActs].flat() as Act[]) expect(await acts[act](), act).toBe(outcome);
  });

  it('for our own fault stays an error', async () => {
    cognito.rejects(exception('ResourceNotFoundException'));
    for (const act of all) await expect(acts[act](), act).rejects.toThrow('ResourceNotFoundException');
  });
});

describe('what Cognito is asked', () => {
  it('is to sign up with everything that the profile will be made of', async () => {
    cognito.on(SignUpCommand).resolves({ UserSub: owner });
    expect(await acts.signUp()).toBe(owner);
    expect(cognito.commandCalls(SignUpCommand)[0]?.args[0].input).toEqual({
      ClientId: 'app',
      Username: email,
      Password: password,
      UserAttributes: [
        { Name: 'email', Value: email },
        { Name: 'zoneinfo', Value: 'UTC' },
        { Name: 'preferred_username', Value: 'ada' },
      ],
    });
  });

  it.each([
    ['signIn', { AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters: { USERNAME: email, PASSWORD: password } }],
    ['refresh', { AuthFlow: 'REFRESH_TOKEN_AUTH', AuthParameters: { REFRESH_TOKEN: 'token' } }],
  ] as const)('is for tokens to %s', async (act, input) => {
    cognito
      .on(InitiateAuthCommand)
      .resolves({ AuthenticationResult: { AccessToken: 'a', IdToken: 'i', ExpiresIn: 60 } });
    expect(await acts[act]()).toEqual({ access_token: 'a', id_token: 'i', token_type: 'Bearer', expires_in: 60 });
    expect(cognito.commandCalls(InitiateAuthCommand)[0]?.args[0].input).toEqual({ ClientId: 'app', ...input });
  });

  it('gives no tokens where it wants something else first', async () => {
    cognito.on(InitiateAuthCommand).resolves({ ChallengeName: 'NEW_PASSWORD_REQUIRED', Session: 'session' });
    await expect(acts.signIn()).rejects.toMatchObject({ type: 'invalid-credentials' });
  });

  it('is who somebody is', async () => {
    cognito.on(AdminGetUserCommand, { UserPoolId: 'pool', Username: email }).resolves({
      Enabled: true,
      UserStatus: 'CONFIRMED',
      UserAttributes: [
        { Name: 'sub', Value: owner },
        { Name: 'email', Value: email },
        { Name: 'email_verified', Value: 'true' },
      ],
    });
    expect(await acts.find()).toEqual({
      owner,
      email,
      username: null,
      timezone: null,
      is_active: true,
      is_verified: true,
      confirmed: true,
    });
    cognito
      .on(AdminGetUserCommand)
      .resolves({ UserStatus: 'UNCONFIRMED', UserAttributes: [{ Name: 'sub', Value: owner }] });
    expect(await acts.find()).toMatchObject({ confirmed: false, is_verified: false });
  });

  it.each([
    ['confirmSignUp', ConfirmSignUpCommand, { ClientId: 'app', Username: email, ConfirmationCode: '123456' }],
    ['resendCode', ResendConfirmationCodeCommand, { ClientId: 'app', Username: email }],
    ['revoke', RevokeTokenCommand, { ClientId: 'app', Token: 'token' }],
    ['forgotPassword', ForgotPasswordCommand, { ClientId: 'app', Username: email }],
    [
      'resetPassword',
      ConfirmForgotPasswordCommand,
      { ClientId: 'app', Username: email, ConfirmationCode: '123456', Password: password },
    ],
    [
      'changePassword',
      ChangePasswordCommand,
      { AccessToken: 'token', PreviousPassword: password, ProposedPassword: password },
    ],
    ['signOutEverywhere', AdminUserGlobalSignOutCommand, { UserPoolId: 'pool', Username: owner }],
    ['remove', AdminDeleteUserCommand, { UserPoolId: 'pool', Username: owner }],
  ] as const)('is to %s', async (act, command, input) => {
    cognito.onAnyCommand().resolves({});
    await acts[act]();
    const [asked] = cognito.calls().map(({ args: [sent] }) => sent);
    expect(asked).toBeInstanceOf(command);
    expect(asked?.input).toEqual(input);
  });
});
