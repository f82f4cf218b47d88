import { expect, it } from 'vitest';
import { veventsOf } from '#test/functions/calendar/readers.ts';
import { at, expectData, expectNothing, expectStatus } from '#test/support/client.ts';
import { anyone, somebody } from './support.ts';

it('a calendar follows its owner’s tasks, for whoever has the link, until it is revoked', async () => {
  const ada = await somebody({ timezone: 'Europe/Berlin' });
  const task = expectData(
    await ada.client.api.POST('/tasks', { body: { title: 'Pay the rent', due_date: '2027-01-01', tags: ['home'] } }),
    201,
  );
  const link = async () => expectData(await ada.client.api.POST('/calendar'), 201).url;
  const url = await link();

  const first = await fetch(url);
  expect([first.status, first.headers.get('content-type')]).toEqual([200, 'text/calendar; charset=utf-8']);
  const shown = async (response: Response) => veventsOf(await response.text()).map(({ summary }) => summary);
  expect(await shown(first)).toEqual(['Pay the rent']);

  const ifChanged = { 'if-none-match': first.headers.get('etag') ?? '' };
  expect((await fetch(url, { headers: ifChanged })).status).toBe(304);
  const recurrence = { recurrence_pattern: 'weekly' as const, recurrence_start_date: '2027-01-04T18:00' };
  expectData(await ada.client.api.POST('/tasks', { body: { title: 'Water the trees', recurrence } }), 201);
  const second = await fetch(url, { headers: ifChanged });
  expect(second.status).toBe(200);
  expect(await shown(second)).toEqual(['Pay the rent', 'Water the trees']);
  expectData(await ada.client.api.POST('/tasks/{task_id}/complete', at(task.id)), 200);
  expect(await shown(await fetch(url))).toEqual(['Water the trees']);

  // As its document says it is answered.
  const nobody = await anyone();
  const path = { secret: new URL(url).pathname.replace(/.*\/calendar\//, '') };
  expectStatus(await nobody.api.GET('/calendar/{secret}', { params: { path }, parseAs: 'text' }), 200);

  const other = await link();
  expect([(await fetch(url)).status, (await fetch(other)).status]).toEqual([404, 200]);
  expectNothing(await ada.client.api.DELETE('/calendar'));
  expectNothing(await ada.client.api.DELETE('/calendar'));
  expect((await fetch(other)).status).toBe(404);
  expectStatus(await nobody.api.GET('/calendar/{secret}', { params: { path }, parseAs: 'text' }), 404);
});
