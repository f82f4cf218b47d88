import * as z from 'zod/mini';
import { prefix } from '#blueprint/table.ts';
import { isDueDate } from '#functions/tasks/due-date.ts';
import {
  type Act,
  type DayRules,
  newTask,
  priorities,
  type SeriesPlace,
  type TaskFields,
  type TaskRecord,
} from '#functions/tasks/task.ts';
import { daysAfter, instantOf, isLocalDate, wallClock } from '#shared/days.ts';
import { derivedId, type UserId } from '#shared/ids.ts';
import { type Item, type Key, userKey } from '#shared/item.ts';
import { once } from '#shared/once.ts';
import { absent, atVersion, type Write } from '#shared/table.ts';
import {
  continuedFrom,
  dueDateOf,
  endedBefore,
  firstDateAhead,
  firstOccurrence,
  nextAfterCompletion,
  nextOccurrence,
  type Occurrence,
  occurrenceAfter,
  occurrencesAfter,
  withOffset,
} from './occurrences.ts';
import { type Recurrence, recurrenceSchema } from './recurrence.ts';
import { type Rule, ruleOf } from './rule.ts';

/** What an occurrence begins with: what its series says, whatever was changed of a single one. */
export const templateSchema = once(() =>
  z.object({
    title: z.string(),
    description: z.nullable(z.string()),
    priority: z.enum(priorities),
    tags: z.array(z.string()),
    /** Instants (`at`) are those of the occurrence of `date`; each other one has them as many days later or earlier. */
    reminders: z.array(z.object({ minutes_before: z.nullable(z.number()), at: z.nullable(z.string()) })),
    date: z.string(),
  }),
);
export type Template = z.output<ReturnType<typeof templateSchema>>;

/** The latest occurrence that was made, and its task. */
export interface Latest extends Occurrence {
  readonly task_id: string;
}

/** What makes one task after the other. */
export interface Series {
  readonly id: string;
  readonly owner: UserId;
  /** With everything that was left to be understood: a person who moves does not move what they have planned. */
  readonly recurrence: Recurrence;
  readonly template: Template;
  readonly latest: Latest;
  /** How often its latest occurrence was taken back: what is made again afterwards is another task. */
  readonly taken_back: number;
  readonly version: number;
}

export const latestSchema = once(() => z.object({ date: z.string(), number: z.number(), task_id: z.string() }));

const seriesItem = once(() =>
  z.object({
    id: z.string(),
    recurrence: recurrenceSchema(),
    template: templateSchema(),
    latest: latestSchema(),
    taken_back: z.number(),
    version: z.number(),
  }),
);

export const seriesKey = (owner: UserId, id: string): Key => userKey(owner, `${prefix.series}${id}`);

/** @throws ZodError when the item is no series */
export const seriesFromItem = (owner: UserId, item: Item): Series => ({ owner, ...seriesItem().parse(item) });

/** The rule of a series, or of an occurrence: nothing of it is left out. */
export const ruleOfSeries = (recurrence: Recurrence): Rule =>
  ruleOf(recurrence, { timezone: recurrence.timezone ?? 'UTC', start: recurrence.recurrence_start_date ?? '' });

/**
 * A recurrence with the zone and the start that were left to be understood: the owner's zone; the due date there, or else today.
 * @throws Failure `unusable-recurrence`
 */
export const completed = (
  given: Recurrence,
  { due_date, timezone: ownersZone, now }: { due_date: string | null; timezone: string; now: Date },
): Recurrence => {
  const timezone = given.timezone ?? ownersZone;
  const recurrence = {
    ...given,
    timezone,
    recurrence_start_date:
      given.recurrence_start_date ??
      (due_date === null ? wallClock(now, timezone).date : localStartOf(due_date, timezone)),
  };
  ruleOfSeries(recurrence);
  return recurrence;
};

/** A due date on the clocks of a zone: `2027-03-27`, or `2027-03-27T06:45` where it is an instant. */
export const localStartOf = (due: string, timezone: string): string => {
  if (isLocalDate(due)) return due;
  const { date, time } = wallClock(new Date(due), timezone);
  return `${date}T${time.slice(0, 5)}`;
};

/** With the time of day that a due date has; without one where it is a date. */
export const atTimeOf = (recurrence: Recurrence, due: string): Recurrence => {
  const [date] = (recurrence.recurrence_start_date ?? '').split('T');
  const [, time] = localStartOf(due, recurrence.timezone ?? 'UTC').split('T');
  return { ...recurrence, recurrence_start_date: time === undefined ? `${date}` : `${date}T${time}` };
};

type Templated = Pick<TaskFields, 'title' | 'description' | 'priority' | 'tags' | 'reminders'>;

export const templateOf = (
  { title, description, priority, tags, reminders = [] }: Templated,
  date: string,
): Template => ({
  title,
  description,
  priority,
  tags: [...tags],
  reminders: reminders.map(({ minutes_before, at }) => ({ minutes_before, at })),
  date,
});

/** A series that begins with the first date of its recurrence. @param id of the series @param taskId of its first occurrence */
export const newSeries = (
  owner: UserId,
  id: string,
  taskId: string,
  recurrence: Recurrence,
  fields: Templated,
): Series => {
  const first = firstOccurrence(ruleOfSeries(recurrence));
  const latest = { ...first, task_id: taskId };
  return { id, owner, recurrence, template: templateOf(fields, first.date), latest, taken_back: 0, version: 1 };
};

/** The id of the series that a task begins: once for each version of the task. */
export const seriesIdOf = (taskId: string, version: number): string => derivedId('series', taskId, String(version));

export const placeIn = (
  { id, recurrence }: Pick<Series, 'id' | 'recurrence'>,
  { date, number }: Occurrence,
): SeriesPlace => ({
  series_id: id,
  recurrence,
  date,
  number,
});

export const dueDateIn = ({ recurrence }: Pick<Series, 'recurrence'>, date: string): string =>
  dueDateOf(ruleOfSeries(recurrence), date);

/** When the first occurrence is due: as it was given, where the series begins with what was given. */
export const firstDueDate = (
  series: Pick<Series, 'recurrence' | 'latest'>,
  given: Recurrence,
  due: string | null,
): string => {
  const begins =
    due !== null &&
    given.recurrence_start_date === null &&
    localStartOf(due, series.recurrence.timezone ?? 'UTC').startsWith(series.latest.date);
  return begins ? due : dueDateIn(series, series.latest.date);
};

/** How an occurrence ended: done, or skipped (which is what cancelling or deleting it is). */
export type Ending = 'done' | 'skipped';

/**
 * What follows when the latest occurrence has ended. `wait`: the first date that is still in the future, counted from the day it was done
 * with the anchor `completion`. `pile_up`: the next date, whether it is over or not.
 * @returns `null` when the series is over
 */
export const following = ({ recurrence, latest }: Series, ending: Ending, now: Date): Occurrence | null => {
  const rule = ruleOfSeries(recurrence);
  if (rule.anchor === 'completion' && ending === 'done') {
    return nextAfterCompletion(rule, latest, wallClock(now, rule.timezone).date);
  }
  if (pilesUp(rule)) return occurrenceAfter(rule, latest);
  return nextOccurrence(rule, latest, { notBefore: firstDateAhead(rule, now) });
};

/** What is counted from completions has no date before: there is nothing that could pile up. */
const pilesUp = ({ anchor, when_open }: Pick<Recurrence, 'anchor' | 'when_open'>): boolean =>
  when_open === 'pile_up' && anchor === 'schedule';

/** The next occurrence that the sweep makes, and when: as its day begins. `null`: none, for it waits or is over. */
export const piling = ({ recurrence, latest }: Series): { occurrence: Occurrence; at: Date } | null => {
  if (!pilesUp(recurrence)) return null;
  const rule = ruleOfSeries(recurrence);
  const occurrence = occurrenceAfter(rule, latest);
  return occurrence && { occurrence, at: instantOf(occurrence.date, '00:00', rule.timezone) };
};

/** The id of an occurrence's task: whoever makes it, and however often, makes the same one. */
const occurrenceId = ({ owner, id, taken_back }: Series, { date }: Occurrence): string =>
  derivedId('occurrence', owner, id, date, ...(taken_back > 0 ? [String(taken_back)] : []));

export interface Surroundings {
  readonly parent: TaskRecord | null;
  /** Behind all siblings, unless said otherwise. */
  readonly position?: string;
}

/** An occurrence as a task of its own, open and unchanged. */
export const occurrenceTask = (
  series: Series,
  occurrence: Occurrence,
  { parent, position }: Surroundings,
  act: Act,
  days: DayRules,
): TaskRecord => {
  const { title, description, priority, tags, reminders, date } = series.template;
  const timezone = series.recurrence.timezone ?? 'UTC';
  const fields: TaskFields = {
    title,
    description,
    priority,
    tags,
    status: 'todo',
    due_date: dueDateIn(series, occurrence.date),
    reminders: reminders.map(({ minutes_before, at }) => ({
      minutes_before,
      at: at === null ? null : movedByDays(at, daysBetween(date, occurrence.date), timezone),
    })),
  };
  return newTask(
    {
      id: occurrenceId(series, occurrence),
      owner: series.owner,
      fields,
      requestHash: null,
      parent,
      place: placeIn(series, occurrence),
      ...(position !== undefined && { position }),
    },
    act,
    days,
  );
};

export const advanced = (series: Series, occurrence: Occurrence): Series => ({
  ...series,
  latest: { ...occurrence, task_id: occurrenceId(series, occurrence) },
});

/** A date that is passed over without a task. */
export const passedOver = (series: Series, occurrence: Occurrence): Series => ({
  ...series,
  latest: { ...occurrence, task_id: series.latest.task_id },
});

/** The same series, with an earlier occurrence as its latest: the one behind it is taken back. */
export const retreatedTo = (series: Series, { task, occurrenceNumber }: TaskRecord): Series => ({
  ...series,
  latest: { date: task.occurrence_date ?? series.latest.date, number: occurrenceNumber ?? 1, task_id: task.id },
  taken_back: series.taken_back + 1,
});

/** What becomes of a series, in the transaction of its cause. `null`: it is over. */
export const seriesWrite = (before: Series | null, after: Series | null, now: Date): Write[] => {
  const expected = before === null ? absent(now) : atVersion(before.version);
  if (after === null)
    return before === null ? [] : [{ delete: seriesKey(before.owner, before.id), condition: expected }];
  const { owner, ...item } = after;
  const due = piling(after);
  const version = (before?.version ?? 0) + 1;
  return [
    {
      put: { ...seriesKey(owner, after.id), ...item, version, ...(due && { due_at: due.at.toISOString() }) },
      condition: expected,
    },
  ];
};

/**
 * A series that takes over from another with one of its occurrences.
 * @param recurrence how it goes on; as before, when it is left out
 */
export const splitAt = (
  series: Series,
  { id, date, number }: Occurrence & { readonly id: string },
  recurrence: Recurrence = continuedFrom(ruleOfSeries(series.recurrence), { date, number }),
): Series => ({
  ...series,
  id,
  recurrence,
  latest: { ...series.latest, number: series.latest.number - number + 1 },
});

/** What is left of a series before a day; `null`: nothing that could still be open. */
export const endedAt = (series: Series, date: string): Series | null => {
  if (!pilesUp(series.recurrence)) return null;
  const recurrence = endedBefore(ruleOfSeries(series.recurrence), date);
  return recurrence && { ...series, recurrence };
};

/**
 * The next dates of a task's series, its own first, as it is due by now; fewer when the series is over.
 * @param recurrence of the series; `null` when there is none any more
 */
export const preview = (
  recurrence: Recurrence | null,
  own: Occurrence & { readonly due_date: string | null },
  count: number,
): { occurrence_date: string; due_date: string }[] => {
  const rule = recurrence && ruleOfSeries(recurrence);
  const next = rule ? occurrencesAfter(rule, own, count - 1) : [];
  return [
    { occurrence_date: own.date, due_date: own.due_date ?? (rule ? dueDateOf(rule, own.date) : own.date) },
    ...next.map(({ date }) => ({ occurrence_date: date, due_date: rule ? dueDateOf(rule, date) : date })),
  ];
};

/** What a copy of a subtask begins with: as it is, unchecked, due as many days later as the occurrence it is made for. */
export const freshCopy = (
  source: TaskRecord,
  { id, parent, from, to, timezone }: { id: string; parent: TaskRecord; from: string; to: string; timezone: string },
  act: Act,
  days: DayRules,
): TaskRecord => {
  const { title, description, priority, tags, due_date, reminders, position, user_id } = source.task;
  const moved = (given: string | null): string | null =>
    given === null ? null : movedByDays(given, daysBetween(from, to), timezone);
  const fields: TaskFields = {
    title,
    description,
    priority,
    tags,
    status: 'todo',
    due_date: moved(due_date),
    reminders: reminders.map(({ minutes_before, at }) => ({ minutes_before, at: moved(at) })),
  };
  return newTask({ id, owner: user_id, fields, requestHash: null, parent, position }, act, days);
};

const daysBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 86_400_000;

/** A date or an instant so many days later, at the same time on the clocks of a zone; as it is where that leaves the years. */
const movedByDays = (given: string, days: number, timezone: string): string => {
  if (isLocalDate(given)) return inYears(daysAfter(given, days), given);
  const { date, time } = wallClock(new Date(given), timezone);
  const moved = daysAfter(date, days);
  return isLocalDate(moved) ? inYears(withOffset(instantOf(moved, time, timezone), timezone), given) : given;
};

const inYears = (moved: string, given: string): string => (isDueDate(moved) ? moved : given);
