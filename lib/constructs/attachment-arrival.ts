import { Duration, Validations } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { objectPrefix } from '#blueprint/objects.ts';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';
import type { AttachmentsBucket } from '#lib/constructs/private-bucket.ts';

export interface AttachmentArrivalProps {
  readonly files: AttachmentsBucket;
  readonly receiver: FeatureFunction<'attachment-arrival'>;
}

/** A file that has arrived wakes the function that makes its attachment available. */
export class AttachmentArrival extends Construct {
  constructor(scope: Construct, id: string, { files, receiver }: AttachmentArrivalProps) {
    super(scope, id);
    files.grantFiles(receiver, ['GetObject', 'DeleteObject']);
    files.grantSeeingNone(receiver);
    // As long and as often as Lambda does it: receiving a file twice is no worse than once.
    receiver.lambda.configureAsyncInvoke({ retryAttempts: 2, maxEventAge: Duration.hours(6) });
    const rule = new Rule(this, 'FileArrived', {
      description: 'A file of a task has arrived',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [files.bucketName] }, object: { key: [{ prefix: objectPrefix.attachments }] } },
      },
      targets: [new LambdaFunction(receiver.lambda)],
    });
    const reason =
      'The sweep looks for the file when it stops waiting for it; until then the alarm events-dropped tells.';
    Validations.of(receiver.lambda).acknowledge({ id: 'Serverless-LambdaAsyncFailureDestination', reason });
    Validations.of(rule).acknowledge({ id: 'Serverless-EventBusDLQ', reason });
  }
}
