import { randomUUID } from 'node:crypto';
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { prefix, single } from '#blueprint/table.ts';
import { defaultProfile, profileKey } from '#functions/accounts/profile.ts';
import { type ChangeFeedNeeds, consumeChanges } from '#functions/sync/change-feed.ts';
import type { Gateway } from '#functions/sync/connection.ts';
import { dynamoConnectionStore } from '#functions/sync/connection-store.ts';
import { cursorsOf } from '#functions/sync/feed.ts';
import { appendRows, dynamoFeedReader, raiseEpoch } from '#functions/sync/feed-store.ts';
import { pullChanges } from '#functions/sync/pull.ts';
import { pushTo } from '#functions/sync/push.ts';
import { daysInSeconds, secondsAfter } from '#shared/clock.ts';
import { concurrently } from '#shared/concurrently.ts';
import { userId } from '#shared/ids.ts';
import { type Item, isLive, type Key, userKey } from '#shared/item.ts';
import { deleteItem, getItem, putItem, type Table } from '#shared/table.ts';
import { fakeGateway } from '#test/support/connections.ts';
import { roundTripsOf } from '#test/support/round-trips.ts';
import {
  FeedClient,
  inserted,
  modified,
  removed,
  sequenceNumberOf,
  taskItem,
  tombstoneItem,
  unreadable,
} from '#test/support/stream-records.ts';
import { describeOnEngines, itemsOf, ownTable } from '#test/support/table.ts';

const start = new Date('2026-11-24T12:00:00Z');
const stream = 'arn:aws:dynamodb:eu-central-1:111122223333:table/pomona/stream/2026-11-24T00:00:00.000';

const somebody = () => userId(randomUUID());
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** A table with what stands around it, fed by a stream. */
const world = (
  table: Table,
  { fedBy = stream, gateway = fakeGateway() }: { fedBy?: string; gateway?: Gateway } = {},
) => {
  let now = start;
  const clock = { now: () => now };
  const feed = { table, stream: fedBy };
  const connections = dynamoConnectionStore(table);
  const append: ChangeFeedNeeds['append'] = (owner, rows, at) => appendRows(feed, owner, rows, at);
  const pull = pullChanges({ feed: dynamoFeedReader(feed), clock });
  return {
    append,
    connections,
    pull,
    raise: (owner = somebody()) => raiseEpoch(feed, owner, now),
    waitSeconds: (seconds: number) => {
      now = secondsAfter(now, seconds);
    },
    consumer: (needs: Partial<ChangeFeedNeeds> = {}) =>
      consumeChanges({
        clock,
        append,
        raiseEpoch: (owner, at) => raiseEpoch(feed, owner, at),
        push: pushTo({ clock, connections, gateway, stream: fedBy }),
        ...needs,
      }),
    clientOf: (owner: ReturnType<typeof somebody>, limit = 7) => new FeedClient((cursor) => pull(owner, cursor, limit)),
    /** A write, and what the stream says of it. */
    write: async (item: Item & Key, record: (item: Item & Key) => DynamoDBRecord = inserted) => {
      await putItem(table, item);
      return record(item);
    },
    /** Id → version of the tasks in the table. */
    truth: async (owner: ReturnType<typeof somebody>) =>
      Object.fromEntries(
        (await itemsOf(table, userKey(owner, '').pk))
          .filter((item) => String(item.sk).startsWith(prefix.task) && isLive(item, now))
          .map(({ id, version }) => [id, version]),
      ),
    head: (owner: ReturnType<typeof somebody>) => getItem(table, userKey(owner, single.feedHead)),
    /** The rows of a log, by their keys. */
    rows: async (owner: ReturnType<typeof somebody>) =>
      (await itemsOf(table, userKey(owner, '').pk)).filter(
        ({ sk }) => String(sk).startsWith(prefix.change) && sk !== single.feedHead,
      ),
  };
};

type World = ReturnType<typeof world>;

const manyTasks = (world: World, owner: ReturnType<typeof somebody>, count: number) =>
  Promise.all(numbers(count).map(() => world.write(taskItem(owner))));

/** Asserts that a log is numbered from 1 on without a gap, as far as its head says. */
const expectGapless = async ({ rows, head }: World, owner: ReturnType<typeof somebody>): Promise<void> => {
  const { epoch, seq } = (await head(owner)) ?? {};
  const inEpoch = (await rows(owner))
    .map(({ sk }) => String(sk).split('#').map(Number))
    .filter(([, of]) => of === epoch);
  expect(inEpoch.map(([, , number]) => number)).toEqual(numbers(Number(seq)).map((index) => index + 1));
};

describeOnEngines('the change feed against its enemies', (table) => {
  it('an unreadable record: its user starts over, the others go on, the batch is done', async () => {
    const here = world(table());
    const [ada, eve] = [somebody(), somebody()];
    const clients = [here.clientOf(ada), here.clientOf(eve)] as const;
    await here.consumer()([await here.write(taskItem(ada)), await here.write(taskItem(eve))]);
    for (const client of clients) await client.catchUp();

    const batch = [
      await here.write(taskItem(ada)),
      unreadable(ada),
      await here.write(taskItem(eve)),
      await here.write(taskItem(ada)),
    ];
    expect(await here.consumer()(batch)).toEqual({ batchItemFailures: [] });
    for (const client of clients) await client.catchUp();
    expect(clients.map(({ restarts }) => restarts)).toEqual([1, 0]);
    expect(clients[0].versions).toEqual(await here.truth(ada));
    expect(clients[1].versions).toEqual(await here.truth(eve));
  });

  it('an item that cannot be read keeps nobody from the rest', async () => {
    const here = world(table());
    const ada = somebody();
    await here.write(taskItem(ada));
    const broken = taskItem(ada);
    await putItem(table(), { ...broken, title: 7 });
    const client = here.clientOf(ada);
    await client.catchUp();
    expect(Object.keys(client.versions)).toHaveLength(1);
  });

  it('a batch that comes again and again: nothing is missing, nothing is undone', async () => {
    const here = world(table());
    const ada = somebody();
    const client = here.clientOf(ada, 3);
    await client.catchUp();
    const made = taskItem(ada);
    const batch = [
      await here.write(made),
      await here.write(taskItem(ada, { id: String(made.id), version: 2 }), modified),
      await here.write(taskItem(ada)),
      await here.write(tombstoneItem(ada, { id: String(made.id), version: 3 }), modified),
    ];
    for (const _ of numbers(3)) {
      await here.consumer()(batch);
      await client.catchUp();
    }
    expect(client.versions).toEqual(await here.truth(ada));
    expect(client.restarts).toBe(0);
    await expectGapless(here, ada);
  });

  it('a batch that failed after it was written for some, and is bisected', async () => {
    const here = world(table());
    const [ada, eve] = [somebody(), somebody()];
    const clients = [here.clientOf(ada), here.clientOf(eve)] as const;
    for (const client of clients) await client.catchUp();
    const batch = (await Promise.all([manyTasks(here, ada, 5), manyTasks(here, eve, 5)])).flat();
    const dying = here.consumer({
      append: async (owner, rows, now) => {
        await here.append(owner, rows, now);
        throw new Error('the function has died');
      },
    });
    expect((await dying(batch)).batchItemFailures).toHaveLength(10);
    for (const half of [batch.slice(0, 3), batch.slice(3)]) await here.consumer()(half);
    for (const client of clients) await client.catchUp();
    expect(clients[0].versions).toEqual(await here.truth(ada));
    expect(clients[1].versions).toEqual(await here.truth(eve));
    expect(clients.map(({ restarts }) => restarts)).toEqual([0, 0]);
  });

  it('two consumers at once, fifty batches each, for the same users', { timeout: 60_000 }, async () => {
    const here = world(table());
    const users = [somebody(), somebody()];
    const clients = users.map((user) => here.clientOf(user, 50));
    for (const client of clients) await client.catchUp();
    const batches = await Promise.all(
      numbers(50).map(async () => Promise.all(users.map((user) => here.write(taskItem(user))))),
    );
    const work = async (): Promise<void> => {
      const consume = here.consumer();
      for (const batch of batches) {
        // What is reported comes again, as often as it takes.
        for (let rest: readonly DynamoDBRecord[] = batch; rest.length > 0; ) {
          const { batchItemFailures } = await consume(rest);
          const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
          rest = rest.filter((record) => failed.has(sequenceNumberOf(record)));
        }
      }
    };
    await Promise.all([work(), work()]);
    for (const [index, user] of users.entries()) {
      await expectGapless(here, user);
      expect((await here.rows(user)).length).toBeGreaterThanOrEqual(100);
      await clients[index]?.catchUp();
      expect(clients[index]).toMatchObject({ restarts: 0, versions: await here.truth(user) });
    }
  });

  it('a new epoch between two who append', async () => {
    const here = world(table());
    const ada = somebody();
    const client = here.clientOf(ada);
    await client.catchUp();
    const batches = await Promise.all(numbers(6).map(() => manyTasks(here, ada, 2)));
    await Promise.all([...batches.map((batch) => here.consumer()(batch)), here.raise(ada)]);
    await expectGapless(here, ada);
    await client.catchUp();
    expect(client).toMatchObject({ restarts: 1, versions: await here.truth(ada) });
  });

  it('a failure after the rows and before the push: the batch is done, and devices ask', async () => {
    const here = world(table());
    const ada = somebody();
    const client = here.clientOf(ada);
    await client.catchUp();
    const consume = here.consumer({ push: () => Promise.reject(new Error('no push today')) });
    expect(await consume(await manyTasks(here, ada, 3))).toEqual({ batchItemFailures: [] });
    await client.catchUp();
    expect(client).toMatchObject({ restarts: 0, versions: await here.truth(ada) });
  });

  it('a log that cannot be written, of one user: only their records come again', async () => {
    const here = world(table());
    const [ada, eve] = [somebody(), somebody()];
    const batch = [await here.write(taskItem(ada)), await here.write(taskItem(eve)), await here.write(taskItem(ada))];
    const failing = here.consumer({
      append: (owner, rows, now) =>
        owner === ada ? Promise.reject(new Error('the table is away')) : here.append(owner, rows, now),
    });
    const { batchItemFailures } = await failing(batch);
    const again = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    expect(again).toEqual(new Set([batch[0], batch[2]].map((record) => record && sequenceNumberOf(record))));
    expect(await here.rows(ada)).toEqual([]);
    expect(await here.rows(eve)).toHaveLength(1);
  });

  it('records of what devices cannot see: they reach no log', async () => {
    const here = world(table());
    const ada = somebody();
    const records = ['CONNECTION#1', 'COMPLETION#1', 'DAY#2026-11-24', 'CHANGE#HEAD', 'JOB#1'].map((sk) =>
      inserted({ ...userKey(ada, sk) }),
    );
    const elsewhere = ['GUEST#', 'USERNAME#', 'DELETION#'].map((start) =>
      inserted({ ...taskItem(ada), pk: `${start}${ada}` }),
    );
    await here.consumer()([...records, ...elsewhere, removed(taskItem(ada))]);
    expect(await here.rows(ada)).toEqual([]);
    expect(await here.head(ada)).toBeUndefined();
  });
});

describeOnEngines('a log', (table) => {
  it('holds its cursor while it is empty', async () => {
    const here = world(table());
    const ada = somebody();
    const client = here.clientOf(ada);
    await client.catchUp();
    expect(client.cursor).toBe(cursorsOf(ada, stream).after({ epoch: 1, seq: 0 }));
    await client.catchUp();
    await here.consumer()(await manyTasks(here, ada, 2));
    await client.catchUp();
    expect(client).toMatchObject({ restarts: 0, versions: await here.truth(ada) });
  });

  it.each([
    ['deleted', 0],
    // TTL deletes late.
    ['expired and still there', daysInSeconds(30)],
  ])('whose rows are %s sends those away who need them, and nobody else', async (_, seconds) => {
    const here = world(table());
    const ada = somebody();
    const [behind, upToDate] = [here.clientOf(ada), here.clientOf(ada)];
    await behind.catchUp();
    await here.consumer()(await manyTasks(here, ada, 3));
    await upToDate.catchUp();
    here.waitSeconds(seconds - 1);
    const inTime = here.clientOf(ada);
    inTime.cursor = behind.cursor;
    await inTime.catchUp();
    expect(inTime).toMatchObject({ restarts: 0, versions: await here.truth(ada) });

    here.waitSeconds(1);
    if (seconds === 0) {
      for (const { pk, sk } of await here.rows(ada)) await deleteItem(table(), { pk: String(pk), sk: String(sk) });
    }
    for (const client of [behind, upToDate]) await client.catchUp();
    expect([behind.restarts, upToDate.restarts]).toEqual([1, 0]);
    expect(behind.versions).toEqual(await here.truth(ada));

    await here.consumer()(await manyTasks(here, ada, 1));
    for (const client of [behind, upToDate]) await client.catchUp();
    expect([behind.restarts, upToDate.restarts]).toEqual([1, 0]);
    expect(upToDate.versions).toEqual(await here.truth(ada));
  });

  it('of a restored table begins the next epoch, for readers and writers alike', async () => {
    const before = world(table());
    const after = world(table(), { fedBy: stream.replace('2026-11-24', '2026-12-01') });
    const [ada, eve] = [somebody(), somebody()];
    const known = [before.clientOf(ada), before.clientOf(eve)] as const;
    await before.consumer()(await manyTasks(before, ada, 3));
    for (const client of known) await client.catchUp();

    const returned = [after.clientOf(ada), after.clientOf(eve), after.clientOf(ada)] as const;
    returned[0].cursor = known[0].cursor;
    // Of a log that was never begun, in neither table.
    returned[1].cursor = known[1].cursor;
    returned[2].cursor = known[0].cursor;
    await returned[0].catchUp();
    await returned[1].catchUp();
    expect(returned[0]).toMatchObject({ restarts: 1, versions: await after.truth(ada) });
    expect(returned[1]).toMatchObject({ restarts: 1 });
    expect(returned[0].cursor).toBe(
      cursorsOf(ada, stream.replace('2026-11-24', '2026-12-01')).after({ epoch: 2, seq: 0 }),
    );
    await returned[0].catchUp();

    await after.consumer()(await manyTasks(after, ada, 2));
    expect(await after.head(ada)).toMatchObject({ epoch: 2, seq: 1 });
    await returned[0].catchUp();
    await returned[2].catchUp();
    expect(returned[0]).toMatchObject({ restarts: 1, versions: await after.truth(ada) });
    expect(returned[2]).toMatchObject({ restarts: 1, versions: await after.truth(ada) });
  });

  it('costs one round trip a delta, two an append, and five at most the first page of a snapshot', async () => {
    const here = world(table());
    const ada = somebody();
    await putItem(table(), { ...profileKey(ada), ...defaultProfile(ada) });
    const batch = await manyTasks(here, ada, 10);
    expect(await roundTripsOf(table(), () => here.consumer({ push: async () => 0 })(batch))).toBe(2);
    const { cursor } = await here.pull(ada, null, 200);
    expect(await roundTripsOf(table(), () => here.pull(ada, null, 200))).toBe(5);
    expect(await roundTripsOf(table(), () => here.pull(ada, null, 5))).toBe(2);
    expect(await roundTripsOf(table(), () => here.pull(ada, cursor, 200))).toBe(1);
    const fromTheBeginning = cursorsOf(ada, stream).after({ epoch: 1, seq: 0 });
    expect(await roundTripsOf(table(), () => here.pull(ada, fromTheBeginning, 200))).toBe(1);
    // An empty batch of its own leaves the table alone.
    expect(await roundTripsOf(table(), () => here.consumer()([removed(taskItem(ada))]))).toBe(0);
  });
});

describeOnEngines('a snapshot', (table) => {
  it('comes in pages of the limit, without what is deleted, and tells afterwards what changed meanwhile', async () => {
    const here = world(table());
    const ada = somebody();
    await here.consumer()(await manyTasks(here, ada, 10));
    await putItem(table(), { ...profileKey(ada), ...defaultProfile(ada) });
    const ids = Object.keys(await here.truth(ada)).sort();
    const [gone = '', first = '', last = ''] = [ids[4], ids[0], ids[9]];
    await here.consumer()([await here.write(tombstoneItem(ada, { id: gone, version: 2 }), modified)]);

    const pages = [await here.pull(ada, null, 4)];
    expect(pages[0]).toMatchObject({ snapshot: true, has_more: true });
    // Of what has been told already, of what has not, and something new.
    await here.consumer()([
      await here.write(tombstoneItem(ada, { id: first, version: 2 }), modified),
      await here.write(taskItem(ada, { id: last, version: 2 }), modified),
      await here.write(taskItem(ada)),
    ]);
    const client = here.clientOf(ada, 4);
    for (let page = pages[0]; page?.has_more; page = pages.at(-1)) pages.push(await here.pull(ada, page.cursor, 4));
    const told = pages.flatMap(({ snapshot, changes }) => (snapshot ? changes : []));
    expect(pages.every(({ changes }) => changes.length <= 4)).toBe(true);
    expect(told.every(({ op }) => op === 'put')).toBe(true);
    expect(told.map(({ id }) => id)).not.toContain(gone);
    expect(told.filter(({ entity }) => entity === 'profile')).toHaveLength(1);
    expect(pages.at(-1)).toMatchObject({ snapshot: false, has_more: false });

    await client.catchUp();
    const paging = new FeedClient(async () => pages.shift() ?? here.pull(ada, null, 4));
    await paging.catchUp();
    expect(paging.versions).toEqual(await here.truth(ada));
    expect(client.versions).toEqual(paging.versions);
    expect(paging.cursor).toBe(client.cursor);
  });

  it('that is overtaken by a new epoch begins again', async () => {
    const here = world(table());
    const ada = somebody();
    await here.consumer()(await manyTasks(here, ada, 5));
    const client = here.clientOf(ada, 3);
    client.cursor = (await here.pull(ada, null, 3)).cursor;
    await here.raise(ada);
    await client.catchUp();
    expect(client).toMatchObject({ restarts: 1, versions: await here.truth(ada) });
  });

  it('ends a page at 1 MB, and loses nothing of what is large', async () => {
    const here = world(table());
    const ada = somebody();
    const listener = here.clientOf(ada, 200);
    await listener.catchUp();
    await here.consumer()(
      await Promise.all(numbers(60).map(() => here.write(taskItem(ada, { description: 'ä'.repeat(20_000) })))),
    );
    const first = await here.pull(ada, null, 200);
    expect(first).toMatchObject({ snapshot: true, has_more: true });
    expect(first.changes.length).toBeGreaterThan(10);
    expect(first.changes.length).toBeLessThan(30);
    const newcomer = here.clientOf(ada, 200);
    for (const client of [listener, newcomer]) await client.catchUp();
    expect(newcomer.versions).toEqual(await here.truth(ada));
    expect(listener).toMatchObject({ restarts: 0, versions: newcomer.versions });
  });
});

// On one engine, the fastest of this machine: it is our own arithmetic that is tried here.
const [fastest] = inject('engines');

describe.skipIf(!fastest)('much at once', () => {
  let table: Table;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ table, close } = await ownTable(fastest));
  });
  afterAll(() => close());

  it('is written in rows and transactions that DynamoDB takes', async () => {
    const here = world(table);
    const ada = somebody();
    const client = here.clientOf(ada, 1000);
    await client.catchUp();
    const large = await Promise.all(
      // Control characters, six bytes each in JSON: the largest that a description can be.
      numbers(40).map(() => here.write(taskItem(ada, { description: '\u0001'.repeat(20_000) }))),
    );
    expect(await here.consumer()(large)).toEqual({ batchItemFailures: [] });
    await expectGapless(here, ada);
    expect(await here.rows(ada)).toHaveLength(40);
    await client.catchUp();
    expect(client).toMatchObject({ restarts: 0, versions: await here.truth(ada) });
  });

  it('is read by a newcomer as by a listener: 2,500 tasks', { timeout: 60_000 }, async () => {
    const here = world(table);
    const ada = somebody();
    const listener = here.clientOf(ada, 200);
    await listener.catchUp();
    // Without what only lists read: a feed needs no index.
    const ids = numbers(2_500).map(() => randomUUID());
    const items = ids.map((id) => ({ ...taskItem(ada, { id }), by_state: undefined }));
    await concurrently(numbers(100), 5, (nth) =>
      table.client.send(
        new BatchWriteCommand({
          RequestItems: {
            [table.name]: items.slice(nth * 25, nth * 25 + 25).map((Item) => ({ PutRequest: { Item } })),
          },
        }),
      ),
    );
    const consume = here.consumer();
    for (const start of numbers(25))
      await consume(items.slice(start * 100, start * 100 + 100).map((item) => inserted(item)));
    const newcomer = here.clientOf(ada, 1000);
    await newcomer.catchUp();
    await consume([await here.write(taskItem(ada, { id: ids[7] ?? '', version: 2 }), modified)]);
    for (const client of [listener, newcomer]) await client.catchUp();
    const truth = await here.truth(ada);
    expect(Object.keys(truth)).toHaveLength(2_500);
    expect(newcomer.versions).toEqual(truth);
    expect(listener.versions).toEqual(truth);
    expect([newcomer.restarts, listener.restarts]).toEqual([0, 0]);
  });
});

describeOnEngines('devices that listen', (table) => {
  /** Two connected devices, of which the phone writes. Frames are taken as they come. */
  const twoDevices = async () => {
    const ada = somebody();
    const clients = new Map<string, FeedClient>();
    const gateway = fakeGateway(async (id, text) => {
      await clients.get(id)?.take(text);
      return undefined;
    });
    const here = world(table(), { gateway });
    let pulls = 0;
    const listening = async (id: string): Promise<FeedClient> => {
      const client = new FeedClient((cursor) => {
        pulls += 1;
        return here.pull(ada, cursor, 100);
      });
      clients.set(id, client);
      await client.catchUp();
      await here.connections.put(ada, { id, clientId: id, connectedAt: start, expiresAt: secondsAfter(start, 3600) });
      return client;
    };
    const [phone, laptop] = [await listening('phone'), await listening('laptop')];
    pulls = 0;
    return { here, ada, gateway, phone, laptop, pulls: () => pulls };
  };

  it('keep up by frames alone, and are spared the echo', async () => {
    const { here, ada, gateway, phone, laptop, pulls } = await twoDevices();
    for (const _ of numbers(3)) await here.consumer()([await here.write(taskItem(ada, { clientId: 'phone' }))]);
    await here.consumer()([await here.write(taskItem(ada, { clientId: 'laptop' }))]);
    expect(pulls()).toBe(0);
    expect(phone.cursor).toBe(laptop.cursor);
    expect([Object.keys(phone.versions).length, Object.keys(laptop.versions).length]).toEqual([1, 3]);
    const toPhone = gateway.textsTo('phone').map((text) => JSON.parse(text));
    expect(toPhone.map(({ changes }) => changes.length)).toEqual([0, 0, 0, 1]);
    expect(toPhone.slice(1).map(({ prev }) => prev)).toEqual(toPhone.slice(0, -1).map(({ cursor }) => cursor));
  });

  it('never get back what they have deleted, though they start over and the stream repeats itself', async () => {
    const { here, ada, phone } = await twoDevices();
    const id = randomUUID();
    const records = [
      await here.write(taskItem(ada, { id, clientId: 'laptop' })),
      await here.write(tombstoneItem(ada, { id, version: 2, clientId: 'phone' })),
    ];
    for (const record of records) await here.consumer()([record]);
    phone.known.clear();
    phone.cursor = null;
    await phone.catchUp();
    for (const record of records) await here.consumer()([record]);
    expect(phone.versions).toEqual({});
  });

  it('ask for what does not fit into a frame', async () => {
    const { here, ada, laptop, pulls } = await twoDevices();
    await here.consumer()([await here.write(taskItem(ada, { clientId: 'phone', description: 'ä'.repeat(20_000) }))]);
    // The laptop. What is left of it for the phone, which knows it already, fits.
    expect(pulls()).toBe(1);
    expect(laptop.versions).toEqual(await here.truth(ada));
  });

  it('start over at once when a record could not be read', async () => {
    const { here, ada, phone, laptop } = await twoDevices();
    await here.consumer()([await here.write(taskItem(ada)), unreadable(ada)]);
    expect([phone.restarts, laptop.restarts]).toEqual([1, 1]);
    expect(laptop.versions).toEqual(await here.truth(ada));
  });

  it('are forgotten when they are gone, but not in their first ten seconds', async () => {
    const here = world(table(), { gateway: fakeGateway(async () => 'gone') });
    const ada = somebody();
    const connect = (id: string, age: number) =>
      here.connections.put(ada, {
        id,
        clientId: null,
        connectedAt: secondsAfter(start, -age),
        expiresAt: secondsAfter(start, 3600),
      });
    await Promise.all([connect('old', 11), connect('new', 9)]);
    expect(await here.consumer()(await manyTasks(here, ada, 1))).toEqual({ batchItemFailures: [] });
    expect((await here.connections.list(ada, start)).map(({ id }) => id)).toEqual(['new']);
  });

  describe('or do not', () => {
    it.each([
      ['fails', async () => 'failed' as const],
      ['throws', () => Promise.reject(new Error('the gateway is away'))],
    ])('cannot fail a batch: a gateway that %s', async (_, post) => {
      const here = world(table(), { gateway: fakeGateway(post) });
      const ada = somebody();
      await here.connections.put(ada, {
        id: 'phone',
        clientId: null,
        connectedAt: start,
        expiresAt: secondsAfter(start, 60),
      });
      expect(await here.consumer()(await manyTasks(here, ada, 2))).toEqual({ batchItemFailures: [] });
      expect(await here.head(ada)).toMatchObject({ seq: 1 });
    });
  });
});
