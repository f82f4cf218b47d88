import { freshCopy } from '#functions/recurrence/series.ts';
import { derivedId } from '#shared/ids.ts';
import type { SubtreeAct } from './subtree-act.ts';
import type { TaskRecord } from './task.ts';

/** Everything below a task once more, open and unchanged, below its next occurrence. Copies have ids of their own making. */
export const copiesOf = (
  below: readonly TaskRecord[],
  { root_id, at, copy, ...days }: SubtreeAct,
  next: TaskRecord,
): readonly TaskRecord[] => {
  if (!copy) return [];
  const made = new Map<string, TaskRecord>([[root_id, next]]);
  for (const source of below) {
    const parent = made.get(source.task.parent_id ?? '');
    // Of tasks that recur by themselves, only what they have come to.
    if (!parent || isSuperseded(source, below)) continue;
    const id = derivedId('copy', next.task.id, source.task.id);
    const act = { now: new Date(at), clientId: null };
    made.set(source.task.id, freshCopy(source, { ...copy, id, parent }, act, days));
  }
  made.delete(root_id);
  return [...made.values()];
};

const isSuperseded = ({ task }: TaskRecord, all: readonly TaskRecord[]): boolean =>
  task.series_id !== null &&
  all.some(
    (other) =>
      other.task.series_id === task.series_id && (other.task.occurrence_date ?? '') > (task.occurrence_date ?? ''),
  );
