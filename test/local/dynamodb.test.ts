import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTables, type Tables } from '#local/dynamodb.ts';
import { availableEngines, type Engine, startEngine } from '#local/dynamodb-engine.ts';
import { localCredentials, localRegion } from '#local/parts.ts';
import { assemblyOf, type FakeAssembly } from '#test/support/assembly.ts';
import { freePort } from '#test/support/ports.ts';

const text = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' });
const assembly = () =>
  assemblyOf({
    Things: {
      type: 'AWS::DynamoDB::Table',
      properties: {
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        AttributeDefinitions: ['pk', 'sk', 'by', 'due'].map(text),
        LocalSecondaryIndexes: [
          {
            IndexName: 'by_local',
            KeySchema: [
              { AttributeName: 'pk', KeyType: 'HASH' },
              { AttributeName: 'by', KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'by_due',
            KeySchema: [{ AttributeName: 'due', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'KEYS_ONLY' },
          },
        ],
        BillingMode: 'PAY_PER_REQUEST',
        StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      },
    },
  });

const epochSeconds = (): number => Math.floor(Date.now() / 1000);

describe.skipIf(!availableEngines().includes('dynoxide'))('the tables of an assembly', () => {
  let folder: string;
  let port: number;
  let engine: Engine;
  let client: DynamoDBClient;
  let tables: Tables | undefined;

  const start = async (): Promise<FakeAssembly> => {
    const made = assembly();
    tables = await startTables({ assembly: made, endpoint: engine.endpoint, sweepMilliseconds: 20 });
    return made;
  };
  const put = (sk: string, more: PutItemCommandInput['Item'] = {}) =>
    client.send(new PutItemCommand({ TableName: 'Things', Item: { pk: { S: 'p' }, sk: { S: sk }, ...more } }));
  const find = async (sk: string) =>
    (await client.send(new GetItemCommand({ TableName: 'Things', Key: { pk: { S: 'p' }, sk: { S: sk } } }))).Item;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pomona-tables-'));
    port = await freePort();
    engine = await startEngine('dynoxide', { port, dataFolder: folder });
    client = new DynamoDBClient({ endpoint: engine.endpoint, region: localRegion, credentials: localCredentials });
  });
  afterAll(async () => {
    client.destroy();
    await tables?.stop();
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('are made with the indexes of the template, and say where their stream is', async () => {
    const made = await start();
    const { Table } = await client.send(new DescribeTableCommand({ TableName: 'Things' }));
    expect(Table).toMatchObject({
      LocalSecondaryIndexes: [{ IndexName: 'by_local' }],
      GlobalSecondaryIndexes: [{ IndexName: 'by_due', Projection: { ProjectionType: 'KEYS_ONLY' } }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
    expect(made.learned.get('Things.StreamArn')).toBe(Table?.LatestStreamArn);
  });

  it('lose what is over, and only that', async () => {
    await put('over', { ttl: { N: String(epochSeconds() - 10) } });
    await put('later', { ttl: { N: String(epochSeconds() + 600) } });
    await put('as text', { ttl: { S: String(epochSeconds() - 10) } });
    await put('milliseconds', { ttl: { N: String(Date.now() - 10_000) } });
    await put('ancient', { ttl: { N: '5' } });
    await put('without');
    await vi.waitFor(async () => expect(await find('over')).toBeUndefined(), { timeout: 5_000 });
    for (const kept of ['later', 'as text', 'milliseconds', 'ancient', 'without']) {
      expect(await find(kept), kept).toBeDefined();
    }
  });

  it('know what they lost, in whatever order its keys are named', () => {
    expect(tables?.wasSwept({ pk: { S: 'p' }, sk: { S: 'over' } })).toBe(true);
    expect(tables?.wasSwept({ sk: { S: 'over' }, pk: { S: 'p' } })).toBe(true);
    expect(tables?.wasSwept({ pk: { S: 'p' }, sk: { S: 'later' } })).toBe(false);
  });

  it('are found again after a restart, items and stream alike', async () => {
    const stream = (await client.send(new DescribeTableCommand({ TableName: 'Things' }))).Table?.LatestStreamArn;
    await tables?.stop();
    await engine.stop();
    engine = await startEngine('dynoxide', { port, dataFolder: folder });
    const made = await start();
    expect(made.learned.get('Things.StreamArn')).toBe(stream);
    expect(await find('later')).toBeDefined();
  });
});
