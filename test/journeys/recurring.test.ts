import { beforeAll, describe, expect, it } from 'vitest';
import { type Account, at, expectData, expectNothing, expectProblem } from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import { somebody } from './support.ts';

describe('a task that recurs', () => {
  let ada: Account;
  let phone: Device;
  let laptop: Device;
  beforeAll(async () => {
    ada = await somebody({ timezone: 'Europe/Berlin' });
    [phone, laptop] = [new Device(ada.client), new Device(ada.client)];
    await phone.connect();
    await laptop.connect();
  });

  const dueDates = (device: Device) =>
    device.tasks.flatMap(({ status, due_date }) => (status === 'todo' ? [due_date] : [])).sort();

  /** Every morning, also the one after the clocks were changed. */
  const morning = { recurrence_pattern: 'daily', recurrence_start_date: '2027-03-27T06:45' } as const;

  it('goes on when it is completed or skipped, on every device, the author’s own included', async () => {
    const body = { title: 'Water the plants', recurrence: morning };
    const first = expectData(await phone.client.api.POST('/tasks', { body }), 201);
    const occurrences = expectData(
      await ada.client.api.GET('/tasks/{task_id}/occurrences', {
        params: { path: { task_id: first.id }, query: { count: 2 } },
      }),
      200,
    );
    expect(occurrences.items).toEqual([
      { occurrence_date: '2027-03-27', due_date: '2027-03-27T06:45:00+01:00' },
      { occurrence_date: '2027-03-28', due_date: '2027-03-28T06:45:00+02:00' },
    ]);
    expectData(await phone.client.api.POST('/tasks/{task_id}/complete', at(first.id)), 200);
    for (const device of [phone, laptop]) {
      await device.until(() => dueDates(device)[0] === '2027-03-28T06:45:00+02:00', 'the next morning');
    }

    expectData(await ada.client.api.POST('/tasks/{task_id}/reopen', at(first.id)), 200);
    for (const device of [phone, laptop]) {
      await device.until(() => dueDates(device)[0] === '2027-03-27T06:45:00+01:00', 'the first morning again');
    }
    const next = expectData(await laptop.client.api.POST('/tasks/{task_id}/skip', at(first.id)), 200);
    expect(next).toMatchObject({ occurrence_date: '2027-03-28', series_id: first.series_id });
    for (const device of [phone, laptop]) {
      await device.until(
        () => dueDates(device)[0] === '2027-03-28T06:45:00+02:00',
        'the morning behind the skipped one',
      );
    }
    expectNothing(
      await ada.client.api.DELETE('/tasks/{task_id}', {
        params: { path: { task_id: next?.id ?? '' }, query: { scope: 'following' } },
      }),
    );
    for (const device of [phone, laptop]) await device.until(() => dueDates(device).length === 0, 'nothing left to do');
    phone.drop();
    laptop.drop();
  });

  it('is refused where its rule has no date', async () => {
    const recurrence = { recurrence_pattern: 'custom', rrule: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30' } as const;
    const refused = await ada.client.api.POST('/tasks', { body: { title: 'Never', recurrence } });
    expect(expectProblem(refused, 422)).toMatchObject({
      type: 'unusable-recurrence',
      errors: [{ pointer: '#/recurrence/rrule' }],
    });
  });
});
