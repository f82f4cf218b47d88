import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Act,
  completeTask,
  type DayRules,
  editTask,
  itemOfTask,
  newTask,
  priorities,
  reopenTask,
  stateKey,
  statuses,
  type TaskFields,
  type TaskRecord,
  taskFromItem,
} from '#functions/tasks/task.ts';
import { newId, userId } from '#shared/ids.ts';

const owner = userId('ada');
const utc: DayRules = { timezone: 'UTC', day_start: '00:00' };

const at = (instant: string, clientId: string | null = null): Act => ({ now: new Date(instant), clientId });
const noon = at('2026-11-24T12:00:00.000Z');
const later = at('2026-11-24T13:00:00.000Z');
const evenLater = at('2026-11-24T14:00:00.000Z');

const task = (fields: Partial<TaskFields> = {}, act: Act = noon, id: string = newId()): TaskRecord =>
  newTask(
    {
      id,
      owner,
      fields: {
        title: 'Water the plants',
        description: null,
        status: 'todo',
        priority: 'none',
        due_date: null,
        tags: [],
        ...fields,
      },
      requestHash: null,
    },
    act,
    utc,
  );

describe('a new task', () => {
  it('is in version 1, which set all of its fields', () => {
    const { task: made, fieldVersions } = task();
    expect(made).toMatchObject({ version: 1, created_at: made.updated_at, updated_at: '2026-11-24T12:00:00.000Z' });
    expect(new Set(Object.values(fieldVersions))).toEqual(new Set([1]));
    expect(Object.keys(fieldVersions)).toEqual(
      expect.arrayContaining(['title', 'description', 'status', 'priority', 'due_date', 'tags', 'position']),
    );
  });

  it('may be done from its beginning, and counts', () => {
    const { task: made, counted } = task({ status: 'done', tags: ['Home'] });
    expect(made).toMatchObject({ version: 1, status: 'done', completed_at: '2026-11-24T12:00:00.000Z' });
    expect(counted).toEqual({ completed_at: '2026-11-24T12:00:00.000Z', day: '2026-11-24', tags: ['home'] });
  });

  it('may be cancelled from its beginning, and counts nowhere', () => {
    const { task: made, counted, closed } = task({ status: 'cancelled' });
    expect([made.completed_at, counted, closed?.from]).toEqual([null, null, 'todo']);
  });
});

describe('editing', () => {
  it('makes the next version, and marks the fields that it set with it', () => {
    const before = task({ tags: ['home'] });
    const after = editTask(before, { title: 'Water the cactus', due_date: '2026-11-25' }, later, utc);
    expect(after.task).toEqual({
      ...before.task,
      title: 'Water the cactus',
      due_date: '2026-11-25',
      version: 2,
      updated_at: '2026-11-24T13:00:00.000Z',
    });
    expect(after.fieldVersions).toEqual({ ...before.fieldVersions, title: 2, due_date: 2 });
  });

  it('marks exactly the fields that it set, whatever they are', () => {
    const changes = fc.record(
      {
        title: fc.string({ minLength: 1 }),
        description: fc.option(fc.string()),
        status: fc.constantFrom(...statuses),
        priority: fc.constantFrom(...priorities),
        due_date: fc.option(fc.constant('2026-12-24')),
        tags: fc.array(fc.string()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.constantFrom(...statuses), changes, (status, changed) => {
        const before = task({ status });
        const { fieldVersions, task: after } = editTask(before, changed, later, utc);
        const set = Object.keys(fieldVersions).filter((field) => fieldVersions[field] === 2);
        expect(set.sort()).toEqual(Object.keys(changed).sort());
        expect(after).toMatchObject({ ...changed, version: 2 });
        expect(after.completed_at === null).toBe(after.status !== 'done');
      }),
    );
  });

  it('is a new version also where nothing differs: somebody has seen it and says so', () => {
    const before = task();
    expect(editTask(before, { title: before.task.title }, later, utc).task.version).toBe(2);
  });

  it('remembers which device wrote', () => {
    const phone = editTask(task(), { title: 'From the phone' }, at('2026-11-24T13:00:00Z', 'phone'), utc);
    expect(phone.changedBy).toBe('phone');
    expect(editTask(phone, { title: 'From somewhere' }, evenLater, utc).changedBy).toBeNull();
  });

  it('leaves what it was made from as it was', () => {
    const before = task({ tags: ['home'] });
    const copy = structuredClone(before);
    editTask(before, { title: 'Other', tags: [], status: 'done' }, later, utc);
    expect(before).toEqual(copy);
  });
});

describe('completing', () => {
  it('says when, and counts on that day with the tags as they compare', () => {
    const { task: done, counted } = completeTask(task({ tags: ['Home', 'ÄRGER'] }), later, utc);
    expect(done).toMatchObject({ status: 'done', completed_at: '2026-11-24T13:00:00.000Z', version: 2 });
    expect(counted).toEqual({ completed_at: '2026-11-24T13:00:00.000Z', day: '2026-11-24', tags: ['home', 'ärger'] });
  });

  it('marks the status, and only the status, as set', () => {
    const before = task();
    expect(completeTask(before, later, utc).fieldVersions).toEqual({ ...before.fieldVersions, status: 2 });
  });

  it('changes nothing in a task that is done already', () => {
    const done = completeTask(task(), later, utc);
    expect(completeTask(done, evenLater, utc)).toBe(done);
  });

  it('completes a cancelled task as well', () => {
    expect(completeTask(task({ status: 'cancelled' }), later, utc)).toMatchObject({
      task: { status: 'done' },
      counted: { day: '2026-11-24' },
    });
  });

  it.each([
    ['Europe/Berlin', '00:00', '2026-11-24T23:30:00Z', '2026-11-25'],
    ['America/Los_Angeles', '00:00', '2026-11-24T07:59:59Z', '2026-11-23'],
    ['America/Los_Angeles', '00:00', '2026-11-24T08:00:00Z', '2026-11-24'],
    ['Pacific/Kiritimati', '00:00', '2026-11-24T10:00:00Z', '2026-11-25'],
    ['Asia/Kathmandu', '00:00', '2026-11-24T18:14:59Z', '2026-11-24'],
    ['Asia/Kathmandu', '00:00', '2026-11-24T18:15:00Z', '2026-11-25'],
    ['UTC', '04:00', '2026-11-24T03:59:59.999Z', '2026-11-23'],
    ['UTC', '04:00', '2026-11-24T04:00:00Z', '2026-11-24'],
    ['UTC', '04:00', '2027-01-01T03:00:00Z', '2026-12-31'],
    ['UTC', '04:00', '2028-03-01T03:00:00Z', '2028-02-29'],
    // The night the clocks go forward, and the hour that comes twice.
    ['Europe/Berlin', '02:30', '2027-03-28T00:59:59Z', '2027-03-27'],
    ['Europe/Berlin', '02:30', '2027-03-28T01:00:00Z', '2027-03-28'],
    ['Europe/Berlin', '02:30', '2026-10-25T00:30:00Z', '2026-10-25'],
    ['Europe/Berlin', '02:30', '2026-10-25T01:29:00Z', '2026-10-24'],
  ])('in %s, with days from %s, at %s: counts on %s', (timezone, day_start, instant, day) => {
    expect(completeTask(task(), at(instant), { timezone, day_start }).counted?.day).toBe(day);
  });

  it('keeps the day and the tags it counted, whatever is edited afterwards', () => {
    const done = completeTask(task({ tags: ['home'] }), later, utc);
    const edited = editTask(done, { tags: ['work'], status: 'done' }, evenLater, utc);
    expect(edited.counted).toBe(done.counted);
    expect(edited.task).toMatchObject({ tags: ['work'], completed_at: done.task.completed_at, version: 3 });
  });
});

describe('reopening', () => {
  it.each(['todo', 'in_progress'] as const)('gives back the open status it had: %s', (status) => {
    for (const closing of ['done', 'cancelled'] as const) {
      const closed = editTask(task({ status }), { status: closing }, later, utc);
      expect(reopenTask(closed, evenLater, utc)).toMatchObject({
        task: { status, completed_at: null, version: 3 },
        closed: null,
        counted: null,
      });
    }
  });

  it('remembers the open status across several ways of being closed', () => {
    const done = completeTask(task({ status: 'in_progress' }), later, utc);
    const cancelled = editTask(done, { status: 'cancelled' }, evenLater, utc);
    expect(cancelled).toMatchObject({ task: { completed_at: null }, counted: null });
    expect(reopenTask(cancelled, evenLater, utc).task.status).toBe('in_progress');
  });

  it('changes nothing in an open task', () => {
    const open = task({ status: 'in_progress' });
    expect(reopenTask(open, later, utc)).toBe(open);
  });

  it('is what setting an open status does, with the status that was asked for', () => {
    const done = completeTask(task({ status: 'in_progress' }), later, utc);
    expect(editTask(done, { status: 'todo' }, evenLater, utc)).toMatchObject({
      task: { status: 'todo', completed_at: null },
      closed: null,
      counted: null,
    });
  });

  it('lets a task be completed again, at another time', () => {
    const done = completeTask(task(), later, utc);
    const again = completeTask(reopenTask(done, later, utc), at('2026-11-25T01:00:00Z'), utc);
    expect(again.counted).toMatchObject({ completed_at: '2026-11-25T01:00:00.000Z', day: '2026-11-25' });
  });
});

describe('the default order', () => {
  const dates = fc
    .date({ min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true })
    .map((date) => date.toISOString());
  // Few instants, so that they meet: at midnight, in one millisecond, with other offsets.
  const instants = fc.oneof(
    fc.constantFrom('2026-11-24T00:00:00.000Z', '2026-11-24T12:00:00.000Z', '2026-11-25T00:00:00.000Z'),
    dates,
  );
  const withOffset = fc.tuple(instants, fc.integer({ min: -14, max: 14 })).map(([utcInstant, hours]) => {
    const wall = new Date(Date.parse(utcInstant) + hours * 3_600_000).toISOString().replace('Z', '');
    return `${wall}${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}:00`;
  });
  const due = fc.option(
    fc.oneof(
      instants,
      withOffset,
      instants.map((instant) => instant.slice(0, 10)),
    ),
  );
  const placed = fc
    .tuple(fc.uuid(), due, fc.constantFrom(...statuses), instants)
    .map(([id, due_date, status, closedAt]) => editTask(task({ due_date }, noon, id), { status }, at(closedAt), utc));

  /** In words: open before closed; open ones by due date, a day before the instants in it (in UTC); closed ones newest first; then by id. */
  const model = (a: TaskRecord, b: TaskRecord): number => {
    const isClosed = ({ task: { status } }: TaskRecord): number =>
      status === 'done' || status === 'cancelled' ? 1 : 0;
    const dueAt = ({ task: { due_date } }: TaskRecord): number => (due_date ? Date.parse(due_date) : Infinity);
    const isInstant = ({ task: { due_date } }: TaskRecord): number => (due_date?.includes('T') ? 1 : 0);
    const closedAt = ({ task: { updated_at } }: TaskRecord): number => Date.parse(updated_at);
    const byNumber = (x: number, y: number): number => (x === y ? 0 : x < y ? -1 : 1);
    const byPlace = isClosed(a)
      ? byNumber(closedAt(b), closedAt(a))
      : byNumber(dueAt(a), dueAt(b)) || byNumber(isInstant(a), isInstant(b));
    return byNumber(isClosed(a), isClosed(b)) || byPlace || (a.task.id < b.task.id ? -1 : 1);
  };

  it('is that of the state keys, compared as text', () => {
    fc.assert(
      fc.property(fc.uniqueArray(placed, { maxLength: 20, selector: ({ task: { id } }) => id }), (records) => {
        const byKey = records.toSorted((a, b) => (stateKey(a) < stateKey(b) ? -1 : 1));
        expect(byKey.map(stateKey)).toEqual(records.toSorted(model).map(stateKey));
      }),
      { numRuns: 300 },
    );
  });

  it('puts undated tasks last among the open ones', () => {
    const keys = [task({ due_date: '9999-12-31' }), task(), completeTask(task(), later, utc)].map(stateKey);
    expect(keys.toSorted()).toEqual(keys);
  });
});

describe('a task as an item', () => {
  it('comes back as it went', () => {
    for (const status of statuses) {
      const record = editTask(task({ tags: ['a', 'B'], due_date: '2026-11-25' }), { status }, later, utc);
      expect(taskFromItem(structuredClone(itemOfTask(record)))).toEqual(record);
    }
  });

  it('is refused where it is none', () => {
    expect(() => taskFromItem({ ...itemOfTask(task()), status: 'paused' })).toThrow();
    expect(() => taskFromItem({ id: 'x', deleted: true, version: 2 })).toThrow();
  });
});
