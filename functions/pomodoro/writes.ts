import { prefix } from '#blueprint/table.ts';
import { dueAt } from '#shared/due.ts';
import { type Item, userKey } from '#shared/item.ts';
import type { Condition, Write } from '#shared/table.ts';
import { countsOf } from './machine.ts';
import { endsAt, pastKey, pastPath, type SessionRecord, seatKey } from './session.ts';

/** A session's next version, or the first one of the session that takes its seat. */
export interface Transition {
  /** What lies on the seat; `null`: nothing has, ever. */
  readonly before: SessionRecord | null;
  readonly after: SessionRecord;
}

/**
 * Everything that a transition writes, in one transaction. A session that is over stays on the seat, for devices to see, and gets its row in
 * the history; what it counts changes in the same act, so that a report always equals a recount of the rows.
 * @param shards over how many partitions of the index what comes due is spread
 */
export const transitionWrites = ({ before, after }: Transition, shards: number): Write[] => [
  {
    put: { ...seatKey(after.user_id), ...itemOf(after), ...dueOf(after, shards) },
    condition: before === null ? free : asRead(before),
  },
  ...(after.day === null ? [] : [{ put: { ...pastKey(after), ...itemOf(after), by_path: pastPath(after.id) } }]),
  ...countWrites(after),
];

const free: Condition = { expression: 'attribute_not_exists(pk)' };

/** The same session in the version that was read: another one's versions begin at 1 as well. */
const asRead = ({ id, version }: SessionRecord): Condition => ({
  expression: '#id = :id AND #version = :version',
  names: { '#id': 'id', '#version': 'version' },
  values: { ':id': id, ':version': version },
});

const itemOf = (session: SessionRecord): Item => ({ ...session });

/** An active session comes due when its time is over; a paused one may wait for ever. */
const dueOf = (session: SessionRecord, shards: number): Item => {
  const over = session.status === 'active' ? endsAt(session) : null;
  return over === null ? {} : dueAt(session.user_id, new Date(over), shards);
};

const countWrites = (session: SessionRecord): Write[] => {
  const counts = countsOf(session);
  if (!counts || counts.pomodoros + counts.focus_seconds === 0) return [];
  return [{ update: userKey(session.user_id, `${prefix.day}${session.day}`), change: { add: { ...counts } } }];
};
