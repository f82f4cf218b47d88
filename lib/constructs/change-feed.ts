import { Construct } from 'constructs';
import { visibleToDevices } from '#blueprint/table.ts';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';
import type { FailureBucket } from '#lib/constructs/private-bucket.ts';
import type { SingleTable } from '#lib/constructs/single-table.ts';
import { failurePrefixOf, ofSortKeys, streamSource } from '#lib/constructs/stream-source.ts';

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
    const source = streamSource(this, {
      table,
      failures,
      consumer,
      // A change is late rather than lost.
      maximumRetryAttempts: -1,
      patterns: [{ eventName: ['INSERT', 'MODIFY'], dynamodb: ofSortKeys(visibleToDevices) }],
    });
    this.failurePrefix = failurePrefixOf(source);
  }
}
