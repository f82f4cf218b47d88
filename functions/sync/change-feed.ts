import type { DynamoDBBatchResponse, DynamoDBRecord } from 'aws-lambda';
import { type Clock, secondsAfter } from '#shared/clock.ts';
import { concurrently } from '#shared/concurrently.ts';
import type { UserId } from '#shared/ids.ts';
import { errorOf, log, loggedUser } from '#shared/log.ts';
import { measure } from '#shared/metrics.ts';
import { type Head, type LoggedChange, rowsOf } from './feed.ts';
import type { Frame } from './push.ts';
import { type Reading, readRecord } from './stream-record.ts';
import { tallyOf, writtenAt } from './tally.ts';

/** Users whose logs are written, or whose devices are called, at the same time. */
const usersAtOnce = 10;

/** Half of the function's own time: one that runs out of it would see its batch again, and with it the same slow devices. */
const pushSeconds = 30;

export interface ChangeFeedNeeds {
  readonly clock: Clock;
  /** Appends rows and gives the head before each. */
  readonly append: (owner: UserId, rows: readonly (readonly LoggedChange[])[], now: Date) => Promise<readonly Head[]>;
  readonly raiseEpoch: (owner: UserId, now: Date) => Promise<Head>;
  /**
   * Tells a user's devices, as far as it gets `until` then; never throws for a device that cannot be reached.
   * @returns how many frames have arrived
   */
  readonly push: (owner: UserId, frames: readonly Frame[], until: Date) => Promise<number>;
}

/**
 * Appends what a batch of stream records says to the log of each user, then tells their devices. All rows are written before anything is
 * pushed; a batch that comes again is appended again, because clients apply by version.
 *
 * @returns the records to come again: those of users whose log could not be written
 */
export const consumeChanges =
  ({ clock, append, raiseEpoch, push }: ChangeFeedNeeds) =>
  async (records: readonly DynamoDBRecord[]): Promise<DynamoDBBatchResponse> => {
    const now = clock.now();
    const users = [...byUser(records)];

    const written = await concurrently(users, usersAtOnce, async ([owner, batch]) => {
      const frames: Frame[] = [];
      if (batch.unreadable.length > 0) {
        log.error('stream records could not be read: the user starts over', {
          user: loggedUser(owner),
          records: batch.unreadable.map(({ sequenceNumber }) => sequenceNumber),
          error: errorOf(batch.unreadable[0]?.error),
        });
        // An empty frame of the new epoch: whoever gets it is not there yet, asks, and is told to start over.
        const before = await raiseEpoch(owner, now);
        frames.push({ before, after: before, changes: [] });
      }
      const rows = rowsOf(batch.changes);
      const heads = await append(owner, rows, now);
      for (const [index, before] of heads.entries()) {
        frames.push({ before, after: { epoch: before.epoch, seq: before.seq + 1 }, changes: rows[index] ?? [] });
      }
      return { owner, frames, fed: batch.changes.length, longestLag: clock.now().getTime() - batch.firstAt };
    });
    const fed = written.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));

    const pushed = await concurrently(fed, usersAtOnce, ({ owner, frames }) =>
      push(owner, frames, secondsAfter(now, pushSeconds)),
    );
    for (const result of pushed) {
      // A push is a hint: devices find the gap by the next frame, or by a ping.
      if (result.status === 'rejected') log.warn('devices could not be told', { error: errorOf(result.reason) });
    }

    const batchItemFailures = users.flatMap(([owner, { sequenceNumbers }], index) => {
      const result = written[index];
      if (result?.status !== 'rejected') return [];
      log.error('a log could not be written', { user: loggedUser(owner), error: errorOf(result.reason) });
      return sequenceNumbers.map((itemIdentifier) => ({ itemIdentifier }));
    });
    const again = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const changed = fed.filter(({ fed }) => fed > 0);
    if (changed.length > 0) {
      await measure({
        ...tallyOf(records.filter(({ dynamodb }) => !again.has(dynamodb?.SequenceNumber ?? ''))),
        ChangesFed: changed.reduce((sum, { fed }) => sum + fed, 0),
        FeedLag: Math.max(0, ...changed.map(({ longestLag }) => longestLag)),
        FramesPushed: pushed.reduce((sum, result) => sum + (result.status === 'fulfilled' ? result.value : 0), 0),
      });
    }
    return { batchItemFailures };
  };

interface UserBatch {
  readonly changes: LoggedChange[];
  readonly unreadable: { readonly sequenceNumber: string; readonly error: unknown }[];
  readonly sequenceNumbers: string[];
  /** When the first of its records was written, in epoch milliseconds. */
  readonly firstAt: number;
}

const byUser = (records: readonly DynamoDBRecord[]): ReadonlyMap<UserId, UserBatch> => {
  const users = new Map<UserId, UserBatch>();
  for (const record of records) {
    const reading: Reading = readRecord(record);
    if (reading.kind === 'other') continue;
    const batch = users.get(reading.owner) ?? {
      changes: [],
      unreadable: [],
      sequenceNumbers: [],
      // A shard is read in the order of its writes.
      firstAt: writtenAt(record).getTime(),
    };
    users.set(reading.owner, batch);
    const sequenceNumber = record.dynamodb?.SequenceNumber ?? '';
    batch.sequenceNumbers.push(sequenceNumber);
    if (reading.kind === 'change') batch.changes.push(reading.logged);
    else batch.unreadable.push({ sequenceNumber, error: reading.error });
  }
  return users;
};
