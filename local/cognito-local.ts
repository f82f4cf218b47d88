import { createRequire } from 'node:module';

// cognito-local brings an SDK that would print a farewell for lack of it.
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

/** Pinned exactly in package.json: these are its insides, and what it depends on itself. */
export const cognitoLocal: NodeJS.Require = createRequire(
  createRequire(import.meta.url).resolve('cognito-local/package.json'),
);

/** cognito-local has no types of its own worth the name; these are the parts of it that are used here. */
export interface CognitoUser {
  readonly Username: string;
  readonly Attributes: readonly Attribute[];
  readonly Enabled: boolean;
  readonly Password: string;
  readonly RefreshTokens: readonly string[];
  readonly UserCreateDate: Date;
  readonly UserLastModifiedDate: Date;
  readonly UserStatus: 'UNCONFIRMED' | 'CONFIRMED' | 'RESET_REQUIRED' | 'FORCE_CHANGE_PASSWORD';
  /** Ours: the codes that were mailed, until they are used. Epoch milliseconds. */
  readonly Codes?: Readonly<Partial<Record<CodePurpose, { readonly code: string; readonly expiresAt: number }>>>;
}

export type CodePurpose = 'SignUp' | 'ForgotPassword';

export interface Attribute {
  readonly Name: string;
  readonly Value: string;
}

export interface UserPoolService {
  readonly options: PoolOptions;
  getUserByUsername(context: object, username: string): Promise<CognitoUser | null>;
  getUserByRefreshToken(context: object, token: string): Promise<CognitoUser | null>;
  listUserGroupMembership(context: object, user: CognitoUser): Promise<readonly string[]>;
  saveUser(context: object, user: CognitoUser): Promise<void>;
  saveAppClient(context: object, client: object): Promise<void>;
  updateOptions(context: object, options: object): Promise<void>;
}

export interface PoolOptions {
  readonly Id: string;
  readonly Policies?: { readonly PasswordPolicy?: PasswordPolicy };
}

export interface PasswordPolicy {
  readonly MinimumLength?: number;
  readonly RequireLowercase?: boolean;
  readonly RequireUppercase?: boolean;
  readonly RequireNumbers?: boolean;
  readonly RequireSymbols?: boolean;
}

export interface AppClient {
  readonly ClientId: string;
  readonly UserPoolId: string;
  readonly AccessTokenValidity?: number;
  readonly TokenValidityUnits?: { readonly AccessToken?: string };
  readonly ExplicitAuthFlows?: readonly string[];
  readonly WriteAttributes?: readonly string[];
}

export interface Services {
  readonly cognito: {
    getUserPool(context: object, id: string): Promise<UserPoolService>;
    getUserPoolForClientId(context: object, clientId: string): Promise<UserPoolService>;
    getAppClient(context: object, clientId: string): Promise<AppClient | null>;
    createUserPool(context: object, options: object): Promise<unknown>;
    listUserPools(context: object): Promise<readonly PoolOptions[]>;
  };
  readonly tokenGenerator: {
    generate(
      context: object,
      user: CognitoUser,
      groups: readonly string[],
      client: AppClient,
      metadata: undefined,
      source: string,
    ): Promise<{ AccessToken: string; IdToken: string; RefreshToken: string }>;
  };
  readonly otp: () => string;
}

export type TargetHandler = (context: object, request: never) => Promise<unknown>;

export type RunTrigger = (
  name: 'PostConfirmation',
  source: string,
  user: CognitoUser,
  clientId: string,
) => Promise<{ readonly failed: string | null }>;
