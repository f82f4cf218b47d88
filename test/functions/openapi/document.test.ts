import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { routes } from '#blueprint/routes.ts';
import { accountContracts } from '#functions/accounts/contract.ts';
import { attachmentContracts } from '#functions/attachments/contract.ts';
import { documentOf, socketDocumentOf } from '#functions/openapi/operations.ts';
import { taskContracts } from '#functions/tasks/contract.ts';
import { conformanceOf } from '#test/support/conformance.ts';

const document = documentOf('1.2.3');

const linterConfig = () =>
  createConfig({
    extends: ['recommended'],
    // The code is nobody else's to use: there is no licence to name.
    rules: { 'info-license': 'off' },
  });

describe('the OpenAPI document', () => {
  it('passes a public linter without a finding', async () => {
    const problems = await lintFromString({
      source: JSON.stringify(document),
      absoluteRef: 'openapi.json',
      config: await linterConfig(),
    });
    expect(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`)).toEqual(
      [],
    );
  });

  it('would not pass it with an operation that has no summary', async () => {
    const { summary, ...bare } = document.paths['/health']?.get ?? {};
    const broken = { ...document, paths: { ...document.paths, '/health': { get: bare } } };
    const problems = await lintFromString({
      source: JSON.stringify(broken),
      absoluteRef: 'openapi.json',
      config: await linterConfig(),
    });
    expect([summary, problems.map(({ ruleId }) => ruleId)]).toEqual([expect.any(String), ['operation-summary']]);
  });

  it('has every route of the table, and no other', () => {
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
  });

  it('has every schema that it refers to', () => {
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name ?? '');
    expect(references.length).toBeGreaterThan(0);
    expect(references.filter((name) => !(name in document.components.schemas))).toEqual([]);
  });

  it('asks for an access token, or a guest id, exactly where the route table does', () => {
    const wanted = { public: [], user: [{ accessToken: [] }], guest: [{ guestUuid: [] }] };
    for (const { path, method, auth } of routes) {
      const { security } = document.paths[path]?.[method.toLowerCase()] ?? {};
      expect(security).toEqual(wanted[auth]);
    }
  });

  it('says of every field of a request what it takes', () => {
    const { requestBody } = (document.paths['/tasks']?.post ?? {}) as {
      requestBody: { content: Record<string, { schema: { properties: object; additionalProperties: boolean } }> };
    };
    const schema = requestBody.content['application/json']?.schema;
    expect(schema?.additionalProperties).toBe(false);
    expect(Object.keys(schema?.properties ?? {})).toContain('due_date');
  });
});

describe('the links of the OpenAPI document', () => {
  const linksOf = (path: string, method: string, status: string) => {
    const { responses } = (document.paths[path]?.[method] ?? {}) as {
      responses: Record<string, { links?: Record<string, { parameters: object }> }>;
    };
    return responses[status]?.links;
  };

  it('lead from a new task to all that may be done with it', () => {
    const links = linksOf('/tasks', 'post', '201');
    expect(links?.getTask).toEqual({ operationId: 'getTask', parameters: { task_id: '$response.body#/id' } });
    const ofATask = routes.filter(({ path }) => /^\/tasks\/\{task_id\}(\/\w+)?$/.test(path));
    expect(Object.keys(links ?? {}).sort()).toEqual(ofATask.map(({ operationId }) => operationId).sort());
  });

  it('lead from a guest’s note to what guests may do', () => {
    expect(Object.keys(linksOf('/guest/tasks', 'post', '201') ?? {})).toEqual([
      'getGuestTask',
      'replaceGuestTask',
      'deleteGuestTask',
    ]);
  });

  it('name every parameter that a path has', () => {
    expect(linksOf('/attachments/upload', 'post', '201')?.getAttachment?.parameters).toEqual({
      task_id: '$response.body#/attachment/task_id',
      attachment_id: '$response.body#/attachment/id',
    });
  });

  it('are not there where nothing is named', () => {
    expect(linksOf('/guest', 'post', '201')).toBeUndefined();
  });
});

describe('the shapes in the OpenAPI document', () => {
  const ajv = new Ajv2020({ strict: false, formats: { timezone: true, 'date-time-local': true } });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'openapi', ...document });
  const documented = (path: string, method: string) => {
    const media = encodeURIComponent('application/json');
    const pointer = `paths/${encodeURIComponent(path.replaceAll('/', '~1'))}/${method}/requestBody/content/${media.replace('%2F', '~1')}/schema`;
    return ajv.getSchema(`openapi#/${pointer}`) ?? expect.fail(`no schema at ${pointer}`);
  };
  const registration = { email: 'ada@pomona.example', password: 'correct horse battery staple' };
  const task = { title: 'Call mum' };
  const file = { task_id: '00000000-0000-4000-8000-000000000000', filename: 'a', file_type: 'text/plain', size: 1 };
  const [one, other] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
  const recurring = (recurrence: object) => ({ ...task, recurrence: { recurrence_pattern: 'daily', ...recurrence } });

  describe.each([
    ['/register', 'post', accountContracts.register().body],
    ['/tasks', 'post', taskContracts.createTask().body],
    ['/tasks/{task_id}/move', 'post', taskContracts.moveTask().body],
    ['/attachments/upload', 'post', attachmentContracts.uploadAttachment().body],
  ] as const)('of %s', (path, method, contract) => {
    const cases: Record<string, readonly (readonly [boolean, string, object])[]> = {
      '/register': [
        [true, 'an address', registration],
        [true, 'spaces around an address', { ...registration, email: ' ada@pomona.example\n' }],
        [false, 'spaces in an address', { ...registration, email: 'a da@pomona.example' }],
        [false, 'control characters in an address', { ...registration, email: 'a\u0001da@pomona.example' }],
        [false, 'no address', { ...registration, email: '' }],
        [false, 'a long text, which is no address', { ...registration, email: '😀'.repeat(200) }],
        [false, 'a password in two lines', { ...registration, password: 'correct horse\nbattery staple' }],
        [false, 'a password behind a space', { ...registration, password: ' correct horse battery' }],
        [true, 'a username', { ...registration, username: 'ada.löve_lace' }],
        [false, 'a username that begins with a dot', { ...registration, username: '.ada' }],
      ],
      '/tasks': [
        [true, 'a title', task],
        [true, 'a title of more than one line', { title: 'Call\nmum' }],
        [false, 'a blank title', { title: ' \n ' }],
        [false, 'a control character', { title: 'Call\u0000mum' }],
        [false, 'a control character in a description', { ...task, description: '\u001b[31m' }],
        [false, 'a blank tag', { ...task, tags: [' '] }],
        [true, 'a date', { ...task, due_date: '2026-11-23' }],
        [true, 'an instant', { ...task, due_date: '2026-11-23T18:00:00+01:00' }],
        [false, 'a date that there is not', { ...task, due_date: '2026-02-29' }],
        [false, 'tomorrow', { ...task, due_date: 'tomorrow' }],
        [true, 'a reminder', { ...task, reminders: [{ minutes_before: 5 }] }],
        [true, 'a reminder as it came', { ...task, reminders: [{ minutes_before: 5, at: null }] }],
        [false, 'a reminder without a time', { ...task, reminders: [{}] }],
        [
          false,
          'a reminder with two times',
          { ...task, reminders: [{ minutes_before: 5, at: '2026-11-23T18:00:00Z' }] },
        ],
        [true, 'a place', { ...task, after: one }],
        [false, 'two places', { ...task, after: one, before: other }],
        [true, 'a first day', recurring({ recurrence_start_date: '2027-03-27' })],
        [true, 'a first day and its time', recurring({ recurrence_start_date: '2027-03-27T06:45' })],
        [false, 'a first instant', recurring({ recurrence_start_date: '2027-03-27T06:45:00Z' })],
      ],
      '/tasks/{task_id}/move': [
        [true, 'a place', { before: one }],
        [false, 'two places', { after: one, before: other }],
      ],
      '/attachments/upload': [
        [true, 'a checksum', { ...file, checksum_sha256: `${'A'.repeat(43)}=` }],
        [false, 'a checksum spelled otherwise', { ...file, checksum_sha256: `${'A'.repeat(42)}B=` }],
        [false, 'a short checksum', { ...file, checksum_sha256: 'AAAA' }],
      ],
    };

    it.each(cases[path] ?? [])('are those that the service takes: %s, %s', (taken, _, body) => {
      expect([documented(path, method)(body), contract.safeParse(body).success]).toEqual([taken, taken]);
    });
  });

  it.each([
    ['X-Client-Id', 'pixel-9'],
    ['Idempotency-Key', 'b6f0c2'],
  ])('are also those of %s', (name, value) => {
    const { parameters } = (document.paths['/tasks']?.post ?? {}) as { parameters: { name: string; schema: object }[] };
    const validate = ajv.compile(parameters.find((parameter) => parameter.name === name)?.schema ?? false);
    expect([value, '', 'two words', 'ä', 'x'.repeat(256)].map((text) => validate(text))).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('the AsyncAPI document', () => {
  const socket = socketDocumentOf('1.2.3') as {
    asyncapi: string;
    components: { messages: Record<string, { name: string; payload: object }>; schemas: object };
  };

  it('has every message, either way', () => {
    expect(socket.asyncapi).toBe('3.0.0');
    expect(Object.keys(socket.components.messages)).toEqual([
      'from_device_ping',
      'from_device_sync',
      'to_device_pong',
      'to_device_sync',
      'to_device_changes',
      'to_device_error',
      'to_device_gateway',
    ]);
  });

  it('refers to nothing that it does not have', () => {
    const at = (pointer: string): unknown =>
      pointer
        .split('/')
        .slice(1)
        .reduce<unknown>((node, step) => (node as Record<string, unknown>)?.[step], socket);
    const references = [...JSON.stringify(socket).matchAll(/"\$ref":"([^"]+)"/g)].map(([, pointer]) => pointer ?? '');
    expect(references.length).toBeGreaterThan(6);
    expect(references.filter((pointer) => at(pointer) === undefined)).toEqual([]);
  });
});

describe('the conformance check', () => {
  const expectConforms = conformanceOf(document);
  const health = {
    method: 'GET',
    path: '/health',
    status: 200,
    headers: { 'content-type': 'application/json', 'x-request-id': 'r' },
    body: '{"status":"ok"}',
  };

  it('takes an answer as documented', () => {
    expect(() => expectConforms(health)).not.toThrow();
  });

  it('looks for an operation as API Gateway does: by method and path', () => {
    const problem = { type: 'not-found', title: 't', status: 404, detail: 'd', instance: 'r' };
    const notFound = {
      method: 'GET',
      path: '/tasks/batch',
      status: 404,
      headers: { 'content-type': 'application/problem+json', 'x-request-id': 'r' },
      body: JSON.stringify(problem),
    };
    expect(() => expectConforms(notFound)).not.toThrow();
    expect(() => expectConforms({ ...notFound, method: 'PUT' })).not.toThrow();
    expect(() => expectConforms({ ...notFound, path: '/tasks/batch/more' })).toThrow('there is no such operation');
  });

  it.each([
    ['another path', { path: '/wealth' }],
    ['another method', { method: 'PUT' }],
    ['another status', { status: 418 }],
    ['another content type', { headers: { 'content-type': 'text/html', 'x-request-id': 'r' } }],
    ['no request id', { headers: { 'content-type': 'application/json' } }],
    [
      'a problem of another status',
      {
        status: 400,
        headers: { 'content-type': 'application/problem+json', 'x-request-id': 'r' },
        body: '{"type":"busy","title":"t","status":503,"detail":"d","instance":"i"}',
      },
    ],
    ['another body', { body: '{"status":"well"}' }],
    ['a field too many', { body: '{"status":"ok","uptime":1}' }],
    ['no body', { body: '' }],
    ['a header that is not declared', { headers: { ...health.headers, 'x-powered-by': 'us' } }],
  ])('refuses %s', (_, change) => {
    expect(() => expectConforms({ ...health, ...change })).toThrow('differs from the OpenAPI document');
  });
});
