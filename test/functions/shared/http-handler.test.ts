import { beforeEach, describe, expect, it, vi } from 'vitest';
import { openapiContracts } from '#functions/openapi/contract.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { log } from '#shared/log.ts';
import { type Answer, type HttpEvent, publicOperation } from '#shared/operation.ts';
import { Failure } from '#shared/problems.ts';
import { callerOf, context, httpEvent } from '#test/support/http-event.ts';

const healthy = publicOperation(openapiContracts.getHealth, async () => ({
  status: 200 as const,
  body: { status: 'ok' as const },
}));

/** A handler with one operation that does as it is told. */
const handlerOf = (answer: (event: HttpEvent) => Promise<Answer>) =>
  createHttpHandler('openapi', { getHealth: { ...healthy, answer }, getOpenApi: healthy, getAsyncApi: healthy });

const failingWith = async (error: unknown) => {
  const event = httpEvent('GET /health');
  const answered = await handlerOf(async () => {
    throw error;
  })(event, context);
  return { ...answered, problem: JSON.parse(answered.body ?? '{}'), requestId: event.requestContext.requestId };
};

describe('a feature’s handler', () => {
  beforeEach(() => log.setLogLevel('SILENT'));

  it('finds the operation by the route that API Gateway has matched', async () => {
    const ask = callerOf(handlerOf(healthy.answer));
    expect(await ask('GET /health')).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store', 'x-request-id': expect.any(String) },
      body: { status: 'ok' },
    });
  });

  it('turns a failure into its problem, once and for all', async () => {
    const failure = new Failure('too-many-requests', 'At most 7 of these a minute.', { retryAfterSeconds: 9 });
    const { statusCode, headers, problem, requestId } = await failingWith(failure);
    expect([statusCode, headers]).toEqual([
      429,
      {
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
        'retry-after': '9',
        'x-request-id': requestId,
      },
    ]);
    expect(problem).toEqual({
      type: 'too-many-requests',
      title: 'Too many requests.',
      status: 429,
      detail: 'At most 7 of these a minute.',
      instance: `urn:pomona:request:${requestId}`,
    });
  });

  it.each([new TypeError('secret is undefined'), 'secret', undefined, { secret: true }])(
    'says nothing of what it did not expect: %s',
    async (error) => {
      const { statusCode, body, problem } = await failingWith(error);
      expect([statusCode, problem.type]).toEqual([500, 'internal']);
      expect(body).not.toMatch(/secret|stack|at /);
    },
  );

  it.each(['ThrottlingException', 'ProvisionedThroughputExceededException', 'TimeoutError'])(
    'asks for patience when AWS is overloaded: %s',
    async (name) => {
      const { statusCode, headers } = await failingWith(Object.assign(new Error('slow down'), { name }));
      expect([statusCode, headers?.['retry-after']]).toEqual([503, '1']);
    },
  );

  it('asks for patience itself, just before Lambda would give up without a word', async () => {
    const hanging = handlerOf(() => new Promise(() => undefined));
    const answered = await hanging(httpEvent('GET /health'), { ...context, getRemainingTimeInMillis: () => 20 });
    expect(answered).toMatchObject({ statusCode: 503, headers: { 'retry-after': '1' } });
  });

  it('writes one line a request, with its id, route and status, and no name that leads to the person', async () => {
    const lines: unknown[][] = [];
    const written = vi.spyOn(log, 'info').mockImplementation((...line) => void lines.push(line));
    const event = httpEvent('GET /health', {
      user: 'ada-sub',
      headers: { Authorization: 'Bearer secret', 'X-Guest-Uuid': 'secret' },
    });
    for (const answer of [healthy.answer, () => Promise.reject(new Failure('not-found', 'There is no such task.'))]) {
      await handlerOf(answer)(event, context);
    }
    written.mockRestore();
    const said = { request_id: event.requestContext.requestId, route: 'GET /health', duration_ms: expect.any(Number) };
    expect(lines).toEqual([
      ['request', { ...said, status: 200, user: expect.stringMatching(/^[0-9a-f]{12}$/) }],
      ['request', { ...said, status: 404, user: expect.any(String) }],
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/secret|ada-sub/);
  });
});
