import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket, HttpMethods } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { StageConfig } from '#lib/config.ts';

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
      lifecycleRules: [{ id: 'parts-of-given-up-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) }],
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
    // `eventBridgeEnabled` would say the same through a custom resource with a Lambda of its own.
    if (this.node.defaultChild instanceof CfnBucket) {
      this.node.defaultChild.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
    }
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Server access logs would keep who fetched which file for longer than the file; every link is made, and logged, by a function.',
    });
  }
}

/** What the stream's consumers could not process: records of a day ago, for a person to look at. */
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
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'Only Lambda writes here, and only when something failed; an alarm says so.',
    });
  }

  /** What Lambda asks for before it accepts the bucket as a destination. CDK's own would also let the function read and delete. */
  grantFailureWrite(grantee: IGrantable): void {
    Grant.addToPrincipal({ grantee, actions: ['s3:ListBucket'], resourceArns: [this.bucketArn] });
    Grant.addToPrincipal({ grantee, actions: ['s3:PutObject'], resourceArns: [this.arnForObjects('*')] });
  }
}
