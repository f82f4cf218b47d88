import { defaultProfile, type Profile } from '#functions/accounts/profile.ts';
import { countsOf, settled } from '#functions/pomodoro/machine.ts';
import { localDay } from '#shared/days.ts';
import type { UserId } from '#shared/ids.ts';
import type { DayCounters, OpenTask, Person, ReportNeeds } from './ports.ts';
import { type AskedRange, type DayRange, datesIn, isWithin, rangeOf, widestRange } from './range.ts';
import { type RankedTag, rankedTags } from './tags.ts';

/** What tags are counted by: tasks that were done, minutes of focus, or tasks that are open now. */
export const bases = ['completed', 'focus', 'open'] as const;

export interface TasksReport extends DayRange {
  readonly timezone: string;
  readonly total: number;
  readonly days: { readonly date: string; readonly count: number }[];
}

export interface PomodorosReport extends DayRange {
  readonly timezone: string;
  readonly total: number;
  readonly focus_minutes: number;
  readonly days: { readonly date: string; readonly count: number; readonly focus_minutes: number }[];
}

export interface TagsReport {
  readonly basis: (typeof bases)[number];
  /** `null`: what is open is so now. */
  readonly from: string | null;
  readonly to: string | null;
  readonly tags: RankedTag[];
}

interface AskedTags extends AskedRange {
  readonly basis: TagsReport['basis'];
  readonly limit: number;
}

/** What a person has done, by their days. Each throws a `Failure`: `invalid-request` for a range that is none. */
export const reportsFrom = ({ reports, clock }: ReportNeeds) => {
  /** Reads what a range may need together with what the range hangs on: it is one round trip. */
  const reading = async <T>(owner: UserId, asked: AskedRange, read: (owner: UserId, range: DayRange) => Promise<T>) => {
    const now = clock.now();
    const widest = widestRange(asked, now);
    const [person, found] = await Promise.all([reports.person(owner), read(owner, widest)]);
    const profile = person.profile ?? defaultProfile(owner);
    const range = rangeOf(asked, localDay(now, profile.timezone, profile.day_start));
    return { now, widest, person, found, profile, range };
  };

  /**
   * What a session counts whose time is over and that nobody has looked at since: that it is so does not hang on who looks. Only then is more
   * read: the counters may be from a moment after somebody did.
   */
  const withUnnoticed = async (
    owner: UserId,
    { now, widest, person, found, profile }: Reading<readonly DayCounters[]>,
  ): Promise<readonly DayCounters[]> => {
    const over = settled(person.session, now, profile);
    const counts = over === person.session ? null : over && countsOf(over);
    if (!over?.day || !counts) return found;
    const { session } = await reports.person(owner);
    const stillUnnoticed = session?.id === over.id && session.version < over.version;
    return stillUnnoticed ? [...found, { date: over.day, completed: 0, ...counts }] : reports.counters(owner, widest);
  };

  const tasksCompleted = async (owner: UserId, asked: AskedRange): Promise<TasksReport> => {
    const { found, profile, range } = await reading(owner, asked, reports.counters);
    const days = datesIn(range).map((date) => ({ date, count: sumOf(found, date, 'completed') }));
    return { timezone: profile.timezone, ...range, total: total(days, 'count'), days };
  };

  const pomodorosCompleted = async (owner: UserId, asked: AskedRange): Promise<PomodorosReport> => {
    const read = await reading(owner, asked, reports.counters);
    const counters = await withUnnoticed(owner, read);
    const days = datesIn(read.range).map((date) => ({
      date,
      count: sumOf(counters, date, 'pomodoros'),
      focus_minutes: minutesOf(sumOf(counters, date, 'focus_seconds')),
    }));
    return {
      timezone: read.profile.timezone,
      ...read.range,
      total: total(days, 'count'),
      focus_minutes: total(days, 'focus_minutes'),
      days,
    };
  };

  const tagsOfCompleted = async (owner: UserId, { limit, ...asked }: AskedTags): Promise<TagsReport> => {
    const { found, range } = await reading(owner, asked, reports.completions);
    const counted = found.filter(({ day }) => isWithin(range, day)).map(({ tags }) => ({ tags, amount: 1 }));
    return { basis: 'completed', ...range, tags: rankedTags(counted, limit) };
  };

  const tagsOfFocus = async (owner: UserId, { limit, ...asked }: AskedTags): Promise<TagsReport> => {
    const { now, person, found, profile, range } = await reading(owner, asked, reports.sessions);
    // The one that was last may be over since the rows were read, or without anybody having noticed.
    const last = settled(person.session, now, profile);
    const sessions = last === null || found.some(({ id }) => id === last.id) ? found : [...found, last];
    const counted = sessions.flatMap((session) => {
      const counts = session.day !== null && isWithin(range, session.day) ? countsOf(session) : null;
      return counts ? [{ tags: session.task_tags, amount: counts.focus_seconds }] : [];
    });
    return { basis: 'focus', ...range, tags: rankedTags(counted, limit, minutesOf) };
  };

  const tagsOfOpen = async (owner: UserId, { limit }: AskedTags): Promise<TagsReport> => {
    const open = (await reports.openTasks(owner)).toSorted(byAge);
    const counted = open.map(({ tags }) => ({ tags, amount: 1 }));
    return { basis: 'open', from: null, to: null, tags: rankedTags(counted, limit) };
  };

  const byBasis = { completed: tagsOfCompleted, focus: tagsOfFocus, open: tagsOfOpen };

  return {
    tasksCompleted,
    pomodorosCompleted,
    frequentTags: (owner: UserId, asked: AskedTags): Promise<TagsReport> => byBasis[asked.basis](owner, asked),
  };
};

interface Reading<T> {
  readonly now: Date;
  readonly widest: DayRange;
  readonly person: Person;
  readonly found: T;
  readonly profile: Profile;
  readonly range: DayRange;
}

/** Whole minutes, the nearest. Of a day, so that the days of a report add up to its total. */
const minutesOf = (seconds: number): number => Math.round(seconds / 60);

const sumOf = (counters: readonly DayCounters[], date: string, of: Exclude<keyof DayCounters, 'date'>): number =>
  counters.reduce((sum, day) => sum + (day.date === date ? day[of] : 0), 0);

const total = <F extends string>(days: readonly Readonly<Record<F, number>>[], of: F): number =>
  days.reduce((sum, day) => sum + day[of], 0);

const byAge = (a: OpenTask, b: OpenTask): number => (`${a.created_at} ${a.id}` < `${b.created_at} ${b.id}` ? -1 : 1);
