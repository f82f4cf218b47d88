import { prefix } from '#blueprint/table.ts';
import { reminderWrites } from '#functions/reminders/reminder-row.ts';
import { epochSeconds, memorySeconds, secondsAfter } from '#shared/clock.ts';
import type { UserId } from '#shared/ids.ts';
import { type Item, type Key, userKey } from '#shared/item.ts';
import { absent, atVersion, type Condition, type Write } from '#shared/table.ts';
import { type Act, type Counted, itemOfTask, type TaskRecord, taskKey } from './task.ts';

/** Everything that creating a task writes, in one transaction: one that is done from its beginning is counted in the same act. */
export const creationWrites = (record: TaskRecord, now: Date): Write[] => [
  { put: itemOfTask(record), condition: absent(now) },
  ...reminderWrites(record.task.user_id, record.task.id, [], record.task.reminders),
  ...countWrites([{ before: null, after: record }]),
];

/** A task's next version, or its end. */
export interface Transition {
  readonly before: TaskRecord;
  readonly after: TaskRecord | 'gone';
}

/**
 * Everything that some transitions write, in one transaction.
 * @param following what the act does to other tasks than the one it is about: its author's own devices hear of those as all others do
 */
export const transitionWrites = (
  about: readonly Transition[],
  act: Act,
  following: readonly Transition[] = [],
): Write[] => {
  const transitions = [...about, ...following];
  return [
    ...about.map((transition) => changeWrite(transition, act)),
    ...following.map((transition) => changeWrite(transition, unheard(act))),
    ...transitions.flatMap(({ before: { task }, after }) =>
      reminderWrites(task.user_id, task.id, task.reminders, after === 'gone' ? [] : after.task.reminders),
    ),
    // What a deleted task has completed stays counted.
    ...countWrites(transitions.flatMap(({ before, after }) => (after === 'gone' ? [] : [{ before, after }]))),
  ];
};

/** What nobody has been answered yet is told to all devices. */
export const unheard = (act: Act): Act => ({ ...act, clientId: null });

const changeWrite = ({ before, after }: Transition, act: Act): Write => ({
  put: after === 'gone' ? tombstoneOf(before, act) : itemOfTask({ ...after, changedBy: act.clientId }),
  condition: asRead(before),
});

/**
 * In the version that was read, with nothing below it that has come since, and also what changes without a new version as it was: its place,
 * which follows when something above it is moved, and when it is looked at.
 */
const asRead = ({ task, belowVersion, path, noticeAt }: TaskRecord): Condition => {
  const { expression, names, values } = atVersion(task.version);
  return {
    expression: [
      expression,
      `(#below_version = :below_version${belowVersion === 0 ? ' OR attribute_not_exists(#below_version)' : ''})`,
      '#by_path = :by_path',
      noticeAt ? '#due_at = :due_at' : 'attribute_not_exists(#due_at)',
    ].join(' AND '),
    names: { ...names, '#below_version': 'below_version', '#by_path': 'by_path', '#due_at': 'due_at' },
    values: {
      ...values,
      ':below_version': belowVersion,
      ':by_path': path,
      ...(noticeAt && { ':due_at': noticeAt.toISOString() }),
    },
  };
};

interface Counting {
  readonly before: TaskRecord | null;
  readonly after: TaskRecord;
}

/**
 * What completing, or undoing it, counts: a row that outlives the task, and the day's counters, each day once.
 * They change in the transaction of their cause, so that a report always equals a recount of the rows.
 */
const countWrites = (countings: readonly Counting[]): Write[] => {
  const changed = countings.filter(
    ({ before, after }) => before?.counted?.completed_at !== after.counted?.completed_at,
  );
  const rows = changed.flatMap(({ before, after: { task, counted } }): Write[] => [
    ...(before?.counted ? [{ delete: completionKey(task.user_id, task.id, before.counted) }] : []),
    ...(counted
      ? [
          {
            put: {
              ...completionKey(task.user_id, task.id, counted),
              task_id: task.id,
              completed_at: counted.completed_at,
              day: counted.day,
              tags: task.tags,
            },
          },
        ]
      : []),
  ]);
  // Tags are counted from the rows: as attributes of a day they would outgrow its item.
  const days = new Map<string, { key: Key; completed: number }>();
  const count = (owner: UserId, { day }: Counted, by: 1 | -1): void => {
    const { key, completed } = days.get(day) ?? { key: userKey(owner, `${prefix.day}${day}`), completed: 0 };
    days.set(day, { key, completed: completed + by });
  };
  for (const { before, after } of changed) {
    if (before?.counted) count(after.task.user_id, before.counted, -1);
    if (after.counted) count(after.task.user_id, after.counted, 1);
  }
  return [
    ...rows,
    ...[...days.values()].map(({ key, completed }): Write => ({ update: key, change: { add: { completed } } })),
  ];
};

const completionKey = (owner: UserId, id: string, { completed_at }: Counted) =>
  userKey(owner, `${prefix.completion}${completed_at}#${id}`);

/** What is left of a deleted task: enough to tell devices, and to answer a replayed creation. */
export const tombstoneOf = ({ task, requestHash }: TaskRecord, { now, clientId }: Act): Item => ({
  ...taskKey(task.user_id, task.id),
  id: task.id,
  deleted: true,
  version: task.version + 1,
  changed_by: clientId,
  request_hash: requestHash,
  ttl: epochSeconds(secondsAfter(now, memorySeconds)),
});
