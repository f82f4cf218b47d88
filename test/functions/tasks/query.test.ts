import { describe, expect, it } from 'vitest';
import {
  comparatorOf,
  everything,
  matcherOf,
  positionIn,
  type SortField,
  sortFields,
  type TaskFilter,
} from '#functions/tasks/query.ts';
import { newTask, type Task, type TaskFields } from '#functions/tasks/task.ts';
import { userId } from '#shared/ids.ts';

const fields: TaskFields = {
  title: 'Write a résumé',
  description: 'With the STRASSE in it',
  status: 'todo',
  priority: 'none',
  due_date: null,
  tags: ['Büro'],
};
let made = 0;
const task = (changes: Partial<Task> = {}): Task => {
  made += 1;
  const id = `00000000-0000-4000-8000-${String(made).padStart(12, '0')}`;
  const act = { now: new Date(Date.parse('2026-11-24T12:00:00Z') + made), clientId: null };
  const days = { timezone: 'UTC', day_start: '00:00' };
  return { ...newTask({ id, owner: userId('u'), fields, requestHash: null }, act, days).task, ...changes };
};

const matches = (filter: Partial<TaskFilter>, changes: Partial<Task> = {}, timezone = 'Europe/Berlin'): boolean =>
  matcherOf({ ...everything, ...filter }, timezone)(task(changes));

describe('searching', () => {
  it.each(['resume', 'RÉSUMÉ', 'write res', 'res wri', 'buro', 'strasse', '  sume  with '])(
    'finds "%s"',
    (search_term) => {
      expect(matches({ search_term })).toBe(true);
    },
  );

  it.each(['resumes', 'write nothing', 'büros'])('does not find "%s"', (search_term) => {
    expect(matches({ search_term })).toBe(false);
  });
});

describe('filtering', () => {
  it('takes all tags, whatever their case', () => {
    expect(matches({ tags: ['büro'] })).toBe(true);
    expect(matches({ tags: ['BÜRO', 'home'] }, { tags: ['Home', 'büro'] })).toBe(true);
    expect(matches({ tags: ['büro', 'home'] })).toBe(false);
  });

  it.each([
    ['open', 'todo', true],
    ['open', 'in_progress', true],
    ['open', 'done', false],
    ['done', 'done', true],
    ['todo', 'in_progress', false],
  ] as const)('by status %s: %s is %s', (wanted, status, expected) => {
    expect(matches({ status: wanted }, { status })).toBe(expected);
  });

  it.each([
    // Both are days.
    ['2026-11-24', '2026-11-24', '2026-11-24', true],
    ['2026-11-23', '2026-11-24', null, false],
    ['2026-11-25', null, '2026-11-24', false],
    // A moment lies in its day, where the reader is: half past eleven at night in Berlin.
    ['2026-11-24T22:30:00Z', '2026-11-24', '2026-11-24', true],
    ['2026-11-24T23:30:00Z', '2026-11-24', '2026-11-24', false],
    ['2026-11-24T23:30:00Z', '2026-11-25', '2026-11-25', true],
    // Moments are compared as moments, whatever their offset.
    ['2026-11-24T10:00:00+01:00', '2026-11-24T09:00:00Z', '2026-11-24T09:00:00Z', true],
    ['2026-11-24T10:00:00+01:00', '2026-11-24T09:00:01Z', null, false],
    // A day is due all day long.
    ['2026-11-24', '2026-11-24T18:00:00+01:00', null, true],
    ['2026-11-24', null, '2026-11-24T06:00:00+01:00', true],
    ['2026-11-24', '2026-11-25T00:00:00+01:00', null, false],
    // What is not due at all is in no range.
    [null, '2026-11-24', null, false],
  ])('by range: %s from %s to %s is %s', (due_date, due_date_start, due_date_end, expected) => {
    expect(matches({ due_date_start, due_date_end }, { due_date })).toBe(expected);
  });
});

describe('sorting', () => {
  const sorted = (by: SortField, descending: boolean, tasks: readonly Task[], timezone = 'UTC') => {
    const compare = comparatorOf(descending);
    return [...tasks].sort((a, b) => compare(positionIn(a, by, timezone), positionIn(b, by, timezone)));
  };

  it.each(['due_date', 'completed_at'] as const)('puts those without a %s last, either way', (by) => {
    const [dated, bare] = [task({ [by]: '2026-11-24T10:00:00.000Z' }), task()];
    for (const descending of [false, true]) expect(sorted(by, descending, [bare, dated])).toEqual([dated, bare]);
  });

  it('puts a day before the moments within it, where the reader is', () => {
    const day = task({ due_date: '2026-11-25' });
    // In Auckland, both are on the 25th.
    const morning = task({ due_date: '2026-11-24T20:00:00Z' });
    const evening = task({ due_date: '2026-11-25T18:00:00+13:00' });
    expect(sorted('due_date', false, [evening, morning, day], 'Pacific/Auckland')).toEqual([day, morning, evening]);
    expect(sorted('due_date', false, [evening, morning, day], 'UTC')).toEqual([morning, day, evening]);
  });

  it('knows what is urgent', () => {
    const all = (['low', 'urgent', 'none', 'high', 'medium'] as const).map((priority) => task({ priority }));
    const order = sorted('priority', true, all).map(({ priority }) => priority);
    expect(order).toEqual(['urgent', 'high', 'medium', 'low', 'none']);
  });

  it('reads titles as people do', () => {
    const all = ['zebra', 'Äpfel', 'apple', 'Banana'].map((title) => task({ title }));
    expect(sorted('title', false, all).map(({ title }) => title)).toEqual(['Äpfel', 'apple', 'Banana', 'zebra']);
  });

  it.each(sortFields)('by %s has one order for every task', (by) => {
    const all = Array.from({ length: 30 }, (_, index) => task({ title: `${index % 3}`, updated_at: '2026' }));
    expect(sorted(by, false, [...all].reverse())).toEqual(sorted(by, false, all));
  });
});
