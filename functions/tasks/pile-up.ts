import { advanced, occurrenceTask, passedOver, piling, seriesWrite } from '#functions/recurrence/series.ts';
import type { UserId } from '#shared/ids.ts';
import { ancestryIn } from './ancestry.ts';
import { carryOut } from './follow-ups.ts';
import type { JobStore, TaskStore } from './ports.ts';
import { copyAct } from './recurring.ts';
import { type Act, isOpen } from './task.ts';
import { creationWrites } from './writes.ts';

export interface PileUpNeeds {
  readonly tasks: TaskStore;
  readonly jobs: JobStore;
  readonly newId: () => string;
}

/** More than half a year of daily tasks; what is left then is made a minute later. */
const mostAtOnce = 200;

/**
 * Makes the occurrences of a series that piles up whose days have begun, each in a transaction with the series' step to it: two who do so at
 * once make each once. What an outage left out is made as well. Below a closed parent, dates pass without a task.
 * @param hasTime asked before each: what is not made is due a minute later as well
 */
export const pileUp =
  ({ tasks, jobs, newId }: PileUpNeeds) =>
  async (owner: UserId, seriesId: string, now: Date, hasTime: () => boolean = () => true): Promise<void> => {
    const act: Act = { now, clientId: null };
    const days = await tasks.keptDays(owner);
    for (let count = 0; count < mostAtOnce && hasTime(); count += 1) {
      const series = await tasks.series(owner, seriesId);
      const due = series && piling(series);
      if (!due || due.at > now) return;
      const latest = await tasks.get(owner, series.latest.task_id, now);
      const ancestry = latest && (await ancestryIn(tasks)(owner, latest.task.parent_id, act));
      if (latest === null) {
        // It went with what it stood below.
        await tasks.commit(seriesWrite(series, null, now));
        return;
      }
      if (ancestry && !isOpen(ancestry.parent.task.status)) {
        await tasks.commit(seriesWrite(series, passedOver(series, due.occurrence), now));
        continue;
      }
      const after = advanced(series, due.occurrence);
      const next = occurrenceTask(after, due.occurrence, { parent: ancestry?.parent ?? null }, act, days);
      const below = await tasks.below(owner, latest.path);
      const job = below.length > 0 ? { id: newId(), owner, acts: [copyAct(latest, next, act, days)] } : null;
      const made = await tasks.commit([
        ...creationWrites(next, now),
        ...seriesWrite(series, after, now),
        ...(ancestry?.checks ?? []),
        ...(job ? [jobs.writeOf(job, now)] : []),
      ]);
      // Whoever overtook has made it.
      if (made && job) await carryOut({ tasks, jobs })(job);
    }
  };
