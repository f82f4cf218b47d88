import type { UserId } from '#shared/ids.ts';
import { Failure } from '#shared/problems.ts';
import { busy } from '#shared/retry.ts';
import type { Condition, Write } from '#shared/table.ts';
import { ancestorIds } from './path.ts';
import type { TaskStore } from './ports.ts';
import { type Act, type TaskRecord, taskKey } from './task.ts';

/** A parent with everything above it, and the writes that hold only while it is that. */
export interface Ancestry {
  readonly parent: TaskRecord;
  /** The root first, the parent last. */
  readonly chain: readonly TaskRecord[];
  readonly checks: readonly Write[];
}

/**
 * @param known the parent, where it has been read already; `null`: it is not there
 * @throws Failure `not-found` for a parent that is missing; `busy` while its place follows that of a tree that was moved
 */
export const ancestryIn =
  (tasks: Pick<TaskStore, 'get' | 'getAll'>) =>
  async (
    owner: UserId,
    parentId: string | null,
    act: Act,
    known?: TaskRecord | null | undefined,
  ): Promise<Ancestry | null> => {
    if (parentId === null) return null;
    const parent = known === undefined ? await tasks.get(owner, parentId, act.now) : known;
    if (!parent) throw new Failure('not-found', 'There is no such parent.');
    const above = await tasks.getAll(owner, ancestorIds(parent.path), act.now);
    const chain = [...above.flatMap((record) => (record ? [record] : [])), parent];
    // The places of a large tree follow one after the other when it is moved; until then they are not the truth.
    const settled = chain.every(({ task }, index) => task.parent_id === (chain[index - 1]?.task.id ?? null));
    if (!settled) throw busy();
    return { parent, chain, checks: [...chain.slice(0, -1).map(unmovedCheck), ...chain.slice(-1).map(receives)] };
  };

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
export const receives = (parent: TaskRecord): Write => ({
  update: taskKey(parent.task.user_id, parent.task.id),
  change: { add: { below_version: 1 } },
  condition: unmoved(parent),
});
