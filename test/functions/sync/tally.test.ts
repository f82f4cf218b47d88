import { describe, expect, it } from 'vitest';
import { tallyOf, writtenAt } from '#functions/sync/tally.ts';
import { userId } from '#shared/ids.ts';
import type { Item, Key } from '#shared/item.ts';
import {
  inserted,
  modified,
  removed,
  stoppedSessionItems,
  taskItem,
  tombstoneItem,
} from '#test/support/stream-records.ts';

const ada = userId('ada');

const became = (before: Item, after: Item & Key) => modified(after, before);

describe('the tally of a batch', () => {
  const open = taskItem(ada);
  const done = { ...open, status: 'done', version: 2 };

  it('counts tasks that were made and completed, and each completion once', () => {
    expect(tallyOf([inserted(open), became(open, done), became(done, { ...done, title: 'Milk', version: 3 })])).toEqual(
      { TasksCreated: 1, TasksCompleted: 1 },
    );
    expect(tallyOf([inserted(done)])).toEqual({ TasksCreated: 1, TasksCompleted: 1 });
  });

  it('does not count what is gone, nor what another room keeps', () => {
    const tombstone = tombstoneItem(ada, { id: String(open.id), version: 3 });
    expect(tallyOf([became(done, tombstone), removed(open), inserted({ pk: 'USER#ada', sk: 'PROFILE' })])).toEqual({});
    expect(tallyOf([inserted({ ...open, pk: 'GUEST#ada' })])).toEqual({});
  });

  it('counts what has become of reminders', () => {
    const reminder = (id: string, state: string) => ({ id, at: '2026-11-24T12:00:00Z', state });
    const withStates = (version: number, ...states: readonly string[]) => ({
      ...open,
      version,
      reminders: states.map((state, index) => reminder(String(index), state)),
    });
    const planned = withStates(1, 'scheduled', 'scheduled', 'scheduled', 'scheduled');
    const settled = withStates(2, 'sent', 'expired', 'failed', 'cancelled');
    expect(tallyOf([became(planned, settled), became(settled, { ...settled, title: 'Milk', version: 3 })])).toEqual({
      RemindersSent: 1,
      RemindersExpired: 1,
      RemindersFailed: 1,
    });
  });

  it('counts focus sessions that begin, and those that run out', () => {
    const [stopped] = stoppedSessionItems(ada, 'one');
    if (!stopped) throw new Error('there is no seat');
    const active = { ...stopped, id: 'two', status: 'active', ended_by: null };
    const over = { ...active, status: 'completed', ended_by: 'time' };
    expect(tallyOf([became(stopped, active), became(active, { ...active, status: 'paused' })])).toEqual({
      SessionsStarted: 1,
    });
    expect(tallyOf([became(active, over), became(over, { ...over, version: 9 })])).toEqual({
      SessionsCompleted: 1,
    });
    expect(tallyOf([became(active, { ...stopped, id: 'two' })])).toEqual({});
    expect(tallyOf([inserted({ ...active, kind: 'short_break' })])).toEqual({});
  });

  it('counts files that have arrived', () => {
    const pending = { pk: 'USER#ada', sk: 'ATTACHMENT#t#a', status: 'pending', version: 1 };
    expect(tallyOf([inserted(pending), became(pending, { ...pending, status: 'available', version: 2 })])).toEqual({
      FilesArrived: 1,
    });
  });
});

describe('when a record was written', () => {
  const record = inserted(taskItem(ada));
  const second = record.dynamodb?.ApproximateCreationDateTime ?? 0;
  const at = (updated_at: string) => writtenAt(inserted({ ...taskItem(ada), updated_at })).getTime() - second * 1000;

  it('is known to the millisecond where the item says it, else to the second', () => {
    expect(at(new Date(second * 1000 + 250).toISOString())).toBe(250);
    // A write that did not touch it.
    expect(at('2025-01-01T00:00:00.000Z')).toBe(0);
    expect(writtenAt(inserted({ pk: 'USER#ada', sk: 'PROFILE' })).getTime()).toBe(second * 1000);
  });
});
