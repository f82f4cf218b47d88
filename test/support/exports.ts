import type { Schemas } from '#client/pomona.ts';
import { continuedFrom } from '#functions/recurrence/occurrences.ts';
import { ruleOfSeries } from '#functions/recurrence/series.ts';

type Export = Schemas['Export'];

/**
 * What two exports must have in common when one was imported to give the other: everything but ids, times, and what the API cannot set.
 * Tasks are known by where they stand in the tree. A series begins with its latest open occurrence: what came before is a plain task.
 */
export const comparable = ({ profile, tasks, series, completions, attachments }: Export) => {
  const index = new Map(tasks.map(({ id }, position) => [id, position]));
  const isOpen = (status: string): boolean => status === 'todo' || status === 'in_progress';
  const open = new Set(tasks.filter(({ status }) => isOpen(status)).map(({ id }) => id));
  const { timezone, day_start, pomodoro, notifications } = profile;
  const goesOn = series.filter(({ latest }) => open.has(latest.task_id));
  return {
    settings: { timezone, day_start, pomodoro, notifications },
    tasks: tasks.map(({ title, description, status, priority, due_date, tags, parent_id, reminders, ...task }) => {
      const carried = goesOn.find(({ latest }) => latest.task_id === task.id);
      return {
        ...{ title, description, status, priority, due_date, tags },
        parent: parent_id === null ? null : index.get(parent_id),
        reminders: reminders
          .filter(({ state }) => state === 'scheduled')
          .map(({ minutes_before, at }) => ({ minutes_before, at })),
        occurrence_date: carried ? task.occurrence_date : null,
      };
    }),
    series: goesOn
      .map(({ recurrence, template: { date: _, ...template }, latest }) => ({
        task: index.get(latest.task_id) ?? -1,
        template,
        date: latest.date,
        recurrence: continuedFrom(ruleOfSeries(recurrence), latest),
      }))
      .toSorted((a, b) => a.task - b.task),
    completions: completions
      .flatMap(({ task_id, tags }) => (index.has(task_id) ? [{ task: index.get(task_id) ?? -1, tags }] : []))
      .toSorted((a, b) => a.task - b.task),
    attachments: attachments
      .filter(({ status }) => status === 'available')
      .map(({ task_id, filename, file_type, size }) => ({ task: index.get(task_id), filename, file_type, size })),
  };
};
