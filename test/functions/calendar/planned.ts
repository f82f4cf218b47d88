import type { Planned } from '#functions/calendar/link.ts';
import { occurrencesAfter } from '#functions/recurrence/occurrences.ts';
import type { Recurrence } from '#functions/recurrence/recurrence.ts';
import { dueDateIn, newSeries, placeIn, ruleOfSeries, type Series } from '#functions/recurrence/series.ts';
import { newTask, type Task, type TaskFields } from '#functions/tasks/task.ts';
import { newId, userId } from '#shared/ids.ts';
import { recurrence } from '../recurrence/recurrences.ts';

const owner = userId('ada');
const act = { now: new Date('2026-11-24T12:00:00Z'), clientId: null };
const days = { timezone: 'Europe/Berlin', day_start: '00:00' };

/** An open task of somebody in Berlin, on 24 November 2026. */
export const task = (fields: Partial<TaskFields> = {}, series?: Series): Task =>
  newTask(
    {
      id: series?.latest.task_id ?? newId(),
      owner,
      fields: {
        title: 'Water the trees',
        description: null,
        status: 'todo',
        priority: 'none',
        due_date: series ? dueDateIn(series, series.latest.date) : '2026-11-27',
        tags: [],
        ...fields,
      },
      requestHash: null,
      ...(series && { place: placeIn(series, series.latest) }),
    },
    act,
    days,
  ).task;

/** A series whose latest occurrence is so many dates behind its first. */
export const seriesOf = (said: Partial<Recurrence>, behind = 0): Series => {
  const whole = recurrence({ timezone: 'Europe/Berlin', recurrence_start_date: '2026-11-27', ...said });
  const template = { title: 'Water the trees', description: null, priority: 'none', tags: [] } as const;
  const series = newSeries(owner, newId(), newId(), whole, template);
  const latest = occurrencesAfter(ruleOfSeries(whole), series.latest, behind).at(-1);
  return { ...series, latest: { ...series.latest, ...latest } };
};

/** What a calendar is made of that holds these, and the current occurrences of these series. */
export const planned = (tasks: readonly Task[], series: readonly Series[] = []): Planned => ({
  tasks: [...tasks, ...series.map((one) => task({}, one))],
  series,
});
