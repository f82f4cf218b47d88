import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Connection } from '#functions/sync/connection.ts';
import { cursorsOf, rowBody } from '#functions/sync/feed.ts';
import type { FeedReader } from '#functions/sync/pull.ts';
import { answerSocket, type SocketEvent } from '#functions/sync/socket-operations.ts';
import { secondsAfter } from '#shared/clock.ts';
import { userId } from '#shared/ids.ts';
import type { Item } from '#shared/item.ts';
import { connectionsInMemory, fakeGateway } from '#test/support/connections.ts';
import { loggedDelete, taskItem } from '#test/support/stream-records.ts';

const start = new Date('2026-11-24T12:00:00Z');
const owner = userId(randomUUID());
const stream = 'arn:aws:dynamodb:eu-central-1:111122223333:table/pomona/stream/1';
const cursors = cursorsOf(owner, stream);
const head = { epoch: 1, seq: 7 };

const earlier = (count: number): Connection[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `earlier ${index}`,
    clientId: null,
    connectedAt: secondsAfter(start, index - 1000),
    expiresAt: secondsAfter(start, 3600),
  }));

const house = ({ tasks = [], there = [] }: { tasks?: readonly Item[]; there?: readonly Connection[] } = {}) => {
  let now = start;
  const connections = connectionsInMemory(...there);
  const gateway = fakeGateway();
  const row = { sk: 'CHANGE#0000000001#000000000007', ...rowBody([loggedDelete('seventh')]) };
  const feed: FeedReader = {
    stream,
    head: async () => head,
    log: async (_, { seq }) => ({
      items: [...(seq < 7 ? [row] : []), { sk: 'CHANGE#HEAD', ...head, stream }],
      complete: true,
      stream,
    }),
    visible: async (_, range) => ({ items: range === 0 ? tasks : [], after: null }),
  };
  const answer = answerSocket({ clock: { now: () => now }, connections, gateway, feed });
  return {
    connections,
    gateway,
    waitSeconds: (seconds: number) => {
      now = secondsAfter(now, seconds);
    },
    say: async (routeKey: string, body?: unknown, context: Partial<SocketEvent['requestContext']> = {}) => {
      const reply = await answer({
        requestContext: {
          routeKey,
          connectionId: 'phone',
          requestId: 'r1',
          connectedAt: start.getTime(),
          // As text, which is how API Gateway hands it on.
          authorizer: {
            user_id: owner,
            client_id: 'my phone',
            token_expires_at: String(start.getTime() / 1000 + 3600),
          },
          ...context,
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      return { status: reply.statusCode, answer: reply.body === undefined ? null : JSON.parse(reply.body) };
    },
  };
};

describe('connecting', () => {
  it('is remembered until the token ends', async () => {
    const { say, connections } = house();
    expect(await say('$connect')).toEqual({ status: 200, answer: null });
    expect([...connections.rows.values()]).toEqual([
      { id: 'phone', clientId: 'my phone', connectedAt: start, expiresAt: secondsAfter(start, 3600) },
    ]);
  });

  it('is remembered for two hours at most: API Gateway ends it then', async () => {
    const { say, connections } = house();
    const authorizer = { user_id: owner, token_expires_at: String(start.getTime() / 1000 + 86_400) };
    await say('$connect', undefined, { authorizer });
    expect(connections.rows.get('phone')).toMatchObject({ clientId: null, expiresAt: secondsAfter(start, 7200) });
  });

  it('ends the oldest beyond twenty', async () => {
    const { say, connections, gateway } = house({ there: earlier(21) });
    await say('$connect');
    expect(gateway.closed).toEqual(['earlier 0', 'earlier 1']);
    expect(connections.rows.size).toBe(20);
    expect(connections.rows.has('phone')).toBe(true);
  });

  it('leaves twenty when twenty-five connect at once, and refuses those that were too old before they were open', async () => {
    const { say, connections, gateway } = house();
    const devices = Array.from({ length: 25 }, (_, index) => index);
    const replies = await Promise.all(
      devices.map((index) =>
        say('$connect', undefined, { connectionId: `device ${index}`, connectedAt: start.getTime() + index }),
      ),
    );
    const youngest = devices.slice(5).map((index) => `device ${index}`);
    expect([...connections.rows.keys()].sort()).toEqual(youngest.sort());
    expect(new Set(gateway.closed)).toEqual(new Set(devices.slice(0, 5).map((index) => `device ${index}`)));
    expect(replies.map(({ status }) => status)).toEqual(devices.map((index) => (index < 5 ? 429 : 200)));
  });

  it('fails where no authorizer has said who it is', async () => {
    const { say, connections } = house();
    expect(await say('$connect', undefined, { authorizer: undefined })).toMatchObject({ status: 500 });
    expect(connections.rows.size).toBe(0);
  });
});

it('is forgotten when it disconnects', async () => {
  const { say, connections } = house();
  await say('$connect');
  expect(await say('$disconnect')).toEqual({ status: 200, answer: null });
  expect(connections.rows.size).toBe(0);
});

describe('a ping', () => {
  it('is answered with the head of the log and the time', async () => {
    expect(await house().say('ping', { action: 'ping' })).toEqual({
      status: 200,
      answer: { type: 'pong', cursor: cursors.after(head), server_time: start.toISOString() },
    });
  });

  it('puts the connection’s row again, as old as it was', async () => {
    const { say, connections, waitSeconds } = house();
    waitSeconds(60);
    await say('ping', { action: 'ping' });
    expect(connections.rows.get('phone')).toMatchObject({ clientId: 'my phone', connectedAt: start });
  });
});

describe('sync', () => {
  it('tells what has changed since a cursor', async () => {
    const { answer } = await house().say('sync', { action: 'sync', cursor: cursors.after({ epoch: 1, seq: 6 }) });
    expect(answer).toMatchObject({ type: 'sync', cursor: cursors.after(head), snapshot: false, has_more: false });
    expect(answer.changes).toEqual([{ entity: 'task', op: 'delete', id: 'seventh', version: 1, data: null }]);
  });

  it.each([{ action: 'sync', cursor: null }, { action: 'sync' }])(
    'tells everything without one: %j',
    async (message) => {
      const { answer } = await house({ tasks: [taskItem(owner)] }).say('sync', message);
      expect(answer).toMatchObject({ type: 'sync', cursor: cursors.after(head), snapshot: true, has_more: false });
      expect(answer.changes).toHaveLength(1);
    },
  );

  it('sends a device to HTTP with what does not fit into a message', async () => {
    const large = (count: number) =>
      Array.from({ length: count }, () => taskItem(owner, { description: 'x'.repeat(20_000) }));
    const { answer: fits } = await house({ tasks: large(6) }).say('sync', { action: 'sync' });
    expect(fits.changes).toHaveLength(6);
    const { answer } = await house({ tasks: large(7) }).say('sync', { action: 'sync' });
    expect(answer).toEqual({ type: 'sync', use_http: true });
  });

  it('says when a cursor no longer holds', async () => {
    const { status, answer } = await house().say('sync', {
      action: 'sync',
      cursor: cursors.after({ epoch: 2, seq: 1 }),
    });
    expect(status).toBe(200);
    expect(answer).toMatchObject({ type: 'error', problem: { type: 'cursor-expired', status: 410 } });
  });
});

describe('what cannot be understood', () => {
  it.each([
    ['an unknown action', '$default', { action: 'dance' }, '#/action'],
    ['no JSON', '$default', 'nonsense', '#/action'],
    ['nothing', '$default', '', '#/action'],
    ['a cursor that is none', 'sync', { action: 'sync', cursor: 'nonsense' }, '#/cursor'],
    ['a cursor that is no text', 'sync', { action: 'sync', cursor: 7 }, '#/cursor'],
    ['more than was asked for', 'sync', { action: 'sync', limit: 7 }, '#/cursor'],
    ['no JSON where API Gateway saw an action', 'sync', '{', '#/cursor'],
  ])('is a problem that says where: %s', async (_, routeKey, body, pointer) => {
    const { status, answer } = await house().say(routeKey, body);
    expect(status).toBe(200);
    expect(answer).toMatchObject({
      type: 'error',
      problem: { type: 'invalid-request', status: 400, instance: 'urn:pomona:request:r1', errors: [{ pointer }] },
    });
  });

  it('closes nothing', async () => {
    const { say, gateway } = house();
    await say('$default', 'nonsense');
    expect(gateway.closed).toEqual([]);
  });
});

describe('a connection whose token has run out', () => {
  it.each([
    ['ping', { action: 'ping' }],
    ['sync', { action: 'sync' }],
    ['$default', 'nonsense'],
  ])('is told so, then closed and forgotten, whatever it says (%s)', async (routeKey, body) => {
    const { say, connections, gateway, waitSeconds } = house();
    await say('$connect');
    waitSeconds(3600);
    const { answer } = await say(routeKey, body);
    expect(answer).toMatchObject({ type: 'error', problem: { type: 'invalid-credentials', status: 401 } });
    expect(gateway.textsTo('phone').map((text) => JSON.parse(text))).toEqual([answer]);
    expect(gateway.closed).toEqual(['phone']);
    expect(connections.rows.size).toBe(0);
  });

  it('goes on until the last second', async () => {
    const { say, gateway, waitSeconds } = house();
    waitSeconds(3599);
    expect(await say('ping', { action: 'ping' })).toMatchObject({ answer: { type: 'pong' } });
    expect(gateway.closed).toEqual([]);
  });
});

it('says nothing of what went wrong inside', async () => {
  const answer = answerSocket({
    clock: { now: () => start },
    connections: connectionsInMemory(),
    gateway: fakeGateway(),
    feed: {
      stream,
      head: () => Promise.reject(new Error('a secret')),
      log: () => Promise.reject(new Error('a secret')),
      visible: () => Promise.reject(new Error('a secret')),
    },
  });
  const authorizer = { user_id: owner, token_expires_at: String(start.getTime() / 1000 + 60) };
  const reply = await answer({
    requestContext: { routeKey: 'ping', connectionId: 'phone', requestId: 'r1', authorizer },
  });
  expect(JSON.parse(reply.body ?? '')).toMatchObject({ type: 'error', problem: { type: 'internal', status: 500 } });
  expect(reply.body).not.toContain('secret');
});
