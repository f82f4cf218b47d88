import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { visibleToDevices } from '#blueprint/table.ts';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';
import type { Operator } from '#lib/constructs/operator.ts';
import type { FailureBucket } from '#lib/constructs/private-bucket.ts';
import type { SingleTable } from '#lib/constructs/single-table.ts';
import { streamAlarms } from '#lib/constructs/stream-alarms.ts';
import { failurePrefixOf, ofSortKeys, streamSource } from '#lib/constructs/stream-source.ts';

export interface ChangeFeedProps {
  readonly operator: Operator;
  readonly table: SingleTable;
  readonly failures: FailureBucket;
  readonly consumer: FeatureFunction<'change-feed'>;
}

/** How the table's stream reaches the consumer that writes every user's log (design: the feed is the truth). */
export class ChangeFeed extends Construct {
  /** Under which Lambda puts what this consumer gave up. */
  readonly failurePrefix: string;

  constructor(scope: Construct, id: string, { operator, table, failures, consumer }: ChangeFeedProps) {
    super(scope, id);
    const source = streamSource(this, {
      table,
      failures,
      consumer,
      // A change is late rather than lost.
      maximumRetryAttempts: -1,
      patterns: [{ eventName: ['INSERT', 'MODIFY'], dynamodb: ofSortKeys(visibleToDevices) }],
    });
    this.failurePrefix = failurePrefixOf(source);
    streamAlarms(this, {
      operator,
      source,
      consumer,
      // Somebody with two devices in their hands notices seconds; a cold start, or a batch that is tried again, is no reason to be woken.
      latest: Duration.minutes(1),
      givenUp: {
        noticed: 'devices of some users load everything anew, once.',
        firstStep: `Search the log of ${consumer.lambda.functionName} for "a log could not be written", and that of feed-repair for "their users start over"; the records are in ${failures.bucketName} under ${this.failurePrefix}.`,
      },
      late: {
        noticed: 'a change on one device is on the others late, or only when they are opened again.',
        firstStep: `Look at errors, throttles and duration of ${consumer.lambda.functionName}: one record that fails holds up its shard.`,
      },
    });
  }
}
