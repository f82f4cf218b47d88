import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import {
  AccountRecovery,
  ClientAttributes,
  FeaturePlan,
  Mfa,
  UserPool,
  UserPoolClient,
  UserPoolOperation,
  VerificationEmailStyle,
} from 'aws-cdk-lib/aws-cognito';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { accessTokenMinutes } from '#blueprint/tokens.ts';
import type { StageConfig } from '#lib/config.ts';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';

/** What only an administrator may ask of the pool. Signing up, signing in and changing one's own password need no permission. */
export type PoolAction = 'AdminDeleteUser' | 'AdminGetUser' | 'AdminUserGlobalSignOut';

export interface IdentityProps {
  readonly config: StageConfig;
  /** Runs when an account is confirmed. It must not name the pool in its environment or its policy: the pool already names it. */
  readonly postConfirmation: FeatureFunction<'post-confirmation'>;
}

/** Passwords, codes and tokens: what Cognito owns of an account. */
export class Identity extends Construct {
  readonly pool: UserPool;
  readonly client: UserPoolClient;

  constructor(scope: Construct, id: string, { config, postConfirmation }: IdentityProps) {
    super(scope, id);
    this.pool = new UserPool(this, 'Pool', {
      userPoolName: `pomona-${config.stage}`,
      // Nothing of the dearer plans is used: no hosted pages, no passkeys, no customized tokens.
      featurePlan: FeaturePlan.LITE,
      selfSignUpEnabled: true,
      signInAliases: { email: true },
      signInCaseSensitive: false,
      autoVerify: { email: true },
      // A new address counts once its owner has shown that they read it; until then the old one stays.
      keepOriginal: { email: true },
      standardAttributes: {
        email: { required: true, mutable: true },
        preferredUsername: { required: false, mutable: true },
        timezone: { required: false, mutable: true },
      },
      passwordPolicy: {
        minLength: 12,
        requireDigits: false,
        requireLowercase: false,
        requireSymbols: false,
        requireUppercase: false,
      },
      mfa: Mfa.OFF,
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      userVerification: {
        emailStyle: VerificationEmailStyle.CODE,
        emailSubject: 'Your Pomona code',
        emailBody: 'Your code for Pomona is {####}. If you did not ask for it, you need not do anything.',
      },
      deletionProtection: config.keepsData,
      removalPolicy: config.keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.pool.addTrigger(UserPoolOperation.POST_CONFIRMATION, postConfirmation.lambda);

    const ownAttributes = new ClientAttributes().withStandardAttributes({
      email: true,
      preferredUsername: true,
      timezone: true,
    });
    this.client = new UserPoolClient(this, 'Client', {
      userPool: this.pool,
      userPoolClientName: 'app',
      // Phones and browsers cannot keep one.
      generateSecret: false,
      authFlows: { userPassword: true },
      // CDK's default is the implicit flow with a callback to example.com.
      disableOAuth: true,
      preventUserExistenceErrors: true,
      enableTokenRevocation: true,
      accessTokenValidity: Duration.minutes(accessTokenMinutes),
      idTokenValidity: Duration.minutes(60),
      refreshTokenValidity: Duration.days(30),
      // Signing up writes them all; the e-mail counts as verified only by Cognito's own word.
      writeAttributes: ownAttributes,
      readAttributes: ownAttributes.withStandardAttributes({ emailVerified: true }),
    });

    Validations.of(this.pool).acknowledge(
      {
        id: 'AwsSolutions-COG1',
        reason:
          'At least 12 characters of any kind. NIST SP 800-63B §3.1.1.2: verifiers SHALL NOT impose composition rules; length is what helps.',
      },
      {
        id: 'AwsSolutions-COG2',
        reason: 'A to-do list is behind it; a second factor is for its owner to want, and no client asks for one yet.',
      },
      {
        id: 'AwsSolutions-COG8',
        reason:
          'The Plus plan sells risk-based sign-in, which no client uses; guessing is slowed down per source address.',
      },
    );
  }

  /** Where the keys are that check the pool's tokens. */
  get jwksUri(): string {
    const { region } = Stack.of(this);
    return `https://cognito-idp.${region}.amazonaws.com/${this.pool.userPoolId}/.well-known/jwks.json`;
  }

  /** Exactly these administrator's actions, on this pool. */
  grant(grantee: IGrantable, actions: readonly PoolAction[]): void {
    Grant.addToPrincipal({
      grantee,
      actions: actions.map((action) => `cognito-idp:${action}`),
      resourceArns: [this.pool.userPoolArn],
    });
  }
}
