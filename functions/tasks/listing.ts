import * as z from 'zod/mini';
import { decodeListCursor, encodeCursor } from '#shared/cursors.ts';
import type { UserId } from '#shared/ids.ts';
import { once } from '#shared/once.ts';
import { Failure } from '#shared/problems.ts';
import type { KeyedFilter, StateRange, TaskStore } from './ports.ts';
import { comparatorOf, matcherOf, positionIn, type SortPosition, type TaskFilter, type TaskOrder } from './query.ts';
import { isOpen, stateKey, stateKeys, type TaskRecord } from './task.ts';

export interface ListRequest {
  readonly filter: TaskFilter;
  readonly order: TaskOrder;
  readonly view: 'flat' | 'tree';
  readonly limit: number;
  readonly skip: number;
  readonly cursor: string | null;
}

/** A task in a list, with those below it that are shown in a tree. */
export interface Listed {
  readonly record: TaskRecord;
  readonly children?: readonly Listed[];
}

export interface Listing {
  readonly items: readonly Listed[];
  readonly next_cursor: string | null;
}

/** An answer's size at most, but for its first item. */
const pageBytes = 1024 * 1024;

/**
 * A page of a user's tasks. What it reads stands in docs/queries.md: by default one page by key; sorted, or below a parent, or as a tree,
 * all that the status allows.
 * @throws Failure `invalid-request` for a cursor that is not of this very list
 */
export const listTasks =
  ({ tasks }: { readonly tasks: TaskStore }) =>
  async (owner: UserId, request: ListRequest, now: Date): Promise<Listing> => {
    const { filter, order, view, limit, skip, cursor } = request;
    const list = `tasks ${JSON.stringify([filter, order, view])}`;
    const state = stateOf(filter);
    const needsZone = filter.due_date_start !== null || filter.due_date_end !== null || order?.by === 'due_date';
    const { timezone } = needsZone ? await tasks.days(owner, now) : { timezone: 'UTC' };
    const matches = matcherOf(filter, timezone);

    if (order === null && view === 'flat' && filter.parent_id === null) {
      const after = cursor === null ? null : decodeListCursor(owner, list, placeIn(state), cursor);
      const keyed = { state, matches: ({ task }: TaskRecord) => matches(task), refuses: refusalOf(filter, state) };
      const page = await tasks.page(owner, keyed, { limit, skip, after });
      return {
        items: page.tasks.map((record) => ({ record })),
        next_cursor: page.next === null ? null : encodeCursor(owner, list, page.next),
      };
    }

    const positionOf = ({ task, ...record }: TaskRecord): SortPosition =>
      order === null ? { key: stateKey({ task, ...record }), id: task.id } : positionIn(task, order.by, timezone);
    const compare = comparatorOf(order?.descending ?? false);
    const found = (await readSet(tasks, owner, filter, state, now)).filter(({ task }) => matches(task));
    const shown = view === 'tree' ? await forest(tasks, owner, found, now) : found.map((record) => ({ record }));
    const sorted = sortTree(shown, (a, b) => compare(positionOf(a.record), positionOf(b.record)));

    const after = cursor === null ? null : decodeListCursor(owner, list, sortPosition(), cursor);
    const rest = (
      after === null ? sorted : sorted.filter(({ record }) => compare(after, positionOf(record)) < 0)
    ).slice(skip);
    const items = upToBytes(rest.slice(0, limit));
    const last = items.at(-1);
    const more = last !== undefined && rest.length > items.length;
    return { items, next_cursor: more ? encodeCursor(owner, list, positionOf(last.record)) : null };
  };

const stateOf = ({ status }: TaskFilter): StateRange => {
  if (status === null) return 'any';
  return status === 'open' || isOpen(status) ? 'open' : 'closed';
};

const refusalOf = ({ status, ...rest }: TaskFilter, state: StateRange): KeyedFilter['refuses'] => {
  if (Object.values(rest).some((wanted) => wanted !== null && wanted.length > 0)) return 'most';
  return status === null || (state === 'open' && status === 'open') ? 'nothing' : 'some';
};

/** A place in the index, as it may stand in a cursor: one that is none would be an error to DynamoDB, however well it is made up. */
const placeIn = (state: StateRange) =>
  z.string().check(
    z.regex(stateKeys),
    z.refine((place) => state === 'any' || place.startsWith(state === 'open' ? '1#' : '2#')),
  );

const sortPosition = once(() => z.object({ key: z.union([z.string(), z.number(), z.null()]), id: z.string() }));

const readSet = async (
  tasks: TaskStore,
  owner: UserId,
  { parent_id }: TaskFilter,
  state: StateRange,
  now: Date,
): Promise<readonly TaskRecord[]> => {
  if (parent_id === null) return tasks.all(owner, state);
  const parent = await tasks.get(owner, parent_id, now);
  return parent ? tasks.below(owner, parent.path) : [];
};

interface Node {
  readonly record: TaskRecord;
  readonly children: Node[];
}

/** BatchGetItem takes so many keys. */
const keysPerRead = 100;

/** What was found as trees, with the ancestors that lead to it, found or not. */
const forest = async (
  tasks: TaskStore,
  owner: UserId,
  found: readonly TaskRecord[],
  now: Date,
): Promise<readonly Node[]> => {
  const nodes = new Map<string, Node>(found.map((record) => [record.task.id, { record, children: [] }]));
  const missing = new Set(found.flatMap(({ path }) => path.split('/').filter((id) => !nodes.has(id))));
  const wanted = [...missing];
  for (let start = 0; start < wanted.length; start += keysPerRead) {
    for (const record of await tasks.getAll(owner, wanted.slice(start, start + keysPerRead), now)) {
      if (record) nodes.set(record.task.id, { record, children: [] });
    }
  }
  const roots: Node[] = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(node.record.task.parent_id ?? '');
    if (parent) parent.children.push(node);
    else roots.push(node);
  }
  return roots;
};

type Compare = (a: Listed, b: Listed) => number;

const sortTree = (items: readonly Listed[], compare: Compare): readonly Listed[] =>
  [...items].sort(compare).map(({ record, children }) => ({
    record,
    ...(children && { children: sortTree(children, compare) }),
  }));

const upToBytes = (items: readonly Listed[]): readonly Listed[] => {
  let bytes = 0;
  const fitting = items.findIndex((item, index) => {
    bytes += bytesOf(item);
    return index > 0 && bytes > pageBytes;
  });
  return fitting === -1 ? items : items.slice(0, fitting);
};

/** Lambda answers with 6 MB at most, and a tree may hold more. */
const treeBytes = 4 * 1024 * 1024;

/** @throws Failure `too-large` for a tree that no answer can hold */
const bytesOf = ({ record, children }: Listed): number => {
  const bytes = (children ?? []).reduce(
    (sum, child) => sum + bytesOf(child),
    Buffer.byteLength(JSON.stringify(record.task)),
  );
  if (bytes > treeBytes) {
    throw new Failure(
      'too-large',
      'This tree is larger than an answer can be: list the children of its tasks (parent_id).',
    );
  }
  return bytes;
};

/** Everything below a task, as a tree under it, in their order. @throws Failure `too-large` */
export const nested = (root: TaskRecord, below: readonly TaskRecord[]): Listed => {
  const childrenOf = Map.groupBy(below, ({ task }) => task.parent_id);
  const nodeOf = (record: TaskRecord): Listed => ({
    record,
    children: [...(childrenOf.get(record.task.id) ?? [])]
      .sort((a, b) => (a.task.position < b.task.position ? -1 : 1))
      .map(nodeOf),
  });
  const tree = nodeOf(root);
  bytesOf(tree);
  return tree;
};
