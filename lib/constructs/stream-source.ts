import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { FunctionName } from '#blueprint/environment.ts';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';
import type { FailureBucket } from '#lib/constructs/private-bucket.ts';
import type { SingleTable } from '#lib/constructs/single-table.ts';

export interface StreamSourceProps {
  readonly table: SingleTable;
  readonly failures: FailureBucket;
  readonly consumer: FeatureFunction<FunctionName>;
  /** -1 is "until the record expires", 24 hours after the write. */
  readonly maximumRetryAttempts: number;
  /** Patterns of records; what matches none never reaches the consumer. */
  readonly patterns: readonly object[];
}

/**
 * How the table's stream reaches a consumer: each record once at least, what fails alone, and what is given up whole into the failure bucket,
 * under {@link failurePrefixOf}.
 */
export const streamSource = (
  scope: Construct,
  { table, failures, consumer, maximumRetryAttempts, patterns }: StreamSourceProps,
): CfnEventSourceMapping => {
  table.grantReadStream(consumer);
  failures.grantFailureWrite(consumer);
  const source = new CfnEventSourceMapping(scope, 'Source', {
    eventSourceArn: table.streamArn,
    functionName: consumer.lambda.functionArn,
    // From the beginning: what is written while a deploy makes this mapping is consumed as well.
    startingPosition: 'TRIM_HORIZON',
    // Records of one user come one batch after the other, in their order.
    parallelizationFactor: 1,
    batchSize: 100,
    maximumBatchingWindowInSeconds: 0,
    maximumRetryAttempts,
    maximumRecordAgeInSeconds: -1,
    // One bad record holds up itself, not its neighbours.
    bisectBatchOnFunctionError: true,
    functionResponseTypes: ['ReportBatchItemFailures'],
    destinationConfig: { onFailure: { destination: failures.bucketArn } },
    // What becomes of records, for an alarm to hear.
    metricsConfig: { metrics: ['EventCount'] },
    filterCriteria: { filters: patterns.map((pattern) => ({ pattern: JSON.stringify(pattern) })) },
  });
  // Lambda tries the stream and the bucket when the mapping is made: the permissions must stand by then.
  source.node.addDependency(consumer);
  return source;
};

/** Where Lambda puts what the consumer of a mapping has given up. */
export const failurePrefixOf = (source: CfnEventSourceMapping): string => `aws/lambda/${source.ref}/`;

/** Records of items whose sort key begins so. */
export const ofSortKeys = (prefixes: readonly string[]): object => ({
  Keys: { sk: { S: prefixes.map((prefix) => ({ prefix })) } },
});
