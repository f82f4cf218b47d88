import { randomUUID } from 'node:crypto';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { table as definition } from '#blueprint/table.ts';
import { type EngineName, engineNames, startEngine } from '#local/dynamodb-engine.ts';
import type { Item } from '#shared/item.ts';
import { openTable, queryPage, type Table } from '#shared/table.ts';
import { freePort } from '#test/support/ports.ts';

/**
 * Runs a suite on every DynamoDB engine of this machine, each time on an empty table of its own.
 * @param suite gets the table as a function, because it is there only once the tests run
 */
export const describeOnEngines = (name: string, suite: (table: () => Table) => void): void => {
  for (const engine of engineNames) {
    describe.skipIf(!inject('engines').includes(engine))(`${name} (${engine})`, () => {
      let opened: Table | undefined;
      let close = async (): Promise<void> => undefined;
      beforeAll(async () => {
        ({ table: opened, close } = await ownTable(engine));
      });
      afterAll(() => close());
      suite(() => {
        if (!opened) throw new Error('the table is there only while tests run');
        return opened;
      });
    });
  }
};

/** An empty table on an engine of its own: engines slow down with all that they have ever been told. */
export const ownTable = async (
  name: EngineName = 'dynoxide',
): Promise<{ table: Table; close: () => Promise<void> }> => {
  const engine = await startEngine(name, { port: await freePort() });
  const table = await makeTable(engine.endpoint);
  return {
    table,
    close: async () => {
      table.client.destroy();
      await engine.stop();
    },
  };
};

/** A new table with all its indexes and its stream, as `lib` defines it. */
export const makeTable = async (endpoint: string): Promise<Table> => {
  const opened = openTable(
    { TABLE_NAME: `pomona-${randomUUID()}` },
    {
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      // A busy machine is slow, and what is sent twice may be done twice.
      requestHandler: { requestTimeout: 20_000 },
    },
  );
  const { partitionKey, sortKey, localIndexes, globalIndexes } = definition;
  const indexKeys = [
    ...Object.values(localIndexes).map((index) => index.sortKey),
    ...Object.values(globalIndexes).flatMap((index) => [index.partitionKey, index.sortKey]),
  ];
  await opened.client.send(
    new CreateTableCommand({
      TableName: opened.name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: partitionKey, KeyType: 'HASH' },
        { AttributeName: sortKey, KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [partitionKey, sortKey, ...indexKeys].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S' as const,
      })),
      LocalSecondaryIndexes: Object.entries(localIndexes).map(([IndexName, index]) => ({
        IndexName,
        KeySchema: [
          { AttributeName: partitionKey, KeyType: 'HASH' as const },
          { AttributeName: index.sortKey, KeyType: 'RANGE' as const },
        ],
        Projection: { ProjectionType: index.projection },
      })),
      GlobalSecondaryIndexes: Object.entries(globalIndexes).map(([IndexName, index]) => ({
        IndexName,
        KeySchema: [
          { AttributeName: index.partitionKey, KeyType: 'HASH' as const },
          { AttributeName: index.sortKey, KeyType: 'RANGE' as const },
        ],
        Projection: { ProjectionType: index.projection },
      })),
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  );
  return opened;
};

/** Everything in one partition. */
export const itemsOf = async (table: Table, pk: string): Promise<readonly Item[]> => {
  const items: Item[] = [];
  let startAfter: Item | undefined;
  do {
    const page = await queryPage(table, { pk, startAfter });
    items.push(...page.items);
    startAfter = page.lastKey;
  } while (startAfter);
  return items;
};
