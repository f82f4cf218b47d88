import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DueRules, dueNotices, nextNotice } from '#functions/reminders/due-times.ts';
import { type Planning, planReminders, type Reminder, type ReminderDraft } from '#functions/reminders/reminder.ts';

const berlin: DueRules = { timezone: 'Europe/Berlin', day_start: '00:00' };
const taskId = randomUUID();
const now = new Date('2026-11-24T12:00:00Z');

const planning = (more: Partial<Planning> = {}): Planning => ({
  taskId,
  version: 1,
  due_date: '2026-11-26',
  dueChanged: false,
  open: true,
  opened: false,
  now,
  rules: berlin,
  ...more,
});

const ahead = (minutes: number): ReminderDraft => ({ minutes_before: minutes, at: null });
const at = (instant: string): ReminderDraft => ({ minutes_before: null, at: instant });

const planOne = (draft: ReminderDraft, more: Partial<Planning> = {}): Reminder => {
  const [reminder] = planReminders([], [draft], planning(more));
  if (!reminder) throw new Error('a reminder was planned away');
  return reminder;
};

const again = (reminder: Reminder, more: Partial<Planning> = {}): Reminder | undefined =>
  planReminders([reminder], [reminder], planning({ version: 2, ...more }))[0];

const over = (state: Reminder['state']): Reminder => ({
  ...planOne(ahead(60)),
  fires_at: '2026-11-24T11:00:00.000Z',
  state,
});

describe('a reminder', () => {
  it.each([
    ['counts from a due instant', ahead(30), '2026-11-26T18:00:00+01:00', '2026-11-26T16:30:00.000Z'],
    ['counts from 09:00 local on a due date', ahead(0), '2026-11-26', '2026-11-26T08:00:00.000Z'],
    [
      'counts minutes, not wall time: before the clocks go forward',
      ahead(1440),
      '2027-03-28',
      '2027-03-27T07:00:00.000Z',
    ],
    ['is at the morning of the day on which they go back', ahead(0), '2026-10-25', '2026-10-25T08:00:00.000Z'],
    ['is at its instant, whatever is due', at('2026-11-25T10:00:00+05:45'), null, '2026-11-25T04:15:00.000Z'],
    ['stays in the years of four digits', ahead(40_320), '0000-01-01T00:00:00Z', '0000-01-01T00:00:00.000Z'],
  ])('%s', (_, draft, due_date, fires_at) => {
    expect(planOne(draft, { due_date }).fires_at).toBe(fires_at);
  });

  it('waits without a time while its task has no due date', () => {
    expect(planOne(ahead(30), { due_date: null })).toMatchObject({ fires_at: null, state: 'scheduled' });
  });

  it.each([
    ['a moment ago is caught up', '2026-11-24T11:50:00Z', true, 'scheduled'],
    ['a day ago as well', '2026-11-23T12:00:00Z', true, 'scheduled'],
    ['before that has expired', '2026-11-23T11:59:59Z', true, 'expired'],
    ['to come on a closed task is cancelled', '2026-11-25T12:00:00Z', false, 'cancelled'],
  ])('%s', (_, instant, open, state) => {
    expect(planOne(at(instant), { open }).state).toBe(state);
  });
});

describe('planning again', () => {
  it('keeps what says the same, by its id or without', () => {
    const made = planReminders([], [ahead(10), at('2026-11-25T10:00:00Z')], planning());
    expect(planReminders(made, made, planning({ version: 2 }))).toEqual(made);
    expect(planReminders(made, [ahead(10), at('2026-11-25T10:00:00Z')], planning({ version: 2 }))).toEqual(made);
    expect(new Set(made.map(({ id }) => id)).size).toBe(2);
  });

  it('takes an id that a client has made', () => {
    const id = randomUUID();
    expect(planOne({ ...ahead(5), id }).id).toBe(id);
  });

  it('begins anew with what says something else under the same id', () => {
    const sent = over('sent');
    const [changed] = planReminders([sent], [{ id: sent.id, ...ahead(5) }], planning({ version: 2 }));
    expect(changed).toEqual({ id: sent.id, ...ahead(5), fires_at: '2026-11-26T07:55:00.000Z', state: 'scheduled' });
  });

  it.each([
    ['scheduled', { open: false }, 'cancelled'],
    ['sent', { open: false }, 'sent'],
    ['cancelled', { opened: true }, 'scheduled'],
    ['cancelled', { opened: true, due_date: '2026-11-24T12:30:00Z' }, 'cancelled'],
    ['cancelled', {}, 'cancelled'],
    ['sent', { opened: true }, 'sent'],
    ['sent', { dueChanged: true }, 'scheduled'],
    ['failed', { dueChanged: true }, 'scheduled'],
    ['sent', { dueChanged: true, open: false }, 'cancelled'],
    ['sent', { dueChanged: true, due_date: '2026-11-24T12:30:00Z' }, 'sent'],
    ['sent', { dueChanged: true, due_date: null }, 'sent'],
    ['scheduled', { dueChanged: true, due_date: '2026-11-24T12:30:00Z' }, 'scheduled'],
    ['scheduled', { dueChanged: true, due_date: '2026-11-22' }, 'expired'],
    ['sent', { rules: { timezone: 'Pacific/Auckland' } }, 'sent'],
  ] as const)('a %s one with %j is %s', (state, more, expected) => {
    expect(again(over(state), more)?.state).toBe(expected);
  });

  it('follows the zone', () => {
    expect(again(planOne(ahead(0)), { rules: { timezone: 'America/New_York' } })).toMatchObject({
      fires_at: '2026-11-26T14:00:00.000Z',
      state: 'scheduled',
    });
  });
});

/** Every zone with its own surprises. */
const zones = [
  'Europe/Berlin',
  'America/New_York',
  'Pacific/Auckland',
  'America/Santiago',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Asia/Kathmandu',
  'UTC',
];

/** By looking for it: the first minute at which the zone's clocks show 09:00 on that day. */
const morningBySearch = (date: string, timezone: string): number => {
  const shown = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'short' });
  const wanted = `${date} 09:00`;
  const start = Date.parse(`${date}T09:00:00Z`) - 15 * 3_600_000;
  for (let minute = 0; minute < 30 * 60; minute += 15) {
    const instant = start + minute * 60_000;
    if (shown.format(instant) === wanted) return instant;
  }
  throw new Error(`no clock shows ${wanted} in ${timezone}`);
};

describe('times of reminders', () => {
  it('are what the clocks show, in every zone and on every day', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('2012-01-02'), max: new Date('2035-01-01'), noInvalidDate: true }),
        fc.constantFrom(...zones),
        fc.nat(40_320),
        (day, timezone, minutes) => {
          const due_date = day.toISOString().slice(0, 10);
          const { fires_at } = planOne(ahead(minutes), { due_date, rules: { timezone } });
          expect(Date.parse(fires_at ?? '')).toBe(morningBySearch(due_date, timezone) - minutes * 60_000);
        },
      ),
    );
  });
});

describe('mail that preferences ask for', () => {
  const wanting = (task_due_soon: boolean, task_overdue: boolean, more: Partial<DueRules> = {}): DueRules => ({
    ...berlin,
    ...more,
    notifications: { task_due_soon, due_soon_minutes: 60, task_overdue },
  });
  const timesOf = (due: string, rules: DueRules) => dueNotices(due, rules).map(({ at: time }) => time.toISOString());

  it('is none until somebody asks', () => {
    expect(dueNotices('2026-11-26', berlin)).toEqual([]);
    expect(nextNotice('2026-11-26', wanting(false, false), now)).toBeNull();
    expect(nextNotice(null, wanting(true, true), now)).toBeNull();
  });

  it.each([
    ['2026-11-26', {}, ['2026-11-26T07:00:00.000Z', '2026-11-26T23:00:00.000Z']],
    ['2026-11-26', { day_start: '04:00' }, ['2026-11-26T07:00:00.000Z', '2026-11-27T03:00:00.000Z']],
    ['2026-11-26T12:00:00Z', {}, ['2026-11-26T11:00:00.000Z', '2026-11-26T12:00:00.000Z']],
    ['2027-03-27', {}, ['2027-03-27T07:00:00.000Z', '2027-03-27T23:00:00.000Z']],
    ['2027-03-28', {}, ['2027-03-28T06:00:00.000Z', '2027-03-28T22:00:00.000Z']],
  ])('is due for %s with %j at %j', (due, more, times) => {
    expect(timesOf(due, wanting(true, true, more))).toEqual(times);
  });

  it.each([
    ['the first to come', '2026-11-26', '2026-11-26T07:00:00.000Z'],
    ['at once, where it is due soon already', '2026-11-24T12:30:00Z', '2026-11-24T11:30:00.000Z'],
    ['no word of "soon" where it is overdue', '2026-11-24T11:30:00Z', '2026-11-24T11:30:00.000Z'],
    ['nothing where it has been overdue for a day', '2026-11-23T11:30:00Z', undefined],
  ])('comes next: %s', (_, due, expected) => {
    expect(nextNotice(due, wanting(true, true), now)?.toISOString()).toBe(expected);
  });

  it.each(['0000-01-01', '0001-01-01', '9999-12-31', '9999-12-31T23:59:59.999999999-00:00'])(
    'has times in %s',
    (due) => {
      for (const timezone of ['Pacific/Kiritimati', 'America/Adak']) {
        for (const time of timesOf(due, wanting(true, true, { timezone }))) expect(time).toMatch(/^\d{4}-/);
      }
    },
  );
});
