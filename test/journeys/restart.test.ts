import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { secondsAfter } from '#shared/clock.ts';
import { at, Client, expectData, signIn, signUp } from '#test/support/client.ts';
import { movedClock } from '#test/support/clock.ts';
import { Device } from '#test/support/device.ts';
import { freePorts } from '#test/support/ports.ts';
import { dataFolder, startRunnerProcess } from '#test/support/runner.ts';
import { goodPassword, needs, newAddress } from './support.ts';

describe('a runner that is killed in the middle of writes', needs('runner'), () => {
  it('has everything that was answered when it is started again, and its clients catch up', {
    timeout: 180_000,
  }, async () => {
    const folder = await dataFolder();
    const port = await freePorts();
    const first = await startRunnerProcess(folder.path, port);
    const email = newAddress();
    const ada = await signUp(new Client(first.outputs), email, goodPassword);
    const device = new Device(ada.client);
    await device.connect();

    const answered = new Map<string, number>();
    let alive = true;
    const writers = Array.from({ length: 8 }, async () => {
      while (alive) {
        const body = { title: crypto.randomUUID() };
        const answer = await ada.client.api.POST('/tasks', { body }).catch(() => null);
        if (answer?.data) answered.set(answer.data.id, answer.data.version);
      }
    });
    await device.until(() => answered.size >= 50, 'fifty tasks answered');
    await first.kill();
    alive = false;
    await Promise.all(writers);

    const second = await startRunnerProcess(folder.path, port);
    // The tokens of before still hold: the pool has kept its keys and its users.
    await device.connect();
    const expected = [...answered].sort();
    await device.until(
      () => expected.every(([id, version]) => device.versions[id] === version),
      'everything that was answered',
    );
    expect(device.restarts).toBe(0);
    const again = await signIn(new Client(second.outputs), email, goodPassword);
    expectData(await again.client.api.POST('/tasks', { body: { title: 'Life goes on' } }), 201);
    await device.until(() => device.titles.includes('Life goes on'), 'what was written after the restart');
    device.drop();
    await second.stop();
    await folder.remove();
  });

  it('finishes what follows for 500 tasks below, though caller and function died in the middle', {
    timeout: 300_000,
  }, async () => {
    const folder = await dataFolder();
    const port = await freePorts();
    const clock = movedClock(folder.path);
    const first = await startRunnerProcess(folder.path, port, clock.parameters);
    const ada = await signUp(new Client(first.outputs), newAddress(), goodPassword);
    const root = expectData(await ada.client.api.POST('/tasks', { body: { title: 'root' } }), 201);
    for (let count = 0; count < 5; count += 1) {
      const create = { op: 'create' as const, data: { title: 'below', parent_id: root.id } };
      const batch = { body: { operations: Array.from({ length: 100 }, () => create) } };
      expectData(await ada.client.api.POST('/tasks/batch', batch), 200);
    }
    const dying = ada.client.api.POST('/tasks/{task_id}/complete', at(root.id)).catch(() => 'cut off');
    const isDone = async () =>
      expectData(await ada.client.api.GET('/tasks/{task_id}', at(root.id)), 200).status === 'done';
    while (!(await isDone()));
    await first.kill();
    expect(await dying).toBe('cut off');

    const second = await startRunnerProcess(folder.path, port, clock.parameters);
    const open = { params: { query: { status: 'open', limit: 100 } } } as const;
    const left = async () => expectData(await ada.client.api.GET('/tasks', open), 200).items.length;
    expect(await left()).toBeGreaterThan(0);
    // A minute after the act, the sweep may take its job up.
    await clock.moveTo(secondsAfter(clock.now(), 120));
    for (let attempt = 0; attempt < 600 && (await left()) > 0; attempt += 1) await wait(200);
    expect(await left()).toBe(0);
    await second.stop();
    await folder.remove();
  });
});
