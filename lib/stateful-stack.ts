import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { StageConfig } from '#lib/config.ts';
import { FeatureFunction } from '#lib/constructs/feature-function.ts';
import { Identity } from '#lib/constructs/identity.ts';
import { AttachmentsBucket, FailureBucket } from '#lib/constructs/private-bucket.ts';
import { SingleTable } from '#lib/constructs/single-table.ts';

export interface StatefulStackProps extends StackProps {
  readonly config: StageConfig;
  readonly bundles: string;
}

/** What must survive a deploy: everything people own. */
export class StatefulStack extends Stack {
  readonly table: SingleTable;
  readonly identity: Identity;
  readonly attachments: AttachmentsBucket;
  readonly failures: FailureBucket;

  constructor(scope: Construct, id: string, { config, bundles, ...props }: StatefulStackProps) {
    super(scope, id, { ...props, terminationProtection: config.keepsData });

    this.table = new SingleTable(this, 'SingleTable', { config });

    // Here, beside the pool that calls it: in the other stack, each would need the other first.
    const postConfirmation = new FeatureFunction(this, 'post-confirmation', {
      config,
      bundles,
      environment: { TABLE_NAME: this.table.tableName },
    });
    this.table.grant(postConfirmation, ['GetItem', 'PutItem']);
    this.identity = new Identity(this, 'Identity', { config, postConfirmation });

    this.attachments = new AttachmentsBucket(this, 'Attachments', { config });
    this.failures = new FailureBucket(this, 'Failures', { config });

    new CfnOutput(this, 'TableName', { value: this.table.tableName });
    new CfnOutput(this, 'UserPoolId', { value: this.identity.pool.userPoolId });
    new CfnOutput(this, 'UserPoolClientId', { value: this.identity.client.userPoolClientId });
    new CfnOutput(this, 'AttachmentsBucketName', { value: this.attachments.bucketName });
    new CfnOutput(this, 'FailureBucketName', { value: this.failures.bucketName });
  }
}
