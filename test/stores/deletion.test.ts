import { randomUUID } from 'node:crypto';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { belongingsStore } from '#functions/accounts/belongings-store.ts';
import { deleteAccount } from '#functions/accounts/delete-account.ts';
import { type ObjectRemover, pausesSeconds } from '#functions/accounts/deletion.ts';
import { dynamoDeletionStore } from '#functions/accounts/deletion-store.ts';
import { finishDeletion } from '#functions/accounts/finish-deletion.ts';
import { defaultProfile } from '#functions/accounts/profile.ts';
import { dynamoProfileStore, dynamoUsernameStore } from '#functions/accounts/store.ts';
import { objectsOf } from '#functions/attachments/attachment.ts';
import { calendarKeysOf, dynamoCalendarStore } from '#functions/calendar/store.ts';
import { exportsOf } from '#functions/export/export.ts';
import { dynamoMailStore, unsubscribeKeysOf } from '#functions/mail/store.ts';
import { endConnections } from '#functions/sync/connection.ts';
import { dynamoConnectionStore } from '#functions/sync/connection-store.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import { newTask } from '#functions/tasks/task.ts';
import { secondsAfter } from '#shared/clock.ts';
import { dueShard } from '#shared/due.ts';
import { newId, type UserId } from '#shared/ids.ts';
import { type Item, userKey } from '#shared/item.ts';
import { log } from '#shared/log.ts';
import { putItem, queryDue, type Table, writeAll } from '#shared/table.ts';
import { fakePool } from '#test/functions/accounts/fake-pool.ts';
import { fakeGateway } from '#test/support/connections.ts';
import { describeOnEngines } from '#test/support/table.ts';

const password = 'correct horse battery staple';

/** Dies at one of its calls, or at every so many, either before the call or once it has had its effect. */
const mortal = () => {
  let [calls, alive] = [0, true];
  let dies: (call: number) => 'before' | 'after' | null = () => null;
  const beat = async <T>(call: () => Promise<T>): Promise<T> => {
    if (!alive) throw new Error('dead already');
    calls += 1;
    const when = dies(calls);
    if (when === null) return call();
    if (when === 'after') await call();
    alive = false;
    throw new Error(`died ${when} call ${calls}`);
  };
  return {
    beat,
    calls: () => calls,
    dieAt: (fate: typeof dies) => {
      [calls, dies] = [0, fate];
    },
    revive: () => {
      alive = true;
    },
  };
};

type Mortal = ReturnType<typeof mortal>;

/** The same things, each of whose calls may be the last. */
const fragile = <T extends object>(things: T, { beat }: Mortal): T =>
  new Proxy(things, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function'
        ? (...args: unknown[]) => beat(async () => Reflect.apply(member, target, args))
        : member;
    },
  });

const fragileTable = (table: Table, { beat }: Mortal): Table => ({
  name: table.name,
  client: new Proxy(table.client, {
    get: (client, name) => {
      const member: unknown = Reflect.get(client, name);
      if (typeof member !== 'function') return member;
      return name === 'send'
        ? (...args: unknown[]) => beat(() => Reflect.apply(member, client, args))
        : member.bind(client);
    },
  }),
});

/** Everything around people who leave. Clock, pool, bucket and sockets are in memory; the table is real. */
const world = (table: Table) => {
  let now = new Date('2026-11-24T12:00:00Z');
  const clock = { now: () => now };
  const life = mortal();
  const objects = new Set<string>();
  const bucket: ObjectRemover = {
    removeUnder: async (prefix, hasTime) => {
      for (const key of [...objects].filter((key) => key.startsWith(prefix))) {
        if (!hasTime()) return false;
        await life.beat(async () => objects.delete(key));
      }
      return true;
    },
  };
  const pool = fakePool({ clock, confirmed: async () => undefined });
  const gateway = fakeGateway();
  const identity = fragile(pool, life);
  const mortalTable = fragileTable(table, life);
  const deletions = dynamoDeletionStore(mortalTable, 1);
  const usernames = dynamoUsernameStore(mortalTable);
  const leave = deleteAccount({
    identity,
    usernames,
    profiles: dynamoProfileStore(mortalTable),
    deletions,
    endConnections: endConnections({
      connections: dynamoConnectionStore(mortalTable),
      gateway: fragile(gateway, life),
    }),
    clock,
  });
  const finish = finishDeletion({
    deletions,
    identity,
    usernames,
    belongings: belongingsStore(mortalTable, { MAIL: unsubscribeKeysOf, CALENDAR: calendarKeysOf }),
    objects: bucket,
    prefixesOf: (owner) => [objectsOf(owner), exportsOf(owner)],
    clock,
  });

  const all = async (): Promise<readonly Item[]> => {
    const { Items = [], LastEvaluatedKey } = await table.client.send(new ScanCommand({ TableName: table.name }));
    if (LastEvaluatedKey) throw new Error('the test has more items than it looks at');
    return Items;
  };

  /** Somebody who has one of everything, and many tasks. */
  const somebody = async () => {
    const [email, username] = [`${randomUUID()}@pomona.example`, `u${randomUUID().slice(0, 12)}`];
    const owner = pool.add({ email, password, username });
    await dynamoUsernameStore(table).confirm(username, owner, now);
    await dynamoProfileStore(table).create({ ...defaultProfile(owner), email, username }, null, now);
    const link = { secret_hash: randomUUID(), created_at: now.toISOString() };
    await dynamoCalendarStore(table).replace(owner, null, link);
    for (const preference of ['task_reminders', 'task_overdue'] as const) {
      await dynamoMailStore(table).keepToken({ owner, preference }, randomUUID());
    }
    await dynamoConnectionStore(table).put(owner, {
      id: `socket of ${owner}`,
      clientId: null,
      connectedAt: secondsAfter(now, -60),
      expiresAt: secondsAfter(now, 3_600),
    });
    const others = [
      'SERIES#1',
      'COMPLETION#1',
      'DAY#1',
      'POMODORO#ACTIVE',
      'CHANGE#HEAD',
      'CONFLICT#1',
      'ATTACHMENT#1#1',
    ];
    const rest = [
      ...others,
      'JOB#1',
      'REMINDER#1#1',
      'STORAGE',
      'DISCARD#1',
      'EDIT#1',
      'NOTICE#1',
      'MAILED#1',
      'REPLAN',
    ];
    await writeAll(
      table,
      [...Array.from({ length: 12 }, (_, index) => `TASK#${index}`), ...rest].map((sk) => ({
        put: { ...userKey(owner, sk), title: 'A secret of theirs', by_state: `1#~#${sk}` },
      })),
    );
    const files = [`${objectsOf(owner)}task/1/x`, `${objectsOf(owner)}task/2/x`, `${exportsOf(owner)}export.json`];
    for (const key of files) objects.add(key);
    return { owner, email, username };
  };

  /** What the table, the bucket and the pool know of somebody, but for their deletion. */
  const tracesOf = async ({ owner, email, username }: { owner: UserId; email: string; username: string }) => ({
    items: (await all()).filter(
      (item) =>
        !String(item.pk).startsWith('DELETION#') && [owner, username].some((of) => JSON.stringify(item).includes(of)),
    ),
    objects: [...objects].filter((key) => key.includes(owner)).sort(),
    user: await pool.find(email),
  });

  return {
    table,
    life,
    pool,
    gateway,
    somebody,
    tracesOf,
    leave,
    wait: (seconds: number) => {
      now = secondsAfter(now, seconds);
    },
    now: () => now,
    isUnderWay: async (owner: UserId) => (await dynamoDeletionStore(table, 1).find(owner)) !== null,
    sweep: async (owner: UserId) => {
      for (const key of await queryDue(table, dueShard(0), now, 1_000)) {
        if (key.pk === `DELETION#${owner}`) await finish(owner, now);
      }
    },
    putObject: (key: string) => objects.add(key),
  };
};

const nothing = { items: [], objects: [], user: null };

log.setLogLevel('SILENT');

describeOnEngines('an account that is deleted', (table) => {
  it('can be signed in to no more, and its names are free, at once', async () => {
    const { somebody, leave, pool, gateway, table: own, now } = world(table());
    const ada = await somebody();
    const { refresh_token = '' } = await pool.signIn(ada.email, password);
    await leave(ada.owner, password);
    await expect(pool.signIn(ada.email, password)).rejects.toMatchObject({ type: 'invalid-credentials' });
    await expect(pool.refresh(refresh_token)).rejects.toMatchObject({ type: 'invalid-credentials' });
    expect(gateway.closed).toEqual([`socket of ${ada.owner}`]);
    expect(await dynamoProfileStore(own).get(ada.owner)).toBeNull();
    expect(await pool.signUp({ email: ada.email, username: ada.username, password, timezone: 'UTC' })).not.toBeNull();
    expect(await dynamoUsernameStore(own).reserve(ada.username, ada.email, now())).toBe('reserved');
  });

  it('stays as it is with another password', async () => {
    const { somebody, leave, tracesOf, isUnderWay } = world(table());
    const ada = await somebody();
    const before = await tracesOf(ada);
    await expect(leave(ada.owner, 'not this one at all')).rejects.toMatchObject({ type: 'invalid-credentials' });
    expect(await tracesOf(ada)).toEqual(before);
    expect(await isUnderWay(ada.owner)).toBe(false);
  });

  it('is gone with the next sweep, and nobody else is touched', async () => {
    const { somebody, leave, sweep, tracesOf } = world(table());
    const [ada, eve] = [await somebody(), await somebody()];
    const before = await tracesOf(eve);
    expect(before.items.length).toBeGreaterThan(30);
    await leave(ada.owner, password);
    await sweep(ada.owner);
    expect(await tracesOf(ada)).toEqual(nothing);
    expect(await tracesOf(eve)).toEqual(before);
  });

  it('is deleted again as if for the first time, whatever the password', async () => {
    const { somebody, leave, sweep, tracesOf, isUnderWay } = world(table());
    const ada = await somebody();
    await leave(ada.owner, password);
    await leave(ada.owner, 'whatever');
    await sweep(ada.owner);
    await leave(ada.owner, 'whatever');
    expect(await tracesOf(ada)).toEqual(nothing);
    expect(await isUnderWay(ada.owner)).toBe(true);
  });

  it('takes along what the last access token has written meanwhile, and what comes even later', async () => {
    const { somebody, leave, sweep, tracesOf, isUnderWay, wait, now, putObject, table: own } = world(table());
    const ada = await somebody();
    await leave(ada.owner, password);
    await sweep(ada.owner);

    wait(3_599);
    const fields = {
      title: 'Too late',
      description: null,
      priority: 'none',
      due_date: '2026-12-24',
      tags: [],
    } as const;
    const act = { now: now(), clientId: null };
    const days = await dynamoTaskStore(own, 1).days(ada.owner, now());
    const task = newTask(
      { id: newId(), owner: ada.owner, fields: { ...fields, status: 'done' }, requestHash: null },
      act,
      days,
    );
    await dynamoTaskStore(own, 1).create(task, act, []);
    putObject(`${objectsOf(ada.owner)}task/3/x`);
    await sweep(ada.owner);
    // A profile, the task, its completion and its day.
    expect((await tracesOf(ada)).items).toHaveLength(4);

    wait(301);
    await sweep(ada.owner);
    expect(await tracesOf(ada)).toEqual(nothing);

    await putItem(own, { ...userKey(ada.owner, 'CHANGE#HEAD'), epoch: 0, seq: 1 });
    wait(24 * 3_600);
    await sweep(ada.owner);
    expect((await tracesOf(ada)).items).toHaveLength(1);
    wait(3_600);
    await sweep(ada.owner);
    expect(await tracesOf(ada)).toEqual(nothing);
    expect(await isUnderWay(ada.owner)).toBe(false);
  });

  it('leaves its name to whoever has it by then', async () => {
    const { somebody, leave, sweep, table: own, now, wait, pool } = world(table());
    const ada = await somebody();
    await leave(ada.owner, password);
    const eve = pool.add({ email: 'eve@pomona.example', password });
    expect(await dynamoUsernameStore(own).confirm(ada.username, eve, now())).toBe(true);
    for (const seconds of [0, ...pausesSeconds]) {
      wait(seconds);
      await sweep(ada.owner);
    }
    expect(await dynamoUsernameStore(own).ownerOf(ada.username, now())).toBe(eve);
  });

  /** Her request, which she repeats where it was never written down; then sweeps, for as long as there is something to be done. */
  const toTheEnd = async ({ life, leave, sweep, isUnderWay, wait }: ReturnType<typeof world>, owner: UserId) => {
    const attempt = async (act: () => Promise<void>): Promise<void> => {
      await act().catch((error: Error) => {
        if (!error.message.startsWith('died') && !error.message.startsWith('dead')) throw error;
      });
      life.revive();
    };
    for (let request = 0; request < 20 && !(await isUnderWay(owner)); request += 1)
      await attempt(() => leave(owner, password));
    for (let step = 0; step < 60 && (await isUnderWay(owner)); step += 1) {
      await attempt(() => sweep(owner));
      wait(step % 6 === 5 ? 26 * 3_600 : 60);
    }
  };

  describe.each(['before', 'after'] as const)('by somebody who dies %s a call', (when) => {
    it('whichever it is, is gone in the end, and nobody else is touched', { timeout: 600_000 }, async () => {
      const around = world(table());
      const { life, somebody, tracesOf, isUnderWay } = around;
      const eve = await somebody();
      const before = await tracesOf(eve);
      const last = await (async () => {
        for (let fatal = 1; ; fatal += 1) {
          life.dieAt(() => null);
          const ada = await somebody();
          life.dieAt((call) => (call === fatal ? when : null));
          await toTheEnd(around, ada.owner);
          expect([fatal, await tracesOf(ada)]).toEqual([fatal, nothing]);
          expect([fatal, await isUnderWay(ada.owner)]).toEqual([fatal, false]);
          if (life.calls() < fatal) return fatal;
        }
      })();
      // The request alone makes more than ten.
      expect(last).toBeGreaterThan(25);
      expect(await tracesOf(eve)).toEqual(before);
    });

    it('again and again, is gone in the end', async () => {
      const around = world(table());
      const ada = await around.somebody();
      around.life.dieAt((call) => (call % 9 === 0 ? when : null));
      await toTheEnd(around, ada.owner);
      expect(await around.tracesOf(ada)).toEqual(nothing);
      expect(await around.isUnderWay(ada.owner)).toBe(false);
    });
  });

  it('is continued in the next run when there is no time for all of it', async () => {
    const { somebody, tracesOf, table: own, leave, sweep } = world(table());
    const ada = await somebody();
    expect(await belongingsStore(own, {}).remove(ada.owner, () => false)).toBe(false);
    expect((await tracesOf(ada)).items.length).toBeGreaterThan(30);
    await leave(ada.owner, password);
    await sweep(ada.owner);
    expect(await tracesOf(ada)).toEqual(nothing);
  });
});
