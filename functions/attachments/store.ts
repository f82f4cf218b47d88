import * as z from 'zod/mini';
import { taskKey } from '#functions/tasks/task.ts';
import { epochSeconds, memorySeconds, secondsAfter } from '#shared/clock.ts';
import { dueAt, leaseEnd } from '#shared/due.ts';
import { type Item, isLive, userKey } from '#shared/item.ts';
import { once } from '#shared/once.ts';
import {
  absent,
  atVersion,
  type Condition,
  ConditionFailed,
  deleteItem,
  getItem,
  getItems,
  holds,
  queryAll,
  type Table,
  type Write,
  writeAll,
} from '#shared/table.ts';
import {
  type AttachmentRecord,
  attachmentFromItem,
  attachmentKey,
  attachmentsPerTask,
  attachmentsPrefix,
  bytesKey,
  bytesPerUser,
  countKey,
  discardKey,
  itemOfAttachment,
  patienceSeconds,
  tombstoneOf,
  uploadKey,
} from './attachment.ts';
import type { ArrivalStore, AttachmentStore } from './ports.ts';

/** What an arrival reads and writes: nothing that waits for a time. */
export const dynamoArrivalStore = (table: Table): ArrivalStore => ({
  find: async (place, now) => {
    const item = await getItem(table, attachmentKey(place));
    return item && isLive(item, now) ? attachmentFromItem(item) : null;
  },

  replace: (before, after) => {
    const more = after.attachment.size - before.attachment.size;
    return holds(
      writeAll(table, [
        { put: itemOfAttachment(after), condition: atVersion(before.attachment.version) },
        // Never, as long as the store refuses another size than was agreed on; if it ever does not, what is counted is what lies there.
        ...(more === 0 ? [] : [{ update: bytesKey(after.owner), change: { add: { bytes: more } } }]),
      ]),
    );
  },
});

/** Attachments in the single table. @param shards over how many partitions what comes due is spread */
export const dynamoAttachmentStore = (table: Table, shards: number): AttachmentStore => {
  const all: AttachmentStore['all'] = async (owner, taskId, now) => {
    const items = await queryAll(table, { pk: userKey(owner, '').pk, beginsWith: attachmentsPrefix(taskId) });
    return items
      .filter((item) => isLive(item, now))
      .map(attachmentFromItem)
      .sort(byAge);
  };

  return {
    ...dynamoArrivalStore(table),
    all,

    create: async (record, now) => {
      try {
        await writeAll(table, creationWrites(record, now, shards));
        return { outcome: 'created' };
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error;
        const [known, task, bytes, count, keyed] = error.items;
        if (keyed && requestHashOf(keyed) !== record.requestHash) return { outcome: 'reused' };
        if (known) {
          if (requestHashOf(known) !== record.requestHash) return { outcome: 'reused' };
          return isLive(known, now) ? { outcome: 'exists', record: attachmentFromItem(known) } : { outcome: 'deleted' };
        }
        // A condition that failed on nothing looks as one that held: whether there is such a task, the task itself says.
        const own = task ?? (await getItem(table, taskKey(record.owner, record.attachment.task_id)));
        if (!own || !isLive(own, now)) return { outcome: 'no-task' };
        if (count) return { outcome: 'task-full' };
        if (bytes) return { outcome: 'user-full' };
        throw error;
      }
    },

    get: async (place, now) => {
      const [item, task] = await getItems(table, [attachmentKey(place), taskKey(place.owner, place.taskId)]);
      return item && task && isLive(item, now) && isLive(task, now) ? attachmentFromItem(item) : null;
    },

    list: async (owner, taskId, now) => {
      const [task, records] = await Promise.all([getItem(table, taskKey(owner, taskId)), all(owner, taskId, now)]);
      return task && isLive(task, now) ? records : null;
    },

    remove: async (records, act) => {
      const [first] = records;
      if (!first) return true;
      const { owner } = first;
      const count = countKey(owner, first.attachment.task_id);
      const bytes = records.reduce((sum, { attachment: { size } }) => sum + size, 0);
      const removed = await holds(
        writeAll(table, [
          ...records.flatMap((record): Write[] => [
            { put: tombstoneOf(record, act), condition: atVersion(record.attachment.version) },
            {
              put: {
                ...discardKey(owner, record.attachment.id),
                object_key: record.objectKey,
                ...dueAt(owner, discardAt(record, act.now), shards),
              },
            },
          ]),
          { update: bytesKey(owner), change: { add: { bytes: -bytes } } },
          { update: count, change: { add: { attachments: -records.length } } },
        ]),
      );
      // A counter at nothing is as good as none.
      if (removed) await holds(deleteItem(table, count, isZero));
      return removed;
    },

    discarded: async (owner, id) => {
      const item = await getItem(table, discardKey(owner, id));
      return item ? discardItem().parse(item).object_key : null;
    },

    forget: async (owner, id) => {
      await deleteItem(table, discardKey(owner, id));
    },
  };
};

/**
 * Whoever removes an attachment deletes its file as well; the sweep does, when nobody is left to. One that is on its way may come later:
 * nobody waits for it then, and in case the word of its coming is lost, the sweep looks once more.
 */
const discardAt = ({ attachment: { status } }: AttachmentRecord, now: Date): Date =>
  status === 'pending' ? secondsAfter(now, patienceSeconds) : leaseEnd(now);

/** Everything that an upload writes, or looks at, in one transaction. `create` reads what lay there instead in this order. */
const creationWrites = (record: AttachmentRecord, now: Date, shards: number): Write[] => {
  const { owner, requestHash, awaitedUntil } = record;
  const { id, task_id, size } = record.attachment;
  return [
    {
      put: { ...itemOfAttachment(record), ...(awaitedUntil && dueAt(owner, awaitedUntil, shards)) },
      condition: absent(now),
    },
    // Also keeps a task that is being deleted from leaving something behind: either it sees this attachment, or there is none.
    { check: taskKey(owner, task_id), condition: alive },
    { update: bytesKey(owner), change: { add: { bytes: size } }, condition: atMost('bytes', bytesPerUser - size) },
    {
      update: countKey(owner, task_id),
      change: { add: { attachments: 1 } },
      condition: atMost('attachments', attachmentsPerTask - 1),
    },
    // The attachment's own key holds its task: without this, the same Idempotency-Key would make another one of another task.
    ...(requestHash === null
      ? []
      : [
          {
            put: {
              ...uploadKey(owner, id),
              request_hash: requestHash,
              ttl: epochSeconds(secondsAfter(now, memorySeconds)),
            },
            condition: absent(now),
          },
        ]),
  ];
};

const alive: Condition = {
  expression: 'attribute_exists(pk) AND attribute_not_exists(#deleted)',
  names: { '#deleted': 'deleted' },
};

const atMost = (counter: string, limit: number): Condition => ({
  expression: 'attribute_not_exists(#counter) OR #counter <= :limit',
  names: { '#counter': counter },
  values: { ':limit': limit },
});

const isZero: Condition = {
  expression: '#attachments <= :none',
  names: { '#attachments': 'attachments' },
  values: { ':none': 0 },
};

const discardItem = once(() => z.object({ object_key: z.string() }));

const requestHashOf = (item: Item): unknown => item.request_hash ?? null;

const byAge = ({ attachment: a }: AttachmentRecord, { attachment: b }: AttachmentRecord): number =>
  a.upload_date === b.upload_date ? (a.id < b.id ? -1 : 1) : a.upload_date < b.upload_date ? -1 : 1;
