import { dueDateIn, placeIn, seriesKey } from '#functions/recurrence/series.ts';
import { concurrently } from '#shared/concurrently.ts';
import type { UserId } from '#shared/ids.ts';
import { untilItHolds } from '#shared/retry.ts';
import { type Write, writesPerTransaction } from '#shared/table.ts';
import { receives } from './ancestry.ts';
import { copiesOf } from './copies.ts';
import type { Job, JobStore, TaskStore } from './ports.ts';
import { consequenceOf, type SubtreeAct } from './subtree-act.ts';
import { type Act, type DayRules, editTask, placedInSeries, type TaskFields, type TaskRecord } from './task.ts';
import { creationWrites, type Transition, transitionWrites } from './writes.ts';

/** What follows from an act for other tasks than its own. */
export interface FollowUps {
  readonly transitions: readonly Transition[];
  readonly copies: readonly Copying[];
  /** Series that go with the tasks that go. */
  readonly ends: readonly Write[];
}

/** Tasks to be made below an occurrence, parents before their children. */
export interface Copying {
  readonly next: TaskRecord;
  readonly records: readonly TaskRecord[];
}

type Reads = Pick<TaskStore, 'get' | 'getAll' | 'below' | 'open'>;

/**
 * What is left to be done of acts that have one and the same root: what has been done already is not in it.
 * @param own what the act does itself; it changes no task twice
 * @param made what it makes itself
 * @param most how many occurrences of a series may follow: `many` are not looked at any closer
 */
export const followUps = async (
  tasks: Reads,
  owner: UserId,
  acts: readonly SubtreeAct[],
  own: readonly Transition[],
  made: readonly TaskRecord[],
  most = Number.POSITIVE_INFINITY,
): Promise<FollowUps | 'many'> => {
  const [first] = acts;
  if (!first) return { transitions: [], copies: [], ends: [] };
  const changed = new Set(own.map(({ before }) => before.task.id));
  const [below, others] = await Promise.all([
    tasks.below(owner, first.path),
    Promise.all(acts.map((act) => (act.kind === 'series' ? ofSeries(tasks, owner, act, changed, most) : []))),
  ]);
  const ofOthers: Transition[] = [];
  for (const transitions of others) {
    if (transitions === 'many') return 'many';
    ofOthers.push(...transitions);
  }
  const transitions = transitionsBelow(below, acts, changed);
  const ends = new Set(
    transitions.flatMap(({ before: { task }, after }) => (after === 'gone' && task.series_id ? [task.series_id] : [])),
  );
  const copies = await Promise.all(
    acts.map(async (act) => {
      if (act.kind !== 'copy' || !act.copy) return [];
      const { to_id } = act.copy;
      const next = made.find(({ task }) => task.id === to_id) ?? (await tasks.get(owner, to_id, new Date(act.at)));
      return next ? [{ next, records: copiesOf(below, act, next) }] : [];
    }),
  );
  return {
    transitions: [...transitions, ...ofOthers],
    copies: copies.flat(),
    ends: [...ends].map((id) => ({ delete: seriesKey(owner, id) })),
  };
};

/** What acts do to the tasks below, each task once, and none that the act changes itself. */
const transitionsBelow = (
  below: readonly TaskRecord[],
  consequences: readonly SubtreeAct[],
  changed: ReadonlySet<string>,
): readonly Transition[] =>
  below.flatMap((before) => {
    if (changed.has(before.task.id)) return [];
    const after = consequences.reduce<TaskRecord | 'gone'>((state, consequence) => {
      if (state === 'gone') return state;
      return consequenceOf(consequence)(state) ?? state;
    }, before);
    return after === before ? [] : [{ before, after }];
  });

/** Other open occurrences of a series, from a day on: they go, with all below them, or they change as the first one did. */
const ofSeries = async (
  tasks: Pick<TaskStore, 'open' | 'below'>,
  owner: UserId,
  { at, series, ...days }: SubtreeAct,
  changed: ReadonlySet<string>,
  most: number,
): Promise<readonly Transition[] | 'many'> => {
  if (!series) return [];
  const { id, from, until, edit } = series;
  const concerned = (await tasks.open(owner)).filter(({ task }) => {
    const date = task.occurrence_date ?? '';
    return task.series_id === id && date >= from && (until === undefined || date < until) && !changed.has(task.id);
  });
  if (concerned.length > most) return 'many';
  if (edit === null) {
    const below = await concurrently(concerned, readsAtOnce, ({ path }) => tasks.below(owner, path));
    const all = below.flatMap((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
    return [...concerned, ...all].map((before) => ({ before, after: 'gone' }));
  }
  const act: Act = { now: new Date(at), clientId: null };
  return concerned
    .filter(({ task }) => task.updated_at !== at)
    .map((before) => ({ before, after: followed(before, edit, act, days) }));
};

const readsAtOnce = 10;

type SeriesEdit = NonNullable<NonNullable<SubtreeAct['series']>['edit']>;

const followed = (before: TaskRecord, { fields, place }: SeriesEdit, act: Act, days: DayRules): TaskRecord => {
  const date = before.task.occurrence_date ?? '';
  const retimed = place?.retimed ? { due_date: dueDateIn(place, date) } : {};
  const edited = editTask(before, { ...(fields as Partial<TaskFields>), ...retimed }, act, days);
  if (place === null) return placedInSeries(edited, null);
  const number = (before.occurrenceNumber ?? 1) - place.before;
  return placedInSeries(edited, placeIn({ id: place.series_id, recurrence: place.recurrence }, { date, number }));
};

/** DynamoDB's limits for a transaction: so many writes, and 4 MB, of which some room is left. */
export const fits = (writes: readonly Write[]): boolean =>
  writes.length <= writesPerTransaction && (writes.length < 20 || JSON.stringify(writes).length < 3_000_000);

/** A transaction takes no item twice. */
export const hasTwice = (writes: readonly Write[]): boolean => new Set(writes.map(keyOf)).size < writes.length;

/** The same checks once: of two on one item, the one that also writes. */
export const withoutRepeats = (writes: readonly Write[]): readonly Write[] => {
  const kept = new Map<string, Write>();
  for (const write of writes) {
    const key = keyOf(write);
    if (!kept.has(key) || 'update' in write) kept.set(key, write);
  }
  return [...kept.values()];
};

const keyOf = (write: Write): string => {
  const key =
    'put' in write ? write.put : 'update' in write ? write.update : 'delete' in write ? write.delete : write.check;
  return `${key.pk} ${key.sk}`;
};

/**
 * Does what is left of a job, in transactions as large as may be, until nothing is.
 * @throws Failure `busy` when others are faster every time; the sweep goes on then
 */
export const carryOut =
  ({ tasks, jobs }: { readonly tasks: Reads & Pick<TaskStore, 'commit'>; readonly jobs: JobStore }) =>
  async (job: Job): Promise<void> => {
    const [first] = job.acts;
    if (!first) return jobs.finish(job);
    const act: Act = { now: new Date(first.at), clientId: null };
    await untilItHolds(async () => {
      const left = await followUps(tasks, job.owner, job.acts, [], []);
      if (left === 'many') throw new Error('there is no bound here');
      const { transitions, copies, ends } = left;
      // Before what they are made of goes.
      for (const copying of copies) if (!(await commitCopies(tasks, copying, act))) return false;
      for (const end of ends) await tasks.commit([end]);
      return commitInParts(tasks, transitions, act);
    });
    await jobs.finish(job);
  };

/**
 * Makes what is to be below an occurrence, while that is there and where it is: who takes it back sees all of it, or comes first. What has been
 * made before is left alone: it may be somebody's by now, or deleted.
 * @returns false when the occurrence has moved
 */
const commitCopies = async (
  tasks: Pick<TaskStore, 'get' | 'getAll' | 'commit'>,
  { next, records }: Copying,
  act: Act,
): Promise<boolean> => {
  const { user_id, id } = next.task;
  for (let rest = records; rest.length > 0; ) {
    let size = Math.min(rest.length, 45);
    while (size > 1 && !fits(writesBelow(next, rest.slice(0, size), act))) size = Math.ceil(size / 2);
    const part = rest.slice(0, size);
    rest = rest.slice(size);
    const there = await tasks.getAll(
      user_id,
      part.map(({ task }) => task.id),
      act.now,
    );
    const left = part.filter((_, index) => there[index] === null);
    if (left.length === 0 || (await tasks.commit(writesBelow(next, left, act)))) continue;
    const now = await tasks.get(user_id, id, act.now);
    if (now === null) return true;
    if (now.path !== next.path) return false;
    for (const record of left) await tasks.commit(writesBelow(next, [record], act));
  }
  return true;
};

const writesBelow = (parent: TaskRecord, records: readonly TaskRecord[], act: Act): readonly Write[] => [
  ...records.flatMap((record) => creationWrites(record, act.now)),
  receives(parent),
];

/** Commits transitions in transactions as large as may be. @returns false when one did not hold: those before it stand */
export const commitInParts = async (
  tasks: Pick<TaskStore, 'commit'>,
  transitions: readonly Transition[],
  act: Act,
): Promise<boolean> => {
  for (let rest = transitions; rest.length > 0; ) {
    let size = Math.min(rest.length, 45);
    while (size > 1 && !fits(transitionWrites([], act, rest.slice(0, size)))) size = Math.ceil(size / 2);
    if (!(await tasks.commit(transitionWrites([], act, rest.slice(0, size))))) return false;
    rest = rest.slice(size);
  }
  return true;
};
