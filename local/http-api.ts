import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, METHODS, type ServerResponse, STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import findMyWay, { type HTTPMethod } from 'find-my-way';
import { type ApiRoute, apiOf, authorizerOf } from '#local/api-parts.ts';
import { type AuthorizeRequest, type FetchKeys, jwtAuthorizer } from '#local/jwt-authorizer.ts';
import { type Assembly, type Invocation, type Lambdas, localAccount, type Part } from '#local/parts.ts';
import { closeServer, listen, readUpTo, urlOf } from '#local/server.ts';
import { throttlesOf } from '#local/throttle.ts';

/** API Gateway's own limits. */
const maxBodyBytes = 10 * 1024 * 1024;
const maxHeadBytes = 10_240;
const integrationTimeoutMilliseconds = 30_000;

interface Cors {
  readonly AllowCredentials?: boolean;
  readonly AllowOrigins?: readonly string[];
  readonly AllowMethods?: readonly string[];
  readonly AllowHeaders?: readonly string[];
  readonly ExposeHeaders?: readonly string[];
  readonly MaxAge?: number;
}

export interface HttpApiOptions {
  readonly assembly: Assembly;
  readonly lambdas: Lambdas;
  readonly port: number;
  readonly fetchKeys: FetchKeys;
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

/** Hosts the assembly's HTTP API: payload format 2.0, JWT authorizers, CORS, throttles, and API Gateway's own answers. */
export const startHttpApi = async ({ assembly, lambdas, port, fetchKeys }: HttpApiOptions): Promise<Part> => {
  const api = apiOf(assembly, 'HTTP');
  const cors = api.properties.CorsConfiguration as Cors | undefined;
  const throttleOf = throttlesOf(api.stage);
  const router = findMyWay({ maxParamLength: Number.MAX_SAFE_INTEGER });
  for (const route of api.routes) {
    const [, method = '', path = ''] = /^([A-Z]+) (\/[^+]*)$/.exec(route.RouteKey) ?? [];
    if (!METHODS.includes(method)) throw new Error(`the runner does not know routes like ${route.RouteKey}`);
    const authorize = authorizerFor(route, assembly, fetchKeys);
    // The handler is never called: the router only finds what stands beside it.
    router.on(method as HTTPMethod, path.replace(/\{(\w+)\}/g, ':$1'), () => undefined, { route, authorize });
  }

  const answer = async (request: IncomingMessage, requestId: string): Promise<Reply> => {
    const url = urlOf(request);
    if (!url) return message(400, 'Bad Request');
    if (isPreflight(request, cors)) return preflight(request, cors ?? {});
    const found = router.find(request.method as HTTPMethod, url.pathname);
    // A parameter is never empty: `/tasks/` is neither `/tasks` nor a task.
    if (!found || Object.values(found.params).includes('')) return message(404, 'Not Found');
    const { route, authorize } = found.store as { route: ApiRoute; authorize: AuthorizeRequest | null };
    if (!throttleOf(route.RouteKey).pass()) return message(429, 'Too Many Requests');
    const authorized = authorize && (await authorize(request.headers.authorization));
    if (authorized?.outcome === 'unauthorized') {
      return { ...message(401, 'Unauthorized'), headers: { ...json, 'www-authenticate': 'Bearer' } };
    }
    if (authorized?.outcome === 'forbidden') return message(403, 'Forbidden');
    const body = await readUpTo(request, maxBodyBytes);
    if (!body) return message(413, 'Request Entity Too Large');
    const event = eventOf({
      request,
      url,
      route,
      apiId: api.id,
      stage: api.stage.StageName,
      requestId,
      pathParameters: found.params,
      body,
      jwt: authorized?.jwt ?? null,
    });
    const invocation = await inTime(lambdas.invoke(route.integrationUri, event));
    if (!invocation) return message(503, 'Service Unavailable');
    return invocation.ok ? replyOf(invocation.payload) : message(500, 'Internal Server Error');
  };

  const server = createServer({ maxHeaderSize: maxHeadBytes }, (request, response) => {
    const requestId = randomUUID();
    const own = { 'apigw-requestid': requestId, ...corsHeaders(request, cors) };
    answer(request, requestId)
      .then((reply) => send(response, reply, own))
      .catch((error: unknown) => {
        // Who went away in the middle of asking hears no answer.
        if (response.destroyed) return;
        console.error(error);
        send(response, message(500, 'Internal Server Error'), own);
      });
  });
  server.on('clientError', refuse);
  await listen(server, port);
  return { stop: () => closeServer(server) };
};

const authorizerFor = (route: ApiRoute, assembly: Assembly, fetchKeys: FetchKeys): AuthorizeRequest | null => {
  switch (route.AuthorizationType) {
    case undefined:
    case 'NONE':
      return null;
    case 'JWT':
      return jwtAuthorizer(authorizerOf(assembly, route), route.AuthorizationScopes ?? [], fetchKeys);
    default:
      throw new Error(`the runner does not know the authorization ${route.AuthorizationType} of ${route.RouteKey}`);
  }
};

const json = { 'content-type': 'application/json' };

const message = (status: number, text: string): Reply => ({
  status,
  headers: json,
  body: JSON.stringify({ message: text }),
});

/** Answers what is no HTTP, or has too long a head. What else comes is read and forgotten: a reset could overtake the answer. */
const refuse = ({ code }: NodeJS.ErrnoException, socket: Duplex): void => {
  if (!socket.writable || code === 'ECONNRESET') return;
  const status = code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const text = STATUS_CODES[status] ?? '';
  const body = JSON.stringify({ message: text });
  const head = [
    `HTTP/1.1 ${status} ${text}`,
    'content-type: application/json',
    `content-length: ${body.length}`,
    'connection: close',
  ];
  if (socket instanceof Socket) socket.setTimeout(1_000, () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
};

const isPreflight = (request: IncomingMessage, cors: Cors | undefined): boolean =>
  cors !== undefined && request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;

const allows = ({ AllowOrigins = [] }: Cors, origin: string | undefined): origin is string =>
  origin !== undefined && (AllowOrigins.includes('*') || AllowOrigins.includes(origin));

const preflight = (request: IncomingMessage, cors: Cors): Reply => ({
  status: 204,
  headers: allows(cors, request.headers.origin)
    ? {
        'access-control-allow-methods': (cors.AllowMethods ?? []).join(','),
        'access-control-allow-headers': (cors.AllowHeaders ?? []).join(',').toLowerCase(),
        'access-control-max-age': String(cors.MaxAge ?? 0),
      }
    : {},
});

const corsHeaders = (request: IncomingMessage, cors: Cors | undefined): Record<string, string> =>
  cors && allows(cors, request.headers.origin)
    ? {
        'access-control-allow-origin': cors.AllowOrigins?.includes('*') ? '*' : request.headers.origin,
        ...(cors.ExposeHeaders && { 'access-control-expose-headers': cors.ExposeHeaders.join(',').toLowerCase() }),
        ...(cors.AllowCredentials && { 'access-control-allow-credentials': 'true' }),
        vary: 'origin',
      }
    : {};

interface EventFacts {
  readonly request: IncomingMessage;
  readonly url: URL;
  readonly route: ApiRoute;
  readonly apiId: string;
  readonly stage: string;
  readonly requestId: string;
  readonly pathParameters: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  readonly jwt: { readonly claims: Readonly<Record<string, string>>; readonly scopes: readonly string[] | null } | null;
}

const textTypes = /^(text\/|application\/(.+\+)?(json|xml)|application\/javascript|application\/x-www-form-urlencoded)/;

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html */
const eventOf = ({ request, url, route, apiId, stage, requestId, pathParameters, body, jwt }: EventFacts): object => {
  const query: Record<string, string> = {};
  for (const [name, value] of url.searchParams) query[name] = name in query ? `${query[name]},${value}` : value;
  const isText = body.length === 0 || textTypes.test(request.headers['content-type'] ?? '');
  const now = new Date();
  return {
    version: '2.0',
    routeKey: route.RouteKey,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    ...(request.headers.cookie && { cookies: request.headers.cookie.split('; ') }),
    headers: Object.fromEntries(
      Object.entries(request.headersDistinct)
        .filter(([name]) => name !== 'cookie')
        .map(([name, values]) => [name, values?.join(',')]),
    ),
    ...(Object.keys(query).length > 0 && { queryStringParameters: query }),
    ...(Object.keys(pathParameters).length > 0 && { pathParameters }),
    requestContext: {
      accountId: localAccount,
      apiId,
      ...(jwt && { authorizer: { jwt } }),
      domainName: request.headers.host ?? 'localhost',
      domainPrefix: apiId,
      http: {
        method: request.method,
        path: url.pathname,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId,
      routeKey: route.RouteKey,
      stage,
      time: now.toUTCString(),
      timeEpoch: now.getTime(),
    },
    ...(body.length > 0 && { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: !isText,
  };
};

const inTime = async (invocation: Promise<Invocation>): Promise<Invocation | null> => {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), integrationTimeoutMilliseconds);
  });
  const first = await Promise.race([invocation, tooLate]);
  clearTimeout(timer);
  return first;
};

interface StructuredResult {
  readonly statusCode?: number;
  readonly headers?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: string;
  readonly cookies?: readonly string[];
  readonly isBase64Encoded?: boolean;
}

/** Without a `statusCode`, whatever a function returns is the body of a 200. */
const replyOf = (payload: unknown): Reply => {
  const result = payload as StructuredResult | null;
  if (typeof result !== 'object' || result === null || result.statusCode === undefined) {
    return {
      status: 200,
      headers: json,
      body: typeof payload === 'string' ? payload : JSON.stringify(payload ?? null),
    };
  }
  const headers = Object.entries(result.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]);
  return {
    status: result.statusCode,
    headers: {
      ...(result.body !== undefined && { 'content-type': 'text/plain;charset=utf-8' }),
      ...Object.fromEntries(headers),
      ...(result.cookies && { 'set-cookie': result.cookies }),
    },
    ...(result.body !== undefined && {
      body: result.isBase64Encoded ? Buffer.from(result.body, 'base64') : result.body,
    }),
  };
};

const send = (response: ServerResponse, { status, headers = {}, body }: Reply, more: Record<string, string>): void => {
  const bodyless = status === 204 || status === 304;
  response.writeHead(status, {
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat()])),
    ...more,
    ...(!bodyless && { 'content-length': Buffer.byteLength(body ?? '') }),
  });
  response.end(bodyless ? undefined : body);
};
