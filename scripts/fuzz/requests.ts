import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type Method, type Route, routes } from '#blueprint/routes.ts';
import type { Account } from '#test/support/client.ts';

/** A request as it goes over the wire. */
export interface Wire {
  readonly method: string;
  /** With the query, as it is. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: Buffer;
  /** Whether anything but a refusal is wrong. */
  readonly mustFail: boolean;
}

export interface WireNeeds {
  readonly person: Account;
  /** A title that only requests carry which must be refused. */
  readonly refusedTitle: string;
  /** Of a task that is there. */
  readonly taskId: string;
}

const json = { 'content-type': 'application/json' };

type Place = Pick<Route, 'method' | 'path' | 'auth'>;

const create: Place = { method: 'POST', path: '/tasks', auth: 'user' };
const note: Place = { method: 'POST', path: '/guest/tasks', auth: 'guest' };
const settings: Place = { method: 'PATCH', path: '/me', auth: 'user' };
const offline: Place = { method: 'POST', path: '/sync', auth: 'user' };
const start: Place = { method: 'POST', path: '/pomodoro/start', auth: 'user' };

/** Where a body goes, with one that is good there. */
const takersOf = (title: string): readonly (readonly [Place, object])[] => [
  [create, { title }],
  [{ method: 'PUT', path: '/tasks/{task_id}', auth: 'user' }, { title }],
  [{ method: 'PATCH', path: '/tasks/{task_id}', auth: 'user' }, { title }],
  [{ method: 'POST', path: '/tasks/batch', auth: 'user' }, { operations: [{ op: 'create', data: { title } }] }],
  [offline, { edits: [{ edit_id: 'fuzz', entity: 'task', op: 'create', data: { title } }] }],
  [note, { title }],
  [settings, { day_start: '04:00' }],
  [start, { planned_seconds: 14_400, replace: true }],
];

/** What to try, kind by kind. */
export const kindsOf = ({ person, refusedTitle, taskId }: WireNeeds): Record<string, fc.Arbitrary<Wire>> => {
  const credentials: Record<Route['auth'], Readonly<Record<string, string>>> = {
    public: {},
    guest: { 'x-guest-uuid': '6f1d2c3b-4a5e-4f60-8b7a-9c8d7e6f5a4c' },
    user: { authorization: `Bearer ${person.tokens.access_token}` },
  };
  const filled = (path: string, value = taskId): string => path.replace(/\{\w+\}/g, () => value);
  const to = ({ method, path, auth }: Place, more: Partial<Wire> = {}): Wire => ({
    method,
    target: filled(path),
    headers: credentials[auth],
    mustFail: false,
    ...more,
  });
  const takers = takersOf(refusedTitle);
  const refused = (place: Place, body: string | Buffer, headers: Readonly<Record<string, string>> = json): Wire =>
    to(place, { body: Buffer.from(body), headers: { ...credentials[place.auth], ...headers }, mustFail: true });
  const bodies = (arbitrary: fc.Arbitrary<string | Buffer>): fc.Arbitrary<Wire> =>
    fc.tuple(fc.constantFrom(...takers), arbitrary).map(([[place], body]) => refused(place, body));
  const anyRoute = fc.constantFrom<Route[]>(...routes);
  const good = `{"title":${JSON.stringify(refusedTitle)}`;
  const [numbers, texts] = [numbersIn(good), textsIn(good)];

  return {
    'bodies that are no JSON': bodies(
      fc.oneof(
        fc.nat({ max: good.length }).map((end) => Buffer.from(good.slice(0, end) || '{')),
        fc
          .constantFrom(`${good},}`, `${good}} trailing`, `{'title':'x'}`, `${good},"n":NaN}`, `${good},"n":0x10}`)
          .map(Buffer.from),
        fc
          .constantFrom('\ufeff\ufeff{}', `${good}\u0000}`, `{"title":"a\nb"}`, 'undefined', ' ', '\u2028')
          .map(Buffer.from),
        fc.constantFrom<BufferEncoding>('utf16le', 'latin1').map((encoding) => Buffer.from(`${good}ÿ"}`, encoding)),
        fc.uint8Array({ minLength: 1, maxLength: 64 }).map((bytes) => Buffer.concat([Buffer.from([0xff]), bytes])),
      ),
    ),
    'bodies that are no object': bodies(
      fc
        .oneof(
          fc
            .jsonValue({ maxDepth: 2 })
            .filter((value) => typeof value !== 'object' || value === null || Array.isArray(value)),
          fc.constant([{ title: refusedTitle }]),
        )
        .map((value) => Buffer.from(JSON.stringify(value))),
    ),
    'fields that nobody knows': fc
      .tuple(
        fc.constantFrom(...takers),
        fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString', '', 'pk', 'deleted', '\ud800'), fc.string()),
        fc.jsonValue(),
      )
      .filter(([, name]) => !knownFields.has(name))
      .map(([[place, body], name, value]) =>
        refused(place, `${JSON.stringify(body).slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(value)}}`),
      ),
    'fields that come twice': fc
      .tuple(
        fc.constantFrom(create, note),
        fc.jsonValue({ maxDepth: 1 }),
        fc.constantFrom('title', 'status', '__proto__'),
      )
      .map(([place, value, name]) => refused(place, `${good},"${name}":${JSON.stringify(value)},"${name}":{}}`)),
    'depths without end': bodies(
      fc
        .tuple(fc.constantFrom('[', '{"a":'), fc.constantFrom(65, 1_000, 100_000), fc.boolean())
        .map(([open, depth, closed]) => {
          const inside = open.repeat(depth);
          const end = closed ? `1${(open === '[' ? ']' : '}').repeat(depth)}` : '';
          return Buffer.from(`${good},"tags":${inside}${end}}`.slice(0, 250_000));
        }),
    ),
    'numbers beyond all measure': fc
      .tuple(
        fc.constantFrom(...numbers),
        fc.constantFrom('1e400', '-1e400', '1'.repeat(400), '-1', '0.5', '1e-4', '9007199254740993', '1E+22', '"1"'),
      )
      .map(([[place, bodyWith], number]) => refused(place, bodyWith(number))),
    'texts that are none': fc
      .tuple(fc.constantFrom(...texts), fc.constantFrom('\\ud800', '\\udfff\\ud800', '\\u0000', '\\u001b', '\\u007f'))
      .map(([[place, bodyWith], character]) => refused(place, bodyWith(`"a${character}b"`))),
    'bodies that are too large': bodies(
      fc.constantFrom(256 * 1024 + 1, 1024 * 1024, 10 * 1024 * 1024 + 1).map((size) => Buffer.alloc(size, 0x20)),
    ),
    'content types': fc
      .tuple(
        fc.constantFrom(...takers),
        fc.oneof(
          fc.constantFrom(
            'text/plain',
            'application/xml',
            'multipart/form-data; boundary=x',
            'application/x-www-form-urlencoded',
          ),
          fc.constantFrom(
            'image/png',
            'application/problem+json',
            'application/json-patch+json',
            '*/*',
            'json',
            ';',
            'application/jsonx',
          ),
          visible(1, 60).filter((type) => !/json/i.test(type)),
        ),
      )
      .map(([[place, body], type]) => refused(place, JSON.stringify(body), { 'content-type': type })),
    // A function decompresses nothing.
    'content encodings': fc
      .tuple(fc.constantFrom(...takers), fc.constantFrom('gzip', 'deflate', 'br', 'identity, gzip'))
      .map(([[place, body], encoding]) =>
        refused(place, gzipSync(JSON.stringify(body)), { ...json, 'content-encoding': encoding }),
      ),
    'parameters of paths': fc
      .tuple(
        anyRoute.filter(({ path }) => path.includes('{')),
        segment(),
      )
      .map(([route, value]) =>
        to(route, { target: filled(route.path, value), headers: { ...credentials[route.auth], ...json } }),
      ),
    paths: fc
      .array(
        fc.oneof(
          fc.constantFrom('tasks', 'me', 'guest', 'sync', '', '%74asks', 'tasks%2Fbatch', '$default', 'live'),
          segment(),
        ),
        {
          minLength: 1,
          maxLength: 6,
        },
      )
      .map((segments) => ({
        method: 'GET',
        target: `/${segments.join('/')}`,
        headers: credentials.user,
        mustFail: false,
      })),
    queries: fc
      .tuple(
        anyRoute.filter(({ method }) => method === 'GET'),
        query(),
      )
      .map(([route, text]) => {
        const { target } = to(route);
        return to(route, { target: `${target}?${text}` });
      }),
    headers: fc
      .tuple(
        anyRoute.filter(({ method }) => method === 'GET'),
        fc.dictionary(
          fc.constantFrom(
            'if-match',
            'if-none-match',
            'idempotency-key',
            'x-client-id',
            'accept',
            'origin',
            'range',
            'cookie',
          ),
          fc.oneof(
            visible(0, 80),
            fc.constantFrom('*', '""', 'W/"1"', '"1", "2"', ',,,', 'image/svg+xml;q=nan', 'x'.repeat(6_000)),
          ),
        ),
        fc.constantFrom(
          {},
          { 'x-http-method-override': 'DELETE' },
          { 'x-forwarded-for': '::1' },
          { expect: '100-continue' },
        ),
      )
      .map(([route, more, extra]) => to(route, { headers: { ...more, ...extra, ...credentials[route.auth] } })),
    'headers without end': fc
      .tuple(anyRoute, fc.constantFrom(9_000, 11_000, 17_000, 100_000))
      .map(([route, size]) =>
        to(route, { method: 'GET', headers: { ...credentials[route.auth], 'x-long': 'x'.repeat(size) } }),
      ),
    credentials: fc
      .tuple(
        anyRoute.filter(({ auth }) => auth === 'user'),
        fc.oneof(
          visible(0, 200),
          fc.constantFrom(
            'Bearer',
            'Bearer ',
            'Basic YTpi',
            'Bearer a.b.c',
            `Bearer ${'a.'.repeat(4_000)}`,
            'Bearer null',
          ),
          fc.constantFrom('eyJhbGciOiJub25lIn0.e30.', 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.'),
          fc.constant(`Bearer ${person.tokens.id_token}`),
          fc.constant(`Bearer ${person.tokens.access_token.slice(0, -4)}AAAA`),
        ),
      )
      .map(([route, authorization]) =>
        to(route, { headers: { ...json, authorization }, body: Buffer.from(`${good}}`), mustFail: true }),
      ),
    methods: fc
      .tuple(
        anyRoute,
        fc.constantFrom('HEAD', 'OPTIONS', 'TRACE', 'PUT', 'PATCH', 'DELETE', 'POST', 'PROPFIND', 'LINK'),
      )
      .filter(([{ path }, method]) => !hasRoute(method, filled(path)))
      .map(([route, method]) => to(route, { method, mustFail: true })),
  };
};

type BodyWith = readonly [Place, (text: string) => string];

/** Where a whole number is wanted, neither below zero nor beyond a few million. */
const numbersIn = (good: string): readonly BodyWith[] => [
  [create, (number) => `${good},"reminders":[{"minutes_before":${number}}]}`],
  [start, (number) => `{"replace":true,"planned_seconds":${number}}`],
  [settings, (number) => `{"pomodoro":{"focus_minutes":${number}}}`],
  [
    offline,
    (number) => `{"edits":[{"edit_id":"fuzz","entity":"task","op":"create","base_version":${number},"data":${good}}}]}`,
  ],
];

/** Where text is wanted. */
const textsIn = (good: string): readonly BodyWith[] => [
  [create, (text) => `{"title":${text}}`],
  [create, (text) => `${good},"description":${text}}`],
  [create, (text) => `${good},"tags":[${text}]}`],
  [note, (text) => `{"title":${text}}`],
  [settings, (text) => `{"timezone":${text}}`],
];

const knownFields = new Set(
  (
    'title description status priority due_date tags parent_id reminders recurrence after before id user_id position series_id ' +
    'occurrence_date version created_at updated_at completed_at operations edits cursor kind session_id expires_at'
  ).split(' '),
);

/** Printable ASCII, as the values of headers are. */
const visible = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength,
    maxLength,
  });

const percentEncoded = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((bytes) => [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));

/** A segment of a path that nobody would write. */
const segment = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom(
      '%00',
      '%2e%2e',
      '%2F',
      '%252F',
      '%5c',
      '..;',
      '%c0%ae',
      '%ed%a0%80',
      '%0d%0aX:y',
      '%zz',
      '%',
      '%E0%A4%A',
    ),
    fc.constantFrom(
      '{task_id}',
      '*',
      '%3Cscript%3E',
      "'",
      '"',
      '`',
      '|',
      '~',
      'a'.repeat(4_000),
      '00000000-0000-0000-0000-000000000000',
    ),
    percentEncoded,
    fc.string({ minLength: 1, maxLength: 20 }).map((text) => encodeURIComponent(text.toWellFormed())),
    fc.uuid().map((id) => id.toUpperCase()),
  );

const query = (): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        fc
          .constantFrom(
            'limit=1&limit=2',
            'limit=',
            'limit=1e1',
            'limit=-0',
            'limit=٣',
            'limit[]=1',
            'limit=0x10',
            'limit=%201',
          )
          .map(encodeURI),
        fc.constantFrom(
          'cursor=%00',
          'cursor=%ff',
          'cursor=e30',
          'cursor=W10',
          'cursor=bnVsbA',
          'cursor=a&cursor=b',
          'skip=99999999999',
        ),
        fc.constantFrom(
          '__proto__=1',
          'constructor=1',
          '__proto__[x]=1',
          '=',
          '&',
          '%',
          '%%',
          '+',
          '%u0041=1',
          '?',
          'a=b=c',
          '&&;',
        ),
        fc.constantFrom(
          'tag=',
          'tag=a&tag=a',
          'status=todo&status=done',
          'search_term=%ed%a0%80',
          'from=2026-02-30',
          'include=descendants,x',
        ),
        fc.constant(`search_term=${'a'.repeat(6_000)}`),
        fc.tuple(percentEncoded, percentEncoded).map((pair) => pair.join('=')),
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((parts) => parts.join('&'));

export const hasRoute = (method: string, path: string): boolean =>
  routes.some(
    (route: { readonly method: Method; readonly path: string }) =>
      route.method === method &&
      new RegExp(`^${route.path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
