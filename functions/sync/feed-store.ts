import { single, visibleToDevices } from '#blueprint/table.ts';
import { epochSeconds, memorySeconds, secondsAfter } from '#shared/clock.ts';
import type { UserId } from '#shared/ids.ts';
import { type Item, userKey } from '#shared/item.ts';
import { untilItHolds } from '#shared/retry.ts';
import {
  absent,
  type Condition,
  ConditionFailed,
  getItem,
  putItem,
  queryPage,
  type Table,
  type Write,
  writeAll,
} from '#shared/table.ts';
import { changeSortKey, type Head, headOf, type LoggedChange, rowBody } from './feed.ts';
import type { FeedReader } from './pull.ts';

/** The table, and the ARN of the stream that feeds its logs. */
export interface FeedTable {
  readonly table: Table;
  readonly stream: string;
}

/** What clients read: one round trip each. */
export const dynamoFeedReader = ({ table, stream }: FeedTable): FeedReader => ({
  stream,

  head: async (owner) => headOf(await getItem(table, userKey(owner, single.feedHead)), stream),

  log: async (owner, { epoch, seq }, limit) => {
    const { items, lastKey } = await queryPage(table, {
      pk: userKey(owner, '').pk,
      between: [changeSortKey({ epoch, seq: seq + 1 }), single.feedHead],
      // Each row holds a change at least; one more, for the head.
      limit: limit + 1,
    });
    return { items, complete: lastKey === undefined, stream };
  },

  visible: async (owner, range, { after, limit }) => {
    const beginsWith = visibleToDevices[range];
    if (beginsWith === undefined) return { items: [], after: null };
    const { items, lastKey } = await queryPage(table, {
      pk: userKey(owner, '').pk,
      beginsWith,
      limit,
      startAfter: after === null ? undefined : { ...userKey(owner, after) },
    });
    return { items, after: lastKey ? String(lastKey.sk) : null };
  },
});

/** As many rows of 90 KB as are surely below a transaction's 4 MB. */
const rowsPerTransaction = 30;

/**
 * Appends rows to a user's log, in order and without a gap, whoever else appends at the same time.
 * @returns the head before them
 * @throws Failure `busy` when others are faster every time
 */
export const appendRows = async (
  feed: FeedTable,
  owner: UserId,
  rows: readonly (readonly LoggedChange[])[],
  now: Date,
): Promise<Head[]> => {
  const before: Head[] = [];
  for (let start = 0; start < rows.length; start += rowsPerTransaction) {
    const part = rows.slice(start, start + rowsPerTransaction);
    const head = await moveHead(feed, owner, now, ({ epoch, seq }) => ({
      head: { epoch, seq: seq + part.length },
      rows: part.map((changes, index) => ({
        put: {
          ...userKey(owner, changeSortKey({ epoch, seq: seq + 1 + index })),
          ...rowBody(changes),
          ttl: epochSeconds(secondsAfter(now, memorySeconds)),
        },
      })),
    }));
    before.push(...part.map((_, index) => ({ epoch: head.epoch, seq: head.seq + index })));
  }
  return before;
};

/**
 * Begins a new epoch: something may be missing in the log, so everybody starts over.
 * @returns the new head
 */
export const raiseEpoch = async (feed: FeedTable, owner: UserId, now: Date): Promise<Head> => {
  const { epoch } = await moveHead(feed, owner, now, (head) => ({ head: { epoch: head.epoch + 1, seq: 0 }, rows: [] }));
  return { epoch: epoch + 1, seq: 0 };
};

type Move = (head: Head) => { readonly head: Head; readonly rows: readonly Write[] };

/** @returns the head as it was before */
const moveHead = ({ table, stream }: FeedTable, owner: UserId, now: Date, move: Move): Promise<Head> =>
  untilItHolds(async () => {
    const key = userKey(owner, single.feedHead);
    const item = await getItem(table, key);
    const before = headOf(item, stream);
    const { head, rows } = move(before);
    const moved: Item = { ...key, ...head, stream };
    const condition = item ? unmoved(item) : absent(now);
    try {
      await (rows.length > 0
        ? writeAll(table, [{ put: moved, condition }, ...rows])
        : putItem(table, moved, condition));
      return before;
    } catch (error) {
      if (error instanceof ConditionFailed) return false;
      throw error;
    }
  });

const unmoved = ({ epoch, seq, stream }: Item): Condition => ({
  expression: '#epoch = :epoch AND #seq = :seq AND #stream = :stream',
  names: { '#epoch': 'epoch', '#seq': 'seq', '#stream': 'stream' },
  values: { ':epoch': epoch, ':seq': seq, ':stream': stream },
});
