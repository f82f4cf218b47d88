import { Duration, Validations } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';
import type { FailureBucket } from '#lib/constructs/private-bucket.ts';

export interface FeedRepairProps {
  readonly failures: FailureBucket;
  /** Where the feed's own lie; others put theirs into the bucket as well. */
  readonly failurePrefix: string;
  readonly repairer: FeatureFunction<'feed-repair'>;
}

/** What the change feed has given up wakes the function that lets its users start over (design: the feed is the truth). */
export class FeedRepair extends Construct {
  constructor(scope: Construct, id: string, { failures, failurePrefix, repairer }: FeedRepairProps) {
    super(scope, id);
    failures.grantFailureRead(repairer);
    // As long and as often as Lambda does it: repairing twice is no worse than once.
    repairer.lambda.configureAsyncInvoke({ retryAttempts: 2, maxEventAge: Duration.hours(6) });
    const rule = new Rule(this, 'BatchGivenUp', {
      description: 'A batch of the stream was given up',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [failures.bucketName] }, object: { key: [{ prefix: failurePrefix }] } },
      },
      targets: [new LambdaFunction(repairer.lambda)],
    });
    const reason =
      'The object stays, to be driven through the feed again by hand; the alarm events-dropped tells. What a failure destination would put into the bucket would wake the function again.';
    Validations.of(repairer.lambda).acknowledge({ id: 'Serverless-LambdaAsyncFailureDestination', reason });
    Validations.of(rule).acknowledge({ id: 'Serverless-EventBusDLQ', reason });
  }
}
