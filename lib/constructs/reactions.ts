import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { reactedTo, reactedToWhenDeleted } from '#blueprint/table.ts';
import type { StageConfig } from '#lib/config.ts';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';
import { OperatorAlarm } from '#lib/constructs/operator-alarm.ts';
import type { FailureBucket } from '#lib/constructs/private-bucket.ts';
import type { SingleTable } from '#lib/constructs/single-table.ts';
import { failurePrefixOf, ofSortKeys, streamSource } from '#lib/constructs/stream-source.ts';

export interface ReactionsProps {
  readonly config: StageConfig;
  readonly table: SingleTable;
  readonly failures: FailureBucket;
  readonly consumer: FeatureFunction<'reactions'>;
}

/** How the table's stream reaches the consumer of everything that follows from a write, but for the feed: mail, and what is to be cleared away. */
export class Reactions extends Construct {
  constructor(scope: Construct, id: string, { config, table, failures, consumer }: ReactionsProps) {
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
      counted: true,
    });

    new OperatorAlarm(this, 'GivenUp', {
      config,
      name: 'reactions-given-up',
      metric: new Metric({
        namespace: 'AWS/Lambda',
        metricName: 'OnFailureDestinationDeliveredEventCount',
        dimensionsMap: { EventSourceMappingUUID: source.ref },
        statistic: 'Sum',
        period: Duration.minutes(5),
      }),
      above: 0,
      noticed: 'a reminder or another mail did not come, or files of a deleted task still count.',
      firstStep: `Search the log of ${consumer.lambda.functionName} for "a reaction failed"; the records are in ${failures.bucketName} under ${failurePrefixOf(source)}.`,
    });
    new OperatorAlarm(this, 'Late', {
      config,
      name: 'reactions-late',
      metric: consumer.lambda.metric('IteratorAge', { statistic: 'Maximum', period: Duration.minutes(5) }),
      above: Duration.minutes(10).toMilliseconds(),
      noticed: 'reminders and other mail come late.',
      firstStep: `Look at errors, throttles and duration of ${consumer.lambda.functionName}, then at the sending quota of SES.`,
    });
  }
}
