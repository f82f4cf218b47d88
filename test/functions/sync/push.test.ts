import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { changeOf } from '#functions/sync/change.ts';
import type { Connection } from '#functions/sync/connection.ts';
import { cursorsOf, type LoggedChange } from '#functions/sync/feed.ts';
import { type Frame, pushTo } from '#functions/sync/push.ts';
import { secondsAfter } from '#shared/clock.ts';
import { userId } from '#shared/ids.ts';
import { connectionsInMemory, fakeGateway } from '#test/support/connections.ts';
import { loggedDelete, taskItem } from '#test/support/stream-records.ts';

const now = new Date('2026-11-24T12:00:00Z');
const until = secondsAfter(now, 30);
const clock = { now: () => now };
const owner = userId(randomUUID());
const stream = 'arn:aws:dynamodb:eu-central-1:111122223333:table/pomona/stream/1';
const cursorAt = (seq: number) => cursorsOf(owner, stream).after({ epoch: 1, seq });

const device = (
  id: string,
  { clientId = null, age = 60 }: { clientId?: string | null; age?: number } = {},
): Connection => ({
  id,
  clientId,
  connectedAt: secondsAfter(now, -age),
  expiresAt: secondsAfter(now, 3600),
});

const frame = (seq: number, changes: readonly LoggedChange[]): Frame => ({
  before: { epoch: 1, seq: seq - 1 },
  after: { epoch: 1, seq },
  changes,
});

const put = (id: string, changedBy: string | null = null): LoggedChange => ({
  change: changeOf(taskItem(owner, { id })),
  changedBy,
});

const idsIn = (text: string | undefined) => JSON.parse(text ?? '').changes?.map(({ id }: { id: string }) => id);

describe('a frame', () => {
  it('says where it goes on from, where it leads, and what has changed', async () => {
    const gateway = fakeGateway();
    const push = pushTo({ clock, connections: connectionsInMemory(device('phone')), gateway, stream });
    const { change } = loggedDelete('a');
    await push(owner, [frame(7, [{ change, changedBy: null }])], until);
    expect(gateway.textsTo('phone').map((text) => JSON.parse(text))).toEqual([
      { type: 'changes', prev: cursorAt(6), cursor: cursorAt(7), changes: [change] },
    ]);
  });

  it('spares a device its own changes, and still moves its cursor on', async () => {
    const gateway = fakeGateway();
    const connections = connectionsInMemory(
      device('phone', { clientId: 'phone' }),
      device('laptop', { clientId: 'laptop' }),
      device('nameless'),
    );
    const push = pushTo({ clock, connections, gateway, stream });
    await push(owner, [frame(1, [put('a', 'phone'), put('b')]), frame(2, [put('c', 'phone')])], until);
    expect(gateway.textsTo('phone').map(idsIn)).toEqual([['b'], []]);
    expect(JSON.parse(gateway.textsTo('phone')[1] ?? '')).toMatchObject({ prev: cursorAt(1), cursor: cursorAt(2) });
    expect(gateway.textsTo('laptop').map(idsIn)).toEqual([['a', 'b'], ['c']]);
    expect(gateway.textsTo('nameless').map(idsIn)).toEqual([['a', 'b'], ['c']]);
  });

  it('tells a device of its own deletions: it may have started over since, and a snapshot has none', async () => {
    const gateway = fakeGateway();
    const connections = connectionsInMemory(device('phone', { clientId: 'phone' }));
    const push = pushTo({ clock, connections, gateway, stream });
    await push(owner, [frame(1, [put('a', 'phone'), loggedDelete('b', 'phone')])], until);
    expect(gateway.textsTo('phone').map(idsIn)).toEqual([['b']]);
  });

  it('comes without its changes when they do not fit into 32 KB', async () => {
    const gateway = fakeGateway();
    const push = pushTo({ clock, connections: connectionsInMemory(device('phone')), gateway, stream });
    const titled = (length: number): LoggedChange => ({
      change: changeOf(taskItem(owner, { id: 'a', title: 'x'.repeat(length) })),
      changedBy: null,
    });
    await push(owner, [frame(1, [titled(0)])], until);
    const room = 32 * 1024 - Buffer.byteLength(gateway.posts[0]?.text ?? '');
    await push(owner, [frame(2, [titled(room)]), frame(3, [titled(room + 1)])], until);
    const [, fits, does] = gateway.textsTo('phone');
    expect(Buffer.byteLength(fits ?? '')).toBe(32 * 1024);
    expect(JSON.parse(does ?? '')).toEqual({ type: 'changes', prev: cursorAt(2), cursor: cursorAt(3) });
  });
});

describe('sending frames', () => {
  const frames = [1, 2, 3].map((seq) => frame(seq, [loggedDelete(String(seq))]));

  it('keeps the order on each device, however slow one is', async () => {
    const gateway = fakeGateway(async (id) => {
      if (id === 'slow') for (let turn = 0; turn < 5; turn += 1) await nextTurn();
      return undefined;
    });
    await pushTo({ clock, connections: connectionsInMemory(device('slow'), device('fast')), gateway, stream })(
      owner,
      frames,
      until,
    );
    expect(gateway.textsTo('slow').map(idsIn)).toEqual([['1'], ['2'], ['3']]);
    expect(gateway.posts.slice(0, 3).map(({ id }) => id)).toEqual(['fast', 'fast', 'fast']);
  });

  it('stops at a device that missed one, and goes on with the others', async () => {
    const gateway = fakeGateway(async (id, text) => (id === 'tunnel' && idsIn(text)[0] === '2' ? 'failed' : undefined));
    const connections = connectionsInMemory(device('tunnel'), device('phone'));
    await pushTo({ clock, connections, gateway, stream })(owner, frames, until);
    expect(gateway.textsTo('tunnel')).toHaveLength(1);
    expect(gateway.textsTo('phone')).toHaveLength(3);
    expect([...connections.rows.keys()]).toContain('tunnel');
  });

  it('forgets a connection that is gone, but none that may not be open yet', async () => {
    const gateway = fakeGateway(async () => 'gone');
    const connections = connectionsInMemory(device('old', { age: 10.001 }), device('new', { age: 10 }));
    await pushTo({ clock, connections, gateway, stream })(owner, frames, until);
    expect([...connections.rows.keys()]).toEqual(['new']);
  });

  it('survives a gateway that breaks its word and throws, and a row that cannot be deleted', async () => {
    const gateway = fakeGateway(async (id) => {
      if (id === 'throws') throw new Error('the gateway is away');
      return id === 'gone' ? 'gone' : undefined;
    });
    const connections = connectionsInMemory(device('throws'), device('gone'), device('phone'));
    const broken = { ...connections, forget: () => Promise.reject(new Error('the table is away')) };
    await pushTo({ clock, connections: broken, gateway, stream })(owner, frames, until);
    expect(gateway.textsTo('phone')).toHaveLength(3);
  });

  it('begins nothing when its time is over', async () => {
    let time = now;
    const gateway = fakeGateway(async () => {
      time = secondsAfter(time, 20);
      return undefined;
    });
    const push = pushTo({
      clock: { now: () => time },
      connections: connectionsInMemory(device('phone')),
      gateway,
      stream,
    });
    await push(owner, frames, until);
    await push(owner, frames, until);
    expect(gateway.textsTo('phone').map(idsIn)).toEqual([['1'], ['2']]);
  });

  it('calls nobody who is not there any more', async () => {
    const gateway = fakeGateway();
    const ended: Connection = { ...device('ended'), expiresAt: now };
    await pushTo({ clock, connections: connectionsInMemory(ended), gateway, stream })(owner, frames, until);
    expect(gateway.posts).toEqual([]);
  });
});
