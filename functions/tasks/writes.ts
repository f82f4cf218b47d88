import { prefix } from '#blueprint/table.ts';
import { epochSeconds, memorySeconds, secondsAfter } from '#shared/clock.ts';
import type { UserId } from '#shared/ids.ts';
import { type Item, userKey } from '#shared/item.ts';
import { absent, atVersion, type Write } from '#shared/table.ts';
import { type Act, type Counted, itemOfTask, type TaskRecord, taskKey } from './task.ts';

/** Everything that creating a task writes, in one transaction: one that is done from its beginning is counted in the same act. */
export const creationWrites = (record: TaskRecord, now: Date): Write[] => [
  { put: itemOfTask(record), condition: absent(now) },
  ...countWrites(null, record),
];

/** Everything that another version of a task writes, in one transaction. */
export const replacementWrites = (before: TaskRecord, after: TaskRecord): Write[] => [
  { put: itemOfTask(after), condition: atVersion(before.task.version) },
  ...countWrites(before, after),
];

/**
 * What completing, or undoing it, counts: a row that outlives the task, and the day's counters.
 * They change in the transaction of their cause, so that a report always equals a recount of the rows.
 */
const countWrites = (before: TaskRecord | null, { task, counted }: TaskRecord): Write[] => {
  const undone = before?.counted ?? null;
  if (undone?.completed_at === counted?.completed_at) return [];
  return [
    ...(undone ? [{ delete: completionKey(task.user_id, task.id, undone) }, dayWrite(task.user_id, undone, -1)] : []),
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
          dayWrite(task.user_id, counted, 1),
        ]
      : []),
  ];
};

const completionKey = (owner: UserId, id: string, { completed_at }: Counted) =>
  userKey(owner, `${prefix.completion}${completed_at}#${id}`);

/** A counter a tag, as attributes of the day: `ADD` makes what is not there. */
const dayWrite = (owner: UserId, { day, tags }: Counted, by: 1 | -1): Write => ({
  update: userKey(owner, `${prefix.day}${day}`),
  change: { add: { completed: by, ...Object.fromEntries(tags.map((tag) => [`tag#${tag}`, by])) } },
});

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
