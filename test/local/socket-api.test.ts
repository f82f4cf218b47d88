import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Invocation, Part } from '#local/parts.ts';
import { startSocketApi } from '#local/socket-api.ts';
import { assemblyOf, type Call, failure } from '#test/support/assembly.ts';
import { freePort } from '#test/support/ports.ts';

const arn = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
const ofApi = (type: string, properties: object) => ({
  type: `AWS::ApiGatewayV2::${type}`,
  properties: { ApiId: 'Api', ...properties },
});
const route = (RouteKey: string, properties: object = {}) =>
  ofApi('Route', { RouteKey, Target: 'integrations/Integration', AuthorizationType: 'NONE', ...properties });

const resources = {
  Api: {
    type: 'AWS::ApiGatewayV2::Api',
    properties: { ProtocolType: 'WEBSOCKET', RouteSelectionExpression: '$request.body.action' },
  },
  Stage: ofApi('Stage', {
    StageName: 'live',
    DefaultRouteSettings: { ThrottlingRateLimit: 1, ThrottlingBurstLimit: 5 },
  }),
  Integration: ofApi('Integration', { IntegrationUri: arn('socket') }),
  Authorizer: ofApi('Authorizer', { AuthorizerUri: arn('authorizer'), IdentitySource: [] }),
  Connect: route('$connect', { AuthorizationType: 'CUSTOM', AuthorizerId: 'Authorizer' }),
  Disconnect: route('$disconnect'),
  Default: route('$default'),
  Ping: route('ping', { RouteResponseSelectionExpression: '$default' }),
  PingResponse: ofApi('RouteResponse', { RouteId: 'Ping', RouteResponseKey: '$default' }),
  Silent: route('silent'),
};

const policy = (...effects: string[]): Invocation => ({
  ok: true,
  payload: {
    principalId: 'ada',
    policyDocument: { Statement: effects.map((Effect) => ({ Effect })) },
    context: { user_id: 'ada', token_expires_at: 7 },
  },
});

interface SocketEvent {
  readonly type?: string;
  readonly methodArn?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly queryStringParameters?: Readonly<Record<string, string>>;
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[]>>;
  readonly body?: string;
  readonly requestContext: {
    readonly routeKey: string;
    readonly eventType: string;
    readonly connectionId: string;
    readonly authorizer?: object;
    readonly disconnectStatusCode?: number;
  };
}

let api: Part | undefined;
let port = 0;
const open: WebSocket[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const socket of open.splice(0)) socket.terminate();
  await api?.stop();
});

type Answer = (event: SocketEvent) => Invocation | undefined | Promise<Invocation | undefined>;

/** @param answer for an authorizer's event (it has a `type`) or the function's; without one, everybody is let in and nothing is said */
const host = async (answer: Answer = () => undefined, more: object = {}): Promise<SocketEvent[]> => {
  port = await freePort();
  const events: SocketEvent[] = [];
  const lambdas = {
    invoke: async ({ functionArn, event }: Call) => {
      const heard = event as SocketEvent;
      expect(functionArn).toBe(arn(heard.type ? 'authorizer' : 'socket'));
      events.push(heard);
      return (
        (await answer(heard)) ?? (heard.type ? policy('Allow') : { ok: true as const, payload: { statusCode: 200 } })
      );
    },
  };
  api = await startSocketApi({
    assembly: assemblyOf({ ...resources, ...more }),
    lambdas: { invoke: (functionArn, event) => lambdas.invoke({ functionArn, event }) },
    port,
  });
  return events;
};

const start = (path = '/live', headers: Record<string, string> = {}): WebSocket => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
  socket.on('error', () => undefined);
  open.push(socket);
  return socket;
};

/** @returns the open socket, or the status that it was refused with */
const connect = (path?: string, headers?: Record<string, string>): Promise<WebSocket | number> =>
  new Promise((resolve) => {
    const socket = start(path, headers);
    socket.once('open', () => resolve(socket));
    socket.once('unexpected-response', (request, response) => {
      request.destroy();
      resolve(response.statusCode ?? 0);
    });
  });

const connected = async (): Promise<WebSocket> => {
  const socket = await connect();
  if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
  return socket;
};

const next = async (socket: WebSocket): Promise<string> => String((await once(socket, 'message'))[0]);
const closing = async (socket: WebSocket): Promise<number> => (await once(socket, 'close'))[0];
const manage = (id: string, method = 'POST', body: string | null = null): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/live/@connections/${encodeURIComponent(id)}`, { method, body });
const idOf = (events: readonly SocketEvent[]): string => events.at(-1)?.requestContext.connectionId ?? '';
const heard = (events: readonly SocketEvent[], routeKey: string): Promise<SocketEvent> =>
  vi.waitFor(() => {
    const found = events.find((event) => !event.type && event.requestContext.routeKey === routeKey);
    if (!found) throw new Error(`${routeKey} was not called`);
    return found;
  });

describe('connecting', () => {
  it('asks the authorizer first, and hands on what it says as text', async () => {
    const events = await host();
    await connect('/live?ticket=t1&tag=x&tag=y', { 'X-Client-Id': 'phone' });
    expect(events).toMatchObject([
      {
        type: 'REQUEST',
        methodArn: 'arn:aws:execute-api:us-east-1:000000000000:Api/live/$connect',
        headers: { 'X-Client-Id': 'phone' },
        queryStringParameters: { ticket: 't1', tag: 'y' },
        multiValueQueryStringParameters: { ticket: ['t1'], tag: ['x', 'y'] },
        requestContext: { routeKey: '$connect', eventType: 'CONNECT', apiId: 'Api', stage: 'live' },
      },
      {
        queryStringParameters: { ticket: 't1', tag: 'y' },
        requestContext: {
          routeKey: '$connect',
          eventType: 'CONNECT',
          authorizer: { principalId: 'ada', user_id: 'ada', token_expires_at: '7' },
        },
      },
    ]);
    expect(events[0]?.requestContext.connectionId).toBe(events[1]?.requestContext.connectionId);
  });

  const byAuthorizer =
    (invocation: Invocation): Answer =>
    ({ type }) =>
      type ? invocation : undefined;
  const byFunction =
    (invocation: Invocation): Answer =>
    ({ type }) =>
      type ? undefined : invocation;

  it.each([
    [
      '401 when the authorizer throws `Unauthorized`',
      401,
      byAuthorizer({ ok: false, errorType: 'Error', errorMessage: 'Unauthorized' }),
    ],
    ['500 when it throws anything else', 500, byAuthorizer(failure)],
    ['403 when it denies', 403, byAuthorizer(policy('Deny'))],
    ['403 when it both allows and denies', 403, byAuthorizer(policy('Allow', 'Deny'))],
    ['403 when it says nothing', 403, byAuthorizer({ ok: true, payload: null })],
    ['502 when the function fails', 502, byFunction(failure)],
    ['the status that the function gives', 429, byFunction({ ok: true, payload: { statusCode: 429 } })],
  ] satisfies [string, number, Answer][])('is refused with %s', async (_, status, answer) => {
    await host(answer);
    expect(await connect()).toBe(status);
  });

  it.each([
    ['another stage', '/other', 403],
    ['a path that cannot be decoded', '/live/%zz', 400],
  ])('is refused for %s, and nobody is asked', async (_, path, status) => {
    const events = await host();
    expect(await connect(path)).toBe(status);
    expect(events).toEqual([]);
  });

  it('is refused without the identity source that the authorizer needs, and nobody is asked', async () => {
    const sources = (IdentitySource: string[]) => ({
      Authorizer: ofApi('Authorizer', { AuthorizerUri: arn('authorizer'), IdentitySource }),
    });
    const events = await host(
      undefined,
      sources(['route.request.header.Authorization', 'route.request.querystring.q']),
    );
    expect(await connect('/live?q=1')).toBe(401);
    expect(await connect('/live', { authorization: 'Bearer x' })).toBe(401);
    expect(events).toEqual([]);
    expect(await connect('/live?q=1', { authorization: 'Bearer x' })).toBeInstanceOf(WebSocket);
  });

  it('is throttled', async () => {
    await host();
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => connect()));
    expect(outcomes.filter((outcome) => outcome === 429)).toHaveLength(1);
  });

  it('is not finished while its function runs: a post to it is a 410 until then', async () => {
    let early: Promise<Response> | undefined;
    const events = await host(async ({ type, requestContext }) => {
      if (!type && requestContext.routeKey === '$connect') {
        early = manage(requestContext.connectionId, 'POST', 'welcome');
        await early;
      }
      return undefined;
    });
    const socket = await connected();
    expect((await early)?.status).toBe(410);
    const said = next(socket);
    expect((await manage(idOf(events), 'POST', 'welcome')).status).toBe(200);
    expect(await said).toBe('welcome');
  });
});

describe('a message', () => {
  it.each([
    ['to the route that it names', '{"action":"ping"}', 'ping'],
    ['to $default when it names none', '{"action":"sing"}', '$default'],
    ['to $default when it is no JSON', 'hello', '$default'],
    ['to $default when it is null', 'null', '$default'],
  ])('goes %s', async (_, body, routeKey) => {
    const events = await host();
    (await connected()).send(body);
    expect(await heard(events, routeKey)).toMatchObject({
      body,
      isBase64Encoded: false,
      requestContext: { eventType: 'MESSAGE', connectionId: idOf(events), authorizer: { user_id: 'ada' } },
    });
  });

  it('is answered with what the function returns, where the route has a response', async () => {
    await host(({ requestContext: { routeKey, eventType } }) =>
      eventType === 'MESSAGE' ? { ok: true, payload: { statusCode: 200, body: `answer to ${routeKey}` } } : undefined,
    );
    const socket = await connected();
    socket.send('{"action":"silent"}');
    socket.send('{"action":"ping"}');
    expect(await next(socket)).toBe('answer to ping');
  });

  it('is answered with an error when the function fails, and the connection goes on', async () => {
    await host(({ requestContext }) => (requestContext.eventType === 'MESSAGE' ? failure : undefined));
    const socket = await connected();
    for (const action of ['ping', 'silent']) {
      socket.send(JSON.stringify({ action }));
      expect(JSON.parse(await next(socket))).toMatchObject({ message: 'Internal server error' });
    }
  });

  it('is refused when no route takes it', async () => {
    const events = await host(undefined, { Default: { type: 'Nothing', properties: {} } });
    const socket = await connected();
    socket.send('{"action":"sing"}');
    expect(JSON.parse(await next(socket))).toMatchObject({ message: 'Forbidden', connectionId: idOf(events) });
  });

  it('is throttled, each route alone', async () => {
    await host();
    const socket = await connected();
    for (let index = 0; index < 6; index += 1) socket.send('{"action":"silent"}');
    expect(JSON.parse(await next(socket))).toMatchObject({ message: 'Too Many Requests' });
  });

  it('of more than 128 KB ends the connection with a 1009', async () => {
    const events = await host();
    const socket = await connected();
    socket.send('x'.repeat(128 * 1024));
    await heard(events, '$default');
    socket.send('x'.repeat(128 * 1024 + 1));
    expect(await closing(socket)).toBe(1009);
  });

  it('in a binary frame ends the connection with a 1003, and reaches nobody', async () => {
    const events = await host();
    const socket = await connected();
    socket.send(Buffer.from('{"action":"ping"}'));
    expect(await closing(socket)).toBe(1003);
    expect(events.map(({ requestContext }) => requestContext.eventType)).not.toContain('MESSAGE');
  });

  it('waits for the one before', async () => {
    const order: string[] = [];
    await host(async ({ body }) => {
      if (body === undefined) return undefined;
      order.push(`${body} begins`);
      await new Promise((resolve) => setTimeout(resolve, body === 'first' ? 20 : 0));
      order.push(`${body} ends`);
      return undefined;
    });
    const socket = await connected();
    socket.send('first');
    socket.send('second');
    await vi.waitFor(() => expect(order).toEqual(['first begins', 'first ends', 'second begins', 'second ends']));
  });
});

describe('a connection', () => {
  it('says when it ends', async () => {
    const events = await host();
    (await connected()).close(4000);
    expect((await heard(events, '$disconnect')).requestContext).toMatchObject({
      eventType: 'DISCONNECT',
      disconnectStatusCode: 4000,
    });
  });

  it('ends after ten minutes of silence, and not before', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const events = await host();
    const socket = await connected();
    const closed = closing(socket);
    vi.advanceTimersByTime(9 * 60_000);
    socket.send('still here');
    await heard(events, '$default');
    // Waiting moves the clock on a little.
    vi.advanceTimersByTime(10 * 60_000 - 5_000);
    expect((await manage(idOf(events), 'GET')).status).toBe(200);
    vi.advanceTimersByTime(5_000);
    expect(await closed).toBe(1001);
  });

  it('ends after two hours, however lively', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const events = await host();
    const socket = await connected();
    const closed = closing(socket);
    for (let minutes = 0; minutes < 120; minutes += 8) {
      const before = events.length;
      socket.send('{"action":"silent"}');
      // Silence is broken even when the throttle does not let it through.
      await Promise.race([
        vi.waitFor(() => expect(events.length).toBeGreaterThan(before), { interval: 1 }),
        once(socket, 'message'),
      ]);
      expect(socket.readyState).toBe(WebSocket.OPEN);
      vi.advanceTimersByTime(8 * 60_000);
    }
    expect(await closed).toBe(1001);
  });
});

describe('@connections', () => {
  it('sends to a device, in order', async () => {
    const events = await host();
    const socket = await connected();
    const got: string[] = [];
    socket.on('message', (data) => got.push(String(data)));
    for (const text of ['one', 'zwei 🍎', 'three']) {
      expect((await manage(idOf(events), 'POST', text)).status).toBe(200);
    }
    await vi.waitFor(() => expect(got).toEqual(['one', 'zwei 🍎', 'three']));
  });

  it('tells about a connection', async () => {
    const events = await host();
    await connected();
    expect(await (await manage(idOf(events), 'GET')).json()).toEqual({
      connectedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      identity: { sourceIp: '127.0.0.1', userAgent: '' },
      lastActiveAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it('ends a connection, which is gone from then on', async () => {
    const events = await host();
    const socket = await connected();
    const closed = closing(socket);
    const id = idOf(events);
    expect((await manage(id, 'DELETE')).status).toBe(204);
    expect((await manage(id, 'POST', 'too late')).status).toBe(410);
    expect(await closed).toBe(1000);
  });

  it.each([
    ['410 for a connection that does not exist', 'nobody=', 'text', 410, 'GoneException'],
    ['413 for more than 128 KB', null, 'x'.repeat(128 * 1024 + 1), 413, 'PayloadTooLargeException'],
  ])('says %s', async (_, id, text, status, type) => {
    const events = await host();
    await connected();
    const response = await manage(id ?? idOf(events), 'POST', text);
    expect(response.status).toBe(status);
    expect(response.headers.get('x-amzn-errortype')).toBe(type);
    expect((await manage(idOf(events), 'POST', 'x'.repeat(128 * 1024))).status).toBe(200);
  });

  it.each([
    ['403 outside of it', '/live', 403],
    ['403 for another stage', '/other/@connections/x', 403],
    ['400 for a path that cannot be decoded', '/live/@connections/%zz', 400],
  ])('says %s', async (_, path, status) => {
    await host();
    expect((await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST' })).status).toBe(status);
  });

  it('knows no other methods', async () => {
    const events = await host();
    await connected();
    expect((await manage(idOf(events), 'PUT', 'x')).status).toBe(403);
  });
});

describe('a template that asks for what is not emulated', () => {
  it('is refused: an authorizer on another route, or another kind', async () => {
    const custom = { AuthorizationType: 'CUSTOM', AuthorizerId: 'Authorizer' };
    await expect(host(undefined, { Ping: route('ping', custom) })).rejects.toThrow('CUSTOM of ping');
    await expect(host(undefined, { Connect: route('$connect', { AuthorizationType: 'AWS_IAM' }) })).rejects.toThrow(
      'AWS_IAM of $connect',
    );
  });
});
