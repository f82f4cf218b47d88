import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type _Record as StreamRecord,
} from '@aws-sdk/client-dynamodb-streams';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Tables } from '#local/dynamodb.ts';
import { type Matcher, patternMatcher } from '#local/event-pattern.ts';
import {
  type Assembly,
  type Invocation,
  type Lambdas,
  localCredentials,
  localRegion,
  type Part,
  type Resource,
} from '#local/parts.ts';

export interface StreamSourcesOptions {
  readonly assembly: Assembly;
  readonly lambdas: Lambdas;
  readonly tables: Pick<Tables, 'wasSwept'>;
  readonly endpoint: string;
  readonly s3Endpoint: string;
  readonly dataFolder: string;
  /** The longest pause between two tries of a batch that fails. Default: a minute. */
  readonly maxPauseMilliseconds?: number;
}

interface MappingProperties {
  readonly EventSourceArn: string;
  readonly FunctionName: string;
  readonly Enabled?: boolean;
  readonly StartingPosition?: 'TRIM_HORIZON' | 'LATEST';
  readonly BatchSize?: number;
  readonly FilterCriteria?: { readonly Filters?: readonly { readonly Pattern: string }[] };
  readonly MaximumRetryAttempts?: number;
  readonly MaximumRecordAgeInSeconds?: number;
  readonly BisectBatchOnFunctionError?: boolean;
  readonly FunctionResponseTypes?: readonly string[];
  readonly DestinationConfig?: { readonly OnFailure?: { readonly Destination?: string } };
}

const pollMilliseconds = 40;

/** An engine that has nothing to say is asked less often: asking costs it the more, the longer its stream is. Lambda itself asks once a second. */
const mostPollMilliseconds = 500;

/** Streams keep records for a day. */
const streamSeconds = 24 * 60 * 60;

/** DynamoDB Streams → Lambda, as the assembly's event source mappings say. */
export const startStreamSources = async (options: StreamSourcesOptions): Promise<Part> => {
  const stopped = new AbortController();
  const client = { region: localRegion, credentials: localCredentials };
  const streams = new DynamoDBStreamsClient({ ...client, endpoint: options.endpoint });
  const s3 = new S3Client({ ...client, endpoint: options.s3Endpoint, forcePathStyle: true });
  const checkpoints = join(options.dataFolder, 'stream-checkpoints');
  await mkdir(checkpoints, { recursive: true });
  const running = options.assembly
    .resourcesOf('AWS::Lambda::EventSourceMapping')
    .filter(({ properties }) => properties.Enabled !== false)
    .map((resource) =>
      consume(resource, { ...options, streams, s3, checkpoints, signal: stopped.signal }).catch((error: unknown) => {
        if (!stopped.signal.aborted) console.error(error);
      }),
    );
  return {
    stop: async () => {
      stopped.abort();
      await Promise.all(running);
      streams.destroy();
      s3.destroy();
    },
  };
};

interface Context extends StreamSourcesOptions {
  readonly streams: DynamoDBStreamsClient;
  readonly s3: S3Client;
  readonly checkpoints: string;
  readonly signal: AbortSignal;
}

/** Reads a stream's shards, oldest first, until it is told to stop. An engine that stumbles is asked again. */
const consume = async (resource: Resource, context: Context): Promise<void> => {
  const mapping = resource.properties as unknown as MappingProperties;
  const source = sourceOf(resource, mapping, context);
  const progress = await Progress.open(join(context.checkpoints, `${resource.logicalId}.json`));
  while (!context.signal.aborted) {
    try {
      const { StreamDescription } = await context.streams.send(
        new DescribeStreamCommand({ StreamArn: mapping.EventSourceArn }),
      );
      for (const { ShardId = '' } of StreamDescription?.Shards ?? []) await readShard(ShardId, source, progress);
      await wait(pollMilliseconds, undefined, { signal: context.signal });
    } catch (error) {
      if (context.signal.aborted) return;
      console.error(error);
      await wait(1_000, undefined, { signal: context.signal });
    }
  }
};

/** Where a mapping stands, kept on disk: after a restart nothing is skipped. */
class Progress {
  readonly #file: string;
  readonly #done: Map<string, string>;

  private constructor(file: string, done: Map<string, string>) {
    this.#file = file;
    this.#done = done;
  }

  static async open(file: string): Promise<Progress> {
    const text = await readFile(file, 'utf8').catch(() => '{}');
    return new Progress(file, new Map(Object.entries(JSON.parse(text))));
  }

  /** The last sequence number of a shard that has been dealt with. */
  after(shard: string): string | undefined {
    return this.#done.get(shard);
  }

  async reach(shard: string, sequenceNumber: string): Promise<void> {
    this.#done.set(shard, sequenceNumber);
    const draft = `${this.#file}.draft`;
    await writeFile(draft, JSON.stringify(Object.fromEntries(this.#done)));
    await rename(draft, this.#file);
  }
}

interface Source {
  readonly mapping: MappingProperties;
  readonly context: Context;
  readonly matches: Matcher;
  readonly deliver: (records: readonly LambdaRecord[], shard: string) => Promise<void>;
}

const sourceOf = (resource: Resource, mapping: MappingProperties, context: Context): Source => {
  const patterns = (mapping.FilterCriteria?.Filters ?? []).map(({ Pattern }) => patternMatcher(JSON.parse(Pattern)));
  return {
    mapping,
    context,
    matches: (event) => patterns.length === 0 || patterns.some((matches) => matches(event)),
    deliver: deliverer(resource, mapping, context),
  };
};

/** Until the shard is closed: there is no next iterator then. (The engine gives an ending sequence number to an open one as well.) */
const readShard = async (shard: string, source: Source, progress: Progress): Promise<void> => {
  const { mapping, context, matches, deliver } = source;
  const after = progress.after(shard);
  const { ShardIterator } = await context.streams.send(
    new GetShardIteratorCommand({
      StreamArn: mapping.EventSourceArn,
      ShardId: shard,
      ...(after === undefined
        ? { ShardIteratorType: mapping.StartingPosition ?? 'TRIM_HORIZON' }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: after }),
    }),
  );
  let iterator = ShardIterator;
  let pause = pollMilliseconds;
  while (iterator && !context.signal.aborted) {
    const { Records = [], NextShardIterator } = await context.streams.send(
      new GetRecordsCommand({ ShardIterator: iterator, Limit: mapping.BatchSize ?? 100 }),
    );
    const batch = Records.map((record) => lambdaRecord(record, mapping.EventSourceArn, context.tables)).filter(matches);
    if (batch.length > 0) await deliver(batch, shard);
    const last = Records.at(-1)?.dynamodb?.SequenceNumber;
    if (last) await progress.reach(shard, last);
    if (Records.length === 0) await wait(pause, undefined, { signal: context.signal });
    pause = Records.length === 0 ? Math.min(pause * 1.2, mostPollMilliseconds) : pollMilliseconds;
    iterator = NextShardIterator;
  }
};

/** As Lambda gets it: attribute values in their wire form, times in epoch seconds. */
interface LambdaRecord {
  readonly eventID: string | undefined;
  readonly dynamodb: { readonly SequenceNumber: string; readonly ApproximateCreationDateTime: number };
}

const lambdaRecord = (
  { eventID, eventName, eventVersion, dynamodb = {} }: StreamRecord,
  eventSourceARN: string,
  tables: Pick<Tables, 'wasSwept'>,
): LambdaRecord => ({
  eventID,
  ...{
    eventName,
    eventVersion: eventVersion ?? '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: localRegion,
    eventSourceARN,
    ...(eventName === 'REMOVE' &&
      tables.wasSwept(dynamodb.Keys) && {
        userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
      }),
  },
  dynamodb: {
    ...(wireForm(dynamodb) as object),
    SequenceNumber: dynamodb.SequenceNumber ?? '',
    ApproximateCreationDateTime: Math.floor((dynamodb.ApproximateCreationDateTime?.getTime() ?? Date.now()) / 1000),
  },
});

const wireForm = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(wireForm);
  if (value instanceof Date || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, wireForm(member)]));
};

/**
 * Hands batches to the function until they are dealt with: retried, bisected, or given up at the failure destination.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
const deliverer = (resource: Resource, mapping: MappingProperties, context: Context) => {
  const { lambdas, signal, maxPauseMilliseconds = 60_000 } = context;
  const retries = infinite(mapping.MaximumRetryAttempts);
  const maxAgeSeconds = Math.min(infinite(mapping.MaximumRecordAgeInSeconds), streamSeconds);

  const deliver = async (records: readonly LambdaRecord[], shard: string, earlierTries = 0): Promise<void> => {
    let rest = records;
    for (let tries = earlierTries; rest.length > 0; ) {
      const invocation = await lambdas.invoke(mapping.FunctionName, { Records: rest });
      signal.throwIfAborted();
      const failedFrom = firstFailure(rest, invocation, mapping);
      if (failedFrom === null) return;
      rest = rest.slice(failedFrom);
      tries += 1;
      const age = Date.now() / 1000 - (rest[0]?.dynamodb.ApproximateCreationDateTime ?? 0);
      if (tries > retries || age > maxAgeSeconds) return giveUp(rest, shard, invocation, tries);
      await wait(Math.min(maxPauseMilliseconds, 100 * 2 ** tries), undefined, { signal });
      // Halves find the bad record; splitting does not count as a try.
      if (mapping.BisectBatchOnFunctionError && !invocation.ok && rest.length > 1) {
        const middle = Math.ceil(rest.length / 2);
        await deliver(rest.slice(0, middle), shard, tries - 1);
        return deliver(rest.slice(middle), shard, tries - 1);
      }
    }
  };

  const giveUp = async (
    records: readonly LambdaRecord[],
    shard: string,
    invocation: Invocation,
    tries: number,
  ): Promise<void> => {
    const destination = mapping.DestinationConfig?.OnFailure?.Destination;
    if (!destination) return;
    const bucket = /^arn:aws:s3:::(.+)$/.exec(destination)?.[1];
    if (!bucket) throw new Error(`${resource.logicalId}: the runner knows buckets as failure destinations only`);
    const now = new Date().toISOString();
    const [first, last] = [records[0]?.dynamodb, records.at(-1)?.dynamodb];
    await context.s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: `aws/lambda/${resource.physicalId}/${shard}/${now.slice(0, 10).replaceAll('-', '/')}/${now.slice(0, 19).replaceAll(':', '.')}-${randomUUID()}`,
        Body: JSON.stringify({
          requestContext: {
            requestId: randomUUID(),
            functionArn: mapping.FunctionName,
            condition: tries > retries ? 'RetryAttemptsExhausted' : 'RecordAgeExpired',
            approximateInvokeCount: tries,
          },
          responseContext: {
            statusCode: 200,
            executedVersion: '$LATEST',
            functionError: invocation.ok ? null : 'Unhandled',
          },
          version: '1.0',
          timestamp: now,
          DDBStreamBatchInfo: {
            shardId: shard,
            startSequenceNumber: first?.SequenceNumber,
            endSequenceNumber: last?.SequenceNumber,
            approximateArrivalOfFirstRecord: arrivalOf(first),
            approximateArrivalOfLastRecord: arrivalOf(last),
            batchSize: records.length,
            streamArn: mapping.EventSourceArn,
          },
          payload: JSON.stringify({ Records: records }),
        }),
      }),
    );
  };

  return (records: readonly LambdaRecord[], shard: string): Promise<void> => deliver(records, shard);
};

const arrivalOf = (record: LambdaRecord['dynamodb'] | undefined): string | undefined =>
  record && new Date(record.ApproximateCreationDateTime * 1000).toISOString();

/** CloudFormation's -1. */
const infinite = (value: number | undefined): number =>
  value === undefined || value < 0 ? Number.POSITIVE_INFINITY : value;

/** @returns the index of the first record that is to come again; `null` when all are done */
const firstFailure = (
  records: readonly LambdaRecord[],
  invocation: Invocation,
  { FunctionResponseTypes = [] }: MappingProperties,
): number | null => {
  if (!invocation.ok) return 0;
  if (!FunctionResponseTypes.includes('ReportBatchItemFailures')) return null;
  const { batchItemFailures } = (invocation.payload ?? {}) as {
    batchItemFailures?: readonly { readonly itemIdentifier?: string | null }[] | null;
  };
  if (!batchItemFailures?.length) return null;
  const failed = batchItemFailures.map(({ itemIdentifier }) =>
    records.findIndex(({ dynamodb }) => dynamodb.SequenceNumber === itemIdentifier),
  );
  // An identifier that is none of the batch's fails it whole.
  return failed.includes(-1) ? 0 : Math.min(...failed);
};
