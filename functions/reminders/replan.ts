import { commitInParts } from '#functions/tasks/follow-ups.ts';
import type { TaskStore } from '#functions/tasks/ports.ts';
import { type DayRules, replanTask } from '#functions/tasks/task.ts';
import type { UserId } from '#shared/ids.ts';
import { errorOf, log } from '#shared/log.ts';
import { untilItHolds } from '#shared/retry.ts';
import type { Write } from '#shared/table.ts';
import type { DueRules } from './due-times.ts';

/** Whether a person's tasks are to be looked at again: something changed that times hang on. */
export const needsReplanning = (before: DueRules, after: DueRules): boolean =>
  before.timezone !== after.timezone ||
  before.day_start !== after.day_start ||
  before.notifications?.task_due_soon !== after.notifications?.task_due_soon ||
  before.notifications?.due_soon_minutes !== after.notifications?.due_soon_minutes ||
  before.notifications?.task_overdue !== after.notifications?.task_overdue;

/** Where it waits that a person's tasks are to be planned anew. */
export interface ReplanStore {
  /** To be committed with the new rules. */
  writeOf(owner: UserId, now: Date): Write;
  /** Takes what waits, for a minute. @returns what finishing needs; `null` when somebody else has it, or it is done */
  claim(owner: UserId, now: Date): Promise<string | null>;
  /** Unless the rules have changed again. */
  finish(owner: UserId, claimed: string): Promise<void>;
}

type Tasks = Pick<TaskStore, 'open' | 'keptDays' | 'commit'>;

/** Plans the open tasks anew, in transactions as large as may be. Repeatable: what is planned already is left alone. */
const replanAll = (tasks: Tasks, owner: UserId, rules: DayRules, now: Date, most: number): Promise<true> =>
  untilItHolds<true>(async () => {
    const changed = (await tasks.open(owner)).flatMap((before) => {
      const after = replanTask(before, rules, now);
      return after === before ? [] : [{ before, after }];
    });
    return (await commitInParts(tasks, changed.slice(0, most), { now, clientId: null })) && true;
  });

/** More than nearly everybody has, and done in a second. */
const atOnce = 500;

/**
 * What whoever changes the rules does in the same act, for as many tasks as can be waited for. The rest, and what was written meanwhile by
 * those who still knew the old rules, is the sweep's a minute later: it looks at all of them once more.
 */
export const replanAtOnce =
  ({ tasks }: { readonly tasks: Tasks }) =>
  async (owner: UserId, rules: DayRules, now: Date): Promise<void> => {
    try {
      await replanAll(tasks, owner, rules, now, atOnce);
    } catch (error) {
      log.warn('tasks are planned anew by the sweep', { error: errorOf(error) });
    }
  };

/** The sweep's part. */
export const replanLater =
  ({ tasks, replans }: { readonly tasks: Tasks; readonly replans: ReplanStore }) =>
  async (owner: UserId, now: Date): Promise<void> => {
    const claimed = await replans.claim(owner, now);
    if (claimed === null) return;
    await replanAll(tasks, owner, await tasks.keptDays(owner), now, Number.POSITIVE_INFINITY);
    await replans.finish(owner, claimed);
  };
