import type { Recurrence } from '#functions/recurrence/recurrence.ts';
import {
  advanced,
  completed,
  firstDueDate,
  following,
  newSeries,
  occurrenceTask,
  placeIn,
  type Surroundings,
  seriesIdOf,
  seriesWrite,
} from '#functions/recurrence/series.ts';
import { derivedId, type UserId } from '#shared/ids.ts';
import type { Idempotency, VersionCondition } from '#shared/operation.ts';
import { Failure } from '#shared/problems.ts';
import { untilItHolds } from '#shared/retry.ts';
import type { Write } from '#shared/table.ts';
import { ancestryIn } from './ancestry.ts';
import { carryOut, commitInParts, fits, followUps, hasTwice, withoutRepeats } from './follow-ups.ts';
import { ancestorIds, depthOf, isWithin, maxDepth, pathUnder } from './path.ts';
import type { Job, JobStore, TaskStore } from './ports.ts';
import { longestPosition, positionAfter, positionBetween, positionsBetween } from './position.ts';
import { ending, placing, type Scope, type SeriesChange, seriesEffects } from './recurring.ts';
import { type SubtreeAct, subtreeAct } from './subtree-act.ts';
import {
  type Act,
  completeTask,
  type DayRules,
  editTask,
  havingMade,
  isOpen,
  newTask,
  placedInSeries,
  reopenTask,
  type TaskFields,
  type TaskRecord,
  taskKey,
} from './task.ts';
import { creationWrites, type Transition, transitionWrites, unheard } from './writes.ts';

export interface ActNeeds {
  readonly tasks: TaskStore;
  readonly jobs: JobStore;
  readonly newId: () => string;
}

/** Where a task stands among its siblings: behind or before one of them, or behind them all. */
export interface Place {
  readonly after?: string | null;
  readonly before?: string | null;
}

export interface Draft extends Place {
  readonly fields: TaskFields;
  readonly parent_id: string | null;
  readonly recurrence?: Recurrence | null;
}

/** What is changed of a task; what is not there stays. */
export interface Changes {
  readonly fields: Partial<TaskFields>;
  readonly parent_id?: string | null;
  /** The recurrence that is wanted, given the one there is. */
  readonly recurrence?: (before: Recurrence | null) => Recurrence | null;
  /** Of an occurrence: which others change as well. */
  readonly scope?: Scope;
}

/** Something that is to be remembered in the very transaction of an act, and tells whether it is already. */
export interface Memory {
  /** @param before `null` for what is created  @param after `'gone'` for what is deleted */
  writes(before: TaskRecord | null, after: TaskRecord | 'gone'): readonly Write[];
  /** Asked when a transaction did not hold. @throws whatever ends the act */
  checkOvertaken(): Promise<void>;
}

/** What cannot be set without its owner's rules: where their days begin, and what they want to be told when. */
const needRules = ['status', 'due_date', 'reminders'] as const satisfies (keyof TaskFields)[];

/** For acts that count and plan nothing. */
const anyDays: DayRules = { timezone: 'UTC', day_start: '00:00' };

/** What is read at once with the task that an act is about: its owner's rules, or other tasks that the request names. */
type Beside = 'rules' | readonly (string | null | undefined)[];

/** Tasks that have been read, by their ids; `null` for one that is not there. */
type Known = ReadonlyMap<string, TaskRecord | null>;

/** What the API, a batch and offline edits do to tasks. Each throws a `Failure`: `not-found`, `stale-version`, `wrong-state`, … */
export const taskActs = ({ tasks, jobs, newId }: ActNeeds) => {
  const ancestryOf = ancestryIn(tasks);
  const place = placing(tasks);
  const effectsOnSeries = seriesEffects({ tasks, ancestryOf });

  /**
   * Creates a task, once for each `Idempotency-Key`: the id is derived from the key, so that the put that creates it is itself the replay
   * check.
   * @throws Failure `idempotency-key-reused` for another body; `not-found` for a parent that is missing, or when what the key once made has
   * been deleted since; `wrong-state` below the deepest level; `unusable-recurrence`
   */
  const create = (
    owner: UserId,
    draft: Draft,
    act: Act,
    idempotency: Idempotency | null,
    memory?: Memory,
  ): Promise<TaskRecord> =>
    untilItHolds(async () => {
      const id = idempotency ? createdId(owner, idempotency.key) : newId();
      const leansOnOthers = draft.parent_id !== null || anchorOf(draft) !== null;
      if (idempotency && leansOnOthers) {
        // A replay is one also when its parent or its sibling is gone by now.
        const made = await tasks.get(owner, id, act.now);
        if (made && made.requestHash === idempotency.requestHash) {
          await memory?.checkOvertaken();
          return made;
        }
      }
      const [days, ancestry, position] = await Promise.all([
        draft.fields.status === 'done' || draft.fields.due_date !== null || draft.recurrence
          ? tasks.days(owner, act.now)
          : anyDays,
        ancestryOf(owner, draft.parent_id, act),
        placeAmong(owner, draft.parent_id, draft, id, act),
      ]);
      if (ancestry && depthOf(ancestry.parent.path) >= maxDepth) throw tooDeep();
      const { record, writes } = created(owner, id, draft, {
        act,
        days,
        requestHash: idempotency?.requestHash ?? null,
        surroundings: { parent: ancestry?.parent ?? null, ...(position && { position: position.key }) },
      });
      const creation = await tasks.create(record, act, [
        ...writes,
        ...(ancestry?.checks ?? []),
        ...(position?.writes ?? []),
        ...(memory?.writes(null, record) ?? []),
      ]);
      if (creation.outcome !== 'created') await memory?.checkOvertaken();
      if (creation.outcome === 'stale') return false;
      if (creation.outcome === 'created') return record;
      if (creation.requestHash !== record.requestHash) {
        throw reused();
      }
      if (creation.outcome === 'deleted') {
        throw new Failure('not-found', 'This Idempotency-Key made a task that has been deleted since.');
      }
      return creation.record;
    });

  /**
   * Looks whether keys of creations are unused, or were used for the same request: one round trip for up to a hundred.
   * @throws Failure `idempotency-key-reused` for another body
   */
  const expectUnused = async (owner: UserId, keys: readonly (Idempotency | null)[], act: Act): Promise<void> => {
    const used = keys.flatMap((key) => key ?? []);
    const ids = used.map(({ key }) => createdId(owner, key));
    for (const [index, made] of (await tasks.getAll(owner, ids, act.now)).entries()) {
      if (made && made.requestHash !== used[index]?.requestHash) throw reused();
    }
  };

  /** Edits fields, completes or reopens where they say so (with the defaults of those acts), and moves to another parent. */
  const change = async (
    owner: UserId,
    id: string,
    { fields, parent_id, recurrence, scope = 'this' }: Changes,
    act: Act,
    ifMatch: VersionCondition | null,
    memory?: Memory,
  ): Promise<TaskRecord> =>
    perform(
      owner,
      id,
      act,
      ifMatch,
      memory,
      needRules.some((field) => field in fields) || recurrence !== undefined || scope !== 'this' ? 'rules' : [],
      async ({ record, days, known }) => {
        const placed = await place(owner, { fields, recurrence, scope }, { before: record, act, days });
        const moves = parent_id !== undefined && parent_id !== record.task.parent_id;
        const moved = moves ? await moving(owner, record, parent_id, {}, act, known) : null;
        const changed = editTask(record, { ...fields, ...placed.fields, ...moved?.fields }, act, days);
        const edited = placed.place === undefined ? changed : placedInSeries(changed, placed.place);
        const closes = fields.status === 'done' && record.task.status !== 'done';
        const opens = fields.status !== undefined && isOpen(fields.status) && !isOpen(record.task.status);
        // An open task stands under open ones: those above it, where it is then.
        const chain = moved?.chain ?? (opens ? await tasks.getAll(owner, ancestorIds(record.path), act.now) : []);
        const skips = fields.status === 'cancelled' && isOpen(record.task.status) && record.task.series_id !== null;
        const consequences = [
          ...(closes ? [subtreeAct('complete', record, act, days)] : []),
          ...(skips ? [subtreeAct('cancel', record, act, days)] : []),
          ...(opens ? [subtreeAct('reopen', record, act, days)] : []),
          ...(moved?.consequences ?? []),
          ...placed.consequences,
        ];
        const others = opens ? reopenedOf(chain, act, days) : [];
        return {
          after: { ...edited, path: moved?.path ?? record.path },
          others,
          consequences,
          extra: (moved?.writes ?? []).filter((write) => !isCheckOn(write, others)),
          below: moved?.below,
          series: placed.series,
        };
      },
    );

  /** @throws Failure `wrong-state` with `block`, when something below is open */
  const complete = (
    owner: UserId,
    id: string,
    children: 'complete' | 'leave' | 'block',
    act: Act,
    ifMatch: VersionCondition | null,
    memory?: Memory,
  ): Promise<TaskRecord> =>
    perform(owner, id, act, ifMatch, memory, 'rules', async ({ record, days }) => {
      // A done task again changes nothing, below it neither.
      if (record.task.status === 'done') return { after: record, others: [], consequences: [], extra: [] };
      if (children === 'block') {
        const open = (await tasks.below(owner, record.path)).filter(({ task }) => isOpen(task.status)).length;
        if (open > 0) {
          throw new Failure('wrong-state', `${open} tasks below are open.`, { extensions: { open_count: open } });
        }
      }
      const consequences = children === 'complete' ? [subtreeAct('complete', record, act, days)] : [];
      return { after: completeTask(record, act, days), others: [], consequences, extra: [] };
    });

  /** Also reopens exactly what was completed with it, and its completed ancestors: an open task stands under open ones. */
  const reopen = (
    owner: UserId,
    id: string,
    act: Act,
    ifMatch: VersionCondition | null,
    memory?: Memory,
  ): Promise<TaskRecord> =>
    perform(owner, id, act, ifMatch, memory, 'rules', async ({ record, days }) => {
      const after = reopenTask(record, act, days);
      if (after === record) return { after, others: [], consequences: [], extra: [] };
      return {
        after,
        others: reopenedOf(await tasks.getAll(owner, ancestorIds(record.path), act.now), act, days),
        consequences: [subtreeAct('reopen', record, act, days)],
        extra: [],
      };
    });

  /** @param parentId `undefined`: it stays under its parent  @throws Failure `cycle` under itself; `not-found` for a parent or a sibling that is missing */
  const move = (
    owner: UserId,
    id: string,
    parentId: string | null | undefined,
    place: Place,
    act: Act,
    ifMatch: VersionCondition | null,
    memory?: Memory,
  ): Promise<TaskRecord> =>
    perform(owner, id, act, ifMatch, memory, [parentId, anchorOf(place)], async ({ record, days, known }) => {
      const target = parentId === undefined ? record.task.parent_id : parentId;
      const { fields, path, consequences, writes, below } = await moving(owner, record, target, place, act, known);
      return {
        after: { ...editTask(record, fields, act, days), path },
        others: [],
        consequences,
        extra: writes,
        below,
      };
    });

  /**
   * @param children `delete`: they go too; `reparent`: they move up to the grandparent
   * @param scope of an occurrence: it alone, which skips it; it and those behind it; or all that are open
   */
  const remove = async (
    owner: UserId,
    id: string,
    { children, scope = 'this' }: { readonly children: 'delete' | 'reparent'; readonly scope?: Scope },
    act: Act,
    ifMatch: VersionCondition | null,
    memory?: Memory,
  ): Promise<void> => {
    await perform(owner, id, act, ifMatch, memory, [], async ({ record }) => {
      const { series_id } = record.task;
      // Only a series goes on after a deletion: what comes next in it is planned by its owner's rules.
      const [days, series] =
        series_id === null
          ? [anyDays, null]
          : await Promise.all([tasks.days(owner, act.now), tasks.series(owner, series_id)]);
      const ended = series === null || scope === 'this' ? null : ending(series, scope, { before: record, act, days });
      const kept = series === null ? [] : [{ before: series, after: series }];
      const above = record.task.parent_id === null ? null : record.path.slice(0, record.path.lastIndexOf('/'));
      const consequence =
        children === 'delete'
          ? subtreeAct('delete', record, act, days)
          : subtreeAct('lift', record, act, days, {
              ...(above !== null && { newPath: above }),
              parentId: record.task.parent_id,
            });
      return {
        after: 'gone',
        others: [],
        consequences: [consequence, ...(ended?.consequences ?? [])],
        extra: [],
        days,
        series: ended?.series ?? kept,
        // What moves up stays as it is, and needs no copy.
        copies: children === 'delete',
      };
    });
  };

  /**
   * Passes an occurrence over: it is cancelled, with what is open below it.
   * @returns the next occurrence as it was made, or `null` when the series is over; again, the one that was made, as it is by then
   * @throws Failure `wrong-state` for a task that does not recur, and for an occurrence that is done
   */
  const skip = async (
    owner: UserId,
    id: string,
    act: Act,
    ifMatch: VersionCondition | null,
  ): Promise<TaskRecord | null> => {
    // What is answered is the next one.
    const quiet = unheard(act);
    const skipped = await commitAct(owner, id, quiet, ifMatch, undefined, 'rules', async ({ record, days }) => {
      const { series_id, status } = record.task;
      if (series_id === null) throw new Failure('wrong-state', 'The task does not recur: there is nothing to skip to.');
      if (status === 'done') throw new Failure('wrong-state', 'The occurrence is done: it cannot be skipped.');
      const after = status === 'cancelled' ? record : editTask(record, { status: 'cancelled' }, act, days);
      return { after, others: [], consequences: [subtreeAct('cancel', record, act, days)], extra: [] };
    });
    const next = skipped.record.closed?.made ?? null;
    if (next === null) return null;
    return skipped.made.find(({ task }) => task.id === next) ?? tasks.get(owner, next, act.now);
  };

  interface Performance {
    readonly after: TaskRecord | 'gone';
    /** Other tasks that change in the same transaction. */
    readonly others: readonly Transition[];
    /** What follows for everything below. */
    readonly consequences: readonly SubtreeAct[];
    /** Further writes of the same transaction. */
    readonly extra: readonly Write[];
    /** Whether what is below an occurrence is made anew below the next one. */
    readonly copies?: boolean;
    /** What becomes of series, apart from what follows of itself. */
    readonly series?: readonly SeriesChange[];
    /** What is below, where it has been looked at. */
    readonly below?: readonly TaskRecord[] | undefined;
    /** The owner's rules, where only deciding showed that they are needed. */
    readonly days?: DayRules;
  }

  const readWith = async (owner: UserId, id: string, beside: Beside, { now }: Act) => {
    const known = new Map<string, TaskRecord | null>();
    if (beside === 'rules') {
      const read = await tasks.getWithDays(owner, id, now);
      return read && { ...read, known };
    }
    const ids = [...new Set([id, ...beside.flatMap((other) => other ?? [])])];
    const records = ids.length === 1 ? [await tasks.get(owner, id, now)] : await tasks.getAll(owner, ids, now);
    for (const [index, each] of ids.entries()) known.set(each, records[index] ?? null);
    const record = known.get(id);
    return record ? { record, days: anyDays, known } : null;
  };

  /** What has come of an act. */
  interface Outcome {
    /** Its task, as it is then; as it was before, when it is gone. */
    readonly record: TaskRecord;
    /** Occurrences that it made. */
    readonly made: readonly TaskRecord[];
  }

  /** @returns its task, as it is then */
  const perform = async (...asked: Parameters<typeof commitAct>): Promise<TaskRecord> =>
    (await commitAct(...asked)).record;

  /**
   * Reads a task, decides, and commits its change with all that follows below it: in one transaction where that fits, else the task itself
   * with a job for the rest, which is carried out at once, or by the sweep when nobody is left to do it.
   */
  const commitAct = async (
    owner: UserId,
    id: string,
    act: Act,
    ifMatch: VersionCondition | null,
    memory: Memory | undefined,
    beside: Beside,
    decide: (read: { record: TaskRecord; days: DayRules; known: Known }) => Promise<Performance>,
  ): Promise<Outcome> => {
    const commit = async (writes: readonly Write[]): Promise<boolean> => {
      const held = await tasks.commit(writes);
      if (!held) await memory?.checkOvertaken();
      return held;
    };
    const { unfinished, ...outcome } = await untilItHolds(async () => {
      const read = (await readWith(owner, id, beside, act)) ?? missing();
      const before = read.record;
      expectVersion(before, ifMatch);
      const decided = await decide(read);
      const { after, others, extra, series = [], copies = true, days = read.days } = decided;
      const remembered = memory?.writes(before, after) ?? [];
      if (after === before) return (await commit(remembered)) && { record: before, made: [], unfinished: [] };

      const effects = await effectsOnSeries(owner, [{ before, after }, ...others], series, act, days, copies);
      const root = effects.own[0]?.after ?? after;
      const record = root === 'gone' ? before : root;
      const parts = [...Map.groupBy([...effects.consequences, ...decided.consequences], ({ path }) => path).values()];
      const reads = decided.below ? havingLooked(tasks, before.path, decided.below) : tasks;
      const looked = await Promise.all(
        parts.map((acts) => followUps(reads, owner, acts, effects.own, effects.made, mostOccurrences)),
      );
      const follow = looked.flatMap((part) => (part === 'many' ? [] : [part]));
      const [about, beyond] = [effects.own.slice(0, 1), effects.own.slice(1)];
      const more = [...withoutRepeats([...extra, ...effects.writes]), ...remembered];
      const everything = [
        ...transitionWrites(about, act, [...beyond, ...follow.flatMap(({ transitions }) => transitions)]),
        ...follow.flatMap(({ copies }) =>
          copies.flatMap(({ records }) => records.flatMap((copy) => creationWrites(copy, act.now))),
        ),
        ...follow.flatMap(({ ends }) => ends),
        ...more,
      ];
      // What was read at different moments does not fit together: somebody moved something in between.
      if (hasTwice(everything)) return false;
      if (follow.length === looked.length && fits(everything)) {
        return (await commit(everything)) && { record, made: effects.made, unfinished: [] };
      }
      if (others.length > 0 && !fits([...transitionWrites(about, act, beyond), ...more])) {
        // Ancestors with many reminders: each may be opened before what is below it.
        await commitInParts(tasks, others, act);
        return false;
      }
      const unfinished = parts.map((acts): Job => ({ id: newId(), owner, acts }));
      const writes = [
        ...transitionWrites(about, act, beyond),
        ...more,
        ...unfinished.map((job) => jobs.writeOf(job, act.now)),
      ];
      return (await commit(writes)) && { record, made: effects.made, unfinished };
    });
    for (const job of unfinished) await carryOut({ tasks, jobs })(job);
    return outcome;
  };

  /**
   * What a move does to a task's fields, to its place, and to everything below.
   * @param known the new parent and the sibling, where they have been read with the task
   */
  const moving = async (
    owner: UserId,
    record: TaskRecord,
    parentId: string | null,
    place: Place,
    act: Act,
    known: Known,
  ) => {
    const { id, parent_id } = record.task;
    if (parentId === parent_id) {
      // Where it is in the tree it stays, and the write holds only there.
      const position = await placeAmong(owner, parentId, place, id, act, known);
      const fields = { parent_id: parentId, ...(position && { position: position.key }) };
      return { path: record.path, chain: undefined, fields, consequences: [], writes: position?.writes ?? [] };
    }
    const [ancestry, below] = await Promise.all([
      ancestryOf(owner, parentId, act, parentId === null ? null : known.get(parentId)),
      tasks.below(owner, record.path),
    ]);
    // By the truth (who is whose parent) as well as by the index.
    const circular =
      ancestry && (isWithin(ancestry.parent.path, record.path) || ancestry.chain.some(({ task }) => task.id === id));
    if (circular) throw new Failure('cycle', 'A task cannot be moved under itself.');
    const path = pathUnder(ancestry?.parent.path ?? null, id);
    const deeperBy = depthOf(path) - depthOf(record.path);
    if (deeperBy > 0 && [record, ...below].some((moved) => depthOf(moved.path) + deeperBy > maxDepth)) throw tooDeep();
    const position = await placeAmong(owner, parentId, place, id, act, known);
    return {
      path,
      chain: ancestry?.chain ?? [],
      fields: { parent_id: parentId, position: position?.key ?? positionAfter(null, act.now, id) },
      consequences: path === record.path ? [] : [subtreeAct('move', record, act, anyDays, { newPath: path })],
      writes: [...(ancestry?.checks ?? []), ...(position?.writes ?? [])],
      below,
    };
  };

  /**
   * A place behind or before a sibling. Reads the open tasks, among which people sort; where there is no short key left between two
   * neighbours, those around them are spread anew in the same transaction.
   * @returns `null` when no place was asked for: behind them all needs no look
   */
  const placeAmong = async (
    owner: UserId,
    parentId: string | null,
    place: Place,
    id: string,
    act: Act,
    known: Known = new Map(),
  ) => {
    const anchor = anchorOf(place);
    if (anchor === null) return null;
    const anchorRecord = known.has(anchor) ? known.get(anchor) : await tasks.get(owner, anchor, act.now);
    if (!anchorRecord || anchorRecord.task.parent_id !== parentId || anchor === id)
      missing('There is no such sibling.');
    const siblings = (await tasks.open(owner)).filter(({ task }) => task.parent_id === parentId && task.id !== id);
    const all =
      anchorRecord && !siblings.some(({ task }) => task.id === anchor) ? [...siblings, anchorRecord] : siblings;
    const sorted = [...all].sort(byPosition);
    const index = sorted.findIndex(({ task }) => task.id === anchor) + (place.after == null ? 0 : 1);
    const [previous, next] = [sorted[index - 1], sorted[index]];
    if (!next) return { key: positionAfter(previous?.task.position ?? null, act.now, id), writes: [] };
    if ((previous?.task.position ?? '') < next.task.position) {
      const key = positionBetween(previous?.task.position ?? null, next.task.position, id);
      if (key.length <= longestPosition) return { key, writes: [] };
    }
    return spread(sorted, index, act);
  };

  return { create, expectUnused, change, complete, reopen, move, remove, skip };
};

/**
 * A store that does not look again at what is below a place. What has come there since makes the commit fail: whatever takes it along writes
 * all that was seen, each on condition that nothing has been put below it.
 */
const havingLooked = (tasks: TaskStore, path: string, below: readonly TaskRecord[]): TaskStore => ({
  ...tasks,
  below: async (owner, at) => (at === path ? below : tasks.below(owner, at)),
});

interface Creating {
  readonly act: Act;
  readonly days: DayRules;
  readonly requestHash: string | null;
  readonly surroundings: Surroundings;
}

/** A new task, and the series that it begins: which goes on at once where the task is closed from its beginning. */
const created = (
  owner: UserId,
  id: string,
  { fields, recurrence = null }: Draft,
  { act, days, requestHash, surroundings }: Creating,
): { readonly record: TaskRecord; readonly writes: readonly Write[] } => {
  if (recurrence === null) {
    return { record: newTask({ id, owner, fields, requestHash, ...surroundings }, act, days), writes: [] };
  }
  const { due_date, status } = fields;
  const complete = completed(recurrence, { due_date, timezone: days.timezone, now: act.now });
  const series = newSeries(owner, seriesIdOf(id, 1), id, complete, fields);
  const place = placeIn(series, series.latest);
  const dated = { ...fields, due_date: firstDueDate(series, recurrence, due_date) };
  const record = newTask({ id, owner, fields: dated, requestHash, place, ...surroundings }, act, days);
  const occurrence = isOpen(status) ? null : following(series, status === 'done' ? 'done' : 'skipped', act.now);
  if (occurrence === null) return { record, writes: seriesWrite(null, series, act.now) };
  const goingOn = advanced(series, occurrence);
  const { position } = record.task;
  const next = occurrenceTask(goingOn, occurrence, { ...surroundings, position }, unheard(act), days);
  return {
    record: havingMade(record, next.task.id),
    writes: [...seriesWrite(null, goingOn, act.now), ...creationWrites(next, act.now)],
  };
};

/** More of them follow by a job: the end of a series must not wait until all have been looked at. */
const mostOccurrences = 25;

const createdId = (owner: UserId, key: string): string => derivedId('task', owner, key);

const reused = (): Failure =>
  new Failure('idempotency-key-reused', 'This Idempotency-Key came with another body before.');

/** Above a task that is opened again: the completed ones are opened as well, but not what they completed. */
const reopenedOf = (above: readonly (TaskRecord | null)[], act: Act, days: DayRules): readonly Transition[] =>
  above.flatMap((before) => (before?.task.status === 'done' ? [{ before, after: reopenTask(before, act, days) }] : []));

/** What a transaction writes it cannot check, or touch, as well; the write has a condition of its own. */
const isCheckOn = (write: Write, transitions: readonly Transition[]): boolean =>
  transitions.some(({ before }) => {
    const { sk } = taskKey(before.task.user_id, before.task.id);
    return ('check' in write && write.check.sk === sk) || ('update' in write && write.update.sk === sk);
  });

export type TaskActs = ReturnType<typeof taskActs>;

/** Neighbours on each side that are given new places when there is none left between two. */
const spreadNeighbours = 20;

const spread = (sorted: readonly TaskRecord[], index: number, act: Act) => {
  const start = Math.max(0, index - spreadNeighbours);
  const moved = sorted.slice(start, index + spreadNeighbours);
  const low = sorted[start - 1]?.task.position ?? null;
  const high = sorted[index + spreadNeighbours]?.task.position ?? null;
  const places = positionsBetween(low, high, moved.length + 1);
  const gap = index - start;
  const transitions = moved.map((before, at): Transition => {
    const position = places[at < gap ? at : at + 1] ?? '';
    return { before, after: editTask(before, { position }, act, anyDays) };
  });
  return { key: places[gap] ?? '', writes: transitionWrites([], act, transitions) };
};

/** The sibling that a place is said by. */
const anchorOf = ({ after, before }: Place): string | null => after ?? before ?? null;

const byPosition = (a: TaskRecord, b: TaskRecord): number =>
  a.task.position === b.task.position ? (a.task.id < b.task.id ? -1 : 1) : a.task.position < b.task.position ? -1 : 1;

const expectVersion = ({ task }: TaskRecord, ifMatch: VersionCondition | null): void => {
  if (ifMatch && !ifMatch(task.version)) {
    throw new Failure('stale-version', `The task is in version ${task.version} by now.`);
  }
};

const missing = (detail = 'There is no such task.'): never => {
  throw new Failure('not-found', detail);
};

const tooDeep = (): Failure => new Failure('wrong-state', `Tasks are nested ${maxDepth} levels deep at most.`);
