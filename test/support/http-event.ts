import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { expect } from 'vitest';
import * as z from 'zod/mini';
import { log } from '#shared/log.ts';
import type { HttpEvent } from '#shared/operation.ts';

/** What a request says, as API Gateway hands it on once it has matched the route and verified the token. */
export interface Asked {
  /** The `sub` of the verified access token; without one, the route has no authorizer. */
  readonly user?: string;
  readonly params?: Readonly<Record<string, string>>;
  /** As it stands in the URL, or its parameters. */
  readonly query?: string | Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text goes as it is, bytes as base64, everything else as JSON. */
  readonly body?: unknown;
}

/** An HTTP API event, payload format 2.0. @param routeKey as in the route table: `GET /tasks/{task_id}` */
export const httpEvent = (
  routeKey: string,
  { user, params = {}, query = '', headers = {}, body }: Asked = {},
): HttpEvent => {
  const [method = '', template = ''] = routeKey.split(' ');
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const isBytes = body instanceof Uint8Array;
  const requestContext = {
    accountId: '000000000000',
    apiId: 'api',
    domainName: 'api.example.com',
    domainPrefix: 'api',
    http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'vitest' },
    requestId: randomUUID(),
    routeKey,
    stage: '$default',
    time: '24/Nov/2026:12:00:00 +0000',
    timeEpoch: Date.UTC(2026, 10, 24, 12),
  };
  const event: APIGatewayProxyEventV2 = {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString: typeof query === 'string' ? query : new URLSearchParams(query).toString(),
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    },
    ...(Object.keys(params).length > 0 && { pathParameters: params }),
    requestContext,
    ...(body !== undefined && {
      body: isBytes ? Buffer.from(body).toString('base64') : typeof body === 'string' ? body : JSON.stringify(body),
    }),
    isBase64Encoded: isBytes,
  };
  if (user === undefined) return event;
  const jwt = { claims: { sub: user, exp: '1795525200', token_use: 'access' }, scopes: [] };
  return {
    ...event,
    requestContext: { ...requestContext, authorizer: { principalId: '', integrationLatency: 0, jwt } },
  };
};

/** What a function answered, its body read as what it is: JSON, or else text (`null`: none). */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

type HttpHandler = (event: HttpEvent, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;

/**
 * Drives a feature's handler as API Gateway does, without the network.
 * @throws Error for an answer of 500 and above: no test means to get one
 */
export const callerOf = (handler: HttpHandler) => {
  // A line a request says nothing in a test; what a 500 came from does.
  log.setLogLevel('ERROR');
  return async (routeKey: string, asked: Asked = {}): Promise<Answered> => {
    const { statusCode = 0, headers = {}, body } = await handler(httpEvent(routeKey, asked), context);
    if (statusCode >= 500) throw new Error(`${routeKey} → ${statusCode} ${body}`);
    return {
      status: statusCode,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
      body: body === undefined ? null : /json/.test(String(headers['content-type'])) ? JSON.parse(body) : body,
    };
  };
};

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  instance: z.string(),
  errors: z.optional(z.array(z.object({ pointer: z.string(), detail: z.string() }))),
});

/** What the problem in an answer points at. The answer must be one, of that status. */
export const pointersIn = (answered: Answered, status: number): readonly string[] => {
  expect(answered, JSON.stringify(answered.body)).toMatchObject({
    status,
    headers: { 'content-type': 'application/problem+json' },
  });
  const { errors = [], instance, ...said } = problem.parse(answered.body);
  expect([said.status, instance]).toEqual([status, `urn:pomona:request:${answered.headers['x-request-id']}`]);
  return errors.map(({ pointer }) => pointer);
};

/** A Lambda's context, with all the time in the world. */
export const context: Context = {
  callbackWaitsForEmptyEventLoop: false,
  functionName: 'function',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:function',
  memoryLimitInMB: '512',
  awsRequestId: 'request',
  logGroupName: 'group',
  logStreamName: 'stream',
  getRemainingTimeInMillis: () => 600_000,
  done: () => undefined,
  fail: () => undefined,
  succeed: () => undefined,
};
