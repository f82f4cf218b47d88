import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { portsFrom } from '#local/parts.ts';
import { closeServer, listen, readBody } from '#local/server.ts';
import { freePort } from '#test/support/ports.ts';
import type { Dice } from './dice.ts';
import { type DynamoFault, deathOf, dynamoFault, type FaultKind, redelivered, rememberedBatches } from './faults.ts';

/** The ways that a function's process takes to DynamoDB and to its work, and what goes wrong on them. */
export interface Detours {
  /** For `npm start`. */
  readonly parameters: readonly string[];
  /** Until then, everything passes. */
  startFaults(): void;
  /** From then on everything passes, but for what was to come again. */
  stopFaults(): void;
  /** How often each went wrong. */
  readonly counts: ReadonlyMap<string, number>;
  /** What has ended a request's invocation, if it did not end by itself: theirs is the only 500 that is nobody's fault. */
  endOf(requestId: string): 'killed' | 'late' | null;
  /** Functions at work, by their names. */
  atWork(): readonly string[];
  /** Batches that are still to come again. */
  owed(): number;
  stop(): Promise<void>;
}

/** As long as the SDK waits for an answer, and then some before it asks again. */
const lastWordMilliseconds = 5_000;

/** Between the runner's timer and ours. */
const toleranceMilliseconds = 500;

interface Invocation {
  readonly id: string;
  readonly pid: number;
  readonly functionName: string;
  readonly event: string;
  /** When its time is over, by the clock of `performance`. */
  readonly until: number;
  /** When it has last asked DynamoDB for something. */
  askedAt: number;
  death: 'answer' | null;
}

/**
 * @param runnerPort the first of the runner's ports
 * @param kinds which faults there are
 * @param options how many times as often as by themselves, and the runner's clock, in epoch milliseconds
 */
export const makeDetours = async (
  runnerPort: number,
  kinds: ReadonlySet<FaultKind>,
  chance: Dice,
  { often = 1, clock = Date.now }: { readonly often?: number; readonly clock?: () => number } = {},
): Promise<Detours> => {
  const dice: Dice = { ...chance, happens: (share) => chance.happens(share * often) };
  const ports = portsFrom(runnerPort);
  let happening: ReadonlySet<FaultKind> = new Set();
  const counts = new Map<string, number>();
  const count = (what: string): void => {
    counts.set(what, (counts.get(what) ?? 0) + 1);
  };
  const agent = new Agent({ keepAlive: true });
  const forward = forwarder(agent);

  const atWork = new Map<string, Invocation>();

  const toDynamo = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pid = Number(incoming.url?.split('/')[1]);
    for (const invocation of atWork.values()) if (invocation.pid === pid) invocation.askedAt = performance.now();
    const body = await readBody(incoming);
    const operation = String(incoming.headers['x-amz-target']).split('.')[1] ?? '';
    const fault = dynamoFault(operation, JSON.parse(body.toString('utf8')), happening, dice);
    if (fault) count(nameOf(fault));
    switch (fault?.kind) {
      case 'throttling':
      case 'conflicts':
        response.writeHead(fault.status, { 'content-type': 'application/x-amz-json-1.0' });
        response.end(JSON.stringify(fault.body));
        return;
      case 'timeouts':
        if (fault.when === 'after') await forward(ports.dynamodb, incoming, response, body, '/');
        // Silence lasts until whoever asked has had enough, and hangs up.
        if (fault.how === 'cut') response.destroy();
        return;
      case 'unprocessed': {
        const answer = await forward(ports.dynamodb, incoming, response, JSON.stringify(fault.sent), '/');
        const { member, tables } = fault.handedBack;
        const whole = answer.status === 200 ? { ...JSON.parse(answer.body.toString('utf8')), [member]: tables } : null;
        send(response, whole ? { ...answer, body: Buffer.from(JSON.stringify(whole)) } : answer);
        return;
      }
      default:
        send(response, await forward(ports.dynamodb, incoming, response, body, '/'));
    }
  };

  const killed = new Set<string>();
  /** By function: what its consumers were given of a stream, and what of it is to come again. */
  const delivered = new Map<string, string[]>();
  const owed = new Map<string, string[]>();
  const inHand = new Map<string, string>();
  let redeliveries = 0;

  const kill = ({ id, pid, functionName, event }: Invocation): void => {
    if (!atWork.delete(id)) return;
    killed.add(requestIdOf(event));
    count(`kill of ${shortName(functionName)}`);
    end(pid);
  };

  const toRuntime = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, who = '', ...rest] = (incoming.url ?? '').split('/');
    const [worker = '', pid = '', functionName = ''] = who.split('~');
    const path = `/${[worker, ...rest].join('/')}`;
    const [, , what, id = '', end] = rest;
    const body = await readBody(incoming);

    if (what === 'invocation' && id === 'next') {
      const again = owed.get(functionName)?.[0];
      if (again !== undefined) {
        redeliveries += 1;
        count('batch again');
        inHand.set(functionName, `again-${redeliveries}`);
        response.writeHead(200, {
          'content-type': 'application/json',
          'lambda-runtime-aws-request-id': `again-${redeliveries}`,
          'lambda-runtime-deadline-ms': String(clock() + 60_000),
          'lambda-runtime-invoked-function-arn': functionName,
        });
        response.end(again);
        return;
      }
      const given = await forward(ports.runtime, incoming, response, body, path);
      const invocation: Invocation = {
        id: String(given.headers['lambda-runtime-aws-request-id']),
        pid: Number(pid),
        functionName,
        event: given.body.toString('utf8'),
        until: performance.now() + Number(given.headers['lambda-runtime-deadline-ms']) - clock(),
        askedAt: performance.now(),
        death: null,
      };
      atWork.set(invocation.id, invocation);
      const death = deathOf(happening, dice);
      if (death?.at === 'work') setTimeout(() => kill(invocation), death.afterMilliseconds);
      if (death?.at === 'answer') invocation.death = 'answer';
      send(response, given);
      return;
    }

    if (id.startsWith('again-')) {
      // Whoever dies over a batch leaves it to the next one, and is not heard any more.
      if (inHand.get(functionName) === id) owed.get(functionName)?.shift();
      inHand.delete(functionName);
      response.writeHead(202).end();
      return;
    }
    const invocation = atWork.get(id);
    if (invocation?.death === 'answer') {
      kill(invocation);
      response.destroy();
      return;
    }
    if (invocation && isOfStream(invocation.event) && end === 'response') {
      const batches = [...(delivered.get(functionName) ?? []), invocation.event].slice(-rememberedBatches);
      delivered.set(functionName, batches);
      if ((owed.get(functionName) ?? []).length === 0)
        owed.set(functionName, [...redelivered(batches, happening, dice)]);
    }
    // Before the answer is on its way: it may be there before we are.
    atWork.delete(id);
    send(response, await forward(ports.runtime, incoming, response, body, path));
  };

  const serve = async (handle: typeof toDynamo) => {
    const server = createServer((incoming, response) => {
      handle(incoming, response).catch(() => response.destroy());
    });
    // A process may be at work for longer than a connection is kept by default.
    server.keepAliveTimeout = 0;
    const port = await freePort();
    await listen(server, port);
    return { port, close: () => closeServer(server) };
  };
  const [dynamodb, runtime] = [await serve(toDynamo), await serve(toRuntime)];
  const module = new URL('detour.ts', import.meta.url);
  module.searchParams.set('dynamodb', String(dynamodb.port));
  module.searchParams.set('runtime', String(runtime.port));
  return {
    parameters: ['--import', module.href],
    startFaults: () => {
      happening = kinds;
    },
    stopFaults: () => {
      happening = new Set();
    },
    counts,
    endOf: (requestId) => {
      if (killed.has(requestId)) return 'killed';
      // Whoever was at work until the time was over was only slow: a client that never gets an answer is another finding.
      const ended = [...atWork.values()].find(({ event }) => requestIdOf(event) === requestId);
      if (!ended || isAlive(ended.pid)) return null;
      atWork.delete(ended.id);
      const at = performance.now();
      return at > ended.until - toleranceMilliseconds && at - ended.askedAt < lastWordMilliseconds ? 'late' : null;
    },
    atWork: () => [...atWork.values()].filter(({ pid }) => isAlive(pid)).map(({ functionName }) => functionName),
    owed: () => [...owed.values()].reduce((sum, batches) => sum + batches.length, 0),
    stop: async () => {
      agent.destroy();
      await Promise.all([dynamodb.close(), runtime.close()]);
    },
  };
};

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

const forwarder =
  (agent: Agent) =>
  (
    port: number,
    { method, headers, url = '/' }: IncomingMessage,
    response: ServerResponse,
    body: Buffer | string,
    path: string = url,
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { 'content-length': _length, 'transfer-encoding': _encoding, connection: _connection, ...own } = headers;
      const whole = { ...own, 'content-length': Buffer.byteLength(body) };
      const outgoing = request({ agent, host: '127.0.0.1', port, method, path, headers: whole }, (answer) => {
        readBody(answer).then(
          (bytes) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: bytes }),
          reject,
        );
      });
      outgoing.on('error', reject);
      // A process that has died waits for no more work.
      if (method === 'GET') response.once('close', () => outgoing.destroy());
      outgoing.end(body);
    });

const send = (response: ServerResponse, { status, headers, body }: Answer): void => {
  const { connection: _connection, 'transfer-encoding': _encoding, 'x-amz-crc32': _sum, ...own } = headers;
  response.writeHead(status, { ...own, 'content-length': body.length });
  response.end(body);
};

const nameOf = (fault: DynamoFault): string =>
  fault.kind === 'timeouts' ? `${fault.how} ${fault.when} the write or read` : fault.kind;

const shortName = (functionName: string): string => functionName.replace(/^pomona-\w+-/, '');

const isOfStream = (event: string): boolean => event.slice(0, 500).includes('"eventSource":"aws:dynamodb"');

const requestIdOf = (event: string): string => JSON.parse(event)?.requestContext?.requestId ?? '';

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** A function's process that has told its own number; one that is gone already is as good as killed. */
const end = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {}
};
