import * as z from 'zod/mini';
import type { Memory } from '#functions/tasks/acts.ts';
import type { Act, Task, TaskRecord } from '#functions/tasks/task.ts';
import type { UserId } from '#shared/ids.ts';
import { once } from '#shared/once.ts';
import type { Idempotency } from '#shared/operation.ts';

export const editOps = ['create', 'update', 'delete', 'complete', 'reopen', 'move'] as const;

/** What a device did while it was offline, in its own order. */
export const editSchema = once(() =>
  z
    .strictObject({
      /** The device's own name for the edit: the same one again is the same edit. */
      edit_id: z.string().check(z.regex(/^[\x21-\x7e]{1,64}$/, 'must be 1 to 64 visible ASCII characters')),
      entity: z.literal('task'),
      op: z.enum(editOps),
      /** A task's id, or an earlier edit's `temp_id`. */
      id: z.optional(z.string().check(z.maxLength(64))),
      temp_id: z.optional(z.string().check(z.minLength(1), z.maxLength(64))),
      /** The version that the device had when it edited; without one, whatever is there now. */
      base_version: z.optional(z.int().check(z.minimum(0))),
      data: z.optional(z.record(z.string(), z.unknown())),
    })
    .register(z.globalRegistry, { id: 'Edit' }),
);
export type Edit = z.output<ReturnType<typeof editSchema>>;

/** A value that two sides have set: `kept` stands, `lost` was there before it. */
export const lossSchema = once(() => z.object({ field: z.string(), kept: z.unknown(), lost: z.unknown() }));
export type Loss = z.output<ReturnType<typeof lossSchema>>;

/** What became of an edit; what is remembered of it for 30 days. */
export const settledSchema = once(() =>
  z.object({
    edit_id: z.string(),
    status: z.enum(['applied', 'merged', 'conflict']),
    id: z.string(),
    version: z.number(),
    lost: z.optional(z.array(lossSchema())),
  }),
);
export type Settled = z.output<ReturnType<typeof settledSchema>>;

/** Values that an edit has overwritten, until somebody restores them or 30 days are over. */
export const conflictSchema = once(() =>
  z
    .object({
      id: z.string(),
      task_id: z.string(),
      edit_id: z.string(),
      at: z.string(),
      /** Whether the edit has deleted the task; then `lost` holds what others had set of it meanwhile. */
      task_deleted: z.boolean(),
      lost: z.array(lossSchema()),
    })
    .register(z.globalRegistry, { id: 'Conflict' }),
);
export type Conflict = z.output<ReturnType<typeof conflictSchema>>;

/** Versions of a task that this device's own edits have made: what they set is nobody else's. */
export type OwnVersions = ReadonlySet<number>;

/**
 * What an edit met: nobody else's writes since its base, writes of other fields, or of its own. Fields on both sides are in `lost`, unless
 * both wanted the same.
 */
export const settle = (
  { edit_id, op, base_version, data = {} }: Edit,
  before: TaskRecord | null,
  after: TaskRecord | 'gone',
  own: OwnVersions,
): Settled => {
  if (before === null) {
    const { id, version } = (after as TaskRecord).task;
    return { edit_id, status: 'applied', id, version };
  }
  const { task, fieldVersions } = before;
  const version = after === 'gone' ? task.version + 1 : after.task.version;
  const base = base_version ?? task.version;
  const isTheirs = (written: number): boolean => written > base && !own.has(written);
  const others = Array.from({ length: Math.max(0, task.version - base) }, (_, index) => base + 1 + index).some(
    isTheirs,
  );
  const settled = { edit_id, id: task.id, version };
  if (!others) return { ...settled, status: 'applied' };

  const touched = op === 'delete' ? Object.keys(fieldVersions) : fieldsOf(op, data);
  const lost = touched.flatMap((field): Loss[] => {
    if (!isTheirs(fieldVersions[field] ?? 0)) return [];
    const theirs = fieldOf(task, field);
    const ours = after === 'gone' ? null : fieldOf(after.task, field);
    return JSON.stringify(theirs) === JSON.stringify(ours) ? [] : [{ field, kept: ours, lost: theirs }];
  });
  return lost.length === 0 ? { ...settled, status: 'merged' } : { ...settled, status: 'conflict', lost };
};

const fieldsOf = (op: Edit['op'], data: Readonly<Record<string, unknown>>): readonly string[] => {
  switch (op) {
    case 'complete':
    case 'reopen':
      return ['status'];
    case 'move':
      return ['parent_id', 'position'];
    default:
      return Object.keys(data);
  }
};

const fieldOf = (task: Task, field: string): unknown =>
  Object.entries(task).find(([name]) => name === field)?.[1] ?? null;

/** Does to a task what an edit asks for; `memory` is written in the same transaction. */
export type PerformTask = (
  owner: UserId,
  request: { readonly op: Edit['op']; readonly id: string | null; readonly data: Readonly<Record<string, unknown>> },
  act: Act,
  idempotency: Idempotency | null,
  memory: Memory,
) => Promise<TaskRecord | null>;

/** Where results of edits and lost values are kept. */
export interface EditStore {
  /** What became of edits that were seen before. */
  settled(owner: UserId, editIds: readonly string[], now: Date): Promise<ReadonlyMap<string, Settled>>;
  /** The writes that remember a result, and what it has overwritten. */
  writesOf(
    owner: UserId,
    settled: Settled,
    before: TaskRecord | null,
    deleted: boolean,
    now: Date,
  ): ReturnType<Memory['writes']>;
  conflicts(
    owner: UserId,
    page: { readonly limit: number; readonly after: string | null },
    now: Date,
  ): Promise<{
    readonly items: readonly Conflict[];
    readonly next: string | null;
  }>;
  conflict(owner: UserId, id: string, now: Date): Promise<Conflict | null>;
  forgetConflict(owner: UserId, id: string): ReturnType<Memory['writes']>;
}

/** Ends an act whose edit somebody else has carried out meanwhile. */
export class DoneAlready extends Error {
  readonly settled: Settled;
  constructor(settled: Settled) {
    super('the edit has been carried out already');
    this.settled = settled;
  }
}
