import * as z from 'zod/mini';
import { recurrenceSchema } from '#functions/recurrence/recurrence.ts';
import { once } from '#shared/once.ts';
import { isWithin, rebased } from './path.ts';
import { type Act, completeTask, type DayRules, editTask, isOpen, reopenTask, type TaskRecord } from './task.ts';

/**
 * What an act on a task does to everything below it. It says so in full, so that whoever takes it up later, another invocation or the
 * sweep, does the same; and what is done already is left alone, so that it may be taken up any number of times.
 */
export const subtreeActSchema = once(() =>
  z.object({
    /**
     * `delete`: all below goes too. `lift`: the children move up to `parent_id`. `move`: the places below follow the root's.
     * `complete`: what is open is completed with the root. `cancel`: it is cancelled. `reopen`: exactly what was closed with it is reopened.
     * `copy`: all below is made anew, unchecked, below the next occurrence. `series`: other open occurrences of the root's series follow.
     */
    kind: z.enum(['delete', 'lift', 'move', 'complete', 'cancel', 'reopen', 'copy', 'series']),
    root_id: z.string(),
    /** Where the subtree is found: the root's place before the act. */
    path: z.string(),
    /** Where it goes (`move`, `lift`). */
    new_path: z.nullable(z.string()),
    /** Who takes the children (`lift`). */
    parent_id: z.nullable(z.string()),
    at: z.string(),
    timezone: z.string(),
    day_start: z.string(),
    /** The next occurrence (`copy`), and the days of both. */
    copy: z.optional(z.object({ to_id: z.string(), from: z.string(), to: z.string(), timezone: z.string() })),
    /** The series, and the day from which on its occurrences follow (`series`): they go too, or change. */
    series: z.optional(
      z.object({
        id: z.string(),
        from: z.string(),
        /** The day on which they end. */
        until: z.optional(z.string()),
        edit: z.nullable(
          z.object({
            fields: z.record(z.string(), z.unknown()),
            /** Where they belong then; `null`: they do not recur any more. */
            place: z.nullable(
              z.object({
                series_id: z.string(),
                recurrence: recurrenceSchema(),
                before: z.number(),
                retimed: z.boolean(),
              }),
            ),
          }),
        ),
      }),
    ),
    /** Which mail the owner wanted, where the act opens tasks again. */
    notifications: z.optional(
      z.object({ task_due_soon: z.boolean(), due_soon_minutes: z.number(), task_overdue: z.boolean() }),
    ),
  }),
);
export type SubtreeAct = z.output<ReturnType<typeof subtreeActSchema>>;

export const subtreeAct = (
  kind: SubtreeAct['kind'],
  root: TaskRecord,
  { now }: Pick<Act, 'now'>,
  { timezone, day_start, notifications }: DayRules,
  target: {
    readonly newPath?: string;
    readonly parentId?: string | null;
    readonly copy?: SubtreeAct['copy'];
    readonly series?: SubtreeAct['series'];
  } = {},
): SubtreeAct => ({
  kind,
  root_id: root.task.id,
  path: root.path,
  new_path: target.newPath ?? null,
  parent_id: target.parentId ?? null,
  at: now.toISOString(),
  timezone,
  day_start,
  ...(target.copy && { copy: target.copy }),
  ...(target.series && { series: target.series }),
  ...(notifications && {
    notifications: {
      task_due_soon: notifications.task_due_soon,
      due_soon_minutes: notifications.due_soon_minutes,
      task_overdue: notifications.task_overdue,
    },
  }),
});

/** What becomes of a task below the root: its next state, its end, or nothing. */
export const consequenceOf = (act: SubtreeAct): ((below: TaskRecord) => TaskRecord | 'gone' | null) => {
  const who: Act = { now: new Date(act.at), clientId: null };
  const days: DayRules = act;
  return (below) => {
    if (!isWithin(below.path, act.path)) return null;
    switch (act.kind) {
      case 'delete':
        return 'gone';
      case 'complete':
        // What somebody has opened since is not the act's any more.
        return isOpen(below.task.status) && below.task.updated_at <= act.at
          ? completeTask(below, who, days, act.root_id)
          : null;
      case 'cancel':
        return isOpen(below.task.status) && below.task.updated_at <= act.at
          ? editTask(below, { status: 'cancelled' }, who, days, act.root_id)
          : null;
      case 'reopen':
        return below.closed?.with === act.root_id ? reopenTask(below, who, days) : null;
      case 'move':
        return { ...below, path: rebased(below.path, act.path, act.new_path ?? '') };
      case 'lift':
        return lifted(below, act, who, days);
      case 'copy':
      case 'series':
        return null;
    }
  };
};

const lifted = (below: TaskRecord, act: SubtreeAct, who: Act, days: DayRules): TaskRecord => {
  const path =
    act.new_path === null ? below.path.slice(act.path.length + 1) : rebased(below.path, act.path, act.new_path);
  return below.task.parent_id === act.root_id
    ? { ...editTask(below, { parent_id: act.parent_id }, who, days), path }
    : { ...below, path };
};
