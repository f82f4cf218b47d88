import { describe, expect, it } from 'vitest';
import { eventsOf } from '#functions/calendar/event.ts';
import { icalendarOf } from '#functions/calendar/icalendar.ts';
import type { Reminder } from '#functions/reminders/reminder.ts';
import { planned, seriesOf, task } from './planned.ts';
import { eventLinesOf } from './readers.ts';

describe('the events of a series', () => {
  const daily = { recurrence_start_date: '2026-11-27', when_open: 'pile_up' as const };

  it('are one, its latest occurrence, which comes again', () => {
    const series = seriesOf({ ...daily, count: 5 }, 2);
    expect(eventsOf(planned([], [series]))).toMatchObject([
      {
        task: { id: series.latest.task_id },
        start: { date: '2026-11-29' },
        repetition: { rrule: 'FREQ=DAILY;COUNT=3' },
        insteadOf: null,
      },
    ]);
  });

  it('show no date twice where occurrences have piled up', () => {
    const [first, second, third] = [0, 1, 2].map((behind) => seriesOf(daily, behind));
    if (!first || !second || !third) throw new Error('there are three');
    const earlier = [first, second].map((one) => ({ ...task({}, one), series_id: third.id }));
    expect(eventsOf(planned(earlier, [third])).map(({ start, repetition }) => [start, repetition])).toEqual([
      [{ date: '2026-11-27' }, null],
      [{ date: '2026-11-28' }, null],
      [{ date: '2026-11-29' }, { rrule: 'FREQ=DAILY' }],
    ]);
  });

  it('end with what is done, however many are open: the latest is not one of them', () => {
    const [open, series] = [seriesOf({ ...daily, count: 3 }, 1), seriesOf({ ...daily, count: 3 }, 2)];
    const tasks = [{ ...task({}, open), series_id: series.id }];
    expect(eventsOf({ tasks, series: [series] }).map(({ repetition }) => repetition)).toEqual([null]);
  });

  it('are one date at a time, where it is counted from completions', () => {
    const events = eventsOf(planned([], [seriesOf({ ...daily, anchor: 'completion' })]));
    expect(events.map(({ repetition }) => repetition)).toEqual([null]);
  });

  it('go on from the date that passed without a task only when its parent is opened again', () => {
    const series = seriesOf(daily, 3);
    const waiting = { ...task({}, series), occurrence_date: '2026-11-27', due_date: '2026-11-27' };
    expect(eventsOf({ tasks: [waiting], series: [series] })).toMatchObject([
      { start: { date: '2026-11-27' }, repetition: null },
    ]);
  });

  it.each([
    ['another day', '2026-12-05', 'DTSTART;VALUE=DATE:20261205'],
    ['a moment', '2026-12-05T10:00:00+01:00', 'DTSTART:20261205T090000Z'],
  ])('are the plan and what became of this date, where it was moved to %s', (_, due_date, line) => {
    const series = seriesOf(daily);
    const moved = { ...task({}, series), due_date };
    const events = eventsOf({ tasks: [moved], series: [series] });
    expect(events).toMatchObject([
      { start: { date: '2026-11-27' }, repetition: { rrule: 'FREQ=DAILY' }, insteadOf: null },
      { repetition: null, insteadOf: { date: '2026-11-27' } },
    ]);
    const text = icalendarOf(events.slice(1));
    expect(eventLinesOf(text)).toEqual(
      expect.arrayContaining([`UID:${moved.id}`, 'RECURRENCE-ID;VALUE=DATE:20261127', line]),
    );
  });

  it('say the moved date in its zone', () => {
    const series = seriesOf({ recurrence_start_date: '2026-11-27T06:45' });
    const moved = { ...task({}, series), due_date: '2026-11-28' };
    const text = icalendarOf(eventsOf({ tasks: [moved], series: [series] }).slice(1));
    expect(eventLinesOf(text)).toContain('RECURRENCE-ID;TZID=Europe/Berlin:20261127T064500');
  });
});

describe('the alarms of an event', () => {
  const reminder = (said: Partial<Reminder>): Reminder => ({
    id: 'r',
    minutes_before: null,
    at: null,
    fires_at: null,
    state: 'scheduled',
    ...said,
  });

  const triggersOf = (due_date: string, ...reminders: readonly Reminder[]) =>
    icalendarOf(eventsOf(planned([{ ...task({ due_date }), reminders }])))
      .split('\r\n')
      .filter((line) => line.startsWith('TRIGGER'));

  it('come so many minutes before it', () => {
    expect(
      triggersOf('2026-11-27T18:00:00Z', reminder({ minutes_before: 90 }), reminder({ minutes_before: 0 })),
    ).toEqual(['TRIGGER:-PT1H30M', 'TRIGGER:PT0S']);
  });

  it('count from 09:00 on a day', () => {
    expect(
      triggersOf(
        '2026-11-27',
        reminder({ minutes_before: 60 }),
        reminder({ minutes_before: 540 }),
        reminder({ minutes_before: 1440 }),
      ),
    ).toEqual(['TRIGGER:PT8H', 'TRIGGER:PT0S', 'TRIGGER:-PT15H']);
  });

  it('come at a moment', () => {
    expect(triggersOf('2026-11-27', reminder({ at: '2026-11-26T20:00:00+01:00' }))).toEqual([
      'TRIGGER;VALUE=DATE-TIME:20261126T190000Z',
    ]);
  });

  it('stay when the mail is sent, and go when nobody is to be reminded', () => {
    const states = ['sent', 'expired', 'failed', 'cancelled'] as const;
    const all = states.map((state, index) => reminder({ minutes_before: index, state }));
    expect(triggersOf('2026-11-27T18:00:00Z', ...all)).toHaveLength(3);
  });

  it('of a series that was moved are each where they belong', () => {
    const series = seriesOf({});
    const moved = {
      ...task({}, series),
      due_date: '2026-12-05T10:00:00Z',
      reminders: [reminder({ minutes_before: 60 }), reminder({ at: '2026-12-01T10:00:00Z' })],
    };
    expect(eventsOf({ tasks: [moved], series: [series] }).map(({ alarms }) => alarms)).toEqual([
      [{ minutes: 480 }],
      [{ minutes: -60 }, { instant: new Date('2026-12-01T10:00:00Z') }],
    ]);
  });
});
