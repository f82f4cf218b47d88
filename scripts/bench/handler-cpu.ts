import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { prefix } from '#blueprint/table.ts';
import { dynamoJobStore } from '#functions/tasks/job-store.ts';
import { taskOperations } from '#functions/tasks/operations.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import { systemClock } from '#shared/clock.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId } from '#shared/ids.ts';
import type { Item, Key } from '#shared/item.ts';
import type { Table } from '#shared/table.ts';
import { httpEvent } from '#test/support/http-event.ts';
import { emptyTable } from './planted.ts';
import { type Figure, median, rounded, type Section } from './section.ts';

/** All that a handler does beside its calls may take as long again as they do: at present it is a third to a half. */
const limit = 2;

/** A process of its own, whose log lines go where nobody reads: writing them is part of the work. */
export const handlerCpu = async (): Promise<Section> => {
  const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename], {
    maxBuffer: 64 * 1024 * 1024,
  });
  const ratios: Readonly<Record<string, number>> = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
  return {
    title: 'CPU of a handler ÷ the SDK calls that it makes',
    how: [
      'Time of the processor, in the process that asks, of a whole invocation (request parsed, calls made, reply parsed, one line logged), divided',
      `by that of the same calls made by a bare document client; ${rounds} rounds of ${perRound}, in turns in one process, the middle ratio.`,
    ].join(' '),
    figures: Object.entries(ratios).map(([name, value]): Figure => ({ name, value, unit: '×', limit })),
  };
};

const rounds = 9;
const perRound = 50;

type Act = () => Promise<unknown>;

/** Microseconds of user and system time. */
const cpuOf = async (act: Act): Promise<number> => {
  const before = process.cpuUsage();
  for (let count = 0; count < perRound; count += 1) await act();
  const { user, system } = process.cpuUsage(before);
  return user + system;
};

const ratioOf = async (handler: Act, raw: Act): Promise<number> => {
  // Both are compiled by then.
  for (let round = 0; round < 3; round += 1) await Promise.all([cpuOf(handler), cpuOf(raw)]);
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const [first, second] = round % 2 === 0 ? [handler, raw] : [raw, handler];
    const [a, b] = [await cpuOf(first), await cpuOf(second)];
    ratios.push(first === handler ? a / b : b / a);
  }
  return rounded(median(ratios));
};

type Call = readonly [commandName: string, input: Readonly<Record<string, unknown>>];

/** Hears every call of a client, until it is asked what they were. */
const listenTo = (table: Table): (() => readonly Call[]) => {
  const heard: Call[] = [];
  table.client.middlewareStack.add(
    (next, { commandName = '' }) =>
      (request) => {
        heard.push([commandName, { ...request.input }]);
        return next(request);
      },
    { step: 'initialize', name: 'bench' },
  );
  return () => {
    table.client.middlewareStack.remove('bench');
    return heard;
  };
};

const replay = ({ client, name: TableName }: Table, commandName: string, input: Call[1]): Promise<unknown> => {
  switch (commandName) {
    case 'GetItemCommand':
      return client.send(new GetCommand({ ...input, TableName, Key: keyOf(input.Key) }));
    case 'QueryCommand':
      return client.send(new QueryCommand({ ...input, TableName }));
    case 'PutItemCommand':
      // Another item each time: it is put on condition that nothing lies there.
      return client.send(
        new PutCommand({ ...input, TableName, Item: { ...itemOf(input.Item), sk: `${prefix.task}${newId()}` } }),
      );
    default:
      throw new Error(`there is no way to repeat ${commandName}`);
  }
};

const itemOf = (item: unknown): Item => ({ ...(item as Item) });

const keyOf = (key: unknown): Key => ({ ...(key as Key) });

const measure = async (): Promise<Readonly<Record<string, number>>> => {
  const { table, stop } = await emptyTable();
  const handler = createHttpHandler(
    'tasks',
    taskOperations({ tasks: dynamoTaskStore(table, 1), jobs: dynamoJobStore(table, 1), clock: systemClock, newId }),
  );
  const user = randomUUID();
  const call = async (routeKey: string, asked: Parameters<typeof httpEvent>[1] = {}) => {
    const { statusCode = 0, body = '' } = await handler(httpEvent(routeKey, { user, ...asked }), {} as never);
    if (statusCode >= 300) throw new Error(`${routeKey} answered ${statusCode}: ${body}`);
    return JSON.parse(body);
  };
  const acts = {
    create: () => call('POST /tasks', { body: { title: 'Call mum', due_date: '2027-05-09', tags: ['family'] } }),
    get: async () => call('GET /tasks/{task_id}', { params: { task_id: id } }),
    list: () => call('GET /tasks', { query: { status: 'open', limit: '20' } }),
  };
  const { id } = await acts.create();
  for (let count = 0; count < 20; count += 1) await acts.create();

  const replayOf = async (act: Act): Promise<Act> => {
    const heard = listenTo(table);
    await act();
    const calls = heard();
    return async () => {
      for (const [name, input] of calls) await replay(table, name, input);
    };
  };
  const ratios = {
    get: await ratioOf(acts.get, await replayOf(acts.get)),
    list: await ratioOf(acts.list, await replayOf(acts.list)),
    create: await ratioOf(acts.create, await replayOf(acts.create)),
  };
  table.client.destroy();
  await stop();
  return ratios;
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(JSON.stringify(await measure()));
