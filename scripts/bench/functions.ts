/**
 * The functions as they are deployed, by their own entry files, on an engine that is metered: an event in, an answer out. What is neither a
 * function nor the table (Cognito, S3, SES, open sockets) says yes to everything, and is counted.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { entries, type FunctionName } from '#blueprint/environment.ts';
import { type Feature, routeKeyOf, routes } from '#blueprint/routes.ts';
import { startEngine } from '#local/dynamodb-engine.ts';
import { closeServer, listen } from '#local/server.ts';
import type { Item } from '#shared/item.ts';
import { log } from '#shared/log.ts';
import type { Table } from '#shared/table.ts';
import { type Answered, type Asked, callerOf, context } from '#test/support/http-event.ts';
import { freePort } from '#test/support/ports.ts';
import { makeTable } from '#test/support/table.ts';
import { type Metered, startMeter } from './meter.ts';

/** What an invocation has cost. */
export interface Invocation extends Metered {
  /** Requests to everything but the table, by service: `cognito`, `s3`, `ses`, `connections`. */
  readonly others: Readonly<Record<string, number>>;
  /** What the function itself has computed, in milliseconds of a core: the first time, before anything is optimized. */
  readonly cpuMilliseconds: number;
  /** Of its answer. */
  readonly answerBytes: number;
}

export interface Functions {
  readonly table: Table;
  /** As API Gateway calls it. @throws Error for an answer of 400 and above: nothing here means to get one */
  call(operationId: string, asked?: Asked): Promise<Answered>;
  /** As everything else calls a function: with an event. */
  invoke(name: FunctionName, event: unknown): Promise<unknown>;
  measure(work: () => Promise<unknown>): Promise<Invocation>;
  /** Everything in the table, by its keys. */
  items(): Promise<ReadonlyMap<string, Item>>;
  stop(): Promise<void>;
}

export const stream = 'arn:aws:dynamodb:us-east-1:111122223333:table/pomona/stream/2026-11-24T00:00:00.000';

/** What every client of AWS wants to know, and nothing here looks at. */
export const anybody = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };

type Handler = (event: never, context: unknown) => Promise<unknown>;

export const startFunctions = async (): Promise<Functions> => {
  const engine = await startEngine('dynoxide', { port: await freePort() });
  const table = await makeTable(engine.endpoint);
  const meter = await startMeter(engine.endpoint);
  const others = await startOthers();
  Object.assign(process.env, {
    ...anybody,
    AWS_ENDPOINT_URL_DYNAMODB: meter.endpoint,
    AWS_ENDPOINT_URL_S3: others.url,
    AWS_ENDPOINT_URL_SES: others.url,
    AWS_ENDPOINT_URL_SESV2: others.url,
    AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: others.url,
    TABLE_NAME: table.name,
    TABLE_STREAM_ARN: stream,
    ATTACHMENTS_BUCKET_NAME: 'attachments',
    USER_POOL_ID: 'us-east-1_bench',
    USER_POOL_CLIENT_ID: 'bench',
    JWKS_URI: `${others.url}/.well-known/jwks.json`,
    WEBSOCKET_URL: 'wss://live.example.com',
    WEBSOCKET_CALLBACK_URL: others.url,
    HTTP_API_URL: 'https://api.example.com',
    MAIL_FROM: 'no-reply@pomona.example',
    MAIL_CONFIGURATION_SET: 'mail',
    MAILS_PER_DAY: '1000',
    PUBLIC_REQUESTS_PER_MINUTE: '100000',
    DUE_SHARDS: '1',
    API_VERSION: '0.0.0',
  });
  const handlers = new Map<string, Handler>();
  const handlerOf = async (name: FunctionName): Promise<Handler> => {
    const known = handlers.get(name);
    if (known) return known;
    const { handler }: { handler: Handler } = await import(new URL(`../../${entries[name]}`, import.meta.url).href);
    handlers.set(name, handler);
    return handler;
  };
  log.setLogLevel('ERROR');

  const call: Functions['call'] = async (operationId, asked = {}) => {
    const route = routes.find((candidate) => candidate.operationId === operationId);
    if (!route) throw new Error(`no route has the operation ${operationId}`);
    const handler = await handlerOf(route.feature satisfies Feature);
    const answer = await callerOf(handler as Parameters<typeof callerOf>[0])(routeKeyOf(route), asked);
    if (answer.status >= 400) throw new Error(`${operationId} → ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  };

  return {
    table,
    call,
    invoke: async (name, event) => (await handlerOf(name))(event as never, context),
    measure: async (work) => {
      await meter.take();
      others.take();
      const before = process.threadCpuUsage();
      const answer = await work();
      const { user, system } = process.threadCpuUsage(before);
      return {
        ...(await meter.take()),
        others: others.take(),
        cpuMilliseconds: (user + system) / 1000,
        answerBytes: Buffer.byteLength(JSON.stringify(answer) ?? ''),
      };
    },
    items: async () => {
      const items = new Map<string, Item>();
      let startAfter: Item | undefined;
      do {
        const { Items = [], LastEvaluatedKey } = await table.client.send(
          new ScanCommand({ TableName: table.name, ConsistentRead: true, ExclusiveStartKey: startAfter }),
        );
        for (const item of Items) items.set(`${item.pk} ${item.sk}`, item);
        startAfter = LastEvaluatedKey;
      } while (startAfter);
      return items;
    },
    stop: async () => {
      table.client.destroy();
      await meter.stop();
      await others.stop();
      await engine.stop();
    },
  };
};

/** Cognito knows everybody, by an address that begins with their id. */
export const addressOf = (user: string): string => `${user}@pomona.example`;

const cognito: Readonly<Record<string, (asked: { Username?: string }) => object>> = {
  SignUp: () => ({ UserSub: randomUUID(), UserConfirmed: false }),
  InitiateAuth: () => ({
    AuthenticationResult: { AccessToken: 'access', IdToken: 'id', RefreshToken: 'refresh', ExpiresIn: 3600 },
  }),
  AdminGetUser: ({ Username = '' }) => {
    const sub = Username.split('@')[0] ?? '';
    return {
      Username: sub,
      Enabled: true,
      UserStatus: 'CONFIRMED',
      UserAttributes: [
        { Name: 'sub', Value: sub },
        { Name: 'email', Value: addressOf(sub) },
        { Name: 'email_verified', Value: 'true' },
        { Name: 'zoneinfo', Value: 'Europe/Berlin' },
      ],
    };
  },
};

const startOthers = async () => {
  let counts: Record<string, number> = {};
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const target = String(request.headers['x-amz-target'] ?? '');
    const path = request.url ?? '';
    const service = target
      ? 'cognito'
      : path.startsWith('/@connections')
        ? 'connections'
        : path.startsWith('/v2/')
          ? 'ses'
          : 's3';
    counts[service] = (counts[service] ?? 0) + 1;
    const answer = cognito[target.split('.')[1] ?? ''];
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1', etag: '"etag"' });
    if (answer) response.end(JSON.stringify(answer(JSON.parse(String(Buffer.concat(chunks))))));
    else response.end(service === 's3' ? '' : '{}');
  });
  const port = await freePort();
  await listen(server, port);
  return {
    url: `http://127.0.0.1:${port}`,
    take: () => {
      const taken = counts;
      counts = {};
      return taken;
    },
    stop: () => closeServer(server),
  };
};

/** What the stream hands to a consumer. */
export const batchOf = (...Records: readonly DynamoDBRecord[]) => ({ Records });
