import { countsOf } from '#functions/pomodoro/machine.ts';
import type { SessionRecord } from '#functions/pomodoro/session.ts';
import type { UserId } from '#shared/ids.ts';
import type { Completion, DayCounters, ReportStore } from './ports.ts';
import type { DayRange } from './range.ts';

/** A counter that says something else than the rows it counts. */
export interface Difference {
  readonly date: string;
  readonly counter: Counter;
  readonly counted: number;
  readonly recounted: number;
}

export type Counter = (typeof counters)[number];

const counters = ['completed', 'pomodoros', 'focus_seconds'] as const satisfies (keyof DayCounters)[];

const always: DayRange = { from: '0000-01-01', to: '9999-12-31' };

/**
 * What a person's counters would be, counted anew from the rows of what they have done, where that is something else. Both change in the same
 * transactions, but are not read in one: what differs is looked at again, so that what happens meanwhile is none.
 */
export const recount = async (reports: ReportStore, owner: UserId): Promise<readonly Difference[]> => {
  for (let look = 1; ; look += 1) {
    const [days, completions, sessions] = [
      await reports.counters(owner, always),
      await reports.completions(owner, always),
      await reports.sessions(owner, always),
    ];
    const differences = differencesBetween(days, countedAnew(completions, sessions));
    if (differences.length === 0 || look === looks) return differences;
  }
};

const looks = 3;

/** What days have counted, if everything that was done counts once. */
export const countedAnew = (
  completions: readonly Completion[],
  sessions: readonly SessionRecord[],
): readonly DayCounters[] => [
  ...completions.map(({ day }) => ({ date: day, completed: 1, pomodoros: 0, focus_seconds: 0 })),
  ...sessions.flatMap((session) => {
    const counts = countsOf(session);
    return session.day !== null && counts ? [{ date: session.day, completed: 0, ...counts }] : [];
  }),
];

export const differencesBetween = (
  counted: readonly DayCounters[],
  recounted: readonly DayCounters[],
): readonly Difference[] => {
  const [before, after] = [sumsOf(counted), sumsOf(recounted)];
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((date) =>
    counters
      .map((counter) => ({
        date,
        counter,
        counted: before.get(date)?.[counter] ?? 0,
        recounted: after.get(date)?.[counter] ?? 0,
      }))
      .filter((difference) => difference.counted !== difference.recounted),
  );
};

const sumsOf = (all: readonly DayCounters[]): ReadonlyMap<string, Readonly<Record<Counter, number>>> =>
  new Map(
    [...Map.groupBy(all, ({ date }) => date)].map(([date, days]) => {
      const sum = (counter: Counter): number => days.reduce((total, day) => total + day[counter], 0);
      return [
        date,
        { completed: sum('completed'), pomodoros: sum('pomodoros'), focus_seconds: sum('focus_seconds') },
      ] as const;
    }),
  );
