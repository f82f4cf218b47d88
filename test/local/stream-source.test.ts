import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DeleteItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { startBuckets } from '#local/bucket.ts';
import { startTables } from '#local/dynamodb.ts';
import { startEngine } from '#local/dynamodb-engine.ts';
import { type Invocation, localCredentials, localRegion, type Part, portsFrom } from '#local/parts.ts';
import { closeServer, listen } from '#local/server.ts';
import { startStreamSources } from '#local/stream-source.ts';
import { assemblyOf, failure, fakeLambdas } from '#test/support/assembly.ts';
import { freePort, freePorts } from '#test/support/ports.ts';

const engine = inject('engines').includes('dynoxide')
  ? await startEngine('dynoxide', { port: await freePort() })
  : null;
const endpoint = engine?.endpoint ?? '';
const done: Invocation = { ok: true, payload: null };
const failedAt = (...itemIdentifiers: readonly unknown[]): Invocation => ({
  ok: true,
  payload: { batchItemFailures: itemIdentifiers.map((itemIdentifier) => ({ itemIdentifier })) },
});

interface Seen {
  readonly eventName: string;
  readonly userIdentity?: unknown;
  readonly dynamodb: { readonly Keys: { readonly sk: { readonly S: string } }; readonly SequenceNumber: string };
}
const recordsOf = (event: unknown): readonly Seen[] => (event as { readonly Records: readonly Seen[] }).Records;
const namesOf = (event: unknown): string[] => recordsOf(event).map(({ dynamodb }) => dynamodb.Keys.sk.S);

/** Passes requests on, and counts them by operation. */
const countingProxy = async (target: string): Promise<Part & { url: string; count: (operation: string) => number }> => {
  const counts = new Map<string, number>();
  const server = createServer((incoming, outgoing) => {
    const operation = incoming.headers['x-amz-target']?.toString().split('.').at(-1) ?? '';
    counts.set(operation, (counts.get(operation) ?? 0) + 1);
    const { method = 'POST', headers } = incoming;
    const passed = request(target, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(passed);
  });
  const port = await freePort();
  await listen(server, port);
  return {
    url: `http://127.0.0.1:${port}`,
    count: (operation) => counts.get(operation) ?? 0,
    stop: () => closeServer(server),
  };
};

describe.skipIf(!endpoint)('a stream and its consumer', () => {
  const client = new DynamoDBClient({ endpoint, region: localRegion, credentials: localCredentials });
  let folder: string;
  let table: string;
  let parts: Part[];

  afterAll(() => engine?.stop());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pomona-stream-'));
    table = `Things-${randomUUID()}`;
    parts = [];
  });
  afterEach(async () => {
    for (const part of parts.reverse()) await part.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (
    mapping: object,
    lambdas: ReturnType<typeof fakeLambdas>,
    { s3Endpoint = 'http://127.0.0.1:1', streamEndpoint = endpoint, sweepMilliseconds = 60_000 } = {},
  ): Promise<Part> => {
    const assembly = assemblyOf({
      [table]: {
        type: 'AWS::DynamoDB::Table',
        properties: {
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'sk', KeyType: 'RANGE' },
          ],
          AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
          StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
          TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
        },
      },
      Mapping: {
        type: 'AWS::Lambda::EventSourceMapping',
        properties: (learned) => ({
          EventSourceArn: learned.get(`${table}.StreamArn`),
          FunctionName: 'consumer',
          StartingPosition: 'TRIM_HORIZON',
          ...mapping,
        }),
      },
    });
    const tables = await startTables({ assembly, endpoint, sweepMilliseconds });
    const sources = await startStreamSources({
      assembly,
      lambdas,
      tables,
      endpoint: streamEndpoint,
      s3Endpoint,
      dataFolder: folder,
      maxPauseMilliseconds: 1,
    });
    parts.push(tables, sources);
    return sources;
  };
  const put = (sk: string, more = {}) =>
    client.send(new PutItemCommand({ TableName: table, Item: { pk: { S: 'p' }, sk: { S: sk }, ...more } }));
  /** Puts them all before anybody reads the stream, so that they come as one batch. */
  const startAfter = async (
    names: readonly string[],
    mapping: object,
    lambdas: ReturnType<typeof fakeLambdas>,
    options = {},
  ): Promise<void> => {
    const first = await start({ Enabled: false }, fakeLambdas());
    for (const name of names) await put(name);
    await first.stop();
    await start(mapping, lambdas, options);
  };
  const seen = (lambdas: ReturnType<typeof fakeLambdas>): string[][] =>
    lambdas.calls.map(({ event }) => namesOf(event));

  it('brings records as Lambda gets them', async () => {
    const lambdas = fakeLambdas();
    await start({}, lambdas);
    await put('a', { bytes: { B: new Uint8Array([104, 105]) }, list: { L: [{ B: new Uint8Array([1]) }] } });
    await vi.waitFor(() => expect(lambdas.calls).toHaveLength(1));
    expect(lambdas.calls[0]?.functionArn).toBe('consumer');
    expect(recordsOf(lambdas.calls[0]?.event)[0]).toEqual({
      eventID: expect.any(String),
      eventName: 'INSERT',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'us-east-1',
      eventSourceARN: expect.stringContaining(`table/${table}/stream/`),
      dynamodb: {
        ApproximateCreationDateTime: expect.closeTo(Date.now() / 1000, -2),
        Keys: { pk: { S: 'p' }, sk: { S: 'a' } },
        NewImage: { pk: { S: 'p' }, sk: { S: 'a' }, bytes: { B: 'aGk=' }, list: { L: [{ B: 'AQ==' }] } },
        SequenceNumber: expect.any(String),
        SizeBytes: expect.any(Number),
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
    });
  });

  it('leaves out what the filter does not let pass', async () => {
    const lambdas = fakeLambdas();
    const Pattern = JSON.stringify({
      eventName: ['INSERT'],
      dynamodb: { Keys: { sk: { S: [{ prefix: 'TASK#' }] } } },
    });
    await start({ FilterCriteria: { Filters: [{ Pattern }] } }, lambdas);
    await put('CHANGE#1');
    await put('TASK#1');
    await client.send(new DeleteItemCommand({ TableName: table, Key: { pk: { S: 'p' }, sk: { S: 'TASK#1' } } }));
    await put('TASK#2');
    await vi.waitFor(() => expect(seen(lambdas).flat()).toEqual(['TASK#1', 'TASK#2']));
  });

  it('keeps batches within their size', async () => {
    const lambdas = fakeLambdas();
    await startAfter(['a', 'b', 'c'], { BatchSize: 2 }, lambdas);
    await vi.waitFor(() => expect(seen(lambdas)).toEqual([['a', 'b'], ['c']]));
  });

  it('tells deletions by time from others', async () => {
    const lambdas = fakeLambdas();
    await start({}, lambdas, { sweepMilliseconds: 20 });
    await put('over', { ttl: { N: String(Math.floor(Date.now() / 1000) - 10) } });
    await put('deleted');
    await client.send(new DeleteItemCommand({ TableName: table, Key: { pk: { S: 'p' }, sk: { S: 'deleted' } } }));
    const removals = () =>
      lambdas.calls.flatMap(({ event }) => recordsOf(event)).filter(({ eventName }) => eventName === 'REMOVE');
    await vi.waitFor(() => expect(removals()).toHaveLength(2));
    expect(Object.fromEntries(removals().map((record) => [record.dynamodb.Keys.sk.S, record.userIdentity]))).toEqual({
      over: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
      deleted: undefined,
    });
  });

  it('goes on after a restart where it was', async () => {
    const before = fakeLambdas();
    const sources = await start({}, before);
    await put('a');
    await vi.waitFor(() => expect(seen(before)).toEqual([['a']]));
    await sources.stop();
    await put('b');
    const after = fakeLambdas();
    await start({}, after);
    await vi.waitFor(() => expect(seen(after)).toEqual([['b']]));
  });

  it('is not asked for its shards again and again', async () => {
    const proxy = await countingProxy(endpoint);
    parts.push(proxy);
    await startAfter(['a'], {}, fakeLambdas(), { streamEndpoint: proxy.url });
    await vi.waitFor(() => expect(proxy.count('GetRecords')).toBeGreaterThan(5), { timeout: 5_000 });
    expect(proxy.count('DescribeStream')).toBe(1);
  });

  it('brings again what was in work when the runner was killed', async () => {
    const stuck = { ...fakeLambdas(), invoke: () => new Promise<Invocation>(() => undefined) };
    await start({ Enabled: false }, fakeLambdas());
    await put('a');
    // As after kill -9, nothing is stopped: the first consumer never ends.
    const abandoned = start({}, stuck);
    await abandoned;
    parts.pop();
    await wait(100);
    const lambdas = fakeLambdas();
    await start({}, lambdas);
    await vi.waitFor(() => expect(seen(lambdas)).toEqual([['a']]));
  });

  it('is tried again until it works', async () => {
    const lambdas = fakeLambdas((_, index) => (index < 3 ? failure : done));
    await startAfter(['a', 'b', 'c'], { MaximumRetryAttempts: -1, BatchSize: 2 }, lambdas);
    await vi.waitFor(() => expect(seen(lambdas)).toEqual([...Array(4).fill(['a', 'b']), ['c']]));
  });

  it('gives up after so many tries, and goes on', async () => {
    const lambdas = fakeLambdas(({ event }) => (namesOf(event).includes('bad') ? failure : done));
    await startAfter(['bad', 'a'], { MaximumRetryAttempts: 2, BatchSize: 1 }, lambdas);
    await vi.waitFor(() => expect(seen(lambdas)).toEqual([['bad'], ['bad'], ['bad'], ['a']]));
  });

  it('finds a bad record by halves, so that its neighbours get through', async () => {
    const handled: string[] = [];
    const lambdas = fakeLambdas(({ event }) => {
      if (namesOf(event).includes('bad')) return failure;
      handled.push(...namesOf(event));
      return done;
    });
    const mapping = { BisectBatchOnFunctionError: true, MaximumRetryAttempts: 1 };
    await startAfter(['a', 'b', 'bad', 'c', 'd'], mapping, lambdas);
    await vi.waitFor(() => expect(handled).toEqual(['a', 'b', 'c', 'd']));
    expect(seen(lambdas).filter((names) => names.join() === 'bad')).toHaveLength(2);
  });

  describe('with partial failures', () => {
    const reports = { FunctionResponseTypes: ['ReportBatchItemFailures'], MaximumRetryAttempts: -1 };
    const numberOf = (event: unknown, name: string): string =>
      recordsOf(event).find(({ dynamodb }) => dynamodb.Keys.sk.S === name)?.dynamodb.SequenceNumber ?? '';

    it('goes on from the first that failed', async () => {
      const lambdas = fakeLambdas(({ event }, index) =>
        index === 0 ? failedAt(numberOf(event, 'c'), numberOf(event, 'b')) : done,
      );
      await startAfter(['a', 'b', 'c'], reports, lambdas);
      await vi.waitFor(() =>
        expect(seen(lambdas)).toEqual([
          ['a', 'b', 'c'],
          ['b', 'c'],
        ]),
      );
    });

    it.each([
      ['nobody knows', failedAt('4711')],
      ['is empty', failedAt('')],
      ['is null', failedAt(null)],
    ])('comes again as a whole when an identifier %s', async (_, answer) => {
      const lambdas = fakeLambdas((_call, index) => (index === 0 ? answer : done));
      await startAfter(['a', 'b'], reports, lambdas);
      await vi.waitFor(() =>
        expect(seen(lambdas)).toEqual([
          ['a', 'b'],
          ['a', 'b'],
        ]),
      );
    });

    it.each([
      ['nothing', null],
      ['no failures', { batchItemFailures: [] }],
      ['null for failures', { batchItemFailures: null }],
      ['an empty object', {}],
    ])('is done when the answer is %s', async (_, payload) => {
      const lambdas = fakeLambdas(() => ({ ok: true, payload }));
      await startAfter(['a', 'b'], { ...reports, BatchSize: 1 }, lambdas);
      await vi.waitFor(() => expect(seen(lambdas)).toEqual([['a'], ['b']]));
    });
  });

  it('leaves what it gave up in the failure bucket, the whole event with it', async () => {
    const buckets = await startBuckets({
      assembly: assemblyOf({ failures: { type: 'AWS::S3::Bucket', properties: {} } }),
      ports: portsFrom(await freePorts()),
      dataFolder: folder,
      putEvent: () => undefined,
    });
    parts.push(buckets);
    const lambdas = fakeLambdas(({ event }) => (namesOf(event).includes('bad') ? failure : done));
    const mapping = {
      MaximumRetryAttempts: 0,
      BatchSize: 1,
      DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::failures' } },
    };
    await startAfter(['bad', 'a'], mapping, lambdas, { s3Endpoint: buckets.endpoint });
    await vi.waitFor(() => expect(seen(lambdas)).toEqual([['bad'], ['a']]));

    const s3 = new S3Client({
      endpoint: buckets.endpoint,
      region: localRegion,
      credentials: localCredentials,
      forcePathStyle: true,
    });
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'failures' }));
    const Key = Contents[0]?.Key ?? '';
    expect(Key).toMatch(
      /^aws\/lambda\/Mapping\/[-\w]+\/\d{4}\/\d{2}\/\d{2}\/\d{4}-\d{2}-\d{2}T\d{2}\.\d{2}\.\d{2}-[-0-9a-f]{36}$/,
    );
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'failures', Key }));
    const record = JSON.parse((await Body?.transformToString()) ?? '');
    expect(record).toMatchObject({
      requestContext: { functionArn: 'consumer', condition: 'RetryAttemptsExhausted', approximateInvokeCount: 1 },
      responseContext: { functionError: 'Unhandled' },
      version: '1.0',
      DDBStreamBatchInfo: { batchSize: 1, streamArn: expect.stringContaining(table) },
    });
    expect(namesOf(JSON.parse(record.payload))).toEqual(['bad']);
    s3.destroy();
  });

  it('is not read while its mapping is disabled', async () => {
    const lambdas = fakeLambdas();
    await start({ Enabled: false }, lambdas);
    await put('a');
    await wait(200);
    expect(lambdas.calls).toHaveLength(0);
  });
});
