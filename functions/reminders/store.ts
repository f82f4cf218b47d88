import { defaultProfile, type Profile, profileFromItem, profileKey } from '#functions/accounts/profile.ts';
import { mailKey, mailStateOf } from '#functions/mail/mail.ts';
import { dueKey } from '#functions/tasks/due-date.ts';
import { type TaskRecord, taskFromItem, taskKey } from '#functions/tasks/task.ts';
import { epochSeconds, memorySeconds, secondsAfter } from '#shared/clock.ts';
import { dueAt, inItsShard } from '#shared/due.ts';
import type { UserId } from '#shared/ids.ts';
import { type Item, isLive, type Key, userKey } from '#shared/item.ts';
import {
  absent,
  atVersion,
  type Condition,
  deleteItem,
  getItems,
  holds,
  putItem,
  type Table,
  updateItem,
  writeAll,
} from '#shared/table.ts';
import type { ReminderStore } from './ports.ts';
import { type Occasion, type ReminderRow, reminderKey, rowFromItem } from './reminder-row.ts';

/** How long a sender may take, its retries and its place in a queue included. */
const leaseSeconds = 600;

/** Reminders in the single table. @param shards over which that which comes due is spread */
export const dynamoReminderStore = (table: Table, shards: number): ReminderStore => ({
  claim: (owner, sk, now) =>
    holds(
      updateItem(
        table,
        userKey(owner, sk),
        { set: { due_at: secondsAfter(now, leaseSeconds).toISOString() }, add: { claims: 1 } },
        {
          expression: 'attribute_exists(pk) AND #due_at <= :now',
          names: { '#due_at': 'due_at' },
          values: { ':now': now.toISOString() },
        },
      ),
    ),

  wake: async ({ owner, sk, task_id }, now) => {
    const keys = [userKey(owner, sk), taskKey(owner, task_id), profileKey(owner), mailKey(owner)];
    const [row, task, profile, mail] = await getItems(table, keys);
    return {
      row: row && isLive(row, now) ? rowFromItem(owner, row) : null,
      record: recordOf(task, now),
      rules: rulesOf(owner, profile),
      addressee: { profile: profile ? profileFromItem(profile) : null, state: mailStateOf(mail) },
    };
  },

  begin: (row) =>
    holds(updateItem(table, keyOf(row), { set: { used: row.claims }, add: { sends: 1 } }, underClaim(row))),

  putOff: async (row, until) => {
    const { claims, sends, used } = row;
    // Begun, and not sent after all.
    const counted = used === claims ? sends - 1 : sends;
    await holds(
      updateItem(
        table,
        keyOf(row),
        { set: { used: claims, sends: counted, due_at: until.toISOString() } },
        underClaim(row),
      ),
    );
  },

  drop: async (row) => {
    await holds(deleteItem(table, keyOf(row), underClaim(row)));
  },

  settle: async (row, now) => {
    await holds(
      updateItem(
        table,
        keyOf(row),
        {
          set: { used: row.claims, ttl: epochSeconds(secondsAfter(now, memorySeconds)) },
          remove: ['due_shard', 'due_at'],
        },
        underClaim(row),
      ),
    );
  },

  commit: (writes) =>
    holds(
      writeAll(
        table,
        writes.map((write) => inItsShard(write, shards)),
      ),
    ),

  task: async (owner, id, now) => {
    const [task, profile] = await getItems(table, [taskKey(owner, id), profileKey(owner)]);
    return { record: recordOf(task, now), rules: rulesOf(owner, profile) };
  },

  announce: async ({ task: { user_id, id, due_date } }, { kind }, now) => {
    if (due_date === null) return;
    await holds(
      putItem(
        table,
        {
          ...reminderKey(user_id, id, `${kind}#${dueKey(due_date)}`),
          task_id: id,
          occasion: { kind, due_date } satisfies Occasion,
          claims: 1,
          ...dueAt(user_id, secondsAfter(now, leaseSeconds), shards),
        },
        absent(now),
      ),
    );
  },

  lookAgain: async ({ task, noticeAt }, at) => {
    const { expression, names, values } = atVersion(task.version);
    await holds(
      updateItem(
        table,
        taskKey(task.user_id, task.id),
        at ? { set: dueAt(task.user_id, at, shards) } : { remove: ['due_shard', 'due_at'] },
        {
          expression: `${expression} AND #looked = :looked`,
          names: { ...names, '#looked': 'due_at' },
          values: { ...values, ':looked': noticeAt?.toISOString() },
        },
      ),
    );
  },
});

const keyOf = ({ owner, sk }: ReminderRow): Key => userKey(owner, sk);

const recordOf = (item: Item | undefined, now: Date): TaskRecord | null =>
  item && isLive(item, now) ? taskFromItem(item) : null;

const rulesOf = (owner: UserId, item: Item | undefined): Profile =>
  item ? profileFromItem(item) : defaultProfile(owner);

/** As it was read: under the same claim, and neither begun nor put off since. */
const underClaim = ({ claims, used }: ReminderRow): Condition => ({
  expression: '#claims = :claims AND (#used = :used OR (:used = :never AND attribute_not_exists(#used)))',
  names: { '#claims': 'claims', '#used': 'used' },
  values: { ':claims': claims, ':used': used, ':never': 0 },
});
