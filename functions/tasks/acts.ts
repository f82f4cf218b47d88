import { derivedId, type UserId } from '#shared/ids.ts';
import type { Idempotency, VersionCondition } from '#shared/operation.ts';
import { Failure } from '#shared/problems.ts';
import { busy, untilItHolds } from '#shared/retry.ts';
import { type Condition, type Write, writesPerTransaction } from '#shared/table.ts';
import { ancestorIds, depthOf, isWithin, maxDepth, pathUnder } from './path.ts';
import type { Job, JobStore, TaskStore } from './ports.ts';
import { longestPosition, positionAfter, positionBetween, positionsBetween } from './position.ts';
import { consequenceOf, type SubtreeAct, subtreeAct } from './subtree-act.ts';
import {
  type Act,
  completeTask,
  type DayRules,
  editTask,
  isOpen,
  newTask,
  reopenTask,
  type TaskFields,
  type TaskRecord,
  taskKey,
} from './task.ts';
import { type Transition, transitionWrites } from './writes.ts';

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
}

/** What is changed of a task; what is not there stays. */
export interface Changes {
  readonly fields: Partial<TaskFields>;
  readonly parent_id?: string | null;
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

/** What the API, a batch and offline edits do to tasks. Each throws a `Failure`: `not-found`, `stale-version`, `wrong-state`, … */
export const taskActs = ({ tasks, jobs, newId }: ActNeeds) => {
  /**
   * Creates a task, once for each `Idempotency-Key`: the id is derived from the key, so that the put that creates it is itself the replay
   * check.
   * @throws Failure `idempotency-key-reused` for another body; `not-found` for a parent that is missing, or when what the key once made has
   * been deleted since; `wrong-state` below the deepest level
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
      const leansOnOthers = draft.parent_id !== null || (draft.after ?? draft.before ?? null) !== null;
      if (idempotency && leansOnOthers) {
        // A replay is one also when its parent or its sibling is gone by now.
        const made = await tasks.get(owner, id, act.now);
        if (made && made.requestHash === idempotency.requestHash) {
          await memory?.checkOvertaken();
          return made;
        }
      }
      const [days, ancestry, position] = await Promise.all([
        draft.fields.status === 'done' || draft.fields.due_date !== null ? tasks.days(owner, act.now) : anyDays,
        ancestryOf(owner, draft.parent_id, act),
        placeAmong(owner, draft.parent_id, draft, id, act),
      ]);
      if (ancestry && depthOf(ancestry.parent.path) >= maxDepth) throw tooDeep();
      const record = newTask(
        {
          id,
          owner,
          fields: draft.fields,
          requestHash: idempotency?.requestHash ?? null,
          parent: ancestry?.parent ?? null,
          ...(position && { position: position.key }),
        },
        act,
        days,
      );
      const creation = await tasks.create(record, act, [
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
    { fields, parent_id }: Changes,
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
      needRules.some((field) => field in fields),
      async ({ record, days }) => {
        const moves = parent_id !== undefined && parent_id !== record.task.parent_id;
        const moved = moves ? await moving(owner, record, parent_id, {}, act) : null;
        const edited = editTask(record, { ...fields, ...moved?.fields }, act, days);
        const closes = fields.status === 'done' && record.task.status !== 'done';
        const opens = fields.status !== undefined && isOpen(fields.status) && !isOpen(record.task.status);
        // An open task stands under open ones: those above it, where it is then.
        const chain = moved?.chain ?? (opens ? await tasks.getAll(owner, ancestorIds(record.path), act.now) : []);
        const consequences = [
          ...(closes ? [subtreeAct('complete', record, act, days)] : []),
          ...(opens ? [subtreeAct('reopen', record, act, days)] : []),
          ...(moved?.consequences ?? []),
        ];
        const others = opens ? reopenedOf(chain, act, days) : [];
        return {
          after: { ...edited, path: moved?.path ?? record.path },
          others,
          consequences,
          extra: (moved?.writes ?? []).filter((write) => !isCheckOn(write, others)),
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
    perform(owner, id, act, ifMatch, memory, true, async ({ record, days }) => {
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
    perform(owner, id, act, ifMatch, memory, true, async ({ record, days }) => {
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
    perform(owner, id, act, ifMatch, memory, false, async ({ record, days }) => {
      const target = parentId === undefined ? record.task.parent_id : parentId;
      const { fields, path, consequences, writes } = await moving(owner, record, target, place, act);
      return { after: { ...editTask(record, fields, act, days), path }, others: [], consequences, extra: writes };
    });

  /** @param children `delete`: they go too; `reparent`: they move up to the grandparent */
  const remove = async (
    owner: UserId,
    id: string,
    children: 'delete' | 'reparent',
    act: Act,
    ifMatch: VersionCondition | null,
    memory?: Memory,
  ): Promise<void> => {
    await perform(owner, id, act, ifMatch, memory, false, async ({ record, days }) => {
      const above = record.task.parent_id === null ? null : record.path.slice(0, record.path.lastIndexOf('/'));
      const consequence =
        children === 'delete'
          ? subtreeAct('delete', record, act, days)
          : subtreeAct('lift', record, act, days, {
              ...(above !== null && { newPath: above }),
              parentId: record.task.parent_id,
            });
      return { after: 'gone', others: [], consequences: [consequence], extra: [] };
    });
  };

  interface Performance {
    readonly after: TaskRecord | 'gone';
    /** Other tasks that change in the same transaction. */
    readonly others: readonly Transition[];
    /** What follows for everything below. */
    readonly consequences: readonly SubtreeAct[];
    /** Further writes of the same transaction. */
    readonly extra: readonly Write[];
  }

  /**
   * Reads a task, decides, and commits its change with all that follows below it: in one transaction where that fits, else the task itself
   * with a job for the rest, which is carried out at once, or by the sweep when nobody is left to do it.
   */
  const perform = async (
    owner: UserId,
    id: string,
    act: Act,
    ifMatch: VersionCondition | null,
    memory: Memory | undefined,
    needsDays: boolean,
    decide: (read: { record: TaskRecord; days: DayRules }) => Promise<Performance>,
  ): Promise<TaskRecord> => {
    const commit = async (writes: readonly Write[]): Promise<boolean> => {
      const held = await tasks.commit(writes);
      if (!held) await memory?.checkOvertaken();
      return held;
    };
    const { record, unfinished } = await untilItHolds(async () => {
      const read = needsDays
        ? await tasks.getWithDays(owner, id, act.now)
        : { record: await tasks.get(owner, id, act.now), days: anyDays };
      const before = read?.record ?? missing();
      expectVersion(before, ifMatch);
      const { after, others, consequences, extra } = await decide({ record: before, days: read?.days ?? anyDays });
      const remembered = memory?.writes(before, after) ?? [];
      if (after === before) return (await commit(remembered)) && { record: before, unfinished: null };
      const own: Transition[] = [{ before, after }, ...others];
      const below = consequences.length > 0 ? await tasks.below(owner, before.path) : [];
      const following = transitionsBelow(below, consequences, own);
      const result = after === 'gone' ? before : after;

      const everything = [...transitionWrites([...own, ...following], act), ...extra, ...remembered];
      // What was read at different moments does not fit together: somebody moved something in between.
      if (hasTwice(everything)) return false;
      if (fits(everything)) return (await commit(everything)) && { record: result, unfinished: null };
      const unfinished: Job = { id: newId(), owner, acts: consequences };
      const writes = [...transitionWrites(own, act), ...extra, ...remembered, jobs.writeOf(unfinished, act.now)];
      return (await commit(writes)) && { record: result, unfinished };
    });
    if (unfinished) await carryOut({ tasks, jobs })(unfinished);
    return record;
  };

  /** A parent with everything above it, and the conditions under which it is still that. */
  const ancestryOf = async (owner: UserId, parentId: string | null, act: Act) => {
    if (parentId === null) return null;
    const parent = (await tasks.get(owner, parentId, act.now)) ?? missing('There is no such parent.');
    const above = await tasks.getAll(owner, ancestorIds(parent.path), act.now);
    const chain = [...above.flatMap((record) => (record ? [record] : [])), parent];
    // The places of a large tree follow one after the other when it is moved; until then they are not the truth.
    const settled = chain.every(({ task }, index) => task.parent_id === (chain[index - 1]?.task.id ?? null));
    if (!settled) throw busy();
    return { parent, chain, checks: [...chain.slice(0, -1).map(unmovedCheck), ...chain.slice(-1).map(receives)] };
  };

  /** What a move does to a task's fields, to its place, and to everything below. */
  const moving = async (owner: UserId, record: TaskRecord, parentId: string | null, place: Place, act: Act) => {
    const { id } = record.task;
    const ancestry = await ancestryOf(owner, parentId, act);
    // By the truth (who is whose parent) as well as by the index.
    const circular =
      ancestry && (isWithin(ancestry.parent.path, record.path) || ancestry.chain.some(({ task }) => task.id === id));
    if (circular) throw new Failure('cycle', 'A task cannot be moved under itself.');
    const path = pathUnder(ancestry?.parent.path ?? null, id);
    const deeperBy = depthOf(path) - depthOf(record.path);
    // What does not go down cannot go down too far: nothing below needs a look.
    const below = deeperBy > 0 ? await tasks.below(owner, record.path) : [];
    if ([record, ...below].some((moved) => depthOf(moved.path) + deeperBy > maxDepth)) throw tooDeep();
    const position = await placeAmong(owner, parentId, place, id, act);
    return {
      path,
      chain: ancestry?.chain ?? [],
      fields: {
        parent_id: parentId,
        ...(position
          ? { position: position.key }
          : parentId !== record.task.parent_id && { position: positionAfter(null, act.now, id) }),
      },
      consequences: path === record.path ? [] : [subtreeAct('move', record, act, anyDays, { newPath: path })],
      writes: [...(ancestry?.checks ?? []), ...(position?.writes ?? [])],
    };
  };

  /**
   * A place behind or before a sibling. Reads the open tasks, among which people sort; where there is no short key left between two
   * neighbours, those around them are spread anew in the same transaction.
   * @returns `null` when no place was asked for: behind them all needs no look
   */
  const placeAmong = async (owner: UserId, parentId: string | null, { after, before }: Place, id: string, act: Act) => {
    const anchor = after ?? before ?? null;
    if (anchor === null) return null;
    const anchorRecord = await tasks.get(owner, anchor, act.now);
    if (!anchorRecord || anchorRecord.task.parent_id !== parentId || anchor === id)
      missing('There is no such sibling.');
    const siblings = (await tasks.open(owner)).filter(({ task }) => task.parent_id === parentId && task.id !== id);
    const all =
      anchorRecord && !siblings.some(({ task }) => task.id === anchor) ? [...siblings, anchorRecord] : siblings;
    const sorted = [...all].sort(byPosition);
    const index = sorted.findIndex(({ task }) => task.id === anchor) + (after == null ? 0 : 1);
    const [previous, next] = [sorted[index - 1], sorted[index]];
    if (!next) return { key: positionAfter(previous?.task.position ?? null, act.now, id), writes: [] };
    if ((previous?.task.position ?? '') < next.task.position) {
      const key = positionBetween(previous?.task.position ?? null, next.task.position, id);
      if (key.length <= longestPosition) return { key, writes: [] };
    }
    return spread(sorted, index, act);
  };

  return { create, expectUnused, change, complete, reopen, move, remove };
};

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
  return { key: places[gap] ?? '', writes: transitionWrites(transitions, act) };
};

const byPosition = (a: TaskRecord, b: TaskRecord): number =>
  a.task.position === b.task.position ? (a.task.id < b.task.id ? -1 : 1) : a.task.position < b.task.position ? -1 : 1;

/** It is there, and under the same parent: two moves at once cannot make a circle of each other. */
const unmovedCheck = (record: TaskRecord): Write => ({
  check: taskKey(record.task.user_id, record.task.id),
  condition: unmoved(record),
});

const unmoved = ({ task, path }: TaskRecord): Condition => ({
  expression: 'attribute_not_exists(#deleted) AND #parent_id = :parent_id AND #by_path = :by_path',
  names: { '#deleted': 'deleted', '#parent_id': 'parent_id', '#by_path': 'by_path' },
  values: { ':parent_id': task.parent_id, ':by_path': path },
});

/** … and something comes below it: whoever has looked there before looks again. */
const receives = (parent: TaskRecord): Write => ({
  update: taskKey(parent.task.user_id, parent.task.id),
  change: { add: { below_version: 1 } },
  condition: unmoved(parent),
});

/** What acts do to the tasks below, each task once, and none that the act changes itself. */
const transitionsBelow = (
  below: readonly TaskRecord[],
  consequences: readonly SubtreeAct[],
  own: readonly Transition[],
): readonly Transition[] => {
  const changed = new Set(own.map(({ before }) => before.task.id));
  return below.flatMap((before) => {
    if (changed.has(before.task.id)) return [];
    const after = consequences.reduce<TaskRecord | 'gone'>((state, consequence) => {
      if (state === 'gone') return state;
      return consequenceOf(consequence)(state) ?? state;
    }, before);
    return after === before ? [] : [{ before, after }];
  });
};

/** A transaction takes no item twice. */
const hasTwice = (writes: readonly Write[]): boolean => {
  const keys = writes.map((write) => {
    const key =
      'put' in write ? write.put : 'update' in write ? write.update : 'delete' in write ? write.delete : write.check;
    return `${key.pk} ${key.sk}`;
  });
  return new Set(keys).size < keys.length;
};

/** DynamoDB's limits for a transaction: so many writes, and 4 MB, of which some room is left. */
const fits = (writes: readonly Write[]): boolean =>
  writes.length <= writesPerTransaction && (writes.length < 20 || JSON.stringify(writes).length < 3_000_000);

/**
 * Does what is left of a job, in transactions as large as may be, until nothing is.
 * @throws Failure `busy` when others are faster every time; the sweep goes on then
 */
export const carryOut =
  ({ tasks, jobs }: Pick<ActNeeds, 'tasks' | 'jobs'>) =>
  async (job: Job): Promise<void> => {
    const [first] = job.acts;
    if (!first) return jobs.finish(job);
    const act: Act = { now: new Date(first.at), clientId: first.client_id };
    await untilItHolds(async () =>
      commitInParts(tasks, transitionsBelow(await tasks.below(job.owner, first.path), job.acts, []), act),
    );
    await jobs.finish(job);
  };

/** Commits transitions in transactions as large as may be. @returns false when one did not hold: those before it stand */
export const commitInParts = async (
  tasks: Pick<TaskStore, 'commit'>,
  transitions: readonly Transition[],
  act: Act,
): Promise<boolean> => {
  for (let rest = transitions; rest.length > 0; ) {
    let size = Math.min(rest.length, 45);
    while (size > 1 && !fits(transitionWrites(rest.slice(0, size), act))) size = Math.ceil(size / 2);
    if (!(await tasks.commit(transitionWrites(rest.slice(0, size), act)))) return false;
    rest = rest.slice(size);
  }
  return true;
};

const expectVersion = ({ task }: TaskRecord, ifMatch: VersionCondition | null): void => {
  if (ifMatch && !ifMatch(task.version)) {
    throw new Failure('stale-version', `The task is in version ${task.version} by now.`);
  }
};

const missing = (detail = 'There is no such task.'): never => {
  throw new Failure('not-found', detail);
};

const tooDeep = (): Failure => new Failure('wrong-state', `Tasks are nested ${maxDepth} levels deep at most.`);
