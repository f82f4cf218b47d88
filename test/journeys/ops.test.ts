import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { prefix } from '#blueprint/table.ts';
import { userId } from '#shared/ids.ts';
import { userKey } from '#shared/item.ts';
import { openTable, type Table, updateItem } from '#shared/table.ts';
import { at, expectData } from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import { dynamodb, needs, somebody } from './support.ts';

describe('who looks after a Pomona', needs('table'), () => {
  let folder: string;
  let table: Table;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pomona-ops-'));
    await writeFile(join(folder, 'outputs.json'), JSON.stringify(inject('outputs')));
    table = openTable({ TABLE_NAME: inject('outputs').TableName }, dynamodb());
  });
  afterAll(async () => {
    table.client.destroy();
    await rm(folder, { recursive: true, force: true });
  });

  /** @returns the exit code, and what was printed */
  const ops = (...args: readonly string[]): Promise<readonly [number | null, string]> =>
    new Promise((resolve) => {
      const program = join(import.meta.dirname, '../../scripts/ops/run.ts');
      const child = spawn(process.execPath, [program, ...args, '--outputs', join(folder, 'outputs.json')]);
      let printed = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (text) => {
          printed += text;
        });
      }
      child.once('exit', (code) => resolve([code, printed]));
    });

  it('counts anew what somebody has done, finds no difference, and finds one', async () => {
    const ada = await somebody();
    const { api } = ada.client;
    const task = expectData(await api.POST('/tasks', { body: { title: 'Milk' } }), 201);
    expectData(await api.POST('/tasks/{task_id}/complete', at(task.id)), 200);
    const users = ['--user', ada.email, '--user', task.user_id];
    expect(await ops('recount', ...users)).toEqual([0, expect.stringMatching(/no difference\n.*no difference\n$/)]);

    const day = userKey(userId(task.user_id), `${prefix.day}2026-01-01`);
    await updateItem(table, day, { add: { completed: 2 } });
    const [code, printed] = await ops('recount', ...users.slice(0, 2));
    expect([code, printed]).toEqual([1, expect.stringContaining('2026-01-01 completed: 2 counted, 0 in the rows')]);

    expect((await ops('recount', ...users.slice(0, 2), '--fix'))[0]).toBe(0);
    expect(await ops('recount', ...users)).toEqual([0, expect.not.stringContaining('2026-01-01')]);
  }, 60_000);

  it('lets the devices of a person start over, and loses nothing', async () => {
    const ada = await somebody();
    const device = new Device(ada.client);
    const task = expectData(await ada.client.api.POST('/tasks', { body: { title: 'Milk' } }), 201);
    await device.connect();
    await device.until(() => task.id in device.versions, 'the task');
    expect(await ops('rebuild-feed', '--user', ada.email)).toEqual([0, `${ada.email}: devices start over (epoch 2)\n`]);
    device.ping();
    await device.until(() => device.restarts === 1 && task.id in device.versions, 'the task once more');
    expectData(await ada.client.api.POST('/tasks', { body: { title: 'Bread' } }), 201);
    await device.until(() => device.titles.includes('Bread'), 'what was written afterwards');
    expect(device.restarts).toBe(1);
    device.drop();
  }, 60_000);

  it('hears of what cannot be done', async () => {
    expect(await ops('recount')).toEqual([2, expect.stringContaining('npm run ops')]);
    expect(await ops('rebuild-feed')).toEqual([2, expect.stringContaining('npm run ops')]);
    expect(await ops('redrive', '--everything')).toEqual([2, expect.stringContaining('npm run ops')]);
    expect(await ops('redrive', '--help')).toEqual([0, expect.stringContaining('npm run ops')]);
    expect(await ops('recant', '--user', 'ada')).toEqual([2, expect.stringContaining('npm run ops')]);
    const nobody = ['--user', 'nobody@pomona.example'];
    expect(await ops('recount', ...nobody)).toEqual([2, 'Nobody has the address nobody@pomona.example.\n']);
  }, 60_000);
});
