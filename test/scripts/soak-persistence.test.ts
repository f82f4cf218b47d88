import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeServer, listen } from '#local/server.ts';
import { freePort } from '#test/support/ports.ts';
import { diceOf } from '../../scripts/soak/dice.ts';
import { lanes } from '../../scripts/soak/lanes.ts';
import { NoAnswer, persistentFetch, triesOf } from '../../scripts/soak/persistence.ts';

/** What a server answers, one after the other: a status, or a cut connection. */
type Plan = (number | 'cut')[];

let plan: Plan;
let asked: { readonly key: string | undefined; readonly body: string }[];
let findings: string[];
let killed: boolean;
let server: Server;
let baseUrl: string;

beforeEach(async () => {
  [plan, asked, findings, killed] = [[], [], [], true];
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const key = request.headers['idempotency-key'];
    asked.push({ key: String(key), body: Buffer.concat(chunks).toString() });
    const next = plan.shift() ?? 200;
    if (next === 'cut') response.destroy();
    else response.writeHead(next, { 'content-type': 'application/json', 'apigw-requestid': 'r' }).end('{}');
  });
  const port = await freePort();
  await listen(server, port);
  baseUrl = `http://127.0.0.1:${port}`;
});
afterEach(() => closeServer(server));

const ask = (): Promise<Response> =>
  persistentFetch({
    baseUrl,
    dice: { ...diceOf('a'), roll: () => 0 },
    inLane: (work) => work(),
    check: ({ status }) => {
      if (status === 418) throw new Error('the status is not declared');
    },
    endOf: () => (killed ? 'killed' : null),
    onFinding: (finding) => findings.push(finding),
    onTry: () => undefined,
  })(`${baseUrl}/tasks`, { method: 'POST', body: '{"title":"Milk"}', headers: { 'idempotency-key': 'k' } });

describe('a good client', () => {
  it('asks again with the same key and body, and knows that it may have been heard before', async () => {
    plan = ['cut', 503, 500, 201];
    const response = await ask();
    expect(response.status).toBe(201);
    expect(asked).toEqual(Array.from({ length: 4 }, () => ({ key: 'k', body: '{"title":"Milk"}' })));
    expect(triesOf(response)).toEqual({ count: 4, unclear: true });
    expect(findings).toEqual([]);
  });

  it('knows that what was refused for now was not heard', async () => {
    plan = [429, 201];
    expect(triesOf(await ask())).toEqual({ count: 2, unclear: false });
  });

  it('takes a refusal for an answer', async () => {
    plan = [412];
    expect((await ask()).status).toBe(412);
    expect(asked).toHaveLength(1);
    expect(findings).toEqual([]);
  });

  it('tells of a 500 that nothing explains', async () => {
    [plan, killed] = [[500, 200], false];
    await ask();
    expect(findings).toEqual(['POST /tasks → 500 that nothing explains: {}']);
  });

  it('tells of an answer that is not in the document, and of a good request that is taken for a bad one', async () => {
    plan = [418];
    await ask();
    plan = [400];
    await ask();
    expect(findings).toEqual([
      'the status is not declared',
      'POST /tasks → 400, and it was a good request: {}; it was {"title":"Milk"}',
    ]);
  });

  it('gives up in the end', async () => {
    plan = Array.from({ length: 20 }, () => 'cut' as const);
    await expect(ask()).rejects.toThrow(NoAnswer);
  });
});

describe('lanes', () => {
  it('let so many work at once, and the rest in their order', async () => {
    const inLane = lanes(2);
    let [now, most] = [0, 0];
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        inLane(async () => {
          now += 1;
          most = Math.max(most, now);
          order.push(index);
          await new Promise((resolve) => setTimeout(resolve, 1));
          now -= 1;
          if (index === 1) throw new Error('this lane is free again all the same');
        }).catch(() => undefined),
      ),
    );
    expect([most, order]).toEqual([2, [0, 1, 2, 3, 4, 5]]);
  });
});
