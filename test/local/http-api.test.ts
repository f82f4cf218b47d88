import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startHttpApi } from '#local/http-api.ts';
import type { Invocation, Part } from '#local/parts.ts';
import { assemblyOf, type Call, failure, fakeLambdas } from '#test/support/assembly.ts';
import { freePort } from '#test/support/ports.ts';
import { newKey, publicPemOf, signHs256, signRs256, unsigned } from '#test/support/tokens.ts';

const functionUri = 'arn:aws:lambda:us-east-1:000000000000:function:echo';
const issuer = 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool';
const scope = 'aws.cognito.signin.user.admin';

const route = (RouteKey: string, properties: object = {}) => ({
  type: 'AWS::ApiGatewayV2::Route',
  properties: { ApiId: 'Api', RouteKey, Target: 'integrations/Integration', AuthorizationType: 'NONE', ...properties },
});
const signedIn = { AuthorizationType: 'JWT', AuthorizerId: 'SignedIn' };

const resources = {
  Api: {
    type: 'AWS::ApiGatewayV2::Api',
    properties: {
      ProtocolType: 'HTTP',
      CorsConfiguration: {
        AllowOrigins: ['http://localhost:5173'],
        AllowMethods: ['GET', 'POST'],
        AllowHeaders: ['Authorization', 'If-Match'],
        ExposeHeaders: ['ETag'],
        MaxAge: 3600,
      },
    },
  },
  Stage: {
    type: 'AWS::ApiGatewayV2::Stage',
    properties: {
      ApiId: 'Api',
      StageName: '$default',
      DefaultRouteSettings: { ThrottlingRateLimit: 1, ThrottlingBurstLimit: 3 },
      RouteSettings: { 'POST /rare': { ThrottlingRateLimit: 1, ThrottlingBurstLimit: 1 } },
    },
  },
  Integration: { type: 'AWS::ApiGatewayV2::Integration', properties: { ApiId: 'Api', IntegrationUri: functionUri } },
  SignedIn: {
    type: 'AWS::ApiGatewayV2::Authorizer',
    properties: { ApiId: 'Api', JwtConfiguration: { Issuer: issuer, Audience: ['client'] } },
  },
  List: route('GET /tasks'),
  Create: route('POST /tasks'),
  Get: route('GET /tasks/{task_id}'),
  Complete: route('POST /tasks/{task_id}/complete'),
  Rare: route('POST /rare'),
  Me: route('GET /me', signedIn),
  Scoped: route('GET /scoped', { ...signedIn, AuthorizationScopes: [scope] }),
};

const key = newKey();
const jwkOf = (from: KeyObject): JsonWebKey =>
  createPublicKey(from.export({ type: 'pkcs8', format: 'pem' })).export({ format: 'jwk' });
const jwk = { ...jwkOf(key), kid: 'key', alg: 'RS256', use: 'sig' };
const keySet = new TextEncoder().encode(JSON.stringify({ keys: [jwk] })).buffer;

const inAnHour = Math.floor(Date.now() / 1000) + 3600;
const claims = { iss: issuer, sub: 'ada', client_id: 'client', token_use: 'access', scope, exp: inAnHour };
const token = (change: object = {}, by: KeyObject = key, header: object = {}): string =>
  signRs256({ header: { kid: 'key', typ: 'JWT', ...header }, payload: { ...claims, ...change } }, by);

let api: Part | undefined;
let port = 0;
afterEach(async () => {
  vi.useRealTimers();
  await api?.stop();
});

const fetchKeys = vi.fn(async (_url: string) => keySet);
const host = async (
  answer?: (call: Call) => Invocation | Promise<Invocation>,
  more: typeof resources | object = {},
) => {
  port = await freePort();
  const calls: Call[] = [];
  const lambdas = {
    invoke: async (functionArn: string, event: unknown) => {
      const call = { functionArn, event };
      calls.push(call);
      return answer ? answer(call) : { ok: true as const, payload: event };
    },
  };
  api = await startHttpApi({ assembly: assemblyOf({ ...resources, ...more }), lambdas, port, fetchKeys });
  return calls;
};

const call = (path: string, init?: RequestInit): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`, init);
const bearer = (text: string): RequestInit => ({ headers: { authorization: `Bearer ${text}` } });
const answers = (payload: unknown) => (): Invocation => ({ ok: true, payload });

interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** As `fetch` would never send it. */
const raw = (method: string, path: string, headers: Record<string, string | string[]> = {}): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      let body = '';
      response.on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    asked.once('error', reject);
    asked.end();
  });

describe('a request', () => {
  it('reaches its function in the payload format 2.0', async () => {
    await host();
    const response = await raw('GET', '/tasks/a%20b%2Fc?tag=x&tag=y%20z&empty=&q=%C3%BC', {
      Cookie: 'one=1; two=2',
      'X-Twice': ['a', 'b'],
      'User-Agent': 'test',
      host: 'api.example',
    });
    const event = JSON.parse(response.body);
    expect(event).toEqual({
      version: '2.0',
      routeKey: 'GET /tasks/{task_id}',
      rawPath: '/tasks/a%20b%2Fc',
      rawQueryString: 'tag=x&tag=y%20z&empty=&q=%C3%BC',
      cookies: ['one=1', 'two=2'],
      headers: { 'x-twice': 'a,b', 'user-agent': 'test', host: 'api.example', connection: 'close' },
      queryStringParameters: { tag: 'x,y z', empty: '', q: 'ü' },
      pathParameters: { task_id: 'a b/c' },
      requestContext: {
        accountId: '000000000000',
        apiId: 'Api',
        domainName: 'api.example',
        domainPrefix: 'Api',
        http: {
          method: 'GET',
          path: '/tasks/a%20b%2Fc',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'test',
        },
        requestId: response.headers['apigw-requestid'],
        routeKey: 'GET /tasks/{task_id}',
        stage: '$default',
        time: expect.any(String),
        timeEpoch: expect.any(Number),
      },
      isBase64Encoded: false,
    });
  });

  it('brings its text as it is, and anything else in base64', async () => {
    await host();
    const post = async (body: string | Uint8Array<ArrayBuffer>, type: string) =>
      (await call('/tasks', { method: 'POST', body, headers: { 'content-type': type } })).json();
    expect(await post('{"title":"Grüße"}', 'application/json; charset=utf-8')).toMatchObject({
      body: '{"title":"Grüße"}',
      isBase64Encoded: false,
    });
    expect(await post('{}', 'application/merge-patch+json')).toMatchObject({ body: '{}', isBase64Encoded: false });
    expect(await post(new Uint8Array([0, 255]), 'image/png')).toMatchObject({ body: 'AP8=', isBase64Encoded: true });
  });

  it('may carry a path parameter of any length: it is the function that knows better', async () => {
    await host();
    expect(await (await call(`/tasks/${'x'.repeat(2_000)}`)).json()).toMatchObject({
      pathParameters: { task_id: 'x'.repeat(2_000) },
    });
  });

  it.each([
    ['a path that is not there', 'GET', '/nothing', 404],
    ['a path with a slash too many', 'GET', '/tasks/', 404],
    ['a method that is not there', 'DELETE', '/tasks', 404],
    ['HEAD, which is not GET', 'HEAD', '/tasks', 404],
    ['OPTIONS that is no preflight', 'OPTIONS', '/tasks', 404],
    ['a path that cannot be decoded', 'GET', '/tasks/%zz', 400],
    ['a path that looks like a host', 'GET', '//elsewhere/tasks', 404],
  ])('for %s reaches none', async (_, method, path, status) => {
    const calls = await host();
    const answer = await raw(method, path);
    expect(answer.status).toBe(status);
    if (method !== 'HEAD') expect(answer.body).toBe(`{"message":"${status === 404 ? 'Not Found' : 'Bad Request'}"}`);
    expect(calls).toEqual([]);
  });

  it('of more than 10 MB is refused', async () => {
    const calls = await host();
    const post = (bytes: number) => call('/tasks', { method: 'POST', body: new Uint8Array(bytes) });
    const response = await post(10 * 1024 * 1024 + 1);
    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({ message: 'Request Entity Too Large' });
    expect(calls).toEqual([]);
    expect((await post(10 * 1024 * 1024)).status).toBe(200);
  });

  it.each([10_300, 20_000, 200_000])('whose head has %i bytes is refused', async (size) => {
    const calls = await host();
    const { status, headers, body } = await raw('GET', '/tasks', { 'x-long': 'x'.repeat(size) });
    expect([status, headers['content-type'], body]).toEqual([
      431,
      'application/json',
      '{"message":"Request Header Fields Too Large"}',
    ]);
    expect((await raw('GET', '/tasks', { 'x-long': 'x'.repeat(10_000) })).status).toBe(200);
    expect(calls).toHaveLength(1);
  });

  it('that is no HTTP is refused', async () => {
    const calls = await host();
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /tasks HTTP/1.1\r\nno header\r\n\r\n'));
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n.*\{"message":"Bad Request"\}$/s);
    expect(calls).toEqual([]);
  });

  it('that is given up half-way disturbs nobody', async () => {
    const calls = await host();
    const complain = vi.spyOn(console, 'error').mockReturnValue();
    const asked = request({
      host: '127.0.0.1',
      port,
      method: 'POST',
      path: '/tasks',
      headers: { 'content-length': 9 },
    });
    asked.on('error', () => undefined);
    asked.write('half', () => setTimeout(() => asked.destroy(), 20));
    await new Promise((resolve) => asked.once('close', resolve));
    expect((await call('/tasks')).status).toBe(200);
    expect(calls).toHaveLength(1);
    expect(complain).not.toHaveBeenCalled();
    complain.mockRestore();
  });
});

describe('what a function returns', () => {
  it('is the answer, with its status, headers, cookies and body', async () => {
    await host(
      answers({ statusCode: 201, headers: { ETag: '"1"', 'X-Number': 7 }, cookies: ['a=1', 'b=2'], body: 'made' }),
    );
    const response = await call('/tasks', { method: 'POST' });
    expect(response.status).toBe(201);
    expect(response.headers.get('etag')).toBe('"1"');
    expect(response.headers.get('x-number')).toBe('7');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(response.headers.get('apigw-requestid')).toMatch(/^\S+$/);
    expect(await response.text()).toBe('made');
  });

  it('may be bytes', async () => {
    await host(
      answers({ statusCode: 200, headers: { 'content-type': 'image/png' }, body: 'AP8=', isBase64Encoded: true }),
    );
    expect(new Uint8Array(await (await call('/tasks')).arrayBuffer())).toEqual(new Uint8Array([0, 255]));
  });

  it('has no body where there cannot be one', async () => {
    await host(answers({ statusCode: 304, headers: { etag: '"1"' } }));
    const { status, headers, body } = await raw('GET', '/tasks');
    expect({ status, etag: headers.etag, body }).toEqual({ status: 304, etag: '"1"', body: '' });
    expect(headers).not.toHaveProperty('content-type');
  });

  it('is the body of a 200 when it names no status', async () => {
    await host(answers({ some: 'thing' }));
    const response = await call('/tasks');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ some: 'thing' });
  });

  it.each([
    ['an error', failure],
    ['a header that cannot be sent', { ok: true, payload: { statusCode: 200, headers: { 'x-title': 'a\nb' } } }],
    ['a status that is none', { ok: true, payload: { statusCode: 20, body: '' } }],
    ['a body that is no text', { ok: true, payload: { statusCode: 200, body: { a: 1 } } }],
  ] satisfies [string, Invocation][])('is a 500 when it is %s, and says no more', async (_, invocation) => {
    const complain = vi.spyOn(console, 'error').mockReturnValue();
    await host(() => invocation);
    const response = await call('/tasks');
    complain.mockRestore();
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ message: 'Internal Server Error' });
  });

  it('is a 503 when it takes longer than 30 seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const calls = await host(() => new Promise(() => undefined));
    const response = raw('GET', '/tasks');
    await vi.waitFor(() => expect(calls).toHaveLength(1), { interval: 1 });
    vi.advanceTimersByTime(30_000);
    expect(await response).toMatchObject({ status: 503, body: '{"message":"Service Unavailable"}' });
  });
});

describe('a route with a JWT authorizer', () => {
  it('hands the claims on, as text', async () => {
    await host();
    const response = await call('/me', bearer(token({ 'cognito:groups': ['a', 'b'], number: 7 })));
    expect(await response.json()).toHaveProperty('requestContext.authorizer', {
      jwt: {
        claims: { ...claims, exp: String(inAnHour), 'cognito:groups': '[a b]', number: '7' },
        scopes: null,
      },
    });
  });

  it('takes the client from `aud` where there is one', async () => {
    await host();
    expect((await call('/me', bearer(token({ aud: 'client', client_id: undefined })))).status).toBe(200);
    expect((await call('/me', bearer(token({ aud: 'another' })))).status).toBe(401);
  });

  it.each([
    ['no token', ''],
    ['what is no token', 'Bearer abc'],
    ['an expired one', `Bearer ${token({ exp: inAnHour - 7200 })}`],
    ['one that is not valid yet', `Bearer ${token({ nbf: inAnHour })}`],
    ['one of another pool', `Bearer ${token({ iss: `${issuer}2` })}`],
    ['one of another client', `Bearer ${token({ client_id: 'another' })}`],
    ['one that somebody else signed', `Bearer ${token({}, newKey())}`],
    ['one that names a key of its own', `Bearer ${token({}, newKey(), { kid: 'mine' })}`],
    ['one that brings its key along', `Bearer ${token({}, key, { kid: undefined, jwk })}`],
    ['an unsigned one', `Bearer ${unsigned({ header: { kid: 'key', typ: 'JWT' }, payload: claims })}`],
    [
      'one with the public key as the secret',
      `Bearer ${signHs256({ header: { kid: 'key', typ: 'JWT' }, payload: claims }, publicPemOf(jwk))}`,
    ],
    ['one in another scheme', `Basic ${token()}`],
  ])('refuses %s with a 401', async (_, authorization) => {
    const calls = await host();
    const response = await call('/me', { headers: authorization ? { authorization } : {} });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await response.json()).toEqual({ message: 'Unauthorized' });
    expect(calls).toEqual([]);
  });

  it('asks for a scope where the route names one, with a 403', async () => {
    const calls = await host();
    const response = await call('/scoped', bearer(token({ scope: 'openid email', token_use: 'id' })));
    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({ message: 'Forbidden' });
    expect(calls).toEqual([]);
    expect((await call('/scoped', bearer(token({ scope: undefined })))).status).toBe(403);
    const granted = await call('/scoped', bearer(token({ scope: `openid ${scope}` })));
    expect(await granted.json()).toHaveProperty('requestContext.authorizer.jwt.scopes', [scope]);
  });

  it('asks nobody but the user pool for keys', async () => {
    fetchKeys.mockClear();
    await host();
    await call('/me', bearer(token()));
    await call('/me', bearer(token()));
    expect(fetchKeys.mock.calls.map(([url]) => url)).toEqual([`${issuer}/.well-known/jwks.json`]);
  });
});

describe('a call from another origin', () => {
  const preflight = (origin: string) =>
    raw('OPTIONS', '/tasks', {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'if-match',
    });

  it('is told beforehand what it may do', async () => {
    const calls = await host();
    const { status, headers } = await preflight('http://localhost:5173');
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'http://localhost:5173',
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-headers': 'authorization,if-match',
      'access-control-max-age': '3600',
    });
    expect(calls).toEqual([]);
  });

  it('may read the answer, also when it is a refusal', async () => {
    await host();
    for (const path of ['/tasks', '/me', '/nothing']) {
      const { headers } = await raw('GET', path, { origin: 'http://localhost:5173' });
      expect(headers).toMatchObject({
        'access-control-allow-origin': 'http://localhost:5173',
        'access-control-expose-headers': 'etag',
      });
    }
  });

  it('gets no header when its origin is not allowed', async () => {
    await host();
    const { status, headers } = await preflight('https://evil.example');
    expect(status).toBe(204);
    const answer = await raw('GET', '/tasks', { origin: 'https://evil.example' });
    for (const name of Object.keys({ ...headers, ...answer.headers })) expect(name).not.toMatch(/^access-control/);
  });
});

describe('a throttle', () => {
  it('lets a burst pass, then so many a second, on each route alone', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const calls = await host();
    const statuses = async (path: string, method: string, times: number) => {
      const got: number[] = [];
      for (let index = 0; index < times; index += 1) got.push((await raw(method, path)).status);
      return got;
    };
    expect(await statuses('/tasks', 'GET', 4)).toEqual([200, 200, 200, 429]);
    expect(await statuses('/rare', 'POST', 2)).toEqual([200, 429]);
    expect((await raw('POST', '/rare')).body).toBe('{"message":"Too Many Requests"}');
    expect(await statuses('/tasks/1', 'GET', 1)).toEqual([200]);
    expect(calls).toHaveLength(5);
    vi.advanceTimersByTime(2_000);
    expect(await statuses('/tasks', 'GET', 3)).toEqual([200, 200, 429]);
    vi.advanceTimersByTime(60_000);
    expect(await statuses('/tasks', 'GET', 4)).toEqual([200, 200, 200, 429]);
  });
});

describe('a template that asks for what is not emulated', () => {
  it.each([
    ['a catch-all route', { Any: route('$default') }, '$default'],
    ['a greedy path', { Any: route('GET /files/{path+}') }, 'GET /files/{path+}'],
    ['a Lambda authorizer', { Other: route('GET /other', { AuthorizationType: 'CUSTOM' }) }, 'CUSTOM of GET /other'],
  ])('is refused: %s', async (_, more, problem) => {
    await expect(host(undefined, more)).rejects.toThrow(problem);
  });
});

describe('an API whose port is taken', () => {
  it('says so in one sentence', async () => {
    await host();
    const assembly = assemblyOf(resources);
    await expect(startHttpApi({ assembly, lambdas: fakeLambdas(), port, fetchKeys })).rejects.toThrow(
      `Port ${port} is taken. Stop what uses it, or choose other ports with --port.`,
    );
  });
});
