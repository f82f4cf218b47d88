import { setTimeout as wait } from 'node:timers/promises';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, inject, it } from 'vitest';
import type { Schemas } from '#client/pomona.ts';
import type { paths } from '#client/schema.d.ts';
import {
  type Account,
  at,
  expectData,
  expectNothing,
  expectProblem,
  expectStatus,
  signIn,
  signUp,
} from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import { anyone, dynamodb, goodPassword, needs, somebody } from './support.ts';

const exportOf = async ({ client }: Account): Promise<Schemas['Export']> =>
  expectData(await client.api.GET('/me/export'), 200);

type Draft = paths['/tasks']['post']['requestBody']['content']['application/json'];

const create = async ({ client }: Account, body: Draft): Promise<Schemas['Task']> =>
  expectData(await client.api.POST('/tasks', { body }), 201);

/** A file of a task, arrived. */
const attach = async ({ client }: Account, task_id: string, content = 'Ten apples.'): Promise<string> => {
  const body = { task_id, filename: 'apples.txt', file_type: 'text/plain', size: content.length };
  const { attachment, upload } = expectData(await client.api.POST('/attachments/upload', { body }), 201);
  expect(
    (await fetch(upload?.url ?? '', { method: 'PUT', headers: upload?.headers ?? {}, body: content })).status,
  ).toBe(200);
  const path = { params: { path: { task_id, attachment_id: attachment.id } } };
  await expect
    .poll(
      async () => expectData(await client.api.GET('/tasks/{task_id}/attachments/{attachment_id}', path), 200).status,
    )
    .toBe('available');
  return attachment.id;
};

describe('what a person takes along', () => {
  it('is everything they own, with links to their files', async () => {
    const ada = await somebody({ timezone: 'Europe/Berlin' });
    const trip = await create(ada, { title: 'Trip', tags: ['Home'] });
    const tickets = await create(ada, {
      title: 'Tickets',
      parent_id: trip.id,
      reminders: [{ at: '2030-01-01T08:00:00Z' }],
    });
    const water = await create(ada, {
      title: 'Water the plants',
      recurrence: { recurrence_pattern: 'daily', recurrence_start_date: '2026-01-01', when_open: 'wait' },
    });
    expectData(await ada.client.api.POST('/tasks/{task_id}/complete', at(water.id)), 200);
    const gone = await create(ada, { title: 'Gone', status: 'done' });
    expectNothing(await ada.client.api.DELETE('/tasks/{task_id}', at(gone.id)));
    const file = await attach(ada, tickets.id);
    expectData(await ada.client.api.POST('/pomodoro/start', { body: { task_id: trip.id } }), 201);
    expectData(await ada.client.api.POST('/pomodoro/stop', {}), 200);

    const taken = await exportOf(ada);
    expect(taken).toMatchObject({
      format: 'pomona-export',
      version: 1,
      profile: { email: ada.email, timezone: 'Europe/Berlin' },
      tasks: [{ id: trip.id }, { id: tickets.id, parent_id: trip.id, reminders: [{ state: 'scheduled' }] }, {}, {}],
      series: [{ id: water.series_id, template: { title: 'Water the plants' } }],
      completions: [{ task_id: water.id }, { task_id: gone.id }],
      pomodoro_sessions: [{ status: 'stopped', task_title: 'Trip', task_tags: ['Home'] }],
      attachments: [{ id: file, status: 'available' }],
      conflicts: [],
    });
    expect(taken.tasks.map(({ title, status }) => `${title} ${status}`)).toEqual([
      'Trip todo',
      'Tickets todo',
      'Water the plants done',
      'Water the plants todo',
    ]);
    const download = await fetch(taken.attachments[0]?.file_url ?? '');
    expect(await download.text()).toBe('Ten apples.');
  });

  it('is a file of its own when it is large', { timeout: 120_000 }, async () => {
    const ada = await somebody();
    const description = 'ü'.repeat(20_000);
    for (let part = 0; part < 12; part += 1) {
      const operations = Array.from({ length: 6 }, (_, index) => ({
        op: 'create' as const,
        data: { title: `Long ${part}.${index}`, description },
      }));
      expectData(await ada.client.api.POST('/tasks/batch', { body: { operations } }), 200);
    }
    const { response } = await ada.client.api.GET('/me/export', { redirect: 'manual' });
    expect(response.status).toBe(303);
    const location = response.headers.get('location') ?? '';
    const file = await fetch(location);
    expect(file.headers.get('content-type')).toBe('application/json');
    const taken = (await file.json()) as Schemas['Export'];
    expect(taken.tasks).toHaveLength(72);
    expect(taken.tasks[0]?.description).toBe(description);
    // Nobody else's link, and no other object.
    expect((await fetch(location.split('?')[0] ?? '')).status).toBe(403);
    expect((await fetch(location.replace('exports/', 'exports/x'))).status).toBe(403);
  });
});

/** Keys and contents of everything in the table that names somebody. */
const tableOf = async (name: string): Promise<readonly string[]> => {
  const client = new DynamoDBClient(dynamodb());
  const found: string[] = [];
  let ExclusiveStartKey: Record<string, never> | undefined;
  do {
    const page = await client.send(new ScanCommand({ TableName: inject('outputs').TableName, ExclusiveStartKey }));
    for (const item of page.Items ?? []) {
      if (JSON.stringify(item).includes(name)) found.push(`${item.pk?.S} ${item.sk?.S}`);
    }
    ExclusiveStartKey = page.LastEvaluatedKey as typeof ExclusiveStartKey;
  } while (ExclusiveStartKey);
  client.destroy();
  return found;
};

describe('who leaves', () => {
  const leave = ({ client }: Account, password = goodPassword) => client.api.DELETE('/me', { body: { password } });

  it('is out at once, on every device', async () => {
    const nobody = await anyone();
    const ada = await somebody();
    const device = new Device(ada.client);
    await device.connect();
    expect(expectProblem(await leave(ada, 'not this one at all'), 401).type).toBe('invalid-credentials');
    expect(device.connected).toBe(true);

    expectStatus(await leave(ada), 202);
    await device.until(() => !device.connected, 'its socket closed');
    const { refresh_token } = ada.tokens;
    expectStatus(await nobody.api.POST('/token', { body: { grant_type: 'refresh_token', refresh_token } }), 401);
    await expect(signIn(nobody, ada.email, goodPassword)).rejects.toThrow('401');
    // The access token lives out its hour, and is good for no account.
    expectStatus(await ada.client.api.GET('/me'), 404);
    expectStatus(await ada.client.api.GET('/me/export'), 404);
    expectStatus(await leave(ada), 202);
  });

  it('may come back, as somebody new', needs('mailbox'), async () => {
    const username = `u${crypto.randomUUID().slice(0, 12)}`;
    const ada = await somebody({ username });
    await create(ada, { title: 'From before' });
    expectStatus(await leave(ada), 202);
    const again = await signUp(await anyone(), ada.email, 'a whole new password', { username });
    expect(expectData(await again.client.api.GET('/me'), 200)).toMatchObject({ email: ada.email, username });
    expect(expectData(await again.client.api.GET('/tasks'), 200).items).toEqual([]);
  });

  it('leaves nothing behind but the note that they left', {
    ...needs('table'),
    timeout: 150_000,
  }, async () => {
    const ada = await somebody({ username: `u${crypto.randomUUID().slice(0, 12)}` });
    const task = await create(ada, {
      title: 'With a file',
      due_date: '2030-01-01',
      reminders: [{ minutes_before: 5 }],
    });
    await attach(ada, task.id);
    const { attachments, profile } = await exportOf(ada);
    const url = attachments[0]?.file_url ?? '';
    expect((await fetch(url)).status).toBe(200);
    expectStatus(await leave(ada), 202);

    const name = profile.user_id;
    const note = [`DELETION#${name} DELETION`];
    const seen = async () => JSON.stringify(await tableOf(name));
    await expect.poll(seen, { timeout: 130_000, interval: 1_000 }).toBe(JSON.stringify(note));
    expect((await fetch(url)).status).toBe(404);
    // Nor does the stream bring anything back.
    await wait(3_000);
    expect(await tableOf(name)).toEqual(note);
    expect(await tableOf(profile.username ?? '?')).toEqual(note);
  });
});
