import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceNotFoundException,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { type Assembly, localCredentials, localRegion, type Part, type Resource } from '#local/parts.ts';

export interface TablesOptions {
  readonly assembly: Assembly;
  readonly endpoint: string;
  /** How often expired items are looked for. */
  readonly sweepMilliseconds?: number;
}

type KeyOf = Readonly<Record<string, { S?: string }>>;

export interface Tables extends Part {
  /** Whether an item was deleted because its time had come, and not by a request. */
  wasSwept(keys: unknown): boolean;
}

/** Makes each table of the assembly that is not there yet, and deletes what expires, as TTL does. */
export const startTables = async ({
  assembly,
  endpoint,
  sweepMilliseconds = 5_000,
}: TablesOptions): Promise<Tables> => {
  const client = new DynamoDBClient({ endpoint, region: localRegion, credentials: localCredentials });
  const tables = assembly.resourcesOf('AWS::DynamoDB::Table');
  for (const table of tables) {
    const streamArn = (await streamOf(client, table)) ?? (await create(client, table));
    if (streamArn) assembly.learn(table.logicalId, 'StreamArn', streamArn);
  }
  const swept = new Set<string>();
  const sweep = async (): Promise<void> => {
    for (const table of tables) await sweepTable(client, table, swept);
  };
  let sweeping: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    // The next round tries again; the engine's end is noticed elsewhere.
    sweeping = sweeping.then(sweep).catch(() => undefined);
  }, sweepMilliseconds);
  return {
    wasSwept: (keys) => swept.has(nameOf(keys)),
    stop: async () => {
      clearInterval(timer);
      await sweeping;
      client.destroy();
    },
  };
};

/** @returns `undefined` when there is no such table yet */
const streamOf = async (client: DynamoDBClient, { physicalId }: Resource): Promise<string | undefined> => {
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: physicalId }));
    return Table?.LatestStreamArn;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
};

const create = async (client: DynamoDBClient, { physicalId, properties }: Resource): Promise<string | undefined> => {
  const { KeySchema, AttributeDefinitions, LocalSecondaryIndexes, GlobalSecondaryIndexes, StreamSpecification } =
    properties as unknown as CreateTableCommandInput;
  const { TableDescription } = await client.send(
    new CreateTableCommand({
      TableName: physicalId,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema,
      AttributeDefinitions,
      LocalSecondaryIndexes,
      GlobalSecondaryIndexes,
      // CloudFormation leaves out what a request must say.
      ...(StreamSpecification && { StreamSpecification: { ...StreamSpecification, StreamEnabled: true } }),
    }),
  );
  return TableDescription?.LatestStreamArn;
};

/** A stream record lists the same keys in any order. */
const nameOf = (keys: unknown): string =>
  JSON.stringify(Object.entries(keys ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));

/** TTL takes items of the last five years only, and so does this. */
const oldestSeconds = 5 * 365 * 86_400;

const sweepTable = async (client: DynamoDBClient, { physicalId, properties }: Resource, swept: Set<string>) => {
  const ttl = (properties.TimeToLiveSpecification as { AttributeName?: string } | undefined)?.AttributeName;
  const keys = (properties.KeySchema as { AttributeName: string }[]).map(({ AttributeName }) => AttributeName);
  if (!ttl) return;
  const now = Math.floor(Date.now() / 1000);
  const expired = {
    ExpressionAttributeNames: { '#ttl': ttl },
    ExpressionAttributeValues: { ':now': { N: String(now) }, ':oldest': { N: String(now - oldestSeconds) } },
  };
  const condition = '#ttl BETWEEN :oldest AND :now';
  let ExclusiveStartKey: KeyOf | undefined;
  do {
    const page = await client.send(
      new ScanCommand({
        TableName: physicalId,
        FilterExpression: condition,
        ...expired,
        ...(ExclusiveStartKey && { ExclusiveStartKey: ExclusiveStartKey as never }),
      }),
    );
    for (const item of page.Items ?? []) {
      const Key = Object.fromEntries(keys.map((name) => [name, item[name] ?? { NULL: true as const }]));
      swept.add(nameOf(Key));
      // Written again meanwhile: it lives.
      await client
        .send(new DeleteItemCommand({ TableName: physicalId, Key, ConditionExpression: condition, ...expired }))
        .catch(() => swept.delete(nameOf(Key)));
    }
    ExclusiveStartKey = page.LastEvaluatedKey as KeyOf | undefined;
  } while (ExclusiveStartKey);
};
