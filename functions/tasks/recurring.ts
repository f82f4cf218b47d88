import { continuedFrom, firstOccurrence } from '#functions/recurrence/occurrences.ts';
import type { Recurrence } from '#functions/recurrence/recurrence.ts';
import {
  advanced,
  atTimeOf,
  completed,
  dueDateIn,
  type Ending,
  endedAt,
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
import type { TaskStore } from './ports.ts';
import { type SubtreeAct, subtreeAct } from './subtree-act.ts';
import {
  type Act,
  type DayRules,
  havingMade,
  isOpen,
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
 * occurrence and those behind it, if not all.
 * @throws Failure `unusable-recurrence`; `wrong-state` where a closed task should begin to recur
 */
export const placing =
  (tasks: Pick<TaskStore, 'series'>) =>
  async (owner: UserId, { fields, recurrence, scope }: SeriesEdit, editing: Editing): Promise<Placing> => {
    const { before } = editing;
    const current = before.task.recurrence;
    const wanted = recurrence ? recurrence(current) : current;
    if (current === null) return wanted === null ? unplaced : begin(owner, fields, wanted, editing);
    const series = before.task.series_id === null ? null : await tasks.series(owner, before.task.series_id);
    if (wanted === null) return detach(series, scope, editing);
    const filled = {
      ...wanted,
      timezone: wanted.timezone ?? current.timezone,
      recurrence_start_date: wanted.recurrence_start_date ?? current.recurrence_start_date,
    };
    if (JSON.stringify(filled) !== JSON.stringify(current)) {
      return changeRule(owner, series, fields, { current, wanted: filled }, scope, editing);
    }
    return scope === 'this' || series === null ? unplaced : changeOthers(series, fields, scope, editing);
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
    fields: { due_date: dueDateIn(series, series.latest.date) },
    place: placeIn(series, series.latest),
    series: [{ before: null, after: series }],
    consequences: [],
  };
};

const detach = (series: Series | null, scope: Scope, { before, act, days }: Editing): Placing => {
  const { date } = placeOf(before);
  if (series === null) return { ...unplaced, place: null };
  const from = scope === 'all' ? '' : date;
  return {
    fields: {},
    place: null,
    series: [{ before: series, after: scope === 'all' ? null : endedAt(series, date) }],
    consequences: [
      subtreeAct('series', before, act, days, {
        series: { id: series.id, from, edit: { fields: {}, place: null } },
      }),
    ],
  };
};

const changeRule = (
  owner: UserId,
  series: Series | null,
  fields: Partial<TaskFields>,
  { current, wanted }: { readonly current: Recurrence; readonly wanted: Recurrence },
  scope: Scope,
  { before, act, days }: Editing,
): Placing => {
  const { id: taskId, version } = before.task;
  const { date, number } = placeOf(before);
  const isAll = scope === 'all' && series !== null;
  const recurrence = completed(
    { ...wanted, recurrence_start_date: startOfChanged(current, wanted, date, fields.due_date ?? null) },
    { due_date: null, timezone: days.timezone, now: act.now },
  );
  const id = isAll ? series.id : seriesIdOf(taskId, version + 1);
  const begun = newSeries(owner, id, taskId, recurrence, { ...before.task, ...fields });
  const earlier = isAll ? 0 : number - 1;
  const isLatest = series === null || series.latest.task_id === taskId;
  const after: Series = isLatest
    ? { ...begun, taken_back: isAll ? series.taken_back : 0 }
    : { ...begun, latest: { ...series.latest, number: series.latest.number - earlier } };
  const first = firstOccurrence(ruleOfSeries(recurrence));
  return {
    fields: { due_date: dueDateIn(after, first.date) },
    place: placeIn(after, first),
    series: isAll
      ? [{ before: series, after }]
      : [...(series ? [{ before: series, after: endedAt(series, date) }] : []), { before: null, after }],
    consequences: series
      ? [
          othersFollow(
            series,
            { from: isAll ? '' : date, fields, after, earlier, retimed: true },
            { before, act, days },
          ),
        ]
      : [],
  };
};

/** A rule that changes begins with the occurrence that it is changed on, unless the change says otherwise. */
const startOfChanged = (current: Recurrence, wanted: Recurrence, date: string, due: string | null): string | null => {
  if (wanted.recurrence_start_date !== current.recurrence_start_date) return wanted.recurrence_start_date;
  if (due !== null) return localStartOf(due, wanted.timezone ?? 'UTC');
  const [, time] = (current.recurrence_start_date ?? '').split('T');
  return time === undefined ? date : `${date}T${time}`;
};

/** Other fields for all occurrences, or for those from this one on. Of a due date, they take the time of day. */
const changeOthers = (
  series: Series,
  fields: Partial<TaskFields>,
  scope: Exclude<Scope, 'this'>,
  { before, act, days }: Editing,
): Placing => {
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
  return {
    fields: {},
    place: placeIn(after, { date, number: number - earlier }),
    series: isAll
      ? [{ before: series, after }]
      : [
          { before: series, after: endedAt(series, date) },
          { before: null, after },
        ],
    consequences: [
      othersFollow(series, { from: isAll ? '' : date, fields, after, earlier, retimed }, { before, act, days }),
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
  return {
    series: [{ before: series, after: scope === 'all' ? null : endedAt(series, date) }],
    consequences: [subtreeAct('series', before, act, days, { series: { id: series.id, from, edit: null } })],
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
  readonly tasks: Pick<TaskStore, 'series' | 'get' | 'below'>;
  readonly ancestryOf: (owner: UserId, parentId: string | null, act: Act) => Promise<Ancestry | null>;
}

/**
 * Closing the latest occurrence of a series makes the next one in the same act; reopening it takes that back.
 * @param changes what the act itself does to series
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
    const goOn = async ({ before, after }: Transition): Promise<TaskRecord | null> => {
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
      consequences.push(copyAct(before, next, act, days));
      return next;
    };

    const takeBack = async (before: TaskRecord, id: string, nextId: string): Promise<Transition | null> => {
      const { before: read, after: series } = await stateOf(id);
      const next = await tasks.get(owner, nextId, act.now);
      if (series === null || next === null) return null;
      const below = await tasks.below(owner, next.path);
      const untouched =
        series.latest.task_id === nextId &&
        [next, ...below].every(
          ({ task }) => task.updated_at === task.created_at && task.created_at === next.task.created_at,
        );
      if (!untouched) {
        throw new Failure('wrong-state', 'The next occurrence has been changed since: it cannot be taken back.');
      }
      states.set(id, { before: read, after: retreatedTo(series, before) });
      consequences.push(subtreeAct('delete', next, act, days));
      return { before: next, after: 'gone' };
    };

    for (const transition of transitions) {
      const { before, after } = transition;
      const wasOpen = isOpen(before.task.status);
      const opens = after !== 'gone' && !wasOpen && isOpen(after.task.status);
      if (wasOpen && (after === 'gone' || !isOpen(after.task.status))) {
        const next = await goOn(transition);
        if (next) made.push(next);
        own.push(next && after !== 'gone' ? { before, after: havingMade(after, next.task.id) } : transition);
      } else if (opens && before.closed?.made && before.task.series_id) {
        const taken = await takeBack(before, before.task.series_id, before.closed.made);
        own.push(transition, ...(taken ? [taken] : []));
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
