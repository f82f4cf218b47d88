import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { type ApiRoute, apiOf, authorizerOf } from '#local/api-parts.ts';
import { type Assembly, type Lambdas, localAccount, localRegion, type Part } from '#local/parts.ts';
import { closeServer, listen, readUpTo, urlOf } from '#local/server.ts';
import { throttlesOf } from '#local/throttle.ts';

/** API Gateway's own limits. */
const maxMessageBytes = 128 * 1024;
const idleMilliseconds = 10 * 60_000;
const lifetimeMilliseconds = 2 * 60 * 60_000;

export interface SocketApiOptions {
  readonly assembly: Assembly;
  readonly lambdas: Lambdas;
  readonly port: number;
}

interface Connection {
  readonly id: string;
  readonly connectedAt: number;
  readonly userAgent: string;
  /** What the authorizer said; its context as text, as API Gateway hands it on. */
  authorizer: Readonly<Record<string, string>> | null;
  socket: WebSocket | null;
  lastActiveAt: number;
  idle: NodeJS.Timeout | undefined;
}

/** Refuses an upgrade with a status. */
class Refused extends Error {
  readonly status: number;
  constructor(status: number) {
    super(STATUS_CODES[status] ?? 'Refused');
    this.status = status;
  }
}

interface AuthorizerResult {
  readonly principalId?: string;
  readonly policyDocument?: { readonly Statement?: readonly { readonly Effect: string }[] };
  readonly context?: Readonly<Record<string, string | number | boolean>>;
}

/** Hosts the assembly's WebSocket API, with its `@connections` on the same port. */
export const startSocketApi = async ({ assembly, lambdas, port }: SocketApiOptions): Promise<Part> => {
  const api = apiOf(assembly, 'WEBSOCKET');
  const stage = api.stage.StageName;
  const routes = new Map(api.routes.map((route) => [route.RouteKey, route]));
  const throttleOf = throttlesOf(api.stage);
  const selector = String(api.properties.RouteSelectionExpression).replace('$request.body.', '');
  const connections = new Map<string, Connection>();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes });

  const contextOf = (connection: Connection, routeKey: string, eventType: string, more: object = {}): object => ({
    routeKey,
    eventType,
    extendedRequestId: randomUUID(),
    requestTime: new Date().toUTCString(),
    messageDirection: 'IN',
    stage,
    connectedAt: connection.connectedAt,
    requestTimeEpoch: Date.now(),
    identity: { sourceIp: '127.0.0.1', userAgent: connection.userAgent },
    requestId: randomUUID(),
    domainName: `127.0.0.1:${port}`,
    connectionId: connection.id,
    apiId: api.id,
    ...(connection.authorizer && { authorizer: connection.authorizer }),
    ...more,
  });

  for (const { AuthorizationType = 'NONE', RouteKey } of api.routes) {
    if (AuthorizationType !== 'NONE' && (AuthorizationType !== 'CUSTOM' || RouteKey !== '$connect')) {
      throw new Error(`the runner does not know the authorization ${AuthorizationType} of ${RouteKey}`);
    }
  }

  const authorize = async (route: ApiRoute, connection: Connection, request: object, asked: Asked): Promise<void> => {
    if (route.AuthorizationType !== 'CUSTOM') return;
    const { IdentitySource = [], AuthorizerUri } = authorizerOf(assembly, route).properties as {
      IdentitySource?: readonly string[];
      AuthorizerUri?: string;
    };
    // A source that is not there is refused without asking the authorizer.
    if (!IdentitySource.every((source) => asked.has(sourceKey(source)))) throw new Refused(401);
    const invocation = await lambdas.invoke(String(AuthorizerUri), {
      type: 'REQUEST',
      methodArn: `arn:aws:execute-api:${localRegion}:${localAccount}:${api.id}/${stage}/${route.RouteKey}`,
      ...request,
      requestContext: contextOf(connection, route.RouteKey, 'CONNECT'),
    });
    if (!invocation.ok) throw new Refused(invocation.errorMessage === 'Unauthorized' ? 401 : 500);
    const { principalId, policyDocument, context = {} } = (invocation.payload ?? {}) as AuthorizerResult;
    const effects = (policyDocument?.Statement ?? []).map(({ Effect }) => Effect);
    if (!effects.includes('Allow') || effects.includes('Deny')) throw new Refused(403);
    connection.authorizer = {
      principalId: String(principalId),
      ...Object.fromEntries(Object.entries(context).map(([name, value]) => [name, String(value)])),
    };
  };

  const connect = async (request: IncomingMessage): Promise<Connection> => {
    const url = urlOf(request);
    if (!url) throw new Refused(400);
    if (url.pathname.replace(/\/$/, '') !== `/${stage}`) throw new Refused(403);
    const connection: Connection = {
      id: `${randomBytes(11).toString('base64url')}=`,
      connectedAt: Date.now(),
      userAgent: request.headers['user-agent'] ?? '',
      authorizer: null,
      socket: null,
      lastActiveAt: Date.now(),
      idle: undefined,
    };
    const route = routes.get('$connect');
    if (!route) return connection;
    if (!throttleOf('$connect').pass()) throw new Refused(429);
    const { event, asked } = connectRequest(request, url);
    await authorize(route, connection, event, asked);
    const invocation = await lambdas.invoke(route.integrationUri, {
      ...event,
      requestContext: contextOf(connection, '$connect', 'CONNECT'),
      isBase64Encoded: false,
    });
    if (!invocation.ok) throw new Refused(502);
    const status = (invocation.payload as { statusCode?: number } | null)?.statusCode ?? 200;
    if (status > 299) throw new Refused(status);
    return connection;
  };

  /** One message after the other: a device's requests are answered in their order. */
  const converse = (connection: Connection, socket: WebSocket): void => {
    connection.socket = socket;
    connections.set(connection.id, connection);
    const end = setTimeout(() => socket.close(1001, 'Going away'), lifetimeMilliseconds);
    touch(connection);
    let turn: Promise<void> = Promise.resolve();
    socket.on('message', (data, isBinary) => {
      touch(connection);
      // https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-binary-media-types.html
      if (isBinary) return socket.close(1003, 'Unsupported data');
      turn = turn.then(() => take(connection, String(data))).catch((error: unknown) => console.error(error));
    });
    // It closes by itself then, and says why: a message that is too long is a 1009.
    socket.on('error', () => undefined);
    socket.on('close', (code) => {
      clearTimeout(end);
      clearTimeout(connection.idle);
      connections.delete(connection.id);
      const route = routes.get('$disconnect');
      if (!route) return;
      void lambdas.invoke(route.integrationUri, {
        requestContext: contextOf(connection, '$disconnect', 'DISCONNECT', { disconnectStatusCode: code }),
        isBase64Encoded: false,
      });
    });
  };

  const touch = (connection: Connection): void => {
    connection.lastActiveAt = Date.now();
    clearTimeout(connection.idle);
    connection.idle = setTimeout(() => connection.socket?.close(1001, 'Going away'), idleMilliseconds);
  };

  const take = async (connection: Connection, body: string): Promise<void> => {
    const say = (answer: object): void =>
      connection.socket?.send(JSON.stringify({ ...answer, connectionId: connection.id, requestId: randomUUID() }));
    const route = routes.get(routeKeyIn(body, selector)) ?? routes.get('$default');
    if (!route) return say({ message: 'Forbidden' });
    if (!throttleOf(route.RouteKey).pass()) return say({ message: 'Too Many Requests' });
    const invocation = await lambdas.invoke(route.integrationUri, {
      requestContext: contextOf(connection, route.RouteKey, 'MESSAGE', { messageId: randomUUID() }),
      body,
      isBase64Encoded: false,
    });
    if (!invocation.ok) return say({ message: 'Internal server error' });
    const answer = (invocation.payload as { body?: string } | null)?.body;
    if (answer !== undefined && api.responses.has(route.logicalId)) connection.socket?.send(answer);
  };

  /** https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html */
  const manage = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = urlOf(request);
    if (!url) return fail(response, 400, 'BadRequestException');
    const path = decodeURIComponent(url.pathname);
    const start = `/${stage}/@connections/`;
    if (!path.startsWith(start)) return fail(response, 403, 'ForbiddenException');
    const body = await readUpTo(request, maxMessageBytes);
    if (!body) return fail(response, 413, 'PayloadTooLargeException');
    const connection = connections.get(path.slice(start.length));
    if (connection?.socket?.readyState !== WebSocket.OPEN) return fail(response, 410, 'GoneException');
    switch (request.method) {
      case 'POST':
        connection.socket.send(body.toString('utf8'));
        response.writeHead(200).end();
        return;
      case 'DELETE':
        connection.socket.close(1000);
        response.writeHead(204).end();
        return;
      case 'GET':
        response.writeHead(200, { 'content-type': 'application/json' }).end(
          JSON.stringify({
            connectedAt: new Date(connection.connectedAt).toISOString(),
            identity: { sourceIp: '127.0.0.1', userAgent: connection.userAgent },
            lastActiveAt: new Date(connection.lastActiveAt).toISOString(),
          }),
        );
        return;
      default:
        fail(response, 403, 'ForbiddenException');
    }
  };

  const server = createServer((request, response) => {
    manage(request, response).catch((error: unknown) => {
      if (!response.destroyed) console.error(error);
      response.destroy();
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    connect(request).then(
      (connection) => sockets.handleUpgrade(request, socket, head, (open) => converse(connection, open)),
      (error: unknown) => refuse(socket, error),
    );
  });
  await listen(server, port);
  return {
    stop: async () => {
      for (const { socket, idle } of connections.values()) {
        clearTimeout(idle);
        socket?.terminate();
      }
      await closeServer(server);
    },
  };
};

/** Which identity sources a request has: `route.request.querystring.ticket`, `route.request.header.Authorization`. */
type Asked = ReadonlySet<string>;

const headerSource = 'route.request.header.';

/** A header is the same in capitals, a parameter is not. */
const sourceKey = (source: string): string => (source.startsWith(headerSource) ? source.toLowerCase() : source);

const connectRequest = (request: IncomingMessage, url: URL): { event: object; asked: Asked } => {
  // Spelled as the client spells them: unlike HTTP APIs, WebSocket APIs leave names as they are.
  const names = new Map(
    request.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => [name.toLowerCase(), name]),
  );
  const headers = Object.entries(request.headers).map(
    ([name, value]) => [names.get(name) ?? name, [value].flat().join(',')] as const,
  );
  const query = [...url.searchParams];
  return {
    event: {
      headers: Object.fromEntries(headers),
      multiValueHeaders: Object.fromEntries(headers.map(([name, value]) => [name, [value]])),
      ...(query.length > 0 && {
        queryStringParameters: Object.fromEntries(query),
        multiValueQueryStringParameters: Object.fromEntries(
          query.map(([name]) => [name, url.searchParams.getAll(name)]),
        ),
      }),
    },
    asked: new Set([
      ...query.map(([name]) => `route.request.querystring.${name}`),
      ...headers.map(([name]) => sourceKey(`${headerSource}${name}`)),
    ]),
  };
};

const routeKeyIn = (body: string, selector: string): string => {
  try {
    const selected: unknown = JSON.parse(body)?.[selector];
    // API Gateway's own routes are not for clients to name.
    return typeof selected === 'string' && !selected.startsWith('$') ? selected : '$default';
  } catch {
    return '$default';
  }
};

const fail = (response: ServerResponse, status: number, type: string): void => {
  response
    .writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': type })
    .end(JSON.stringify({ message: type }));
};

const refuse = (socket: Duplex, error: unknown): void => {
  const { status, message } = error instanceof Refused ? error : new Refused(500);
  if (!(error instanceof Refused)) console.error(error);
  socket.end(`HTTP/1.1 ${status} ${message}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
};
