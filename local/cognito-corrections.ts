import { randomUUID } from 'node:crypto';
import {
  type Attribute,
  type CodePurpose,
  type CognitoUser,
  cognitoLocal,
  type PasswordPolicy,
  type RunTrigger,
  type Services,
  type TargetHandler,
  type UserPoolService,
} from '#local/cognito-local.ts';

const { CognitoError } = cognitoLocal('./lib/errors') as {
  CognitoError: new (code: string, message: string) => Error;
};
const { verify, decode, sign } = cognitoLocal('jsonwebtoken') as {
  verify(token: string, key: string, options: object): Readonly<Record<string, string>>;
  decode(token: string): Readonly<Record<string, string>>;
  sign(claims: object, key: string, options: object): string;
};
const { pem: privateKey } = cognitoLocal('./lib/keys/cognitoLocal.private.json') as { pem: string };
const { pem: publicKey } = cognitoLocal('./lib/keys/cognitoLocal.public.json') as { pem: string };

export interface CorrectionNeeds {
  readonly services: Services;
  readonly now: () => Date;
  readonly mailCode: (to: string, code: string) => Promise<void>;
  readonly runTrigger: RunTrigger;
}

interface ByClient {
  readonly ClientId: string;
}
interface ByUsername extends ByClient {
  readonly Username: string;
}
interface ByAccessToken {
  readonly AccessToken: string;
}
interface AuthRequest extends ByClient {
  readonly AuthFlow: string;
  readonly AuthParameters?: AuthParameters;
}
interface AuthParameters {
  readonly USERNAME?: string;
  readonly PASSWORD?: string;
  readonly REFRESH_TOKEN?: string;
}

const notAuthorized = (message = 'Incorrect username or password.') =>
  new CognitoError('NotAuthorizedException', message);
const expiredCode = () =>
  new CognitoError('ExpiredCodeException', 'Invalid code provided, please request a code again.');

/** How long Cognito's codes hold. */
const codeMilliseconds: Readonly<Record<CodePurpose, number>> = {
  SignUp: 24 * 60 * 60_000,
  ForgotPassword: 60 * 60_000,
};

/**
 * The operations of Cognito that cognito-local lacks or answers otherwise than AWS does with `PreventUserExistenceErrors: ENABLED`.
 * @param original answers everything else
 */
export const correctedRouter = (
  { services, now, mailCode, runTrigger }: CorrectionNeeds,
  original: (target: string) => TargetHandler,
): ((target: string) => TargetHandler) => {
  const { cognito, tokenGenerator, otp } = services;

  const poolOf = (context: object, { ClientId }: ByClient): Promise<UserPoolService> =>
    cognito.getUserPoolForClientId(context, ClientId);

  /** An address is the same address however it is spelled. */
  const find = (context: object, pool: UserPoolService, username: string): Promise<CognitoUser | null> =>
    pool.getUserByUsername(context, username.includes('@') ? username.toLowerCase() : username);

  const save = (context: object, pool: UserPoolService, user: CognitoUser): Promise<void> =>
    pool.saveUser(context, { ...user, UserLastModifiedDate: now() });

  const sendCode = async (
    context: object,
    pool: UserPoolService,
    user: CognitoUser,
    purpose: CodePurpose,
  ): Promise<object> => {
    const code = otp();
    const expiresAt = now().getTime() + codeMilliseconds[purpose];
    await save(context, pool, { ...user, Codes: { ...user.Codes, [purpose]: { code, expiresAt } } });
    const email = attributeOf(user, 'email') ?? '';
    await mailCode(email, code);
    return deliveredTo(email);
  };

  const checkCode = (user: CognitoUser, purpose: CodePurpose, given: string): void => {
    const sent = user.Codes?.[purpose];
    if (!sent) throw expiredCode();
    if (sent.code !== given) {
      throw new CognitoError('CodeMismatchException', 'Invalid verification code provided, please try again.');
    }
    if (sent.expiresAt <= now().getTime()) throw expiredCode();
  };

  const withoutCode = ({ Codes = {}, ...user }: CognitoUser, purpose: CodePurpose): CognitoUser => ({
    ...user,
    Codes: Object.fromEntries(Object.entries(Codes).filter(([name]) => name !== purpose)),
  });

  const confirmed = async (
    context: object,
    pool: UserPoolService,
    user: CognitoUser,
    source: string,
    clientId: string,
  ): Promise<object> => {
    const attributes = user.Attributes.filter(({ Name }) => Name !== 'email_verified');
    const after: CognitoUser = {
      ...user,
      UserStatus: 'CONFIRMED',
      Attributes: [...attributes, { Name: 'email_verified', Value: 'true' }],
    };
    await save(context, pool, after);
    const { failed } = await runTrigger('PostConfirmation', source, after, clientId);
    if (failed !== null) {
      throw new CognitoError('UserLambdaValidationException', `PostConfirmation failed with error ${failed}.`);
    }
    return {};
  };

  const tokensFor = async (
    context: object,
    pool: UserPoolService,
    user: CognitoUser,
    clientId: string,
    source: string,
    refreshToken?: string,
  ) => {
    const client = await cognito.getAppClient(context, clientId);
    if (!client) throw notAuthorized();
    const groups = await pool.listUserGroupMembership(context, user);
    const tokens = await tokenGenerator.generate(context, user, groups, client, undefined, source);
    const unit = unitSeconds[client.TokenValidityUnits?.AccessToken ?? 'hours'] ?? 3600;
    const origin = decode(refreshToken ?? tokens.RefreshToken).jti;
    return {
      ...tokens,
      AccessToken: withOrigin(tokens.AccessToken, origin),
      IdToken: withOrigin(tokens.IdToken, origin),
      TokenType: 'Bearer',
      ExpiresIn: (client.AccessTokenValidity ?? 1) * unit,
    };
  };

  const signIn = async (context: object, request: ByClient, { USERNAME = '', PASSWORD = '' }: AuthParameters) => {
    const pool = await poolOf(context, request);
    const user = await find(context, pool, USERNAME);
    if (!user || user.Password !== PASSWORD) throw notAuthorized();
    if (!user.Enabled) throw notAuthorized('User is disabled.');
    if (user.UserStatus === 'UNCONFIRMED') {
      throw new CognitoError('UserNotConfirmedException', 'User is not confirmed.');
    }
    if (user.UserStatus === 'RESET_REQUIRED') {
      throw new CognitoError('PasswordResetRequiredException', 'Password reset required for the user');
    }
    if (user.UserStatus === 'FORCE_CHANGE_PASSWORD') {
      return {
        ChallengeName: 'NEW_PASSWORD_REQUIRED',
        ChallengeParameters: { USER_ID_FOR_SRP: user.Username, requiredAttributes: '[]' },
        Session: randomUUID(),
      };
    }
    const tokens = await tokensFor(context, pool, user, request.ClientId, 'Authentication');
    await save(context, pool, { ...user, RefreshTokens: [...user.RefreshTokens, tokens.RefreshToken] });
    return { ChallengeParameters: {}, AuthenticationResult: tokens };
  };

  const refresh = async (context: object, request: ByClient, token: string) => {
    const pool = await poolOf(context, request);
    if (claimsOf(token) === null) throw notAuthorized('Invalid Refresh Token');
    const user = await pool.getUserByRefreshToken(context, token);
    if (!user) throw notAuthorized('Refresh Token has been revoked');
    if (!user.Enabled) throw notAuthorized('User is disabled.');
    const { RefreshToken, ...tokens } = await tokensFor(context, pool, user, request.ClientId, 'RefreshTokens', token);
    return { ChallengeParameters: {}, AuthenticationResult: tokens };
  };

  const bearer = async (context: object, { AccessToken }: ByAccessToken) => {
    const claims = claimsOf(AccessToken);
    if (claims?.token_use !== 'access') throw notAuthorized('Invalid Access Token');
    const pool = await poolOf(context, { ClientId: claims.client_id ?? '' });
    const user = await find(context, pool, claims.sub ?? '');
    if (!user) throw notAuthorized('Access Token has been revoked');
    return { pool, user };
  };

  const claimsOf = (token: string): Readonly<Record<string, string>> | null => {
    try {
      return verify(token, publicKey, {
        algorithms: ['RS256'],
        clockTimestamp: Math.floor(now().getTime() / 1000),
      });
    } catch {
      return null;
    }
  };

  const endSessions = (context: object, pool: UserPoolService, user: CognitoUser): Promise<void> =>
    save(context, pool, { ...user, RefreshTokens: [] });

  const authenticate = async (context: object, request: AuthRequest, passwordFlow: string) => {
    const { AuthFlow, AuthParameters = {} } = request;
    if (AuthFlow === 'REFRESH_TOKEN_AUTH' || AuthFlow === 'REFRESH_TOKEN') {
      return refresh(context, request, AuthParameters.REFRESH_TOKEN ?? '');
    }
    const client = await cognito.getAppClient(context, request.ClientId);
    if (!client?.ExplicitAuthFlows?.includes(`ALLOW_${AuthFlow}`)) {
      throw new CognitoError('InvalidParameterException', `${AuthFlow} flow not enabled for this client`);
    }
    if (AuthFlow !== passwordFlow) {
      throw new CognitoError('InvalidParameterException', `The runner does not emulate ${AuthFlow}.`);
    }
    return signIn(context, request, AuthParameters);
  };

  /** cognito-local itself takes any token that it can decode, and two spellings of an address for two people. */
  const passOn =
    (target: string): TargetHandler =>
    async (context, request: Partial<ByAccessToken & ByUsername> & { UserAttributes?: readonly Attribute[] }) => {
      if (request.AccessToken !== undefined) await bearer(context, { AccessToken: request.AccessToken });
      const { Username, UserAttributes } = request;
      return original(target)(context, {
        ...request,
        ...(Username?.includes('@') && { Username: Username.toLowerCase() }),
        ...(UserAttributes && {
          UserAttributes: UserAttributes.map(({ Name, Value }) => ({
            Name,
            Value: Name === 'email' ? Value.toLowerCase() : Value,
          })),
        }),
      } as never);
    };

  const targets: Readonly<Record<string, TargetHandler>> = {
    SignUp: async (
      context,
      request: ByUsername & { Password: string; UserAttributes?: readonly { Name: string; Value: string }[] },
    ) => {
      const pool = await poolOf(context, request);
      const email = request.Username.toLowerCase();
      if (!/^[^@\s]+@[^@\s]+$/.test(email)) {
        throw new CognitoError('InvalidParameterException', 'Username should be an email.');
      }
      checkPassword(request.Password, pool.options.Policies?.PasswordPolicy);
      const client = await cognito.getAppClient(context, request.ClientId);
      const writable = client?.WriteAttributes;
      if (writable && request.UserAttributes?.some(({ Name }) => !writable.includes(Name))) {
        throw notAuthorized('A client attempted to write unauthorized attribute');
      }
      if (await find(context, pool, email)) {
        throw new CognitoError('UsernameExistsException', 'User already exists');
      }
      const sub = randomUUID();
      const user: CognitoUser = {
        Username: sub,
        Attributes: [
          { Name: 'sub', Value: sub },
          ...(request.UserAttributes ?? []).filter(({ Name }) => Name !== 'email'),
          { Name: 'email', Value: email },
          { Name: 'email_verified', Value: 'false' },
        ],
        Enabled: true,
        Password: request.Password,
        RefreshTokens: [],
        UserCreateDate: now(),
        UserLastModifiedDate: now(),
        UserStatus: 'UNCONFIRMED',
      };
      const CodeDeliveryDetails = await sendCode(context, pool, user, 'SignUp');
      return { UserConfirmed: false, UserSub: sub, CodeDeliveryDetails };
    },

    ConfirmSignUp: async (context, request: ByUsername & { ConfirmationCode: string }) => {
      const pool = await poolOf(context, request);
      const user = await find(context, pool, request.Username);
      if (!user) throw expiredCode();
      if (user.UserStatus !== 'UNCONFIRMED') {
        throw notAuthorized(`User cannot be confirmed. Current status is ${user.UserStatus}`);
      }
      checkCode(user, 'SignUp', request.ConfirmationCode);
      const after = withoutCode(user, 'SignUp');
      return confirmed(context, pool, after, 'PostConfirmation_ConfirmSignUp', request.ClientId);
    },

    ResendConfirmationCode: async (context, request: ByUsername) => {
      const pool = await poolOf(context, request);
      const user = await find(context, pool, request.Username);
      if (!user) return { CodeDeliveryDetails: deliveredTo(request.Username) };
      if (user.UserStatus !== 'UNCONFIRMED') {
        throw new CognitoError('InvalidParameterException', 'User is already confirmed.');
      }
      return { CodeDeliveryDetails: await sendCode(context, pool, user, 'SignUp') };
    },

    InitiateAuth: (context, request: AuthRequest) => authenticate(context, request, 'USER_PASSWORD_AUTH'),

    AdminInitiateAuth: (context, request: AuthRequest) => authenticate(context, request, 'ADMIN_USER_PASSWORD_AUTH'),

    AdminSetUserPassword: async (context, request: { UserPoolId: string; Username: string; Password: string }) => {
      const pool = await cognito.getUserPool(context, request.UserPoolId);
      checkPassword(request.Password, pool.options.Policies?.PasswordPolicy);
      return passOn('AdminSetUserPassword')(context, request as never);
    },

    GetTokensFromRefreshToken: async (context, request: ByClient & { RefreshToken: string }) =>
      refresh(context, request, request.RefreshToken),

    RevokeToken: async (context, request: ByClient & { Token: string }) => {
      const pool = await poolOf(context, request);
      const user = await pool.getUserByRefreshToken(context, request.Token);
      if (user) {
        await save(context, pool, {
          ...user,
          RefreshTokens: user.RefreshTokens.filter((token) => token !== request.Token),
        });
      }
      return {};
    },

    ForgotPassword: async (context, request: ByUsername) => {
      const pool = await poolOf(context, request);
      const user = await find(context, pool, request.Username);
      if (!user) return { CodeDeliveryDetails: deliveredTo(request.Username) };
      if (attributeOf(user, 'email_verified') !== 'true') {
        throw new CognitoError(
          'InvalidParameterException',
          'Cannot reset password for the user as there is no registered/verified email or phone_number',
        );
      }
      return { CodeDeliveryDetails: await sendCode(context, pool, user, 'ForgotPassword') };
    },

    ConfirmForgotPassword: async (context, request: ByUsername & { ConfirmationCode: string; Password: string }) => {
      const pool = await poolOf(context, request);
      checkPassword(request.Password, pool.options.Policies?.PasswordPolicy);
      const user = await find(context, pool, request.Username);
      if (!user) throw expiredCode();
      checkCode(user, 'ForgotPassword', request.ConfirmationCode);
      const after = withoutCode({ ...user, Password: request.Password }, 'ForgotPassword');
      return confirmed(context, pool, after, 'PostConfirmation_ConfirmForgotPassword', request.ClientId);
    },

    ChangePassword: async (
      context,
      request: ByAccessToken & { PreviousPassword: string; ProposedPassword: string },
    ) => {
      const { pool, user } = await bearer(context, request);
      if (request.PreviousPassword !== user.Password) throw notAuthorized();
      checkPassword(request.ProposedPassword, pool.options.Policies?.PasswordPolicy);
      await save(context, pool, { ...user, Password: request.ProposedPassword });
      return {};
    },

    GetUser: async (context, request: ByAccessToken) => {
      const { user } = await bearer(context, request);
      return { Username: user.Username, UserAttributes: user.Attributes };
    },

    GlobalSignOut: async (context, request: ByAccessToken) => {
      const { pool, user } = await bearer(context, request);
      await endSessions(context, pool, user);
      return {};
    },

    AdminUserGlobalSignOut: async (context, request: { UserPoolId: string; Username: string }) => {
      const pool = await cognito.getUserPool(context, request.UserPoolId);
      const user = await find(context, pool, request.Username);
      if (!user) throw new CognitoError('UserNotFoundException', 'User does not exist.');
      await endSessions(context, pool, user);
      return {};
    },
  };
  return (target) => targets[target] ?? passOn(target);
};

/** Tokens of one sign-in share an origin, by which AWS revokes them together. */
const withOrigin = (token: string, origin: string | undefined): string =>
  sign({ ...decode(token), origin_jti: origin }, privateKey, { algorithm: 'RS256', keyid: 'CognitoLocal' });

const unitSeconds: Readonly<Record<string, number>> = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 };

const attributeOf = ({ Attributes }: CognitoUser, name: string): string | undefined =>
  Attributes.find(({ Name }) => Name === name)?.Value;

/** Cognito masks the address: `a***@p***`. */
const deliveredTo = (email: string): object => ({
  AttributeName: 'email',
  DeliveryMedium: 'EMAIL',
  Destination: email.replace(/^(.)[^@]*@(.).*$/, '$1***@$2***'),
});

const checkPassword = (password: string, policy: PasswordPolicy = {}): void => {
  const rules: readonly (readonly [boolean, string])[] = [
    [password.length >= (policy.MinimumLength ?? 6), 'not long enough'],
    [!policy.RequireLowercase || /[a-z]/.test(password), 'must have lowercase characters'],
    [!policy.RequireUppercase || /[A-Z]/.test(password), 'must have uppercase characters'],
    [!policy.RequireNumbers || /\d/.test(password), 'must have numeric characters'],
    [!policy.RequireSymbols || /[^A-Za-z0-9]/.test(password), 'must have symbol characters'],
    [password.length <= 256, 'too long'],
    [!/^\s|\s$/.test(password), 'must not begin or end with a space'],
  ];
  const broken = rules.find(([holds]) => !holds);
  if (broken) {
    throw new CognitoError('InvalidPasswordException', `Password did not conform with policy: Password ${broken[1]}`);
  }
};
