import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Connection, connectionsPerUser, endConnections } from '#functions/sync/connection.ts';
import { dynamoConnectionStore } from '#functions/sync/connection-store.ts';
import { dynamoFeedReader } from '#functions/sync/feed-store.ts';
import { answerSocket } from '#functions/sync/socket-operations.ts';
import { secondsAfter } from '#shared/clock.ts';
import { userId } from '#shared/ids.ts';
import { userKey } from '#shared/item.ts';
import { fakeGateway } from '#test/support/connections.ts';
import { roundTripsOf } from '#test/support/round-trips.ts';
import { describeOnEngines, itemsOf } from '#test/support/table.ts';

const now = new Date('2026-11-24T12:00:00Z');
const end = secondsAfter(now, 3600);

const connection = (id: string, more: Partial<Connection> = {}): Connection => ({
  id,
  clientId: null,
  connectedAt: now,
  expiresAt: end,
  ...more,
});

describeOnEngines('connections', (table) => {
  const store = () => dynamoConnectionStore(table());
  const somebody = () => userId(randomUUID());
  const idsOf = async (owner: ReturnType<typeof somebody>, at = now) =>
    (await store().list(owner, at)).map(({ id }) => id);

  it('are listed as they were put, the oldest first, and only their owner’s', async () => {
    const [ada, eve] = [somebody(), somebody()];
    const [young, old] = [
      connection('a', { connectedAt: secondsAfter(now, -1), clientId: 'phone' }),
      connection('b', { connectedAt: secondsAfter(now, -2) }),
    ];
    for (const each of [young, old]) await store().put(ada, each);
    await store().put(eve, connection('c'));
    expect(await store().list(ada, now)).toEqual([old, young]);
  });

  it('that could not be closed because they are not open yet are told nothing, and closed by their first ping', async () => {
    const ada = somebody();
    await store().put(ada, connection('opening'));
    const closed: string[] = [];
    const close = async (id: string) => {
      closed.push(id);
      return 'gone' as const;
    };
    const gateway = { ...fakeGateway(), close };
    await endConnections({ connections: store(), gateway })(ada, now);
    expect(await store().list(ada, now)).toMatchObject([{ id: 'opening', ended: true }]);
    const answer = await answerSocket({
      clock: { now: () => now },
      connections: store(),
      gateway,
      feed: dynamoFeedReader({ table: table(), stream: 'stream' }),
    })({
      requestContext: {
        routeKey: 'ping',
        connectionId: 'opening',
        requestId: 'r',
        connectedAt: now.getTime(),
        authorizer: { user_id: ada, token_expires_at: String(end.getTime() / 1000) },
      },
    });
    expect(JSON.parse(answer.body ?? '')).toMatchObject({ type: 'error', problem: { type: 'invalid-credentials' } });
    expect(closed).toEqual(['opening', 'opening']);
    expect(await store().list(ada, now)).toEqual([]);
  });

  it.each([
    [-1, true],
    [0, false],
    [1, false],
  ])('end with their token: %i s from its end, while the row is still there', async (seconds, there) => {
    const ada = somebody();
    await store().put(ada, connection('a'));
    expect(await idsOf(ada, secondsAfter(end, seconds))).toEqual(there ? ['a'] : []);
    expect(await itemsOf(table(), userKey(ada, '').pk)).toHaveLength(1);
  });

  it('are there once, however often they are put, and are forgotten once for all', async () => {
    const ada = somebody();
    for (const _ of [1, 2]) await store().put(ada, connection('a'));
    expect(await idsOf(ada)).toEqual(['a']);
    for (const _ of [1, 2]) await store().forget(ada, 'a');
    expect(await idsOf(ada)).toEqual([]);
  });

  it('of one person end all at once: each is closed and forgotten', async () => {
    const [ada, eve] = [somebody(), somebody()];
    for (const id of ['a', 'b']) await store().put(ada, connection(id));
    await store().put(eve, connection('c'));
    const gateway = fakeGateway();
    await endConnections({ connections: store(), gateway })(ada, now);
    expect(gateway.closed.sort()).toEqual(['a', 'b']);
    expect([await idsOf(ada), await idsOf(eve)]).toEqual([[], ['c']]);
  });

  it('are the twenty newest after twenty-five were made at once', async () => {
    const ada = somebody();
    const answer = answerSocket({
      clock: { now: () => now },
      connections: store(),
      gateway: fakeGateway(),
      feed: dynamoFeedReader({ table: table(), stream: '' }),
    });
    const ids = Array.from({ length: 25 }, (_, index) => `device ${String(index).padStart(2, '0')}`);
    await Promise.all(
      ids.map((connectionId, index) =>
        answer({
          requestContext: {
            routeKey: '$connect',
            connectionId,
            requestId: connectionId,
            connectedAt: now.getTime() + index,
            authorizer: { user_id: ada, token_expires_at: String(end.getTime() / 1000) },
          },
        }),
      ),
    );
    expect(await idsOf(ada)).toEqual(ids.slice(-connectionsPerUser));
  });

  it('cost a round trip each to put, list and forget', async () => {
    const ada = somebody();
    expect(await roundTripsOf(table(), () => store().put(ada, connection('a')))).toBe(1);
    expect(await roundTripsOf(table(), () => store().list(ada, now))).toBe(1);
    expect(await roundTripsOf(table(), () => store().forget(ada, 'a'))).toBe(1);
  });
});
