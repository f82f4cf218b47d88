/**
 * How one change reaches many sockets: the real consumer of the stream, the runner's real WebSocket API, real sockets. A person has twenty
 * at most, so that a thousand are those of fifty people, in one batch of the stream.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { consumeChanges } from '#functions/sync/change-feed.ts';
import { connectionsPerUser, type Gateway } from '#functions/sync/connection.ts';
import { dynamoConnectionStore } from '#functions/sync/connection-store.ts';
import { appendRows, raiseEpoch } from '#functions/sync/feed-store.ts';
import { apiGateway } from '#functions/sync/gateway.ts';
import { pushTo } from '#functions/sync/push.ts';
import type { Lambdas } from '#local/parts.ts';
import { startSocketApi } from '#local/socket-api.ts';
import { secondsAfter, systemClock } from '#shared/clock.ts';
import { type UserId, userId } from '#shared/ids.ts';
import { assemblyOf } from '#test/support/assembly.ts';
import { freePort } from '#test/support/ports.ts';
import { inserted, taskItem } from '#test/support/stream-records.ts';
import { ownTable } from '#test/support/table.ts';
import { anybody } from './functions.ts';
import { type Figure, median, rounded, type Section } from './section.ts';

const stream = 'arn:aws:dynamodb:us-east-1:111122223333:table/pomona/stream/1';

const ofApi = (type: string, properties: object) => ({
  type: `AWS::ApiGatewayV2::${type}`,
  properties: { ApiId: 'Api', ...properties },
});

const socketApi = {
  Api: {
    type: 'AWS::ApiGatewayV2::Api',
    properties: { ProtocolType: 'WEBSOCKET', RouteSelectionExpression: '$request.body.action' },
  },
  Stage: ofApi('Stage', {
    StageName: 'live',
    DefaultRouteSettings: { ThrottlingRateLimit: 100_000, ThrottlingBurstLimit: 100_000 },
  }),
  Integration: ofApi('Integration', { IntegrationUri: 'arn:aws:lambda:us-east-1:000000000000:function:socket' }),
  Connect: ofApi('Route', { RouteKey: '$connect', Target: 'integrations/Integration', AuthorizationType: 'NONE' }),
};

interface Device {
  readonly clientId: string;
  readonly socket: WebSocket;
  readonly frames: string[];
}

const opened = async (url: string): Promise<WebSocket> => {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  return socket;
};

/** Resolves when every socket has got one more frame, or when nobody waits any more. */
const everyoneHears = (sockets: readonly WebSocket[], enough?: AbortSignal): Promise<unknown> =>
  Promise.allSettled(sockets.map((socket) => once(socket, 'message', enough ? { signal: enough } : {})));

interface Round {
  readonly posts: number;
  /** Posts that were given up: a device finds the gap by itself, but then nobody was the last. */
  readonly failed: number;
  readonly milliseconds: number;
}

/** On whose device a change was made. */
const author = 'device-0';

const startWorld = async (size: number) => {
  const { table, close } = await ownTable();
  const connections = dynamoConnectionStore(table);
  const port = await freePort();
  // The socket API's own function, as far as it matters here: it writes the row.
  const lambdas: Lambdas = {
    invoke: async (_, event) => {
      const { requestContext, queryStringParameters } = event as {
        requestContext: { connectionId: string; connectedAt: number };
        queryStringParameters: { user: string; client: string };
      };
      const connectedAt = new Date(requestContext.connectedAt);
      await connections.put(userId(queryStringParameters.user), {
        id: requestContext.connectionId,
        clientId: queryStringParameters.client,
        connectedAt,
        expiresAt: secondsAfter(connectedAt, 3_600),
      });
      return { ok: true, payload: { statusCode: 200 } };
    },
  };
  const api = await startSocketApi({ assembly: assemblyOf(socketApi), lambdas, port });

  const connect = async (owner: UserId, clientId: string): Promise<Device> => {
    const socket = await opened(`ws://127.0.0.1:${port}/live?user=${owner}&client=${clientId}`);
    const frames: string[] = [];
    socket.on('message', (data) => frames.push(String(data)));
    return { clientId, socket, frames };
  };
  const people = Array.from({ length: Math.ceil(size / connectionsPerUser) }, () => userId(randomUUID()));
  const devices: Device[] = [];
  for (const [index, owner] of people.entries()) {
    const own = Math.min(connectionsPerUser, size - index * connectionsPerUser);
    for (let device = 0; device < own; device += 1) devices.push(await connect(owner, `device-${device}`));
  }

  let [posts, failed] = [0, 0];
  const real = apiGateway(`http://127.0.0.1:${port}/live`);
  const gateway: Gateway = {
    ...real,
    post: async (id, text) => {
      posts += 1;
      const delivery = await real.post(id, text);
      if (delivery !== 'delivered') failed += 1;
      return delivery;
    },
  };
  const feed = { table, stream };
  const consume = consumeChanges({
    clock: systemClock,
    append: (owner, rows, now) => appendRows(feed, owner, rows, now),
    raiseEpoch: (owner, now) => raiseEpoch(feed, owner, now),
    push: pushTo({ clock: systemClock, connections, gateway, stream }),
  });

  let told = 0;
  return {
    devices,
    /** How often everybody was told. */
    told: () => told,
    /** A change of everybody's. */
    tell: async (): Promise<Round> => {
      [posts, failed] = [0, 0];
      told += 1;
      const enough = new AbortController();
      const records = people.map((owner) => inserted(taskItem(owner, { clientId: author })));
      const heard = everyoneHears(
        devices.map(({ socket }) => socket),
        enough.signal,
      );
      const begin = performance.now();
      await consume(records);
      if (failed > 0) enough.abort();
      await heard;
      return { posts, failed, milliseconds: performance.now() - begin };
    },
    stop: async () => {
      for (const { socket } of devices) socket.terminate();
      await api.stop();
      await close();
    },
  };
};

/** The same told to as many sockets by a program that holds them all: nothing is faster than that. */
const startBroadcast = async (size: number) => {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const sockets: WebSocket[] = [];
  for (let index = 0; index < size; index += 1) sockets.push(await opened(`ws://127.0.0.1:${port}`));
  return {
    tell: async (frame: string): Promise<number> => {
      const heard = everyoneHears(sockets);
      const begin = performance.now();
      for (const client of server.clients) client.send(frame);
      await heard;
      return performance.now() - begin;
    },
    stop: async () => {
      for (const socket of sockets) socket.terminate();
      server.close();
      http.close();
    },
  };
};

const rounds = 7;

/** On a machine so busy that a post is given up, another round. @throws Error when it is always so busy */
const whole = async (tell: () => Promise<Round>): Promise<Round> => {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const round = await tell();
    if (round.failed === 0) return round;
  }
  throw new Error('the machine is too busy: posts to sockets were given up in five rounds, one after the other');
};

const measure = async (size: number): Promise<readonly Figure[]> => {
  const [world, broadcast] = [await startWorld(size), await startBroadcast(size)];
  const [ours, theirs]: [Round[], number[]] = [[], []];
  try {
    await whole(world.tell);
    const frame = world.devices.at(-1)?.frames[0] ?? '';
    await broadcast.tell(frame);
    // In turns: whatever else the machine does, both feel it.
    for (let round = 0; round < rounds; round += 1) {
      ours.push(await whole(world.tell));
      theirs.push(await broadcast.tell(frame));
    }
  } finally {
    await world.stop();
    await broadcast.stop();
  }
  const echoes = world.devices
    .filter(({ clientId }) => clientId === author)
    .flatMap(({ frames }) => frames.flatMap((frame) => JSON.parse(frame).changes ?? []));
  const figure = (name: string, value: number, unit: string, limit: number): Figure => ({
    name: `${size.toLocaleString('en')} ${size === 1 ? 'socket' : 'sockets'}: ${name}`,
    value: rounded(value),
    unit,
    limit,
  });
  return [
    figure('calls to each', Math.max(...ours.map(({ posts }) => posts)) / size, 'calls', 1),
    figure('frames to each', Math.max(...world.devices.map(({ frames }) => frames.length)) / world.told(), 'frames', 1),
    figure('changes told to the device that made them', echoes.length, 'changes', 0),
    figure(
      'time to the last ÷ that of a broadcast',
      median(ours.map(({ milliseconds }) => milliseconds)) / median(theirs),
      '×',
      slower[size] ?? 0,
    ),
  ];
};

/**
 * A broadcast knows its sockets. Here each person's log is written first, three round trips to the table, and each socket takes a request of
 * its own, because connections belong to API Gateway and to no process of ours.
 */
const slower: Readonly<Record<number, number>> = { 1: 200, 10: 100, 100: 100, 1000: 100 };

export const fanOut = async (quick: boolean): Promise<Section> => {
  Object.assign(process.env, anybody);
  const figures = [];
  for (const size of quick ? [1, 10, 100] : [1, 10, 100, 1_000]) figures.push(...(await measure(size)));
  return {
    title: 'A change, told to many sockets',
    how: `The feed’s own code, the runner’s WebSocket API and the sockets in one process, twenty sockets a person; the change is made on one of each person’s. The broadcast is \`ws\` sending the same frame to as many sockets. Medians of ${rounds} rounds each, in turns.`,
    figures,
  };
};
