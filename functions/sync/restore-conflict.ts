import type { Act, TaskRecord } from '#functions/tasks/task.ts';
import type { UserId } from '#shared/ids.ts';
import { Failure } from '#shared/problems.ts';
import type { Conflict, EditStore, PerformTask } from './edit.ts';

export interface RestoreNeeds {
  readonly edits: EditStore;
  readonly perform: PerformTask;
}

/** What a person may set of a task, and so may set again. */
const settable = [
  'title',
  'description',
  'status',
  'priority',
  'due_date',
  'tags',
  'parent_id',
  'reminders',
  'recurrence',
] as const;

/**
 * Sets the values that an edit has overwritten, and forgets the conflict, in one transaction. Of a task that the edit deleted, a new one is
 * made of them.
 *
 * @throws Failure `not-found` when somebody else has restored it, or the task is gone
 */
export const restoreConflict =
  ({ edits, perform }: RestoreNeeds) =>
  async (owner: UserId, { id, task_id, task_deleted, lost }: Conflict, act: Act): Promise<TaskRecord> => {
    const values = new Map(lost.map((loss) => [loss.field, loss.lost]));
    const data = Object.fromEntries(
      settable.flatMap((field) => (values.has(field) ? [[field, values.get(field)]] : [])),
    );
    const memory = {
      writes: () => edits.forgetConflict(owner, id),
      checkOvertaken: async () => {
        if (!(await edits.conflict(owner, id, act.now)))
          throw new Failure('not-found', 'It has been restored already.');
      },
    };
    const record = task_deleted
      ? await perform(owner, { op: 'create', id: null, data: { title: 'Restored', ...data } }, act, null, memory)
      : await perform(owner, { op: 'update', id: task_id, data }, act, null, memory);
    if (!record) throw new Error('a restored task is there');
    return record;
  };
