import type { SendNotice } from '#functions/mail/mail.ts';
import type { Sending } from '#functions/mail/notice.ts';
import { recordReminder, type TaskRecord } from '#functions/tasks/task.ts';
import { transitionWrites } from '#functions/tasks/writes.ts';
import type { Clock } from '#shared/clock.ts';
import type { UserId } from '#shared/ids.ts';
import type { Item } from '#shared/item.ts';
import { untilItHolds } from '#shared/retry.ts';
import { firingOf } from './firing.ts';
import type { ReminderStore, Waking } from './ports.ts';
import type { ReminderState } from './reminder.ts';
import { isClaimed, type ReminderRow, rowFromItem } from './reminder-row.ts';

export interface ReactNeeds {
  readonly store: ReminderStore;
  readonly send: SendNotice;
  readonly clock: Clock;
}

/** `unclear` may have arrived: it is not sent again. What SES refuses, or the account's address does not take, has failed. */
const stateAfter = {
  sent: 'sent',
  unclear: 'sent',
  failed: 'failed',
  unwanted: 'failed',
} as const satisfies Record<Exclude<Sending, 'throttled'>, ReminderState>;

/**
 * What follows from a claim, seen on the stream: the task is read again, the mail is sent if it still asks for one, and what has become of
 * it is recorded. A record of the stream is only a hint: what counts is the row as it is now, so that records may come late, twice, or in
 * any order. Each claim is used up before anything is sent; a second one, ten minutes later, is there only when nobody could record the
 * first.
 *
 * @param item the row's new image
 * @throws whatever kept it from being sent or recorded; the sweep takes it up again
 */
export const reactToClaim =
  ({ store, send, clock }: ReactNeeds) =>
  async (owner: UserId, item: Item): Promise<void> => {
    const hint = rowFromItem(owner, item);
    if (!isClaimed(hint)) return;
    const now = clock.now();
    const { row, record, rules, addressee } = await store.wake(hint, now);
    if (!row || !isClaimed(row)) return;
    const firing = firingOf(row, record, rules, now);
    switch (firing.kind) {
      case 'drop':
        return store.drop(row);
      case 'put-off':
        return store.putOff(row, firing.until);
      case 'record':
        return recordState(store, { row, record }, firing.state, now);
      case 'send': {
        if (!(await store.begin(row))) return;
        const begun: ReminderRow = { ...row, used: row.claims, sends: row.sends + 1 };
        const sending = await orPutOff(store, begun, now, () => send(firing.notice, now, addressee));
        if (sending === 'throttled') return store.putOff(begun, now);
        return recordState(store, { row: begun, record }, stateAfter[sending], now);
      }
    }
  };

/** An error is an answer too: nothing was sent, or `unclear` would have been said. */
const orPutOff = async (
  store: ReminderStore,
  row: ReminderRow,
  now: Date,
  work: () => Promise<Sending>,
): Promise<Sending> => {
  try {
    return await work();
  } catch (error) {
    await store.putOff(row, now);
    throw error;
  }
};

/**
 * Says of the task what has become of its reminder: of the task as it was read when the claim was seen or, where somebody has changed it
 * since, as it is by then.
 */
const recordState = (
  store: ReminderStore,
  known: { readonly row: ReminderRow; readonly record: TaskRecord | null },
  state: Exclude<ReminderState, 'scheduled'>,
  now: Date,
): Promise<void> => {
  const { row } = known;
  const { occasion } = row;
  if (occasion.kind !== 'task_reminder') return store.settle(row, now);
  let read: Pick<Waking, 'row' | 'record'> | null = known;
  return untilItHolds<true>(async () => {
    const { row: present, record: before } = read ?? (await store.wake(row, now));
    read = null;
    // Planned anew since, or recorded already: what was sent was sent for another time.
    if (!present || present.claims < row.claims) return true;
    const reminder = before?.task.reminders.find(({ id }) => id === occasion.reminder_id);
    if (!before || reminder?.state !== 'scheduled') {
      await store.drop(present);
      return true;
    }
    const after = recordReminder(before, occasion.reminder_id, state);
    return (await store.commit(transitionWrites([{ before, after }], { now, clientId: null }))) && true;
  }).then(() => undefined);
};
