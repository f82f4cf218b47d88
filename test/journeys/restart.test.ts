import { describe, expect, inject, it } from 'vitest';
import { Client, expectStatus, signIn, signUp, type Task } from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import { freePorts } from '#test/support/ports.ts';
import { dataFolder, startRunnerProcess } from '#test/support/runner.ts';
import { goodPassword, newAddress } from './support.ts';

describe.skipIf(!inject('dynamodbEndpoint'))('a runner that is killed in the middle of writes', () => {
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
        const answer = await ada.client.post<Task>('/tasks', { title: crypto.randomUUID() }).catch(() => null);
        if (answer?.status === 201) answered.set(answer.body.id, answer.body.version);
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
    expectStatus(await again.client.post('/tasks', { title: 'Life goes on' }), 201);
    await device.until(() => device.titles.includes('Life goes on'), 'what was written after the restart');
    device.drop();
    await second.stop();
    await folder.remove();
  });
});
