import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Schemas } from '#client/pomona.ts';
import type { paths } from '#client/schema.d.ts';
import { type Account, expectData } from '#test/support/client.ts';
import { comparable } from '#test/support/exports.ts';
import { somebody } from './support.ts';

type Export = Schemas['Export'];
type Draft = paths['/tasks']['post']['requestBody']['content']['application/json'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pomona-import-'));
  await writeFile(join(folder, 'outputs.json'), JSON.stringify(inject('outputs')));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const program = join(import.meta.dirname, '../../scripts/import/run.ts');

/** As somebody at a terminal. @returns what it printed */
const importAs = async ({ email, password }: Account, document: Export): Promise<string> => {
  const file = join(folder, 'export.json');
  await writeFile(file, JSON.stringify(document));
  const args = [program, '--pomona', file, '--outputs', join(folder, 'outputs.json')];
  const env = { ...process.env, POMONA_LOGIN: email, POMONA_PASSWORD: password };
  return (await promisify(execFile)(process.execPath, args, { env })).stdout;
};

const exportOf = async ({ client }: Account): Promise<Export> => expectData(await client.api.GET('/me/export'), 200);

const filesOf = (document: Export): Promise<string[]> =>
  Promise.all(document.attachments.map(async ({ file_url }) => (await fetch(file_url ?? '')).text()));

/** Somebody with something of everything. */
const richPerson = async (): Promise<Account> => {
  const ada = await somebody({ timezone: 'Europe/Berlin' });
  const { api } = ada.client;
  expectData(await api.PATCH('/me', { body: { day_start: '04:00', notifications: { task_due_soon: true } } }), 200);
  const create = async (body: Draft): Promise<string> => expectData(await api.POST('/tasks', { body }), 201).id;
  const complete = async (id: string, children?: 'leave'): Promise<void> => {
    const query = children ? { children } : {};
    const params = { path: { task_id: id }, query };
    expectData(await api.POST('/tasks/{task_id}/complete', { params }), 200);
  };

  const trip = await create({ title: 'Trip', tags: ['Home', 'Ünïcode'], priority: 'high', description: 'By\ntrain' });
  await create({ title: 'Last of all', due_date: '2030-05-01' });
  const tickets = await create({ title: 'Tickets', parent_id: trip, due_date: '2030-01-02T10:00:00+01:00' });
  const hotel = await create({
    title: 'Hotel',
    parent_id: trip,
    before: tickets,
    status: 'in_progress',
    due_date: '2030-01-01',
    reminders: [{ minutes_before: 30 }, { at: '2029-12-31T09:00:00Z' }, { at: '2020-01-01T00:00:00Z' }],
  });
  await create({ title: 'Breakfast?', parent_id: hotel });
  await complete(await create({ title: 'Passport', parent_id: trip, tags: ['papers'] }));
  await create({ title: 'Visa', parent_id: trip, status: 'cancelled' });
  // Done, with something left open below it.
  const move = await create({ title: 'Move house' });
  await create({ title: 'Still in boxes', parent_id: move });
  await complete(move, 'leave');

  // A daily one that has gone on, then had one occurrence changed for itself; and one with an end, on month ends.
  const water = await create({
    title: 'Water the plants',
    tags: ['garden'],
    recurrence: { recurrence_pattern: 'daily', recurrence_start_date: '2026-01-01T08:00' },
    reminders: [{ minutes_before: 10 }],
  });
  await complete(water);
  const { items } = expectData(await api.GET('/tasks', { params: { query: { status: 'open' } } }), 200);
  const next = items.find(({ title }) => title === 'Water the plants')?.id ?? '';
  const path = { task_id: next };
  expectData(
    await api.PATCH('/tasks/{task_id}', { params: { path }, body: { title: 'Water, and talk to them' } }),
    200,
  );
  const rent = await create({
    title: 'Rent',
    recurrence: { recurrence_pattern: 'monthly', recurrence_start_date: '2030-01-31', count: 5 },
  });
  await complete(rent);

  const content = 'Seats 12 and 13.';
  const body = { task_id: tickets, filename: '../"seats" 🪑.txt', file_type: 'text/plain', size: content.length };
  const { upload } = expectData(await api.POST('/attachments/upload', { body }), 201);
  await fetch(upload?.url ?? '', { method: 'PUT', headers: upload?.headers ?? {}, body: content });
  await expect.poll(async () => (await exportOf(ada)).attachments[0]?.status).toBe('available');
  expectData(await api.POST('/pomodoro/start', {}), 201);
  expectData(await api.POST('/pomodoro/stop', {}), 200);
  return ada;
};

describe('an export that is imported into an empty account', () => {
  it('gives the same export again, and says what is not as it was', { timeout: 120_000 }, async () => {
    const [ada, bob] = [await richPerson(), await somebody()];
    const taken = await exportOf(ada);
    expect(taken.tasks).toHaveLength(13);
    const printed = await importAs(bob, taken);
    const again = await exportOf(bob);
    await expect.poll(async () => (await exportOf(bob)).attachments[0]?.status).toBe('available');
    expect(comparable(await exportOf(bob))).toEqual(comparable(taken));
    expect(await filesOf(await exportOf(bob))).toEqual(['Seats 12 and 13.']);
    expect(again.tasks.some(({ id }) => taken.tasks.some((before) => before.id === id))).toBe(false);

    expect(printed).toContain('13 of 13 tasks are there, 5 of them closed.');
    expect(printed).toContain('1 of 1 files are there.');
    expect(printed.split('Not as it was:\n')[1]?.trimEnd().split('\n')).toEqual([
      '  2 earlier occurrences of recurring tasks are plain tasks now',
      expect.stringContaining('reminders that were sent, or never will be, are left out'),
      '  4 tasks are done once more: reports count them today',
      '  1 Pomodoro sessions are left out: the server alone keeps that time',
    ]);

    // Completions are made again by completing.
    expect(again.completions).toHaveLength(4);
    expect(again.tasks.filter(({ status }) => status === 'done').every(({ completed_at }) => completed_at)).toBe(true);
  });

  it('makes nothing twice when it is imported again', { timeout: 120_000 }, async () => {
    const [ada, bob] = [await richPerson(), await somebody()];
    const taken = await exportOf(ada);
    await importAs(bob, taken);
    await expect.poll(async () => (await exportOf(bob)).attachments[0]?.status).toBe('available');
    const once = await exportOf(bob);
    await importAs(bob, taken);
    const twice = await exportOf(bob);
    expect(comparable(twice)).toEqual(comparable(once));
    expect(twice.tasks.map(({ id }) => id)).toEqual(once.tasks.map(({ id }) => id));
    expect(twice.completions).toEqual(once.completions);
  });

  it('is refused when it is none', async () => {
    const bob = await somebody();
    await expect(importAs(bob, { format: 'else' } as never)).rejects.toThrow('This is not Pomona’s export');
    await expect(importAs(bob, { format: 'pomona-export', version: 2 } as never)).rejects.toThrow('version 2');
  });
});
