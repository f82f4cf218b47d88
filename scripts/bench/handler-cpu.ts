import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { dynamoJobStore } from '#functions/tasks/job-store.ts';
import { taskOperations } from '#functions/tasks/operations.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import { systemClock } from '#shared/clock.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId } from '#shared/ids.ts';
import type { Item } from '#shared/item.ts';
import type { Table } from '#shared/table.ts';
import { httpEvent } from '#test/support/http-event.ts';
import { emptyTable } from './planted.ts';
import { type Figure, median, rounded, type Section } from './section.ts';

/** Each limit leaves a third above what is measured: CPU time depends on the machine, a ratio much less, but it does. */
const limits: Readonly<Record<string, number>> = { create: 9, get: 9, list: 9 };

/** A process of its own, whose log lines go where nobody reads: writing them is part of the work. */
export const handlerCpu = async (): Promise<Section> => {
  const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename], { maxBuffer: 64 * 1024 * 1024 });
  const ratios: Readonly<Record<string, number>> = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
  return {
    title: 'CPU of a handler ÷ the SDK call that it makes',
    how: [
      'Time of the processor, in the process that asks, of a whole invocation (request parsed, call made, reply parsed, one line logged), divided',
      `by that of the same call made by a bare document client; ${rounds} rounds of ${perRound}, in turns in one process, the middle ratio.`,
    ].join(' '),
    figures: Object.entries(ratios).map(([name, value]): Figure => ({ name, value, unit: '×', limit: limits[name] ?? null })),
  };
};

const rounds = 9;
const perRound = 100;

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

/** What the last call of a client was. */
const lastInputOf = (table: Table): (() => Item) => {
  let last: Item = {};
  table.client.middlewareStack.add(
    (next) => (request) => {
      last = { ...request.input };
      return next(request);
    },
    { step: 'initialize', name: 'bench' },
  );
  return () => last;
};

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
  const lastInput = lastInputOf(table);
  const acts = {
    create: () => call('POST /tasks', { body: { title: 'Call mum', due_date: '2027-05-09', tags: ['family'] } }),
    get: async () => call('GET /tasks/{task_id}', { params: { task_id: id } }),
    list: () => call('GET /tasks', { query: { status: 'open', limit: '20' } }),
  };
  const { id } = await acts.create();
  for (let count = 0; count < 20; count += 1) await acts.create();

  await acts.create();
  const put = lastInput();
  await acts.get();
  const get = lastInput();
  await acts.list();
  const query = lastInput();
  table.client.middlewareStack.remove('bench');
  const raw = {
    create: () => table.client.send(new PutCommand({ ...put, Item: { ...(put.Item as Item), sk: `TASK#${newId()}` } } as never)),
    get: () => table.client.send(new GetCommand(get as never)),
    list: () => table.client.send(new QueryCommand(query as never)),
  };
  const ratios = {
    get: await ratioOf(acts.get, raw.get),
    list: await ratioOf(acts.list, raw.list),
    create: await ratioOf(acts.create, raw.create),
  };
  table.client.destroy();
  await stop();
  return ratios;
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(JSON.stringify(await measure()));
