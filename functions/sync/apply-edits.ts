import type { Act } from '#functions/tasks/task.ts';
import { resolved } from '#functions/tasks/temporary-ids.ts';
import type { Clock } from '#shared/clock.ts';
import type { UserId } from '#shared/ids.ts';
import { measure } from '#shared/metrics.ts';
import { Failure, type Problem, problemOf } from '#shared/problems.ts';
import { timeLimit } from '#shared/retry.ts';
import { DoneAlready, type Edit, type EditStore, type PerformTask, type Settled, settle } from './edit.ts';

/** What is answered to an edit. `duplicate`: it had been seen before, and this is what became of it then. */
export interface EditResult extends Omit<Settled, 'status' | 'id' | 'version'> {
  readonly status: Settled['status'] | 'duplicate' | 'rejected';
  readonly id: string | null;
  readonly version: number | null;
  readonly problem?: Problem;
}

export interface ApplyNeeds {
  readonly edits: EditStore;
  readonly perform: PerformTask;
  readonly clock: Clock;
}

/**
 * Carries out a device's edits, in their order, each in a transaction of its own together with its result: whatever is sent again is found
 * done. An edit that cannot be carried out is rejected and holds up no other. Fields that only one side has set merge; where both have, the
 * edit that arrives later stands, and the value it has overwritten is kept.
 *
 * @throws Failure `busy`, also when it takes too long: what has been done by then is remembered, and the rest may be sent again
 */
export const applyEdits =
  ({ edits, perform, clock }: ApplyNeeds) =>
  async (owner: UserId, queue: readonly Edit[], act: Act, requestId: string): Promise<readonly EditResult[]> => {
    const expectTime = timeLimit(clock);
    const ids = queue.map(({ edit_id }) => edit_id);
    const seen = new Map(await edits.settled(owner, ids, act.now));
    const made = new Map<string, string>();
    const ownVersions = new Map<string, Set<number>>();
    const results: EditResult[] = [];

    const remember = (edit: Edit, settled: Settled): void => {
      seen.set(edit.edit_id, settled);
      if (edit.temp_id !== undefined) made.set(edit.temp_id, settled.id);
      const own = ownVersions.get(settled.id) ?? new Set();
      ownVersions.set(settled.id, own.add(settled.version));
    };

    for (const edit of queue) {
      const known = seen.get(edit.edit_id);
      if (known) {
        remember(edit, known);
        results.push({ ...known, status: 'duplicate' });
        continue;
      }
      const target = edit.id === undefined ? null : (made.get(edit.id) ?? edit.id);
      try {
        expectTime();
        const settled = await carryOut(edit, target);
        remember(edit, settled);
        results.push(settled);
      } catch (error) {
        if (error instanceof DoneAlready) {
          remember(edit, error.settled);
          results.push({ ...error.settled, status: 'duplicate' });
        } else if (error instanceof Failure && error.type !== 'busy') {
          const problem = problemOf(error, requestId);
          results.push({ edit_id: edit.edit_id, status: 'rejected', id: target, version: null, problem });
        } else throw error;
      }
    }
    const conflicts = results.filter(({ status }) => status === 'conflict').length;
    if (conflicts > 0) await measure({ EditConflicts: conflicts });
    return results;

    async function carryOut(edit: Edit, target: string | null): Promise<Settled> {
      let settled: Settled | undefined;
      await perform(
        owner,
        { op: edit.op, id: target, data: resolved(edit.data ?? {}, made) },
        act,
        // Its id is the edit's: a creation that is sent twice at once is one task.
        edit.op === 'create' ? { key: `edit ${edit.edit_id}`, requestHash: edit.edit_id } : null,
        {
          writes: (before, after) => {
            const own = ownVersions.get(before?.task.id ?? '') ?? new Set();
            settled = settle(edit, before, after, own);
            return edits.writesOf(owner, settled, before, after === 'gone', act.now);
          },
          checkOvertaken: async () => {
            const done = (await edits.settled(owner, [edit.edit_id], act.now)).get(edit.edit_id);
            if (done) throw new DoneAlready(done);
          },
        },
      );
      if (!settled) throw new Error('an edit was carried out and not remembered');
      return settled;
    }
  };
