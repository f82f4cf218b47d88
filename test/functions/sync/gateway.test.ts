import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Gateway } from '#functions/sync/connection.ts';
import { apiGateway } from '#functions/sync/gateway.ts';
import { freePort } from '#test/support/ports.ts';

/** Answers as the connection's name says; `hangs` gets no answer. */
const management = createServer((request, response) => {
  const id = decodeURIComponent(request.url ?? '')
    .split('/')
    .at(-1);
  request.resume();
  if (id === 'hangs') return;
  if (id === 'gone') response.writeHead(410, { 'x-amzn-errortype': 'GoneException' }).end('{}');
  else response.writeHead(id === 'refused' ? 403 : id === 'broken' ? 500 : 200).end('{}');
});
let gateway: Gateway;

beforeAll(async () => {
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  const port = await freePort();
  gateway = apiGateway(`http://127.0.0.1:${port}/live`);
  await once(management.listen(port, '127.0.0.1'), 'listening');
});
afterAll(() => {
  vi.unstubAllEnvs();
  management.closeAllConnections();
  management.close();
});

describe('a post to a connection', () => {
  it.each([
    ['open', 'delivered'],
    ['gone', 'gone'],
    ['refused', 'failed'],
    ['broken', 'failed'],
    // And nobody waits for longer than two seconds.
    ['hangs', 'failed'],
  ])('that is %s has %s, and nothing is thrown', async (id, delivery) => {
    expect(await gateway.post(id, '{}')).toBe(delivery);
  });

  it.each([
    ['open', 'closed'],
    ['gone', 'gone'],
    ['broken', 'failed'],
  ])('is followed by closing it: %s', async (id, outcome) => {
    expect(await gateway.close(id)).toBe(outcome);
  });

  it('fails when there is no gateway at all', async () => {
    expect(await apiGateway(`http://127.0.0.1:${await freePort()}/live`).post('open', '{}')).toBe('failed');
  });
});
