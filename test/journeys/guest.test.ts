import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Client, expectStatus, type Task } from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import { anyone, atOnce, somebody } from './support.ts';

interface Note {
  readonly id: string;
  readonly title: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly version: number;
}

interface NotePage {
  readonly items: readonly Note[];
  readonly next_cursor: string | null;
}

describe('a guest', () => {
  let uuid: string;
  let guest: Client;
  beforeEach(async () => {
    const nobody = await anyone();
    uuid = expectStatus(await nobody.post<{ guest_uuid: string }>('/guest'), 201).guest_uuid;
    guest = nobody.with({ 'x-guest-uuid': uuid });
  });

  it('keeps notes for 24 hours', async () => {
    const created = await guest.post<Note>('/guest/tasks', { title: 'Milk' });
    const note = expectStatus(created, 201);
    expect(created.headers.get('location')).toBe(`/guest/tasks/${note.id}`);
    expect(Date.parse(note.expires_at) - Date.parse(note.created_at)).toBe(24 * 60 * 60 * 1000);
    const path = `/guest/tasks/${note.id}`;
    expect(expectStatus(await guest.get(path), 200)).toEqual(note);
    expect((await guest.get(path, { 'if-none-match': '"1"' })).status).toBe(304);
    const put = await guest.ask<Note>('PUT', path, { body: { ...note, title: 'Oat milk' } });
    expect(expectStatus(put, 200)).toMatchObject({ title: 'Oat milk', version: 2, expires_at: note.expires_at });
    const stale = await guest.ask('PUT', path, { body: { title: 'x' }, headers: { 'if-match': '"1"' } });
    expect(stale.status).toBe(412);
    expectStatus(await guest.delete(path), 204);
    expect((await guest.get(path)).status).toBe(404);
  });

  it('reads them page by page, the newest first', async () => {
    for (const title of ['1', '2', '3', '4', '5']) await guest.post('/guest/tasks', { title });
    const first = expectStatus(await guest.get<NotePage>('/guest/tasks?limit=3'), 200);
    const cursor = encodeURIComponent(first.next_cursor ?? '');
    const second = expectStatus(await guest.get<NotePage>(`/guest/tasks?limit=3&cursor=${cursor}`), 200);
    expect([...first.items, ...second.items].map(({ title }) => title)).toEqual(['5', '4', '3', '2', '1']);
    expect(second.next_cursor).toBeNull();
    const stranger = (await anyone()).with({ 'x-guest-uuid': randomUUID() });
    expect((await stranger.get(`/guest/tasks?cursor=${cursor}`)).status).toBe(400);
  });

  it('whom nobody knows has no notes', async () => {
    const stranger = (await anyone()).with({ 'x-guest-uuid': randomUUID() });
    expect(expectStatus(await stranger.get('/guest/tasks'), 200)).toEqual({ items: [], next_cursor: null });
  });

  it('never sees another’s', async () => {
    const note = expectStatus(await guest.post<Note>('/guest/tasks', { title: 'Mine' }), 201);
    const stranger = (await anyone()).with({ 'x-guest-uuid': randomUUID() });
    const path = `/guest/tasks/${note.id}`;
    expect((await stranger.get(path)).status).toBe(404);
    expect((await stranger.ask('PUT', path, { body: { title: 'x' } })).status).toBe(404);
    expect((await stranger.delete(path)).status).toBe(404);
    expect(expectStatus(await guest.get(path), 200)).toEqual(note);
  });

  it.each([
    ['none', {}],
    ['nonsense', { 'x-guest-uuid': 'me' }],
    ['a UUID of another version', { 'x-guest-uuid': '01a20fc0-1e58-7296-9fcd-13ee8035595f' }],
  ])('with an id that is %s is told so', async (_, headers) => {
    const answer = await (await anyone()).with(headers).get<{ errors: { pointer: string }[] }>('/guest/tasks');
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toMatchObject([{ pointer: '#/headers/X-Guest-Uuid' }]);
  });

  it('has a hundred notes at most, and small ones', async () => {
    const answers = await atOnce(110, (index) => guest.post('/guest/tasks', { title: `${index}` }));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(100).fill(201), ...Array(10).fill(409)]);
    expect((await guest.post('/guest/tasks', { title: 'x', description: '€'.repeat(4_000) })).status).toBe(413);
  });

  it('takes the notes along into an account, once', async () => {
    for (const title of ['a', 'b', 'c']) await guest.post('/guest/tasks', { title });
    const ada = await somebody();
    const phone = new Device(ada.client);
    await phone.connect();
    const claim = () => ada.client.post<{ claimed: number; tasks: Task[] }>('/guest/claim', { guest_uuid: uuid });
    const first = expectStatus(await claim(), 200);
    expect(first.tasks.map(({ title }) => title)).toEqual(['a', 'b', 'c']);
    expect(expectStatus(await claim(), 200)).toEqual(first);
    expect(expectStatus(await guest.get<NotePage>('/guest/tasks'), 200).items).toEqual([]);
    await phone.until(() => phone.titles.length === 3, 'the claimed tasks');
    const eve = await somebody();
    const second = await eve.client.post('/guest/claim', { guest_uuid: uuid });
    expect(expectStatus(second, 200)).toEqual({ claimed: 0, tasks: [] });
    phone.drop();
  });
});
