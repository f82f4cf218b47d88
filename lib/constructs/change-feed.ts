import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { visibleToDevices } from '#blueprint/table.ts';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';
import type { FailureBucket } from '#lib/constructs/private-bucket.ts';
import type { SingleTable } from '#lib/constructs/single-table.ts';

export interface ChangeFeedProps {
  readonly table: SingleTable;
  readonly failures: FailureBucket;
  readonly consumer: FeatureFunction<'change-feed'>;
}

/** How the table's stream reaches the consumer that writes every user's log (design: the feed is the truth). */
export class ChangeFeed extends Construct {
  /** Under which Lambda puts what this consumer gave up. */
  readonly failurePrefix: string;

  constructor(scope: Construct, id: string, { table, failures, consumer }: ChangeFeedProps) {
    super(scope, id);
    table.grantReadStream(consumer);
    failures.grantFailureWrite(consumer);
    const source = new CfnEventSourceMapping(this, 'Source', {
      eventSourceArn: table.streamArn,
      functionName: consumer.lambda.functionArn,
      // From the beginning: what is written while a deploy makes this mapping is in the log as well.
      startingPosition: 'TRIM_HORIZON',
      // Records of one user come one batch after the other, so that the log is appended to in their order.
      parallelizationFactor: 1,
      batchSize: 100,
      maximumBatchingWindowInSeconds: 0,
      // -1 is "until the record expires", 24 hours after the write: a change is late rather than lost.
      maximumRetryAttempts: -1,
      maximumRecordAgeInSeconds: -1,
      // One bad record holds up itself, not its neighbours.
      bisectBatchOnFunctionError: true,
      functionResponseTypes: ['ReportBatchItemFailures'],
      destinationConfig: { onFailure: { destination: failures.bucketArn } },
      filterCriteria: {
        filters: [
          {
            pattern: JSON.stringify({
              eventName: ['INSERT', 'MODIFY'],
              dynamodb: { Keys: { sk: { S: visibleToDevices.map((prefix) => ({ prefix })) } } },
            }),
          },
        ],
      },
    });
    // Lambda tries the stream and the bucket when the mapping is made: the permissions must stand by then.
    source.node.addDependency(consumer);
    this.failurePrefix = `aws/lambda/${source.ref}/`;
  }
}
