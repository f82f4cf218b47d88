import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { reactedTo, reactedToWhenDeleted } from '#blueprint/table.ts';
import type { StageConfig } from '#lib/config.ts';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';
import { OperatorAlarm } from '#lib/constructs/operator-alarm.ts';
import type { FailureBucket } from '#lib/constructs/private-bucket.ts';
import type { SingleTable } from '#lib/constructs/single-table.ts';

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
    table.grantReadStream(consumer);
    failures.grantFailureWrite(consumer);
    const source = new CfnEventSourceMapping(this, 'Source', {
      eventSourceArn: table.streamArn,
      functionName: consumer.lambda.functionArn,
      startingPosition: 'TRIM_HORIZON',
      // Ten users at a time in one batch are more mail a second than SES takes of most accounts.
      parallelizationFactor: 1,
      batchSize: 100,
      maximumBatchingWindowInSeconds: 0,
      // Unlike the feed, nothing here is worth holding up what comes behind: with the pauses in between, five tries are some minutes.
      maximumRetryAttempts: 5,
      maximumRecordAgeInSeconds: -1,
      bisectBatchOnFunctionError: true,
      functionResponseTypes: ['ReportBatchItemFailures'],
      destinationConfig: { onFailure: { destination: failures.bucketArn } },
      metricsConfig: { metrics: ['EventCount'] },
      filterCriteria: {
        filters: [
          {
            pattern: JSON.stringify({
              eventName: ['INSERT', 'MODIFY'],
              dynamodb: { Keys: { sk: { S: reactedTo.map((prefix) => ({ prefix })) } } },
            }),
          },
          {
            // Not every edit of a task is worth an invocation.
            pattern: JSON.stringify({
              eventName: ['MODIFY'],
              dynamodb: {
                Keys: { sk: { S: reactedToWhenDeleted.map((prefix) => ({ prefix })) } },
                NewImage: { deleted: { BOOL: [true] } },
              },
            }),
          },
        ],
      },
    });
    // Lambda tries the stream and the bucket when the mapping is made: the permissions must stand by then.
    source.node.addDependency(consumer);

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
      noticed: 'a reminder or another mail did not come.',
      firstStep: `Search the log of ${consumer.lambda.functionName} for "a reaction failed"; the records are in ${failures.bucketName} under aws/lambda/${source.ref}/.`,
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
