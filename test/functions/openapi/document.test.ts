import { createConfig, lintFromString } from '@redocly/openapi-core';
import { describe, expect, it } from 'vitest';
import { routes } from '#blueprint/routes.ts';
import { documentOf, socketDocumentOf } from '#functions/openapi/operations.ts';
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
