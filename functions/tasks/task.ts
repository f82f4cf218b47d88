import * as z from 'zod/mini';
import { prefix } from '#blueprint/table.ts';
import { type Recurrence, recurrenceSchema } from '#functions/recurrence/recurrence.ts';
import { type DueRules, nextNotice } from '#functions/reminders/due-times.ts';
import {
  planReminders,
  type Reminder,
  type ReminderDraft,
  type ReminderState,
  reminderSchema,
  sameReminders,
} from '#functions/reminders/reminder.ts';
import { localDay } from '#shared/days.ts';
import { type UserId, userId } from '#shared/ids.ts';
import { type Item, type Key, userKey } from '#shared/item.ts';
import { once } from '#shared/once.ts';
import { dueKey } from './due-date.ts';
import { pathUnder } from './path.ts';
import { positionAt } from './position.ts';
import { foldTag } from './tags.ts';

export const openStatuses = ['todo', 'in_progress'] as const;
export const closedStatuses = ['done', 'cancelled'] as const;
export const statuses = [...openStatuses, ...closedStatuses] as const;
export const priorities = ['none', 'low', 'medium', 'high', 'urgent'] as const;

export type Status = (typeof statuses)[number];
export type OpenStatus = (typeof openStatuses)[number];
export type Priority = (typeof priorities)[number];

export const isOpen = (status: Status): status is OpenStatus => status === 'todo' || status === 'in_progress';

/** What a client decides about a task. */
export interface TaskFields {
  readonly title: string;
  readonly description: string | null;
  readonly status: Status;
  readonly priority: Priority;
  /** A date (`2026-11-23`) or an instant with its offset, as it was given. */
  readonly due_date: string | null;
  readonly tags: readonly string[];
  /** None, unless it says so. */
  readonly reminders?: readonly ReminderDraft[];
}

/** A task as it goes over the wire and lies in the table. */
export interface Task extends TaskFields {
  readonly id: string;
  readonly user_id: UserId;
  readonly parent_id: string | null;
  /** Sorts among siblings, as text. */
  readonly position: string;
  /** How it recurs: what its series says, with the zone and the start that were left to be understood. */
  readonly recurrence: Recurrence | null;
  /** Of which it is an occurrence. */
  readonly series_id: string | null;
  /** The day in its series that it stands for, whenever it may be due by now. */
  readonly occurrence_date: string | null;
  readonly reminders: readonly Reminder[];
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly completed_at: string | null;
}

/** What is kept beside a task and never leaves: the memory that undoing, merging and replays need. */
export interface TaskRecord {
  readonly task: Task;
  /** Field → the version that last set it: what merging offline edits compares. */
  readonly fieldVersions: Readonly<Record<string, number>>;
  readonly closed: Closed | null;
  /** Which occurrence of its series it is, from 1: what COUNT limits. */
  readonly occurrenceNumber: number | null;
  /** Its place in the tree: `<root>/<…>/<id>`. An index: `parent_id` is the truth. */
  readonly path: string;
  /** How often something was put below it: an act on all below holds only if nothing came since it looked. */
  readonly belowVersion: number;
  /** What completing it counted, so that undoing undoes exactly that. */
  readonly counted: Counted | null;
  /** When the sweep looks whether a mail is due that preferences ask for. Nothing that devices see: it changes without a new version. */
  readonly noticeAt: Date | null;
  /** The device that wrote this version; its own socket is spared the echo. */
  readonly changedBy: string | null;
  /** Hash of the creating request, where it came with an Idempotency-Key. */
  readonly requestHash: string | null;
}

export interface Closed {
  /** When it was done or cancelled. */
  readonly at: string;
  /** The open status it had before. */
  readonly from: OpenStatus;
  /** The task whose closing closed it in the same act. */
  readonly with: string | null;
  /** The next occurrence that was made in the same act. */
  readonly made: string | null;
}

/** A task's place in its series. */
export interface SeriesPlace {
  readonly series_id: string;
  readonly recurrence: Recurrence;
  /** `YYYY-MM-DD` */
  readonly date: string;
  readonly number: number;
}

/** One completion in the reports: the user's day, and the tags (folded) it had. */
export interface Counted {
  readonly completed_at: string;
  readonly day: string;
  readonly tags: readonly string[];
}

/** Where a person's days begin, and which mail they want before or after a task is due. */
export type DayRules = DueRules;

/** What came of creating a task under an id that may have been used before. */
export type Creation =
  | { readonly outcome: 'created' }
  | { readonly outcome: 'exists'; readonly record: TaskRecord; readonly requestHash: string | null }
  | { readonly outcome: 'deleted'; readonly requestHash: string | null }
  /** Nothing was made: something else was no longer what had been read. */
  | { readonly outcome: 'stale' };

/** Who changes a task, and when. */
export interface Act {
  readonly now: Date;
  readonly clientId: string | null;
}

/** What a new task is made of. */
export interface NewTask {
  readonly id: string;
  readonly owner: UserId;
  readonly fields: TaskFields;
  readonly requestHash: string | null;
  /** `null`: a root. */
  readonly parent?: TaskRecord | null;
  /** Behind all siblings, unless said otherwise. */
  readonly position?: string;
  /** Where it is an occurrence. */
  readonly place?: SeriesPlace | null;
}

export const newTask = (
  { id, owner, fields, requestHash, parent = null, position, place = null }: NewTask,
  act: Act,
  days: DayRules,
): TaskRecord => {
  const at = act.now.toISOString();
  const { reminders = [], ...others } = fields;
  const opened: TaskRecord = {
    task: {
      id,
      user_id: owner,
      ...others,
      status: isOpen(fields.status) ? fields.status : 'todo',
      parent_id: parent?.task.id ?? null,
      position: position ?? positionAt(act.now, id),
      recurrence: place?.recurrence ?? null,
      series_id: place?.series_id ?? null,
      occurrence_date: place?.date ?? null,
      reminders: [],
      version: 1,
      created_at: at,
      updated_at: at,
      completed_at: null,
    },
    fieldVersions: Object.fromEntries([...editable, 'recurrence', 'parent_id', 'position'].map((field) => [field, 1])),
    closed: null,
    occurrenceNumber: place?.number ?? null,
    path: pathUnder(parent?.path ?? null, id),
    belowVersion: 0,
    counted: null,
    noticeAt: null,
    changedBy: act.clientId,
    requestHash,
  };
  return withPlans(null, withStatus(opened, fields.status, act, days), reminders, act, days);
};

const editable = [
  'title',
  'description',
  'status',
  'priority',
  'due_date',
  'tags',
  'reminders',
] as const satisfies (keyof TaskFields)[];

/**
 * The next version of a task, with some of its fields set. Setting `done` completes it and leaving `done` reopens it, counts included.
 * Every edit is a new version, also one that sets what was there already: the caller has seen it and says so.
 */
export const editTask = (
  before: TaskRecord,
  changes: Partial<TaskFields & Pick<Task, 'parent_id' | 'position'>>,
  act: Act,
  days: DayRules,
  closedWith: string | null = null,
): TaskRecord => {
  const version = before.task.version + 1;
  const { status = before.task.status, reminders, ...others } = changes;
  const edited: TaskRecord = {
    ...before,
    task: { ...before.task, ...others, version, updated_at: act.now.toISOString() },
    fieldVersions: {
      ...before.fieldVersions,
      ...Object.fromEntries(Object.keys(changes).map((field) => [field, version])),
    },
    changedBy: act.clientId,
  };
  const after = withStatus(edited, status, act, days, closedWith);
  const plans = 'due_date' in changes || reminders !== undefined || isOpen(status) !== isOpen(before.task.status);
  return plans ? withPlans(before, after, reminders ?? before.task.reminders, act, days) : after;
};

/** In another place of a series, or in none, as a part of the version that it is in. */
export const placedInSeries = (record: TaskRecord, place: SeriesPlace | null): TaskRecord => ({
  ...record,
  task: {
    ...record.task,
    recurrence: place?.recurrence ?? null,
    series_id: place?.series_id ?? null,
    occurrence_date: place?.date ?? null,
  },
  fieldVersions: { ...record.fieldVersions, recurrence: record.task.version },
  occurrenceNumber: place?.number ?? null,
});

/** A closed task that remembers the occurrence that its closing has made. */
export const havingMade = (record: TaskRecord, made: string): TaskRecord =>
  record.closed === null ? record : { ...record, closed: { ...record.closed, made } };

/** Done, from whatever state; a done task stays the very same. */
export const completeTask = (
  before: TaskRecord,
  act: Act,
  days: DayRules,
  closedWith: string | null = null,
): TaskRecord => (before.task.status === 'done' ? before : editTask(before, { status: 'done' }, act, days, closedWith));

/** Open again, as it was before it was closed; an open task stays the very same. */
export const reopenTask = (before: TaskRecord, act: Act, days: DayRules): TaskRecord =>
  before.closed === null ? before : editTask(before, { status: before.closed.from }, act, days);

const withStatus = (
  record: TaskRecord,
  status: Status,
  { now }: Act,
  { timezone, day_start }: DayRules,
  closedWith: string | null = null,
): TaskRecord => {
  if (status === record.task.status) return record;
  const from = record.closed?.from ?? (isOpen(record.task.status) ? record.task.status : 'todo');
  const at = now.toISOString();
  const done = status === 'done';
  return {
    ...record,
    task: { ...record.task, status, completed_at: done ? at : null },
    closed: isOpen(status) ? null : { at, from, with: closedWith, made: record.closed?.made ?? null },
    counted: done
      ? { completed_at: at, day: localDay(now, timezone, day_start), tags: record.task.tags.map(foldTag) }
      : null,
  };
};

/** Its reminders, and when it is looked at for a mail that preferences ask for, as they follow from everything else. */
const withPlans = (
  before: TaskRecord | null,
  after: TaskRecord,
  wanted: readonly ReminderDraft[],
  { now }: Pick<Act, 'now'>,
  rules: DayRules,
): TaskRecord => {
  const { id, version, due_date, status } = after.task;
  const open = isOpen(status);
  const dueChanged = before !== null && before.task.due_date !== due_date;
  const opened = before !== null && open && !isOpen(before.task.status);
  const reminders = planReminders(before?.task.reminders ?? [], wanted, {
    taskId: id,
    version,
    due_date,
    dueChanged,
    open,
    opened,
    now,
    rules,
  });
  const looksAnew = before === null || dueChanged || isOpen(before.task.status) !== open;
  const noticeAt = looksAnew ? (open ? nextNotice(due_date, rules, now) : null) : before.noticeAt;
  return { ...after, task: { ...after.task, reminders }, noticeAt };
};

/**
 * An open task under its owner's new rules. A new version only if devices see a difference; one that needs none stays the very same.
 * Nobody has edited it: neither `updated_at` nor the fields' versions move.
 */
export const replanTask = (before: TaskRecord, rules: DayRules, now: Date): TaskRecord => {
  const { task } = before;
  if (!isOpen(task.status)) return before;
  const after = withPlans(before, before, task.reminders, { now }, rules);
  const noticeAt = nextNotice(task.due_date, rules, now);
  if (!sameReminders(after.task.reminders, task.reminders)) {
    return { ...after, noticeAt, task: { ...after.task, version: task.version + 1 }, changedBy: null };
  }
  return noticeAt?.getTime() === before.noticeAt?.getTime() ? before : { ...before, noticeAt };
};

/** What has become of a reminder, seen by every device; nobody has edited the task. */
export const recordReminder = (before: TaskRecord, id: string, state: ReminderState): TaskRecord => ({
  ...before,
  task: {
    ...before.task,
    reminders: before.task.reminders.map((reminder) => (reminder.id === id ? { ...reminder, state } : reminder)),
    version: before.task.version + 1,
  },
  changedBy: null,
});

export const taskKey = (owner: UserId, id: string): Key => userKey(owner, `${prefix.task}${id}`);

/** The wire's shape: exactly the fields that may leave. */
export const taskSchema = once(() =>
  z
    .object({
      id: z.string(),
      user_id: z.string(),
      title: z.string(),
      description: z.nullable(z.string()),
      status: z.enum(statuses),
      priority: z.enum(priorities),
      due_date: z.nullable(z.string()),
      tags: z.array(z.string()),
      parent_id: z.nullable(z.string()),
      position: z.string(),
      recurrence: z.nullable(recurrenceSchema()),
      series_id: z.nullable(z.string()),
      occurrence_date: z.nullable(z.string()),
      reminders: z.array(reminderSchema()),
      version: z.number(),
      created_at: z.string(),
      updated_at: z.string(),
      completed_at: z.nullable(z.string()),
    })
    .register(z.globalRegistry, { id: 'Task' }),
);

const taskItem = once(() =>
  z.object({
    ...taskSchema().shape,
    user_id: z.pipe(z.string(), z.transform(userId)),
    field_versions: z.record(z.string(), z.number()),
    by_path: z.string(),
    below_version: z._default(z.number(), 0),
    closed: z.nullable(
      z.object({
        at: z.string(),
        from: z.enum(openStatuses),
        with: z._default(z.nullable(z.string()), null),
        made: z._default(z.nullable(z.string()), null),
      }),
    ),
    occurrence_number: z._default(z.nullable(z.number()), null),
    counted_day: z.nullable(z.string()),
    counted_tags: z.array(z.string()),
    due_at: z.optional(z.string()),
    changed_by: z.nullable(z.string()),
    request_hash: z.nullable(z.string()),
  }),
);

/** @throws ZodError when the item is no task */
export const taskFromItem = (item: Item): TaskRecord => {
  const {
    field_versions,
    by_path,
    below_version,
    closed,
    occurrence_number,
    counted_day,
    counted_tags,
    due_at,
    changed_by,
    request_hash,
    ...task
  } = taskItem().parse(item);
  return {
    task,
    fieldVersions: field_versions,
    path: by_path,
    belowVersion: below_version,
    closed,
    occurrenceNumber: occurrence_number,
    counted:
      counted_day === null || task.completed_at === null
        ? null
        : { completed_at: task.completed_at, day: counted_day, tags: counted_tags },
    noticeAt: due_at === undefined ? null : new Date(due_at),
    changedBy: changed_by,
    requestHash: request_hash,
  };
};

/** Of a task or of a tombstone: the creating request, where it came with an Idempotency-Key. */
export const requestHashOf = (item: Item): string | null =>
  typeof item.request_hash === 'string' ? item.request_hash : null;

/** Milliseconds at which every four-digit year is over: counting down to it sorts the newest first. */
const endOfYears = Date.UTC(10_000, 0);

/** How a {@link stateKey} begins. */
export const stateBegins = { open: '1#', closed: '2#' } as const;

/** Open tasks by due date, undated last; then closed ones, newest first: one ascending range is the default list. */
export const stateKey = ({ task, closed }: TaskRecord): string =>
  closed === null
    ? `${stateBegins.open}${task.due_date === null ? '~' : dueKey(task.due_date)}#${task.id}`
    : `${stateBegins.closed}${String(endOfYears - Date.parse(closed.at)).padStart(15, '0')}#${task.id}`;

/** From the first to the last {@link stateKey} that an open task with a due date may have; both ends are none. */
export const datedStateKeys = ['1#', '1#~'] as const;

/** A {@link stateKey}, whoever says it. */
export const stateKeys = /^(1#[-0-9TZ:.~]{1,24}|2#\d{15})#[0-9a-f-]{36}$/;

export const itemOfTask = (record: TaskRecord): Item => ({
  ...taskKey(record.task.user_id, record.task.id),
  ...record.task,
  by_state: stateKey(record),
  by_path: record.path,
  below_version: record.belowVersion,
  field_versions: record.fieldVersions,
  closed: record.closed,
  occurrence_number: record.occurrenceNumber,
  counted_day: record.counted?.day ?? null,
  counted_tags: record.counted?.tags ?? [],
  ...(record.noticeAt && { due_at: record.noticeAt.toISOString() }),
  changed_by: record.changedBy,
  request_hash: record.requestHash,
});
