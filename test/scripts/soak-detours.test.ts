import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { portsFrom } from '#local/parts.ts';
import { closeServer, listen, readBody } from '#local/server.ts';
import { freePorts } from '#test/support/ports.ts';
import { type Detours, makeDetours } from '../../scripts/soak/detours.ts';
import { type Dice, diceOf } from '../../scripts/soak/dice.ts';
import type { FaultKind } from '../../scripts/soak/faults.ts';

/** Everything happens that may, and always the first of its ways: a cut before rather than after, a death at work. */
const first: Dice = {
  ...diceOf('a'),
  roll: () => 0.3,
  happens: () => true,
  pick: ([one]) => one as never,
  between: (from) => from,
};

let port: number;
let engineHeard: { readonly path: string; readonly body: string }[];
let work: { readonly id: string; readonly event: object }[];
let done: string[];
const servers: Server[] = [];
const children: ChildProcess[] = [];
let detours: Detours;

const serve = async (
  at: number,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<void> => {
  const server = createServer(answer);
  servers.push(server);
  await listen(server, at);
};

beforeEach(async () => {
  [engineHeard, work, done] = [[], [], []];
  port = await freePorts();
  await serve(portsFrom(port).dynamodb, async (request, response) => {
    engineHeard.push({ path: request.url ?? '', body: String(await readBody(request)) });
    response.end(JSON.stringify({ Responses: { pomona: [] } }));
  });
  await serve(portsFrom(port).runtime, async (request, response) => {
    await readBody(request);
    if (!request.url?.endsWith('/next')) {
      done.push(request.url ?? '');
      response.writeHead(202).end();
      return;
    }
    const next = work.shift();
    // Whoever has nothing to do waits.
    if (!next) return;
    response.setHeader('lambda-runtime-aws-request-id', next.id);
    response.end(JSON.stringify(next.event));
  });
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await detours.stop();
  await Promise.all(servers.splice(0).map(closeServer));
});

const withFaults = async (kinds: readonly FaultKind[], dice: Dice = first): Promise<void> => {
  detours = await makeDetours(port, new Set(kinds), dice);
  detours.startFaults();
};

const parameter = (name: string): string => new URL(detours.parameters[1] ?? '').searchParams.get(name) ?? '';

const askDynamo = (operation: string, input: object = {}): Promise<{ status: number; body: string } | 'cut'> =>
  fetch(`http://127.0.0.1:${parameter('dynamodb')}/1`, {
    method: 'POST',
    headers: { 'x-amz-target': `DynamoDB_20120810.${operation}` },
    body: JSON.stringify(input),
  }).then(
    async (response) => ({ status: response.status, body: await response.text() }),
    () => 'cut',
  );

/** A function's process that takes one invocation after the other, and says so. */
const startFunction = (): ChildProcess => {
  const program = `
    const base = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/invocation/';
    for (;;) {
      const next = await fetch(base + 'next');
      const id = next.headers.get('lambda-runtime-aws-request-id');
      console.log(id, await next.text());
      await fetch(base + id + '/response', { method: 'POST', body: 'null' });
    }`;
  const child = spawn(process.execPath, [...detours.parameters, '--input-type=module', '--eval', program], {
    env: {
      PATH: process.env.PATH,
      AWS_LAMBDA_RUNTIME_API: 'anywhere/worker',
      AWS_LAMBDA_FUNCTION_NAME: 'pomona-dev-change-feed',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  return child;
};

const linesOf = (child: ChildProcess): string[] => {
  const lines: string[] = [];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => lines.push(...text.trim().split('\n')));
  return lines;
};

const until = async (holds: () => boolean): Promise<void> => {
  await expect.poll(holds, { timeout: 20_000, interval: 20 }).toBe(true);
};

const batch = (name: string): object => ({ Records: [{ eventID: name, eventSource: 'aws:dynamodb' }] });

describe('the way to DynamoDB', () => {
  it('lets everything pass while nothing is to go wrong, before and after', async () => {
    detours = await makeDetours(port, new Set(['throttling']), first);
    expect(await askDynamo('Query')).toMatchObject({ status: 200 });
    detours.startFaults();
    expect(await askDynamo('Query')).toMatchObject({ status: 400, body: expect.stringContaining('Throughput') });
    detours.stopFaults();
    expect(await askDynamo('Query', { TableName: 'pomona' })).toMatchObject({ status: 200 });
    expect(engineHeard).toEqual([
      { path: '/', body: '{}' },
      { path: '/', body: '{"TableName":"pomona"}' },
    ]);
    expect([...detours.counts]).toEqual([['throttling', 1]]);
  });

  it('is cut before DynamoDB has heard of a request, or after', async () => {
    await withFaults(['timeouts']);
    expect(await askDynamo('PutItem')).toBe('cut');
    expect(engineHeard).toHaveLength(0);
    await detours.stop();
    await withFaults(['timeouts'], { ...first, pick: (ways) => ways.at(-1) as never });
    expect(await askDynamo('PutItem')).toBe('cut');
    expect(engineHeard).toHaveLength(1);
  });

  it('hands back what it has not handed on', async () => {
    await withFaults(['unprocessed']);
    const answer = await askDynamo('BatchGetItem', { RequestItems: { pomona: { Keys: [1, 2, 3] } } });
    expect(answer).toMatchObject({ status: 200 });
    expect(JSON.parse(engineHeard[0]?.body ?? '')).toEqual({ RequestItems: { pomona: { Keys: [1] } } });
    expect(answer !== 'cut' && JSON.parse(answer.body)).toEqual({
      Responses: { pomona: [] },
      UnprocessedKeys: { pomona: { Keys: [2, 3] } },
    });
  });
});

describe('the way to a function’s work', () => {
  it('brings batches of the stream again, all up to the last', async () => {
    await withFaults(['redelivery'], { ...first, between: (_, to) => Math.min(2, to) });
    work.push({ id: '1', event: batch('a') }, { id: '2', event: batch('b') });
    const lines = linesOf(startFunction());
    await until(() => lines.length === 5);
    expect(lines.map((line) => /"eventID":"(.)"/.exec(line)?.[1])).toEqual(['a', 'a', 'b', 'a', 'b']);
    // The runner has heard of its own two.
    await until(() => done.length === 2);
    expect(done).toEqual([
      '/worker/2018-06-01/runtime/invocation/1/response',
      '/worker/2018-06-01/runtime/invocation/2/response',
    ]);
    await until(() => detours.owed() === 0 && detours.atWork().length === 0);
  });

  it('kills a process at work, and knows whose request that was', async () => {
    await withFaults(['kills']);
    work.push({ id: '1', event: { requestContext: { requestId: 'ours' } } });
    const child = startFunction();
    const exited = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
    expect(await exited).toBe('SIGKILL');
    expect([detours.endOf('ours'), detours.endOf('another')]).toEqual(['killed', null]);
    expect([...detours.counts.keys()]).toEqual(['kill of change-feed']);
  });
});

describe('a process that is no function’s', () => {
  it('takes no detour', async () => {
    detours = await makeDetours(port, new Set(), first);
    const child = spawn(
      process.execPath,
      [
        ...detours.parameters,
        '--eval',
        'console.log(Object.keys(process.env).filter((name) => /^AWS/.test(name)).join())',
      ],
      {
        env: { PATH: process.env.PATH },
        stdio: ['ignore', 'pipe', 'inherit'],
        cwd: join(import.meta.dirname, '../..'),
      },
    );
    children.push(child);
    const lines = linesOf(child);
    await new Promise((resolve) => child.once('close', resolve));
    expect(lines.join()).toBe('');
  });
});
