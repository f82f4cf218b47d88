import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type Account,
  at,
  type Client,
  expectData,
  expectNothing,
  expectProblem,
  expectStatus,
} from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import { anyone, atOnce, needs, somebody } from './support.ts';

describe('a guest', () => {
  let uuid: string;
  let guest: Client;
  beforeEach(async () => {
    const nobody = await anyone();
    uuid = expectData(await nobody.api.POST('/guest'), 201).guest_uuid;
    guest = nobody.with({ 'x-guest-uuid': uuid });
  });

  const write = (title: string) => guest.api.POST('/guest/tasks', { body: { title } });

  it('keeps notes for 24 hours', async () => {
    const created = await write('Milk');
    const note = expectData(created, 201);
    expect(created.response.headers.get('location')).toBe(`/guest/tasks/${note.id}`);
    expect(Date.parse(note.expires_at) - Date.parse(note.created_at)).toBe(24 * 60 * 60 * 1000);
    const path = { task_id: note.id };
    expect(expectData(await guest.api.GET('/guest/tasks/{task_id}', at(note.id)), 200)).toEqual(note);
    const unchanged = await guest.api.GET('/guest/tasks/{task_id}', {
      params: { path, header: { 'If-None-Match': '"1"' } },
    });
    expectStatus(unchanged, 304);
    const put = await guest.api.PUT('/guest/tasks/{task_id}', {
      params: { path },
      body: { ...note, title: 'Oat milk' },
    });
    expect(expectData(put, 200)).toMatchObject({ title: 'Oat milk', version: 2, expires_at: note.expires_at });
    const stale = await guest.api.PUT('/guest/tasks/{task_id}', {
      params: { path, header: { 'If-Match': '"1"' } },
      body: { title: 'x' },
    });
    expectStatus(stale, 412);
    expectNothing(await guest.api.DELETE('/guest/tasks/{task_id}', at(note.id)));
    expectStatus(await guest.api.GET('/guest/tasks/{task_id}', at(note.id)), 404);
  });

  it('reads them page by page, the newest first', async () => {
    for (const title of ['1', '2', '3', '4', '5']) await write(title);
    const limit = 3;
    const first = expectData(await guest.api.GET('/guest/tasks', { params: { query: { limit } } }), 200);
    const cursor = first.next_cursor ?? '';
    const second = expectData(await guest.api.GET('/guest/tasks', { params: { query: { limit, cursor } } }), 200);
    expect([...first.items, ...second.items].map(({ title }) => title)).toEqual(['5', '4', '3', '2', '1']);
    expect(second.next_cursor).toBeNull();
    const stranger = (await anyone()).with({ 'x-guest-uuid': randomUUID() });
    expectStatus(await stranger.api.GET('/guest/tasks', { params: { query: { cursor } } }), 400);
  });

  it('whom nobody knows has no notes', async () => {
    const stranger = (await anyone()).with({ 'x-guest-uuid': randomUUID() });
    expect(expectData(await stranger.api.GET('/guest/tasks'), 200)).toEqual({ items: [], next_cursor: null });
  });

  it('never sees another’s', async () => {
    const note = expectData(await write('Mine'), 201);
    const stranger = (await anyone()).with({ 'x-guest-uuid': randomUUID() });
    const body = { title: 'x' };
    expectStatus(await stranger.api.GET('/guest/tasks/{task_id}', at(note.id)), 404);
    expectStatus(await stranger.api.PUT('/guest/tasks/{task_id}', { ...at(note.id), body }), 404);
    expectStatus(await stranger.api.DELETE('/guest/tasks/{task_id}', at(note.id)), 404);
    expect(expectData(await guest.api.GET('/guest/tasks/{task_id}', at(note.id)), 200)).toEqual(note);
  });

  it.each([
    ['none', {}],
    ['nonsense', { 'x-guest-uuid': 'me' }],
    ['a UUID of another version', { 'x-guest-uuid': '01a20fc0-1e58-7296-9fcd-13ee8035595f' }],
  ])('with an id that is %s is told so', async (_, headers) => {
    const { errors } = expectProblem(await (await anyone()).with(headers).api.GET('/guest/tasks'), 400);
    expect(errors).toMatchObject([{ pointer: '#/headers/X-Guest-Uuid' }]);
  });

  it('has a hundred notes at most, and small ones', needs('crowd'), async () => {
    const answers = await atOnce(110, (index) => write(`${index}`));
    const statuses = answers.map(({ response }) => response.status).sort();
    expect(statuses).toEqual([...Array(100).fill(201), ...Array(10).fill(409)]);
    const body = { title: 'x', description: '€'.repeat(4_000) };
    expectStatus(await guest.api.POST('/guest/tasks', { body }), 413);
  });

  it('takes the notes along into an account, once', async () => {
    for (const title of ['a', 'b', 'c']) await write(title);
    const ada = await somebody();
    const phone = new Device(ada.client);
    await phone.connect();
    const claim = ({ client }: Account) => client.api.POST('/guest/claim', { body: { guest_uuid: uuid } });
    const first = expectData(await claim(ada), 200);
    expect(first.tasks.map(({ title }) => title)).toEqual(['a', 'b', 'c']);
    expect(expectData(await claim(ada), 200)).toEqual(first);
    expect(expectData(await guest.api.GET('/guest/tasks'), 200).items).toEqual([]);
    await phone.until(() => phone.titles.length === 3, 'the claimed tasks');
    const eve = await somebody();
    expect(expectData(await claim(eve), 200)).toEqual({ claimed: 0, tasks: [] });
    phone.drop();
  });
});
