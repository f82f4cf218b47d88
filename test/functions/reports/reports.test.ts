import { describe, expect, it } from 'vitest';
import { newSession, settled } from '#functions/pomodoro/machine.ts';
import type { SessionRecord } from '#functions/pomodoro/session.ts';
import type { ReportStore } from '#functions/reports/ports.ts';
import { reportsFrom } from '#functions/reports/reports.ts';
import { userId } from '#shared/ids.ts';

const owner = userId('ada');
const now = new Date('2026-11-24T12:00:00Z');
const days = { timezone: 'UTC', day_start: '00:00' };
const counted = { date: '2026-11-24', completed: 0, pomodoros: 1, focus_seconds: 600 };

const unnoticed = newSession(
  { id: 'a', owner, kind: 'focus', planned_seconds: 600, task: null, requestHash: null },
  null,
  { now: new Date('2026-11-24T11:30:00Z'), clientId: null },
);
const noticed = settled(unnoticed, now, days);

/** A store that answers each look with the next of these. */
const looks = (seats: readonly SessionRecord[], counters: readonly (readonly (typeof counted)[])[]) => {
  const [seatsLeft, countersLeft] = [[...seats], [...counters]];
  const store: ReportStore = {
    person: async () => ({ profile: null, session: seatsLeft.shift() ?? null }),
    counters: async () => countersLeft.shift() ?? [],
    completions: async () => [],
    sessions: async () => [],
    openTasks: async () => [],
  };
  return { report: reportsFrom({ reports: store, clock: { now: () => now } }), countersLeft };
};

describe('a session that has run out', () => {
  it.each([
    ['that somebody had noticed', [noticed], [[counted]]],
    ['that nobody has noticed', [unnoticed, unnoticed], [[]]],
    ['that somebody notices before its counters are read', [unnoticed, noticed], [[counted], [counted]]],
    ['that somebody notices after its counters were read', [unnoticed, noticed], [[], [counted]]],
    [
      'whose seat somebody has taken meanwhile',
      [unnoticed, { ...unnoticed, id: 'b', start_time: now.toISOString(), anchor: now.toISOString() }],
      [[], [counted]],
    ],
  ])('counts once: one %s', async (_, seats, counters) => {
    const { report, countersLeft } = looks(seats, counters);
    expect(await report.pomodorosCompleted(owner, {})).toMatchObject({ total: 1, focus_minutes: 10 });
    expect(countersLeft).toEqual([]);
  });
});
