import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Told } from '#client/pomona.ts';
import { type Account, at, expectData, expectNothing, expectProblem } from '#test/support/client.ts';
import { somebody } from './support.ts';

/** The report in an answer that could have been a picture. */
const expectReport = <T>(told: Told<T>): Exclude<NonNullable<T>, string> => {
  const data = expectData(told, 200);
  if (typeof data === 'string') throw new Error('a picture came');
  return data as Exclude<NonNullable<T>, string>;
};

describe('what somebody has done', () => {
  let ada: Account;
  beforeAll(async () => {
    ada = await somebody({ timezone: 'Europe/Berlin' });
    const { api } = ada.client;
    const make = async (title: string, tags: string[]) =>
      expectData(await api.POST('/tasks', { body: { title, tags } }), 201).id;
    const [milk, rent, walk] = [
      await make('Milk', ['Home', 'R&D']),
      await make('Rent', ['home']),
      await make('Walk', ['out']),
    ];
    for (const id of [milk, rent, walk]) expectData(await api.POST('/tasks/{task_id}/complete', at(id)), 200);
    expectData(await api.POST('/tasks/{task_id}/reopen', at(walk)), 200);
    expectNothing(await api.DELETE('/tasks/{task_id}', at(milk)));
  });

  const svg = { headers: { accept: 'image/svg+xml' }, parseAs: 'text' } as const;

  it('is reported by their days', async () => {
    const tasks = await ada.client.api.GET('/reports/tasks_completed_by_day');
    expect(tasks.response.headers.get('vary')).toMatch(/accept/i);
    const { days, ...report } = expectReport(tasks);
    expect(report).toMatchObject({ timezone: 'Europe/Berlin', total: 2 });
    expect(days).toHaveLength(30);
    // Midnight may have passed since.
    expect([days.at(-1)?.count, days.at(-2)?.count]).toContain(2);
    const pomodoros = expectReport(await ada.client.api.GET('/reports/total_pomodoros_completed'));
    expect(pomodoros).toMatchObject({ total: 0, focus_minutes: 0 });
  });

  it('is ranked by tags, with those of what is still to do apart', async () => {
    const tags = async (basis: 'completed' | 'focus' | 'open') =>
      expectReport(await ada.client.api.GET('/reports/most_frequent_tags', { params: { query: { basis } } })).tags;
    expect(await tags('completed')).toEqual([
      { tag: 'Home', count: 2 },
      { tag: 'R&D', count: 1 },
    ]);
    expect(await tags('open')).toEqual([{ tag: 'out', count: 1 }]);
    expect(await tags('focus')).toEqual([]);
  });

  it('can be looked at', async () => {
    const { api } = ada.client;
    for (const [answer, figures] of [
      [await api.GET('/reports/tasks_completed_by_day', svg), '2 tasks completed'],
      [await api.GET('/reports/total_pomodoros_completed', svg), '0 pomodoros completed and 0 minutes of focus'],
      [await api.GET('/reports/most_frequent_tags', svg), 'Home: 2; R&D: 1.'],
    ] as const) {
      expect(answer.response.headers.get('content-type')).toBe('image/svg+xml');
      const picture = String(expectData(answer, 200));
      expect(XMLValidator.validate(picture)).toBe(true);
      expect(new XMLParser({ htmlEntities: true }).parse(picture).svg.desc).toContain(figures);
    }
  });

  it('is not reported for more than a year at once', async () => {
    const query = { from: '2024-01-01', to: '2025-01-01' };
    const refused = await ada.client.api.GET('/reports/tasks_completed_by_day', { params: { query } });
    expect(expectProblem(refused, 400)).toMatchObject({ type: 'invalid-request', errors: [{ pointer: '#/from' }] });
  });
});
