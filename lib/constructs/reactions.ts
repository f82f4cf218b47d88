import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { reactedTo, reactedToWhenDeleted } from '#blueprint/table.ts';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';
import type { Operator } from '#lib/constructs/operator.ts';
import type { FailureBucket } from '#lib/constructs/private-bucket.ts';
import type { SingleTable } from '#lib/constructs/single-table.ts';
import { streamAlarms } from '#lib/constructs/stream-alarms.ts';
import { failurePrefixOf, ofSortKeys, streamSource } from '#lib/constructs/stream-source.ts';

export interface ReactionsProps {
  readonly operator: Operator;
  readonly table: SingleTable;
  readonly failures: FailureBucket;
  readonly consumer: FeatureFunction<'reactions'>;
}

/** How the table's stream reaches the consumer of everything that follows from a write, but for the feed: mail, and what is to be cleared away. */
export class Reactions extends Construct {
  constructor(scope: Construct, id: string, { operator, table, failures, consumer }: ReactionsProps) {
    super(scope, id);
    const source = streamSource(this, {
      table,
      failures,
      consumer,
      // Unlike the feed, nothing here is worth holding up what comes behind: with the pauses in between, five tries are some minutes.
      maximumRetryAttempts: 5,
      patterns: [
        { eventName: ['INSERT', 'MODIFY'], dynamodb: ofSortKeys(reactedTo) },
        // Not every edit of a task is worth an invocation.
        {
          eventName: ['MODIFY'],
          dynamodb: { ...ofSortKeys(reactedToWhenDeleted), NewImage: { deleted: { BOOL: [true] } } },
        },
      ],
    });

    streamAlarms(this, {
      operator,
      source,
      consumer,
      latest: Duration.minutes(10),
      givenUp: {
        noticed: 'a reminder or another mail did not come, or files of a deleted task still count.',
        firstStep: `Search the log of ${consumer.lambda.functionName} for "a reaction failed"; the records are in ${failures.bucketName} under ${failurePrefixOf(source)}.`,
      },
      late: {
        noticed: 'reminders and other mail come late.',
        firstStep: `Look at errors, throttles and duration of ${consumer.lambda.functionName}, then at the sending quota of SES.`,
      },
    });
  }
}
