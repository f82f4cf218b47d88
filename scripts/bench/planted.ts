import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynoxideBinary, startEngine } from '#local/dynamodb-engine.ts';
import type { Item } from '#shared/item.ts';
import { openTable, type Table } from '#shared/table.ts';
import { freePort } from '#test/support/ports.ts';
import { makeTable } from '#test/support/table.ts';

const connection = (endpoint: string) => ({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
});

/** A part of the bench that is over when it is stopped. */
export interface Planted {
  readonly table: Table;
  stop(): Promise<void>;
}

/** An empty table on an engine of its own. */
export const emptyTable = async (): Promise<Planted> => {
  const engine = await startEngine('dynoxide', { port: await freePort() });
  return { table: await makeTable(engine.endpoint), stop: engine.stop };
};

/**
 * A table with items in it, on an engine of its own. They are imported as a DynamoDB export, in seconds: the engine's writes slow down with
 * the size of a partition, which nothing here means to measure.
 */
export const plantedTable = async (items: readonly Item[]): Promise<Planted> => {
  const folder = await mkdtemp(join(tmpdir(), 'pomona-bench-'));
  const pattern = await emptyTable();
  const { name } = pattern.table;
  const { Table } = await pattern.table.client.send(new DescribeTableCommand({ TableName: name }));
  await pattern.stop();

  const [source, schema] = [join(folder, 'export'), join(folder, 'schema.json')];
  await mkdir(join(source, name, 'data'), { recursive: true });
  await writeFile(schema, JSON.stringify([{ Table }]));
  const lines = items.map((item) => JSON.stringify({ Item: marshall(item, { removeUndefinedValues: true }) }));
  await writeFile(join(source, name, 'data', 'items.json.gz'), await promisify(gzip)(lines.join('\n')));
  const output = join(folder, 'dynoxide.sqlite');
  await promisify(execFile)(dynoxideBinary() ?? 'dynoxide', [
    'import',
    ...['--source', source],
    ...['--schema', schema],
    ...['--output', output],
  ]);

  const engine = await startEngine('dynoxide', { port: await freePort(), dataFolder: folder });
  return {
    table: openTable({ TABLE_NAME: name }, connection(engine.endpoint)),
    stop: async () => {
      await engine.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
