import { describe, expect, it } from 'vitest';
import { defaultProfile } from '#functions/accounts/profile.ts';
import {
  type Command,
  countsOf,
  type Days,
  moved,
  moves,
  newSession,
  settled,
  statusAfter,
  suggestedNext,
} from '#functions/pomodoro/machine.ts';
import {
  elapsedAt,
  isRunning,
  type Kind,
  kinds,
  type Running,
  type SessionRecord,
  sessionAt,
  toldSession,
} from '#functions/pomodoro/session.ts';
import { secondsAfter } from '#shared/clock.ts';
import { newId, userId } from '#shared/ids.ts';

const owner = userId('ada');
const utc: Days = { timezone: 'UTC', day_start: '00:00' };
const noon = new Date('2026-11-24T12:00:00.000Z');
const later = (seconds: number): Date => secondsAfter(noon, seconds);
const at = (seconds: number, clientId: string | null = null) => ({ now: later(seconds), clientId });

/** A session of 25 minutes that began at noon. */
const session = (kind: Kind = 'focus', last: SessionRecord | null = null, planned_seconds = 1500): Running =>
  running(newSession({ id: newId(), owner, kind, planned_seconds, task: null, requestHash: null }, last, at(0)));

const running = (record: SessionRecord | null): Running => {
  if (!isRunning(record)) throw new Error(`the session is ${record?.status}`);
  return record;
};

const does = (record: SessionRecord, command: Command, seconds: number): SessionRecord => {
  const result = moved(running(record), command, at(seconds), utc);
  if (!result) throw new Error(`${command} was refused`);
  return result;
};

describe('what may be asked of a session', () => {
  it.each([
    ['active', 'pause', 'paused'],
    ['active', 'resume', null],
    ['active', 'complete', 'completed'],
    ['active', 'stop', 'stopped'],
    ['active', 'interrupt', 'active'],
    ['paused', 'pause', null],
    ['paused', 'resume', 'active'],
    ['paused', 'complete', 'completed'],
    ['paused', 'stop', 'stopped'],
    ['paused', 'interrupt', null],
  ] as const)('%s, asked to %s: %s', (from, command, to) => {
    expect(statusAfter(command, from)).toBe(to);
    const before = from === 'active' ? session() : running(does(session(), 'pause', 10));
    const result = moved(before, command, at(20), utc);
    expect(result && [result.status, result.version]).toEqual(to && [to, before.version + 1]);
  });

  it('is nothing else', () => {
    expect(Object.keys(moves)).toEqual(['pause', 'resume', 'complete', 'stop', 'interrupt']);
  });
});

describe('the clock of a session', () => {
  it('runs while it is active, and stands while it is paused', () => {
    const paused = does(session(), 'pause', 600);
    const resumed = does(paused, 'resume', 1000);
    expect(sessionAt(session(), later(600))).toMatchObject({ elapsed_seconds: 600, remaining_seconds: 900 });
    expect(sessionAt(paused, later(999))).toMatchObject({
      elapsed_seconds: 600,
      remaining_seconds: 900,
      ends_at: null,
    });
    expect(sessionAt(resumed, later(1100))).toMatchObject({
      elapsed_seconds: 700,
      remaining_seconds: 800,
      ends_at: later(1900).toISOString(),
    });
  });

  it('loses nothing to pausing a thousand times', () => {
    let record: SessionRecord = session();
    for (let count = 0; count < 1000; count += 1) {
      record = does(record, 'pause', count + 0.999);
      record = does(record, 'resume', count + 1);
    }
    expect(elapsedAt(record, later(1000))).toBe(999_000);
  });

  it('shows whole seconds, rounded down, that add up to what was planned', () => {
    expect(sessionAt(session(), later(59.999))).toMatchObject({ elapsed_seconds: 59, remaining_seconds: 1441 });
  });

  it('stands still when the planned time is over', () => {
    expect(elapsedAt(session(), later(1500))).toBe(1_500_000);
    expect(elapsedAt(session(), later(9999))).toBe(1_500_000);
  });

  it('never runs backwards for a server whose clock is behind', () => {
    expect(elapsedAt(session(), later(-5))).toBe(0);
    expect(elapsedAt(does(session(), 'stop', -5), later(0))).toBe(0);
  });

  it('is told as it stood at its anchor: what arrives late is still true', () => {
    const resumed = does(does(session(), 'pause', 600), 'resume', 1000);
    expect(toldSession(does(resumed, 'interrupt', 1100))).toMatchObject({
      anchor: later(1000).toISOString(),
      elapsed_seconds: 600,
      remaining_seconds: 900,
      ends_at: later(1900).toISOString(),
    });
    expect(toldSession(does(resumed, 'pause', 1100))).toMatchObject({ anchor: null, elapsed_seconds: 700 });
  });
});

describe('a session whose time is over', () => {
  const over = later(1500).toISOString();

  it.each([0, 1, 59, 86_400])('was completed then, noticed %d seconds later', (late) => {
    const completed = settled(session(), later(1500 + late), utc);
    expect(sessionAt(completed, later(9999))).toMatchObject({
      status: 'completed',
      early: false,
      elapsed_seconds: 1500,
      remaining_seconds: 0,
      ends_at: over,
      end_time: over,
      version: 2,
    });
    expect(completed).toMatchObject({ ended_by: 'time', changed_by: null, day: '2026-11-24' });
  });

  it('is not over a millisecond before, nor ever while it is paused', () => {
    const active = session();
    expect(settled(active, later(1499.999), utc)).toBe(active);
    const paused = does(active, 'pause', 1499);
    expect(settled(paused, later(86_400), utc)).toBe(paused);
    expect(settled(null, later(0), utc)).toBeNull();
  });

  it('stays as it is, looked at again', () => {
    const completed = settled(session(), later(1500), utc);
    expect(settled(completed, later(3000), utc)).toBe(completed);
  });

  it('belongs to the day on which it ended, as its owner counts days', () => {
    const late = { timezone: 'Pacific/Auckland', day_start: '04:00' };
    // Noon in UTC is one in the morning there, which is still the day before.
    expect(settled(session(), later(1500), late).day).toBe('2026-11-24');
    expect(settled(session('focus', null, 14_400), later(14_400), late).day).toBe('2026-11-25');
  });
});

describe('what a session counts', () => {
  const counts = (record: SessionRecord) => countsOf(record);

  it('is nothing until it is over', () => {
    expect(counts(session())).toBeNull();
    expect(counts(does(session(), 'pause', 60))).toBeNull();
  });

  it.each([
    ['ran out', settled(session(), later(1500), utc), { pomodoros: 1, focus_seconds: 1500 }],
    ['was completed early', does(session(), 'complete', 600.5), { pomodoros: 0, focus_seconds: 600 }],
    ['was stopped', does(session(), 'stop', 61), { pomodoros: 0, focus_seconds: 61 }],
    ['was stopped in a pause', does(does(session(), 'pause', 61), 'stop', 900), { pomodoros: 0, focus_seconds: 61 }],
  ])('when it %s', (_, record, expected) => {
    expect(counts(record)).toEqual(expected);
  });

  it.each(['short_break', 'long_break'] as const)('is nothing for a %s', (kind) => {
    expect(counts(settled(session(kind), later(1500), utc))).toBeNull();
  });
});

describe('what is suggested next', () => {
  const { pomodoro } = defaultProfile(owner);
  const next = (last: SessionRecord | null, every = 4) => suggestedNext(last, { ...pomodoro, long_break_every: every });
  const finished = (kind: Kind, last: SessionRecord | null) => settled(session(kind, last), later(1500), utc);
  const focused = (times: number, last: SessionRecord | null = null): SessionRecord | null =>
    times === 0 ? last : focused(times - 1, finished('focus', last));

  it.each([
    ['at first', null, { kind: 'focus', planned_seconds: 1500 }],
    ['during focus', session(), { kind: 'short_break', planned_seconds: 300 }],
    ['after focus', focused(1), { kind: 'short_break', planned_seconds: 300 }],
    ['after focus that ended early', does(session(), 'complete', 60), { kind: 'short_break', planned_seconds: 300 }],
    ['after focus that was given up', does(session(), 'stop', 60), { kind: 'focus', planned_seconds: 1500 }],
    ['after a break', finished('short_break', null), { kind: 'focus', planned_seconds: 1500 }],
    ['after four focus sessions', focused(4), { kind: 'long_break', planned_seconds: 900 }],
    ['during the fourth', session('focus', focused(3)), { kind: 'long_break', planned_seconds: 900 }],
  ])('%s', (_, last, expected) => {
    expect(next(last)).toEqual(expected);
  });

  it('is the long break until it is taken, then it takes four again', () => {
    expect(next(focused(5))).toMatchObject({ kind: 'long_break' });
    const rested = finished('long_break', focused(4));
    expect(next(rested)).toMatchObject({ kind: 'focus' });
    expect(next(focused(1, rested))).toMatchObject({ kind: 'short_break' });
    expect(next(focused(4, rested))).toMatchObject({ kind: 'long_break' });
  });

  it('counts over short breaks, and neither what ended early nor what was given up', () => {
    const three = finished('short_break', focused(3));
    expect(next(does(session('focus', three), 'complete', 60))).toMatchObject({ kind: 'short_break' });
    expect(next(focused(1, does(session('focus', three), 'stop', 60)))).toMatchObject({ kind: 'long_break' });
  });

  it('follows the profile', () => {
    expect(next(focused(2), 2)).toMatchObject({ kind: 'long_break' });
    expect(next(focused(1), 1)).toMatchObject({ kind: 'long_break' });
  });

  it('is a kind of session', () => {
    for (const kind of kinds) expect(kinds).toContain(next(finished(kind, null)).kind);
  });
});
