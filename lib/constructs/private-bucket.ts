import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket, HttpMethods } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { objectPrefix } from '#blueprint/objects.ts';
import type { StageConfig } from '#lib/config.ts';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';

interface PrivateBucketProps {
  readonly config: StageConfig;
}

const isPrivate = ({ config }: PrivateBucketProps) => ({
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  encryption: BucketEncryption.S3_MANAGED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  versioned: false,
  removalPolicy: config.keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
});

/** Files of tasks. Clients put and get them by presigned links; nobody else's eyes are on them. */
export class AttachmentsBucket extends Bucket {
  constructor(scope: Construct, id: string, props: PrivateBucketProps) {
    super(scope, id, {
      ...isPrivate(props),
      // Each object is written once (`If-None-Match: *` is signed) and removed with its task: older versions would only outlive it.
      lifecycleRules: [
        { id: 'parts-of-given-up-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
        { id: 'exports-of-yesterday', prefix: objectPrefix.exports, expiration: Duration.days(1) },
      ],
      cors: [
        {
          allowedOrigins: [...props.config.allowedOrigins],
          allowedMethods: [HttpMethods.PUT, HttpMethods.GET, HttpMethods.HEAD],
          allowedHeaders: ['content-type', 'content-length', 'if-none-match', 'x-amz-*'],
          exposedHeaders: ['ETag'],
          maxAge: 3600,
        },
      ],
    });
    tellEventBridge(this);
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Server access logs would keep who fetched which file for longer than the file; every link is made, and logged, by a function.',
    });
  }

  /** What is done with files, one at a time: also by the links that the grantee signs, which can do what the grantee can. */
  grantFiles(grantee: FeatureFunction, actions: readonly ('GetObject' | 'PutObject' | 'DeleteObject')[]): void {
    grantObjects(this, grantee, actions, {
      under: objectPrefix.attachments,
      reason: 'Each file lies under a key of its own, which begins with its owner: there is none to name beforehand.',
    });
  }

  /** What people take along of their own, and the links to it. */
  grantExports(grantee: FeatureFunction, actions: readonly ('GetObject' | 'PutObject' | 'DeleteObject')[]): void {
    grantObjects(this, grantee, actions, {
      under: objectPrefix.exports,
      reason: 'An export lies under a key that begins with its owner: there is none to name beforehand.',
    });
  }

  /** To whom it does not let in here, S3 says of an object that is not there that it is forbidden. */
  grantSeeingNone(grantee: FeatureFunction): void {
    Grant.addToPrincipal({ grantee, actions: ['s3:ListBucket'], resourceArns: [this.bucketArn] });
  }
}

/** What the stream's consumers could not process: records of a day ago. `FeedRepair` makes up for them, a person may look at them. */
export class FailureBucket extends Bucket {
  constructor(scope: Construct, id: string, props: PrivateBucketProps) {
    super(scope, id, {
      ...isPrivate(props),
      lifecycleRules: [
        {
          id: 'looked-at-by-then',
          expiration: Duration.days(60),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
    });
    tellEventBridge(this);
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'Only Lambda writes here, and only when something failed; the function that each object wakes logs it.',
    });
  }

  /** What Lambda asks for before it accepts the bucket as a destination. CDK's own would also let the function read and delete. */
  grantFailureWrite(grantee: FeatureFunction): void {
    Grant.addToPrincipal({ grantee, actions: ['s3:ListBucket'], resourceArns: [this.bucketArn] });
    grantObjects(this, grantee, ['PutObject'], namedByLambda);
  }

  /** Reading what lies here, one object at a time. CDK's own would also list, and read everything else about the bucket. */
  grantFailureRead(grantee: FeatureFunction): void {
    grantObjects(this, grantee, ['GetObject'], namedByLambda);
  }
}

/** Which objects of a bucket, and why they cannot be named one by one. */
interface Objects {
  readonly under: string;
  readonly reason: string;
}

const namedByLambda: Objects = {
  under: '',
  reason: 'Lambda names each object when it writes it, by source, shard and time: there is none to name beforehand.',
};

const grantObjects = (
  bucket: Bucket,
  grantee: FeatureFunction,
  actions: readonly ('GetObject' | 'PutObject' | 'DeleteObject')[],
  { under, reason }: Objects,
): void => {
  Grant.addToPrincipal({
    grantee,
    actions: actions.map((action) => `s3:${action}`),
    resourceArns: [bucket.arnForObjects(`${under}*`)],
  });
  const stack = Stack.of(bucket);
  // As cdk-nag spells the ARN: by the name under which the grantee's stack imports it.
  const { 'Fn::ImportValue': importedArn } = stack.resolve(stack.exportValue(bucket.bucketArn));
  Validations.of(grantee).acknowledge({ id: `AwsSolutions-IAM5[Resource::${importedArn}/${under}*]`, reason });
};

/** What happens to objects is told to EventBridge. `eventBridgeEnabled` would say so through a custom resource with a Lambda of its own. */
const tellEventBridge = ({ node: { defaultChild } }: Bucket): void => {
  if (!(defaultChild instanceof CfnBucket)) throw new Error('a bucket that is not one to CloudFormation');
  defaultChild.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
};
