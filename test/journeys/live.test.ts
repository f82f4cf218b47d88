import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { toDevice } from '#functions/sync/contract.ts';
import { type Account, at, expectData, expectNothing, expectStatus } from '#test/support/client.ts';
import { Device, openSocket } from '#test/support/device.ts';
import { atOnce, needs, somebody } from './support.ts';

const ticketOf = async ({ client }: Account) => expectData(await client.api.POST('/realtime/tickets'), 201);

/** The next message that is not a push. */
const nextAnswer = (socket: WebSocket): Promise<Record<string, unknown>> =>
  new Promise((resolve) => {
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.type !== 'changes') resolve(message);
    });
  });

const serverVersions = async ({ client }: Account): Promise<Record<string, number>> => {
  const server = new Device(client);
  await server.pull();
  return server.versions;
};

describe('two devices of one account', () => {
  it('see each other’s tasks live, and are spared the echo of their own', async () => {
    const ada = await somebody();
    const [phone, laptop] = [new Device(ada.client), new Device(ada.client)];
    await Promise.all([phone.connect(), laptop.connect()]);
    const task = expectData(await phone.client.api.POST('/tasks', { body: { title: 'Buy oat milk' } }), 201);
    await laptop.until(() => laptop.titles.includes('Buy oat milk'));
    expect(laptop.tasks.find(({ id }) => id === task.id)).toEqual(task);

    const body = { title: 'Buy soy milk' };
    expectData(await laptop.client.api.PATCH('/tasks/{task_id}', { ...at(task.id), body }), 200);
    await phone.until(() => phone.titles.includes('Buy soy milk'));
    expectNothing(await laptop.client.api.DELETE('/tasks/{task_id}', at(task.id)));
    await phone.until(() => phone.titles.length === 0);
    await laptop.until(() => laptop.cursor === phone.cursor, 'the same cursor');

    const own = phone.frames.flatMap((frame) => (frame.type === 'changes' ? (frame.changes ?? []) : []));
    // Of the task: word of a profile that was made a moment ago may come now.
    expect(own.filter(({ id, version }) => id === task.id && version === 1)).toEqual([]);
    for (const frame of [...phone.frames, ...laptop.frames]) expect(toDevice()[frame.type].parse(frame)).toEqual(frame);
    phone.drop();
    laptop.drop();
  });

  it('never see another account’s', async () => {
    const [ada, eve] = [await somebody(), await somebody()];
    const device = new Device(eve.client);
    await device.connect();
    expectData(await ada.client.api.POST('/tasks', { body: { title: 'Secret' } }), 201);
    expectData(await eve.client.api.POST('/tasks', { body: { title: 'Mine' } }), 201);
    await device.until(() => device.titles.includes('Mine'));
    expect(device.titles).toEqual(['Mine']);
    device.drop();
  });

  it('miss nothing in a tunnel', async () => {
    const ada = await somebody();
    const [phone, laptop] = [new Device(ada.client), new Device(ada.client)];
    await Promise.all([phone.connect(), laptop.connect()]);
    laptop.drop();
    const made = await atOnce(10, async (index) =>
      expectData(await phone.client.api.POST('/tasks', { body: { title: `In the tunnel ${index}` } }), 201),
    );
    await Promise.all(made.slice(0, 5).map(({ id }) => phone.client.api.DELETE('/tasks/{task_id}', at(id))));
    await laptop.connect();
    await laptop.until(() => laptop.titles.length === 5);
    expect(laptop.versions).toEqual(await serverVersions(ada));
    expect(laptop.restarts).toBe(0);
    phone.drop();
    laptop.drop();
  });

  it('end up with the server’s versions though their sockets are killed at random for a minute', {
    timeout: 150_000,
  }, async () => {
    const ada = await somebody();
    const devices = [new Device(ada.client), new Device(ada.client), new Device(ada.client)];
    await Promise.all(devices.map((device) => device.connect()));
    const until = Date.now() + 60_000;
    const ids: string[] = [];

    const write = async ({ client: { api } }: Device): Promise<void> => {
      while (Date.now() < until) {
        const id = ids[Math.floor(Math.random() * ids.length)];
        const dice = Math.random();
        const body = { title: randomUUID() };
        if (!id || dice < 0.4) {
          ids.push(expectData(await api.POST('/tasks', { body }), 201).id);
        } else if (dice < 0.8) {
          expectStatus(await api.PATCH('/tasks/{task_id}', { ...at(id), body }), 200, 404);
        } else {
          expectStatus(await api.DELETE('/tasks/{task_id}', at(id)), 204, 404);
        }
        await wait(Math.random() * 150);
      }
    };
    const cut = async (device: Device): Promise<void> => {
      while (Date.now() < until) {
        await wait(Math.random() * 2_000);
        device.drop();
        await wait(Math.random() * 500);
        await device.connect();
      }
    };
    await Promise.all(devices.flatMap((device) => [write(device), cut(device)]));

    const truth = await serverVersions(ada);
    expect(Object.keys(truth).length).toBeGreaterThan(10);
    for (const device of devices) {
      await device.until(() => JSON.stringify(sorted(device.versions)) === JSON.stringify(sorted(truth)), 'the truth');
      device.drop();
    }
  });
});

const sorted = (versions: Readonly<Record<string, number>>) => Object.entries(versions).sort();

describe('connecting', () => {
  it('takes a ticket once', needs('socket refusals'), async () => {
    const ada = await somebody();
    const { ticket, url } = await ticketOf(ada);
    const socket = await openSocket(`${url}?ticket=${ticket}`);
    await expect(openSocket(`${url}?ticket=${ticket}`)).rejects.toThrow('refused with 401');
    socket.terminate();
  });

  it('takes an access token in the header', async () => {
    const ada = await somebody();
    const { url } = await ticketOf(ada);
    const socket = await openSocket(url, { authorization: `Bearer ${ada.tokens.access_token}` });
    socket.terminate();
  });

  it('takes nothing else there', needs('socket refusals'), async () => {
    const ada = await somebody();
    const { url } = await ticketOf(ada);
    for (const token of [ada.tokens.id_token, ada.tokens.refresh_token, 'nonsense']) {
      await expect(openSocket(url, { authorization: `Bearer ${token}` })).rejects.toThrow('refused with 401');
    }
  });

  it('refuses whoever brings nothing, or something made up', needs('socket refusals'), async () => {
    const ada = await somebody();
    const { url } = await ticketOf(ada);
    await expect(openSocket(url)).rejects.toThrow('refused with 401');
    await expect(openSocket(`${url}?ticket=${randomUUID()}`)).rejects.toThrow('refused with 401');
  });
});

describe('talking on a socket', () => {
  it('answers a ping with the head of the log', async () => {
    const ada = await somebody();
    const device = new Device(ada.client);
    await device.connect();
    device.ping();
    await device.until(() => device.frames.some(({ type }) => type === 'pong'), 'a pong');
    expect(device.frames.find(({ type }) => type === 'pong')).toMatchObject({ cursor: device.cursor });
    device.drop();
  });

  it('answers sync with what is new', async () => {
    const ada = await somebody();
    expectData(await ada.client.api.POST('/tasks', { body: { title: 'Before' } }), 201);
    const { ticket, url } = await ticketOf(ada);
    const socket = await openSocket(`${url}?ticket=${ticket}`);
    const answer = nextAnswer(socket);
    socket.send(JSON.stringify({ action: 'sync', cursor: null }));
    expect(await answer).toMatchObject({ type: 'sync', snapshot: true, changes: expect.any(Array) });
    socket.terminate();
  });

  it.each([
    ['an unknown action', JSON.stringify({ action: 'dance' })],
    ['no JSON', 'hello'],
    ['a broken cursor', JSON.stringify({ action: 'sync', cursor: 'nonsense' })],
  ])('answers %s with a problem, and stays open', async (_, message) => {
    const ada = await somebody();
    const { ticket, url } = await ticketOf(ada);
    const socket = await openSocket(`${url}?ticket=${ticket}`);
    const first = nextAnswer(socket);
    socket.send(message);
    expect(await first).toMatchObject({ type: 'error', problem: { type: 'invalid-request', status: 400 } });
    const second = nextAnswer(socket);
    socket.send(JSON.stringify({ action: 'ping' }));
    expect(await second).toMatchObject({ type: 'pong' });
    socket.terminate();
  });
});
