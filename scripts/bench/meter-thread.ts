/**
 * The meter's own thread: hands every request on to a DynamoDB engine, asking for what it uses, and answers as the engine did. It has a thread
 * to itself so that what it costs is not counted for what it measures.
 */
import { request as ask, createServer, type IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { table } from '#blueprint/table.ts';
import type { MeteredRequest } from './meter.ts';
import { readUnits, sizeOf } from './units.ts';

const { engine }: { engine: string } = workerData;

let requests: MeteredRequest[] = [];
/** The last wave of which an answer has gone out. */
let answered = 0;

/** Answers are held back so long that what was sent at the same time is under way at the same time, however busy the machine is. */
const holdMilliseconds = 10;

const bodyOf = async (stream: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const server = createServer(async (incoming, response) => {
  // Whatever comes after an answer may have waited for it.
  const wave = answered + 1;
  const action = String(incoming.headers['x-amz-target']).split('.')[1] ?? '';
  const asked = JSON.parse(String(await bodyOf(incoming)));
  const body = Buffer.from(JSON.stringify({ ...asked, ReturnConsumedCapacity: 'INDEXES' }));
  const outgoing = ask(
    engine,
    { method: 'POST', headers: { ...incoming.headers, 'content-length': body.length } },
    async (answer) => {
      const text = await bodyOf(answer);
      const { ConsumedCapacity = [], ...said } = JSON.parse(String(text));
      requests.push({
        action,
        wave,
        failed: answer.statusCode !== 200,
        ...unitsOf(action, asked, said, [ConsumedCapacity].flat()),
      });
      await wait(holdMilliseconds);
      answered = Math.max(answered, wave);
      // Checksums are of what the engine wrote, capacity included.
      response.writeHead(answer.statusCode ?? 500, answer.headers).end(text);
    },
  );
  outgoing.end(body);
});

interface Capacity {
  readonly CapacityUnits?: number;
  readonly Table?: { readonly CapacityUnits?: number };
}

const writes = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'TransactWriteItems', 'BatchWriteItem']);

const unitsOf = (
  action: string,
  asked: { IndexName?: string; Select?: string },
  said: { Items?: Parameters<typeof unmarshall>[0][] },
  capacities: readonly Capacity[],
): { readUnits: number; writeUnits: number } => {
  let units = capacities.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
  if (action === 'Query' && asked.Select === 'ALL_ATTRIBUTES' && asked.IndexName && !isWhole(asked.IndexName)) {
    // What an index does not hold DynamoDB fetches item by item, each rounded up for itself; dynoxide rounds up their sum.
    const fetched = capacities.reduce((sum, { Table }) => sum + (Table?.CapacityUnits ?? 0), 0);
    const each = (said.Items ?? []).reduce((sum, item) => sum + readUnits(sizeOf(unmarshall(item))), 0);
    units += each - fetched;
  }
  return writes.has(action) ? { readUnits: 0, writeUnits: units } : { readUnits: units, writeUnits: 0 };
};

const isWhole = (index: string): boolean =>
  Object.entries(table.localIndexes).some(([name, { projection }]) => name === index && projection === 'ALL');

parentPort?.on('message', () => {
  parentPort?.postMessage(requests);
  requests = [];
  answered = 0;
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  parentPort?.postMessage(typeof address === 'object' && address ? address.port : 0);
});
