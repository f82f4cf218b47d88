import type { Schemas } from '#client/pomona.ts';
import { continuedFrom } from '#functions/recurrence/occurrences.ts';
import { dueDateIn, ruleOfSeries } from '#functions/recurrence/series.ts';

export type Export = Schemas['Export'];
type Task = Export['tasks'][number];
type Series = Export['series'][number];

/** A task as it is to be made again. */
export interface TaskPlan {
  /** In the file. */
  readonly id: string;
  readonly parent: string | null;
  /** What it is created with. */
  readonly data: Readonly<Record<string, unknown>>;
  /** What it has of its own then, where it is an occurrence that differs from the others. */
  readonly own: Readonly<Record<string, unknown>>;
  readonly closed: 'done' | 'cancelled' | null;
}

export interface Plan {
  readonly settings: Pick<Export['profile'], 'timezone' | 'day_start' | 'pomodoro' | 'notifications'>;
  /** Each behind the one above it. */
  readonly tasks: readonly TaskPlan[];
  /** In the order in which they were. */
  readonly closing: readonly TaskPlan[];
  readonly files: Export['attachments'];
  /** What the API cannot make again, and what becomes of it. */
  readonly remarks: readonly string[];
}

/** @throws Error when it is no export of this version */
export const readPomona = (text: string): Export => {
  const document: Partial<Export> | null = JSON.parse(text);
  if (document?.format !== 'pomona-export') throw new Error('This is not Pomona’s export: `GET /me/export` gives one.');
  if (document.version !== 1) throw new Error(`This export is of version ${document.version}: I know version 1.`);
  return document as Export;
};

/** What a client has to do to make an account like the one that was exported. @param now links that are over by then are no links */
export const planOf = (document: Export, now: Date): Plan => {
  const { profile, tasks, attachments } = document;
  const closed = tasks.filter(({ status }) => status === 'done' || status === 'cancelled');
  const files = attachments.filter(
    ({ status, file_url_expires_at }) => status === 'available' && new Date(file_url_expires_at ?? 0) > now,
  );
  const carriers = new Map(document.series.flatMap((series): [string, Series][] => [[series.latest.task_id, series]]));
  const plans = tasks.map((task) => planOfTask(task, isOpen(task) ? carriers.get(task.id) : undefined));
  const byId = new Map(plans.map((plan) => [plan.id, plan]));
  return {
    settings: {
      timezone: profile.timezone,
      day_start: profile.day_start,
      pomodoro: profile.pomodoro,
      notifications: profile.notifications,
    },
    tasks: plans,
    closing: closed.toSorted((a, b) => (closedAt(a) < closedAt(b) ? -1 : 1)).flatMap(({ id }) => byId.get(id) ?? []),
    files,
    remarks: remarksOn(document, carriers, files.length),
  };
};

const isOpen = ({ status }: Task): boolean => status === 'todo' || status === 'in_progress';

const closedAt = ({ completed_at, updated_at }: Task): string => completed_at ?? updated_at;

/** @param series which it is the latest occurrence of, and goes on with */
const planOfTask = (task: Task, series: Series | undefined): TaskPlan => {
  const { id, parent_id, title, description, priority, due_date, tags } = task;
  const reminders = task.reminders.flatMap(stillToBeSent);
  const plain = {
    title,
    description,
    priority,
    tags,
    due_date,
    reminders,
    status: isOpen(task) ? task.status : 'todo',
  };
  const closed = task.status === 'done' || task.status === 'cancelled' ? task.status : null;
  if (!series) return { id, parent: parent_id, data: plain, own: {}, closed };

  const recurrence = goingOn(series);
  const { template } = series;
  const common = {
    title: template.title,
    description: template.description,
    priority: template.priority,
    tags: template.tags,
    due_date: dueDateIn(series, series.latest.date),
    // One at a fixed time is another time for each occurrence.
    reminders: template.reminders.filter(({ at }) => at === null),
    status: 'todo',
  };
  const own = Object.entries(plain).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(common[name as keyof typeof common]),
  );
  return { id, parent: parent_id, data: { ...common, recurrence }, own: Object.fromEntries(own), closed };
};

/** A series as one that begins with its latest occurrence: its dates from then on are the same. */
export const goingOn = ({ recurrence, latest }: Pick<Series, 'recurrence' | 'latest'>): Series['recurrence'] =>
  continuedFrom(ruleOfSeries(recurrence), latest);

/** What was sent is not sent again. */
const stillToBeSent = ({ state, minutes_before, at }: Task['reminders'][number]) =>
  state === 'scheduled' ? [{ minutes_before, at }] : [];

const remarksOn = (
  { tasks, series, completions, pomodoro_sessions, attachments, conflicts }: Export,
  carriers: ReadonlyMap<string, Series>,
  files: number,
): readonly string[] => {
  const ids = new Set(tasks.map(({ id }) => id));
  const open = new Set(tasks.filter(isOpen).map(({ id }) => id));
  const count = (things: readonly unknown[], what: string): string[] =>
    things.length === 0 ? [] : [`${things.length} ${what}`];
  return [
    ...count(
      tasks.filter(({ id, series_id }) => series_id !== null && !(carriers.has(id) && open.has(id))),
      'earlier occurrences of recurring tasks are plain tasks now',
    ),
    ...count(
      series.filter(({ latest }) => !open.has(latest.task_id)),
      'series without an open task do not go on',
    ),
    ...count(
      tasks.flatMap(({ reminders }) => reminders.filter(({ state }) => state !== 'scheduled')),
      'reminders that were sent, or never will be, are left out',
    ),
    ...count(
      tasks.filter(({ status }) => status === 'done'),
      'tasks are done once more: reports count them today',
    ),
    ...count(
      completions.filter(({ task_id }) => !ids.has(task_id)),
      'completions of deleted tasks are left out',
    ),
    ...count(
      series.flatMap(({ template }) => template.reminders.filter(({ at }) => at !== null)),
      'reminders of recurring tasks at a fixed time are only of the occurrence that is open',
    ),
    ...count(pomodoro_sessions, 'Pomodoro sessions are left out: the server alone keeps that time'),
    ...count(conflicts, 'overwritten values are left out'),
    ...(attachments.length > files
      ? [`${attachments.length - files} files are left out: they never arrived, or their links have run out`]
      : []),
  ];
};
