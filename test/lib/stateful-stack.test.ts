import { describe, expect, it } from 'vitest';
import { resourcesOf, snapshotOf, templatesOf, theOnly } from '#test/lib/synthesize.ts';

const dev = templatesOf('dev').stateful;
const prod = templatesOf('prod').stateful;

describe('the stateful stack', () => {
  it('is what it was', () => {
    expect(snapshotOf(dev)).toMatchSnapshot();
  });
});

describe('the single table', () => {
  const table = theOnly(dev, 'AWS::DynamoDB::Table');

  it('is keyed by pk and sk', () => {
    expect(table.properties.KeySchema).toEqual([
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ]);
  });

  it('has every local index from its first day, because none can be added', () => {
    expect(table.properties.LocalSecondaryIndexes).toEqual([
      {
        IndexName: 'by_state',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'by_state', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
      {
        IndexName: 'by_path',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'by_path', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ]);
  });

  it('finds what is due through one sparse global index', () => {
    expect(table.properties.GlobalSecondaryIndexes).toEqual([
      {
        IndexName: 'by_due',
        KeySchema: [
          { AttributeName: 'due_shard', KeyType: 'HASH' },
          { AttributeName: 'due_at', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ]);
  });

  it('streams new and old images, expires by ttl, is paid by request', () => {
    expect(table.properties).toMatchObject({
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      BillingMode: 'PAY_PER_REQUEST',
    });
  });

  it('can be taken back in time: a day in dev, five weeks in prod', () => {
    const recovery = [dev, prod].map(
      (stack) => theOnly(stack, 'AWS::DynamoDB::Table').properties.PointInTimeRecoverySpecification,
    );
    expect(recovery).toEqual([
      { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 1 },
      { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 },
    ]);
  });
});

describe('what people own', () => {
  const owned = ['AWS::DynamoDB::Table', 'AWS::Cognito::UserPool', 'AWS::S3::Bucket'];

  it.each(owned)('outlives the stack in prod and goes with it in dev: %s', (type) => {
    expect(resourcesOf(prod, type).map(({ deletionPolicy }) => deletionPolicy)).toEqual(
      resourcesOf(dev, type).map(() => 'Retain'),
    );
    expect(new Set(resourcesOf(dev, type).map(({ deletionPolicy }) => deletionPolicy))).toEqual(new Set(['Delete']));
  });

  it('is protected against deletion in prod only', () => {
    const protections = [dev, prod].map((stack) => [
      theOnly(stack, 'AWS::DynamoDB::Table').properties.DeletionProtectionEnabled,
      theOnly(stack, 'AWS::Cognito::UserPool').properties.DeletionProtection,
    ]);
    expect(protections).toEqual([
      [false, 'INACTIVE'],
      [true, 'ACTIVE'],
    ]);
  });
});

describe('the user pool', () => {
  const pool = theOnly(dev, 'AWS::Cognito::UserPool').properties;
  const client = theOnly(dev, 'AWS::Cognito::UserPoolClient').properties;

  it('signs in by e-mail, in whatever case, and verifies it', () => {
    expect(pool).toMatchObject({
      UsernameAttributes: ['email'],
      UsernameConfiguration: { CaseSensitive: false },
      AutoVerifiedAttributes: ['email'],
      UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: ['email'] },
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: false },
      AccountRecoverySetting: { RecoveryMechanisms: [{ Name: 'verified_email', Priority: 1 }] },
    });
  });

  it('wants twelve characters, of any kind', () => {
    expect(pool.Policies.PasswordPolicy).toEqual({
      MinimumLength: 12,
      RequireLowercase: false,
      RequireNumbers: false,
      RequireSymbols: false,
      RequireUppercase: false,
    });
  });

  it('gives a client without a secret nothing but password and refresh', () => {
    expect(client).toMatchObject({
      GenerateSecret: false,
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      AllowedOAuthFlowsUserPoolClient: false,
    });
    expect(client).not.toHaveProperty('AllowedOAuthFlows');
    expect(client).not.toHaveProperty('CallbackURLs');
  });

  it('reveals no account, and takes tokens back', () => {
    expect(client).toMatchObject({ PreventUserExistenceErrors: 'ENABLED', EnableTokenRevocation: true });
  });

  it('gives access tokens an hour', () => {
    expect(client).toMatchObject({
      AccessTokenValidity: 60,
      IdTokenValidity: 60,
      TokenValidityUnits: { AccessToken: 'minutes', IdToken: 'minutes', RefreshToken: 'minutes' },
      RefreshTokenValidity: 30 * 24 * 60,
    });
  });

  it('lets nobody say that their own e-mail is verified', () => {
    expect(client.WriteAttributes).toEqual(['email', 'preferred_username', 'zoneinfo']);
  });

  it('calls post-confirmation, and only this pool may', () => {
    const functionArn = { 'Fn::GetAtt': [theOnly(dev, 'AWS::Lambda::Function').logicalId, 'Arn'] };
    expect(pool.LambdaConfig).toEqual({ PostConfirmation: functionArn });
    expect(theOnly(dev, 'AWS::Lambda::Permission').properties).toMatchObject({
      Action: 'lambda:InvokeFunction',
      FunctionName: functionArn,
      Principal: 'cognito-idp.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': [theOnly(dev, 'AWS::Cognito::UserPool').logicalId, 'Arn'] },
    });
  });
});

describe('the buckets', () => {
  const buckets = resourcesOf(dev, 'AWS::S3::Bucket');
  const [attachments, failures] = buckets;

  it('are two: attachments and failures', () => {
    expect(buckets.map(({ logicalId }) => logicalId.replace(/[0-9A-F]{8}$/, ''))).toEqual(['Attachments', 'Failures']);
  });

  it.each(buckets)('are private, encrypted, unversioned: $logicalId', ({ properties }) => {
    expect(properties.PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
    expect(properties.BucketEncryption.ServerSideEncryptionConfiguration).toEqual([
      { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
    ]);
    expect(properties).not.toHaveProperty('VersioningConfiguration');
  });

  it.each(buckets)('refuse what is not TLS 1.2 or newer: $logicalId', ({ logicalId }) => {
    const policy = resourcesOf(dev, 'AWS::S3::BucketPolicy').find(
      ({ properties }) => properties.Bucket.Ref === logicalId,
    );
    expect(policy?.properties.PolicyDocument.Statement).toMatchObject([
      { Effect: 'Deny', Principal: { AWS: '*' }, Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
      { Effect: 'Deny', Principal: { AWS: '*' }, Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } },
    ]);
  });

  it.each(buckets)('tell EventBridge what arrives: $logicalId', ({ properties }) => {
    expect(properties.NotificationConfiguration).toEqual({ EventBridgeConfiguration: { EventBridgeEnabled: true } });
  });

  it('sweep up given-up uploads and exports after a day, failures after sixty', () => {
    expect(attachments?.properties.LifecycleConfiguration.Rules).toMatchObject([
      { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Status: 'Enabled' },
      { ExpirationInDays: 1, Prefix: 'exports/', Status: 'Enabled' },
    ]);
    expect(attachments?.properties.LifecycleConfiguration.Rules[0]).not.toHaveProperty('ExpirationInDays');
    expect(failures?.properties.LifecycleConfiguration.Rules).toMatchObject([
      { ExpirationInDays: 60, Status: 'Enabled' },
    ]);
  });

  it("take attachments from the stage's own pages", () => {
    expect(attachments?.properties.CorsConfiguration.CorsRules).toMatchObject([
      { AllowedMethods: ['PUT', 'GET', 'HEAD'], AllowedOrigins: expect.arrayContaining(['http://localhost:5173']) },
    ]);
    expect(failures?.properties).not.toHaveProperty('CorsConfiguration');
  });
});
