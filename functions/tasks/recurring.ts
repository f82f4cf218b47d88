import { continuedFrom, firstOccurrence, nextOccurrence } from '#functions/recurrence/occurrences.ts';
import type { Recurrence } from '#functions/recurrence/recurrence.ts';
import {
  advanced,
  atTimeOf,
  completed,
  dueDateIn,
  type Ending,
  endedAt,
  firstDueDate,
  following,
  localStartOf,
  newSeries,
  occurrenceTask,
  placeIn,
  retreatedTo,
  ruleOfSeries,
  type Series,
  seriesIdOf,
  seriesWrite,
  splitAt,
  templateOf,
} from '#functions/recurrence/series.ts';
import type { UserId } from '#shared/ids.ts';
import { Failure } from '#shared/problems.ts';
import type { Write } from '#shared/table.ts';
import type { Ancestry } from './ancestry.ts';
import { copiesOf } from './copies.ts';
import type { TaskStore } from './ports.ts';
import { type SubtreeAct, subtreeAct } from './subtree-act.ts';
import {
  type Act,
  type DayRules,
  havingMade,
  isOpen,
  placedInSeries,
  type SeriesPlace,
  type TaskFields,
  type TaskRecord,
} from './task.ts';
import { creationWrites, type Transition, unheard } from './writes.ts';

/** Which occurrences of a series an edit or a deletion means: one, it and those behind it, or all that are open. */
export const scopes = ['this', 'following', 'all'] as const;
export type Scope = (typeof scopes)[number];

/** What becomes of a series in an act. `null`: it is not there before, or not any more. */
export interface SeriesChange {
  readonly before: Series | null;
  readonly after: Series | null;
}

export const seriesChangeWrites = (changes: readonly SeriesChange[], now: Date): readonly Write[] =>
  changes
    .filter(({ before, after }) => before !== after)
    .flatMap(({ before, after }) => seriesWrite(before, after, now));

/** What an edit does to a task's place in a series. */
export interface Placing {
  /** Set with what the edit sets. */
  readonly fields: Partial<TaskFields>;
  /** `undefined`: it stays where it is. */
  readonly place?: SeriesPlace | null;
  readonly series: readonly SeriesChange[];
  /** What follows for other occurrences. */
  readonly consequences: readonly SubtreeAct[];
}

const unplaced: Placing = { fields: {}, series: [], consequences: [] };

export interface SeriesEdit {
  readonly fields: Partial<TaskFields>;
  /** The recurrence that is wanted, given the one there is; left out, it stays. */
  readonly recurrence?: ((before: Recurrence | null) => Recurrence | null) | undefined;
  readonly scope: Scope;
}

interface Editing {
  readonly before: TaskRecord;
  readonly act: Act;
  readonly days: DayRules;
}

/**
 * Starts, changes or ends a series with an edit of one of its tasks. Another recurrence says how it goes on, so it always means this
 * occurrence and those behind it, if not all. A closed occurrence stays what it was.
 * @throws Failure `unusable-recurrence`; `wrong-state` where a closed task should begin to recur, or recur differently
 */
export const placing =
  (tasks: Pick<TaskStore, 'series' | 'get' | 'open'>) =>
  async (owner: UserId, { fields, recurrence, scope }: SeriesEdit, editing: Editing): Promise<Placing> => {
    const { before } = editing;
    const closed = !isOpen(fields.status ?? before.task.status);
    const current = before.task.recurrence;
    const wanted = recurrence ? recurrence(current) : current;
    if (current === null) return wanted === null ? unplaced : begin(owner, fields, wanted, editing);
    const changes = wanted === null ? null : changesOf(current, wanted);
    if (changes?.length === 0 && scope === 'this') return unplaced;
    if (wanted === null && closed) return { ...unplaced, place: null };

    const read = before.task.series_id === null ? null : await tasks.series(owner, before.task.series_id);
    const series = read && (await withOwnLatest(tasks, owner, read, editing));
    const known = { read, series };
    if (wanted === null) return detach(known, scope, editing);
    const shift = series && scope === 'following' ? shiftedStart(series, fields, editing) : null;
    if (changes?.length || shift) {
      if (closed) throw new Failure('wrong-state', 'A closed occurrence cannot recur differently: reopen it first.');
      const goesOn = goingOn(series?.recurrence ?? current, { ...wanted, ...shift }, before, fields);
      return changeRule(owner, known, fields, goesOn, scope, editing);
    }
    return series === null || scope === 'this' ? unplaced : changeOthers(known, fields, scope, editing);
  };

/** A series as it lies there, and as it is: what has gone over to another one is not its latest any more. */
interface Known {
  readonly read: Series | null;
  readonly series: Series | null;
}

const withOwnLatest = async (
  tasks: Pick<TaskStore, 'get' | 'open'>,
  owner: UserId,
  series: Series,
  { before, act }: Editing,
): Promise<Series> => {
  const latest =
    series.latest.task_id === before.task.id ? before : await tasks.get(owner, series.latest.task_id, act.now);
  if (latest?.task.series_id === series.id) return series;
  const own = (await tasks.open(owner)).filter(({ task }) => task.series_id === series.id);
  const last = [...own, before].reduce((a, b) => (placeOf(b).date > placeOf(a).date ? b : a));
  return { ...series, latest: { ...placeOf(last), task_id: last.task.id } };
};

type Field = keyof Recurrence;

/** What is wanted otherwise. A zone or a start that is left out is the one there is. */
const changesOf = (current: Recurrence, wanted: Recurrence): readonly Field[] =>
  (Object.keys(current) as Field[]).filter(
    (field) =>
      JSON.stringify(wanted[field]) !== JSON.stringify(current[field]) &&
      !(wanted[field] === null && (field === 'timezone' || field === 'recurrence_start_date')),
  );

const dayFields: readonly Field[] = ['recurrence_pattern', 'month_days', 'weekdays', 'rrule', 'recurrence_start_date'];

/**
 * How a series goes on from an occurrence when something of it is changed: with what is left of its COUNT and, while nobody says other days,
 * with the days that its start meant. It begins with this occurrence, unless the change says otherwise.
 */
const goingOn = (
  current: Recurrence,
  wanted: Recurrence,
  before: TaskRecord,
  fields: Partial<TaskFields>,
): Recurrence => {
  const changed = changesOf(current, wanted);
  const kept = continuedFrom(ruleOfSeries(current), placeOf(before));
  const said = Object.fromEntries(changed.map((field) => [field, wanted[field]]));
  const due = fields.due_date ?? null;
  const start =
    due === null || changed.includes('recurrence_start_date')
      ? {}
      : { recurrence_start_date: localStartOf(due, wanted.timezone ?? kept.timezone ?? 'UTC') };
  return {
    ...kept,
    ...(changed.some((field) => dayFields.includes(field)) && { month_days: wanted.month_days }),
    // An rrule says its own end.
    ...(changed.includes('rrule') && { count: wanted.count }),
    ...start,
    ...said,
  };
};

/** A due date on another day moves those behind it as well, where nothing but the start says which days they are on. */
const shiftedStart = (
  { recurrence }: Series,
  { due_date }: Partial<TaskFields>,
  { before }: Editing,
): Pick<Recurrence, 'recurrence_start_date'> | null => {
  if (!due_date || recurrence.rrule !== null || recurrence.weekdays !== null) return null;
  const start = localStartOf(due_date, recurrence.timezone ?? 'UTC');
  return start.startsWith(placeOf(before).date) ? null : { recurrence_start_date: start };
};

const begin = (owner: UserId, fields: Partial<TaskFields>, wanted: Recurrence, editing: Editing): Placing => {
  const { before, act, days } = editing;
  const task = { ...before.task, ...fields };
  if (!isOpen(task.status)) throw new Failure('wrong-state', 'A closed task cannot begin to recur: reopen it first.');
  const recurrence = completed(wanted, { due_date: task.due_date, timezone: days.timezone, now: act.now });
  const series = newSeries(
    owner,
    seriesIdOf(before.task.id, before.task.version + 1),
    before.task.id,
    recurrence,
    task,
  );
  return {
    fields: { due_date: firstDueDate(series, wanted, task.due_date) },
    place: placeIn(series, series.latest),
    series: [{ before: null, after: series }],
    consequences: [],
  };
};

const detach = ({ read, series }: Known, scope: Scope, { before, act, days }: Editing): Placing => {
  const { date } = placeOf(before);
  if (series === null) return { ...unplaced, place: null };
  const ended = scope === 'all' ? null : endedAt(series, date);
  const from = scope === 'all' ? '' : date;
  return {
    fields: {},
    place: null,
    series: [{ before: read, after: ended }],
    consequences: [
      subtreeAct('series', before, act, days, { series: { id: series.id, from, edit: { fields: {}, place: null } } }),
      ...earlierEnd(ended, date, { before, act, days }),
    ],
  };
};

/** What was made before a series ended, and is still open, says so. */
const earlierEnd = (ended: Series | null, date: string, { before, act, days }: Editing): readonly SubtreeAct[] =>
  ended === null
    ? []
    : [
        subtreeAct('series', before, act, days, {
          series: {
            id: ended.id,
            from: '',
            until: date,
            edit: {
              fields: {},
              place: { series_id: ended.id, recurrence: ended.recurrence, before: 0, retimed: false },
            },
          },
        }),
      ];

const changeRule = (
  owner: UserId,
  { read, series }: Known,
  fields: Partial<TaskFields>,
  wanted: Recurrence,
  scope: Scope,
  { before, act, days }: Editing,
): Placing => {
  const { id: taskId, version } = before.task;
  const own = placeOf(before);
  const isAll = scope === 'all' && series !== null;
  const recurrence = completed(wanted, { due_date: null, timezone: days.timezone, now: act.now });
  const rule = ruleOfSeries(recurrence);
  const id = isAll ? series.id : seriesIdOf(taskId, version + 1);
  const begun = newSeries(owner, id, taskId, recurrence, { ...before.task, ...fields });
  const earlier = isAll ? 0 : own.number - 1;
  const isLatest = series === null || series.latest.task_id === taskId;
  const first = firstOccurrence(rule);
  // Where others stand before it, it does not go back among them; where others stand behind it, it stays where it is.
  const moved =
    own.number > 1 && first.date < own.date ? (nextOccurrence(rule, first, { notBefore: own.date }) ?? first) : first;
  const place = isLatest ? moved : { date: own.date, number: own.number - earlier };
  const latest = isLatest
    ? { ...moved, task_id: taskId }
    : { ...series.latest, number: series.latest.number - earlier };
  const after: Series = { ...begun, latest, taken_back: isAll ? series.taken_back : 0 };
  const ended = series === null || isAll ? null : endedAt(series, own.date);
  return {
    fields: isLatest || fields.due_date === undefined ? { due_date: dueDateIn(after, place.date) } : {},
    place: placeIn(after, place),
    series: isAll
      ? [{ before: read, after }]
      : [...(read ? [{ before: read, after: ended }] : []), { before: null, after }],
    consequences: series
      ? [
          othersFollow(
            series,
            { from: isAll ? '' : own.date, fields, after, earlier, retimed: true },
            { before, act, days },
          ),
          ...earlierEnd(ended, own.date, { before, act, days }),
        ]
      : [],
  };
};

/** Other fields for all occurrences, or for those from this one on. Of a due date, they take the time of day. */
const changeOthers = (
  { read, series }: Known,
  fields: Partial<TaskFields>,
  scope: Exclude<Scope, 'this'>,
  { before, act, days }: Editing,
): Placing => {
  if (series === null) return unplaced;
  const { date, number } = placeOf(before);
  const isAll = scope === 'all';
  const kept = isAll ? series.recurrence : continuedFrom(ruleOfSeries(series.recurrence), { date, number });
  const recurrence = fields.due_date ? atTimeOf(kept, fields.due_date) : kept;
  ruleOfSeries(recurrence);
  const base = isAll
    ? { ...series, recurrence }
    : splitAt(series, { id: seriesIdOf(before.task.id, before.task.version + 1), date, number }, recurrence);
  const said = templatedOf(fields);
  const { reminders: _, ...others } = said;
  const template = {
    ...series.template,
    ...templateOf({ ...series.template, ...others }, series.template.date),
    ...(said.reminders && templateOf({ ...series.template, ...said }, date)),
  };
  const after: Series = { ...base, template };
  const earlier = isAll ? 0 : number - 1;
  const retimed = recurrence.recurrence_start_date !== kept.recurrence_start_date;
  const ended = isAll ? null : endedAt(series, date);
  return {
    fields: {},
    place: placeIn(after, { date, number: number - earlier }),
    series: isAll
      ? [{ before: read, after }]
      : [
          { before: read, after: ended },
          { before: null, after },
        ],
    consequences: [
      othersFollow(series, { from: isAll ? '' : date, fields, after, earlier, retimed }, { before, act, days }),
      ...earlierEnd(ended, date, { before, act, days }),
    ],
  };
};

const othersFollow = (
  series: Series,
  {
    from,
    fields,
    after,
    earlier,
    retimed,
  }: { from: string; fields: Partial<TaskFields>; after: Series; earlier: number; retimed: boolean },
  { before, act, days }: Editing,
): SubtreeAct =>
  subtreeAct('series', before, act, days, {
    series: {
      id: series.id,
      from,
      edit: {
        fields: templatedOf(fields),
        place: { series_id: after.id, recurrence: after.recurrence, before: earlier, retimed },
      },
    },
  });

/** What occurrences have in common. Reminders are each task's own: an id names one of them. */
const templatedOf = ({ title, description, priority, tags, reminders }: Partial<TaskFields>): Partial<TaskFields> => ({
  ...(title !== undefined && { title }),
  ...(description !== undefined && { description }),
  ...(priority !== undefined && { priority }),
  ...(tags !== undefined && { tags }),
  ...(reminders !== undefined && { reminders: reminders.map(({ minutes_before, at }) => ({ minutes_before, at })) }),
});

/** Which day of its series a task stands for. */
export const placeOf = ({ task, occurrenceNumber }: TaskRecord): { date: string; number: number } => ({
  date: task.occurrence_date ?? '',
  number: occurrenceNumber ?? 1,
});

/** What a deletion of an occurrence does to the others. */
export const ending = (
  series: Series,
  scope: Exclude<Scope, 'this'>,
  { before, act, days }: Editing,
): Pick<Placing, 'series' | 'consequences'> => {
  const { date } = placeOf(before);
  const from = scope === 'all' ? '' : date;
  const ended = scope === 'all' ? null : endedAt(series, date);
  return {
    series: [{ before: series, after: ended }],
    consequences: [
      subtreeAct('series', before, act, days, { series: { id: series.id, from, edit: null } }),
      ...earlierEnd(ended, date, { before, act, days }),
    ],
  };
};

/** What an act comes to, with what it does to series. */
export interface SeriesEffects {
  /** What the act does to tasks, and with them what is taken back. */
  readonly own: readonly Transition[];
  readonly made: readonly TaskRecord[];
  readonly consequences: readonly SubtreeAct[];
  readonly writes: readonly Write[];
}

interface EffectNeeds {
  readonly tasks: Pick<TaskStore, 'series' | 'get' | 'below' | 'hasFiles'>;
  readonly ancestryOf: (owner: UserId, parentId: string | null, act: Act) => Promise<Ancestry | null>;
}

/**
 * Closing the latest occurrence of a series makes the next one in the same act; reopening it takes that back.
 * @param changes what the act itself does to series
 * @param copies whether what is below an occurrence is made anew below the next one
 * @throws Failure `wrong-state` where the occurrence to be taken back has been changed since
 */
export const seriesEffects =
  ({ tasks, ancestryOf }: EffectNeeds) =>
  async (
    owner: UserId,
    transitions: readonly Transition[],
    changes: readonly SeriesChange[],
    act: Act,
    days: DayRules,
    copies = true,
  ): Promise<SeriesEffects> => {
    const states = new Map(changes.map((change) => [(change.after ?? change.before)?.id ?? '', change]));
    const stateOf = async (id: string): Promise<SeriesChange> => {
      const known = states.get(id);
      if (known) return known;
      const read = await tasks.series(owner, id);
      return { before: read, after: read };
    };
    const own: Transition[] = [];
    const made: TaskRecord[] = [];
    const consequences: SubtreeAct[] = [];
    const checks: Write[] = [];

    /** @returns what was made */
    const goOn = async ({ before, after }: Transition, copies: boolean): Promise<TaskRecord | null> => {
      const kept = after === 'gone' ? before : after;
      const id = kept.task.series_id;
      if (id === null) return null;
      const { before: read, after: series } = await stateOf(id);
      if (series?.latest.task_id !== before.task.id) return null;
      const how: Ending = after !== 'gone' && after.task.status === 'done' ? 'done' : 'skipped';
      const occurrence = following(series, how, act.now);
      if (occurrence === null) return null;
      const ancestry = await ancestryOf(owner, kept.task.parent_id, act);
      const advancedSeries = advanced(series, occurrence);
      const surroundings = { parent: ancestry?.parent ?? null, position: kept.task.position };
      const next = occurrenceTask(advancedSeries, occurrence, surroundings, unheard(act), days);
      states.set(id, { before: read, after: advancedSeries });
      checks.push(...(ancestry?.checks ?? []));
      if (copies) consequences.push(copyAct(before, next, act, days));
      return next;
    };

    /** @returns what is taken back; `detached` where there is no series any more that it could go on with */
    const takeBack = async (before: TaskRecord, id: string): Promise<Transition | 'detached' | null> => {
      const { before: read, after: series } = await stateOf(id);
      const nextId = before.closed?.made ?? null;
      const next = nextId === null ? null : await tasks.get(owner, nextId, act.now);
      if (series === null && next === null) return 'detached';
      // The end of a series, or one whose next occurrence went with all that followed: it has not gone on since.
      const isLatest = series?.latest.task_id === nextId || series?.latest.task_id === before.task.id;
      if (next === null && (nextId === null || isLatest)) return null;
      if (series === null || next === null || !isLatest || !(await isUntouched(before, next))) {
        throw new Failure('wrong-state', 'The next occurrence has been changed since: it cannot be taken back.');
      }
      states.set(id, { before: read, after: retreatedTo(series, before) });
      consequences.push(subtreeAct('delete', next, act, days));
      return { before: next, after: 'gone' };
    };

    /** Neither itself nor anything that was copied below it: all of that is there, nothing else is, and no file is attached to any of it. */
    const isUntouched = async (before: TaskRecord, next: TaskRecord): Promise<boolean> => {
      const [sources, below] = await Promise.all([tasks.below(owner, before.path), tasks.below(owner, next.path)]);
      const copied = sources.filter(({ task }) => task.created_at <= (before.closed?.at ?? ''));
      const expected = copiesOf(copied, copyAct(before, next, act, days), next).map(({ task }) => task.id);
      const isAsMade = [next, ...below].every(
        ({ task }) => task.updated_at === task.created_at && task.created_at === next.task.created_at,
      );
      const ids = below.map(({ task }) => task.id);
      return (
        isAsMade &&
        expected.length === ids.length &&
        expected.every((id) => ids.includes(id)) &&
        !(await tasks.hasFiles(owner, [next.task.id, ...ids]))
      );
    };

    for (const transition of transitions) {
      const { before, after } = transition;
      const wasOpen = isOpen(before.task.status);
      const opens = after !== 'gone' && !wasOpen && isOpen(after.task.status);
      if (wasOpen && (after === 'gone' || !isOpen(after.task.status))) {
        const next = await goOn(transition, copies);
        if (next) made.push(next);
        own.push(next && after !== 'gone' ? { before, after: havingMade(after, next.task.id) } : transition);
      } else if (opens && before.task.series_id && after.task.series_id === before.task.series_id) {
        const taken = await takeBack(before, before.task.series_id);
        if (taken === 'detached') own.push({ before, after: placedInSeries(after, null) });
        else own.push(transition, ...(taken ? [taken] : []));
      } else own.push(transition);
    }
    return {
      own,
      made,
      consequences,
      writes: [
        ...made.flatMap((record) => creationWrites(record, act.now)),
        ...seriesChangeWrites([...states.values()], act.now),
        ...checks,
      ],
    };
  };

/** What is below an occurrence is made anew below the next one. */
export const copyAct = (from: TaskRecord, to: TaskRecord, act: Act, days: DayRules): SubtreeAct =>
  subtreeAct('copy', from, act, days, {
    copy: {
      to_id: to.task.id,
      from: from.task.occurrence_date ?? to.task.occurrence_date ?? '',
      to: to.task.occurrence_date ?? '',
      timezone: to.task.recurrence?.timezone ?? days.timezone,
    },
  });
