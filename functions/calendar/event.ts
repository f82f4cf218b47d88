import { dueDateOf } from '#functions/recurrence/occurrences.ts';
import { ruleOfSeries, type Series } from '#functions/recurrence/series.ts';
import type { Task } from '#functions/tasks/task.ts';
import { isLocalDate } from '#shared/days.ts';
import type { Planned } from './link.ts';
import { type Repetition, repetitionFrom } from './repetition.ts';

/** When an event is: a whole day, a moment, or what the clocks of a zone show. */
export type When =
  | { readonly date: string }
  | { readonly instant: Date }
  /** `local`: `2027-03-27T06:45` */
  | { readonly local: string; readonly timezone: string };

/** When a calendar speaks up: so many minutes after the event begins (before, where negative), or at a moment. */
export type Alarm = { readonly minutes: number } | { readonly instant: Date };

/** What a calendar shows of a task. */
export interface CalendarEvent {
  readonly task: Pick<
    Task,
    'id' | 'title' | 'description' | 'priority' | 'tags' | 'version' | 'created_at' | 'updated_at'
  >;
  readonly start: When;
  readonly repetition: Repetition | null;
  /** Which date of the repeating event of the same task this one is instead of. */
  readonly insteadOf: When | null;
  readonly alarms: readonly Alarm[];
}

/**
 * The events of a calendar: one for each task; and the latest occurrence of a series, which every other date comes after, stands for what is
 * to come as well. Where it was moved, there are two: the series as it is planned, and what became of this date.
 */
export const eventsOf = ({ tasks, series }: Planned): readonly CalendarEvent[] => {
  const byLatest = new Map(series.map((one) => [one.latest.task_id, one]));
  return tasks.flatMap((task) => {
    const own = byLatest.get(task.id);
    // Dates below a closed parent pass without a task; the series goes on when the parent is opened again.
    const isCurrent = own?.id === task.series_id && own?.latest.date === task.occurrence_date;
    return own && isCurrent ? eventsOfSeries(task, own) : single(task);
  });
};

const single = (task: Task, insteadOf: When | null = null): readonly CalendarEvent[] => {
  const { due_date } = task;
  if (due_date === null) return [];
  const start = isLocalDate(due_date) ? { date: due_date } : { instant: new Date(due_date) };
  return [{ task, start, repetition: null, insteadOf, alarms: alarmsOf(task, due_date) }];
};

const eventsOfSeries = (task: Task, { recurrence, latest }: Series): readonly CalendarEvent[] => {
  const rule = ruleOfSeries(recurrence);
  const repetition = repetitionFrom(rule, latest);
  if (repetition === null || task.due_date === null) return single(task);
  const planned = dueDateOf(rule, latest.date);
  const start: When =
    rule.start.time === null
      ? { date: latest.date }
      : { local: `${latest.date}T${rule.start.time}`, timezone: rule.timezone };
  if (isSame(task.due_date, planned)) {
    return [{ task, start, repetition, insteadOf: null, alarms: alarmsOf(task, task.due_date) }];
  }
  const alarms = alarmsOf({ reminders: task.reminders.filter(({ at }) => at === null) }, planned);
  return [{ task, start, repetition, insteadOf: null, alarms }, ...single(task, start)];
};

const isSame = (a: string, b: string): boolean =>
  isLocalDate(a) || isLocalDate(b) ? a === b : new Date(a).getTime() === new Date(b).getTime();

/** From a date without a time, reminders count back from 09:00. */
const morningMinutes = 9 * 60;

/** What has been sent stays, so that a calendar does not change because of it, and the next occurrence has it as well. */
const alarmsOf = ({ reminders }: Pick<Task, 'reminders'>, due: string): readonly Alarm[] =>
  reminders
    .filter(({ state }) => state !== 'cancelled')
    .flatMap(({ at, minutes_before }): readonly Alarm[] => {
      if (at !== null) return [{ instant: new Date(at) }];
      if (minutes_before === null) return [];
      return [{ minutes: (isLocalDate(due) ? morningMinutes : 0) - minutes_before }];
    });
