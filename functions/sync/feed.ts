import * as z from 'zod/mini';
import { prefix, single, visibleToDevices } from '#blueprint/table.ts';
import { decodeCursor, encodeCursor } from '#shared/cursors.ts';
import { hashOf, type UserId } from '#shared/ids.ts';
import { type Item, isLive } from '#shared/item.ts';
import { log } from '#shared/log.ts';
import { once } from '#shared/once.ts';
import { Failure, invalidRequest } from '#shared/problems.ts';
import { type Change, changeSchema } from './change.ts';

/**
 * A user's change log (docs/decisions/0002-change-feed-as-a-log.md): rows numbered 1, 2, 3 … without a gap, and a head that says how far it
 * goes. A new epoch begins when something may be missing: whoever stood in the old one starts over.
 */
export interface Head {
  readonly epoch: number;
  /** The last row's number; 0 in an empty log. */
  readonly seq: number;
}

const headItem = once(() => z.object({ epoch: z.number(), seq: z.number(), stream: z.string() }));

/**
 * Where a log stands. One that another stream fed is a restored table's: clients may know more than it holds, so it counts as ended, and
 * its next epoch, still empty, as begun. Readers and the writer agree on that without a word.
 *
 * @param item the log's head as it lies in the table
 * @param stream the ARN of the table's stream
 */
export const headOf = (item: Item | undefined, stream: string): Head => {
  if (!item) return { epoch: 1, seq: 0 };
  const { epoch, seq, stream: fedBy } = headItem().parse(item);
  return fedBy === stream ? { epoch, seq } : { epoch: epoch + 1, seq: 0 };
};

/** Sorts before `CHANGE#HEAD`, and rows among themselves by epoch and number. */
export const changeSortKey = ({ epoch, seq }: Head): string =>
  `${prefix.change}${String(epoch).padStart(10, '0')}#${String(seq).padStart(12, '0')}`;

/** One change in a row, with the device that made it. */
export interface LoggedChange {
  readonly change: Change;
  readonly changedBy: string | null;
}

/** A row may hold more only when a single change does: a row and its frame stay far below DynamoDB's 400 KB and API Gateway's 128 KB. */
const rowBytes = 90 * 1024;

/** Cuts changes into rows, between changes, in their order. */
export const rowsOf = (changes: readonly LoggedChange[]): readonly (readonly LoggedChange[])[] => {
  const rows: LoggedChange[][] = [];
  let room = 0;
  for (const logged of changes) {
    const bytes = Buffer.byteLength(JSON.stringify(logged.change)) + 1;
    if (rows.length === 0 || bytes > room) {
      rows.push([]);
      // A byte less: two brackets around, and a comma fewer than there are changes.
      room = rowBytes - 1;
    }
    rows.at(-1)?.push(logged);
    room -= bytes;
  }
  return rows;
};

/** How far a client has read: all rows up to `seq`, and the first `offset` changes of the row behind it. */
export interface Position extends Head {
  readonly offset: number;
}

/** How far a client has read of a snapshot: range by range, key by key; then it goes on from the head the snapshot began with. */
export interface SnapshotPosition {
  readonly head: Head;
  readonly range: number;
  readonly after: string | null;
}

const count = once(() => z.int().check(z.minimum(0)));
const logCursor = once(() => z.tuple([z.literal('log'), z.string(), count(), count(), count()]));
const sortKey = once(() => z.string().check(z.regex(/^[\x21-\x7e]{1,255}$/)));
const snapshotCursor = once(() =>
  z.tuple([z.literal('snapshot'), z.string(), count(), count(), count(), z.nullable(sortKey())]),
);
const anyCursor = once(() => z.union([logCursor(), snapshotCursor()]));

const purpose = 'sync';

/** Enough to tell one stream from another. */
const tagOf = (stream: string): string => hashOf(stream).slice(0, 12);

/** The opaque cursors of one user's log, bound to the stream that feeds it. */
export const cursorsOf = (owner: UserId, stream: string) => ({
  after: ({ epoch, seq, offset = 0 }: Head & { offset?: number }): string =>
    encodeCursor(owner, purpose, ['log', tagOf(stream), epoch, seq, offset]),

  within: ({ head, range, after }: SnapshotPosition): string =>
    encodeCursor(owner, purpose, ['snapshot', tagOf(stream), head.epoch, head.seq, range, after]),

  /** @throws Failure `invalid-request` for what is no cursor; `cursor-expired` for one of another owner or another stream */
  read: (text: string): Position | SnapshotPosition => {
    const cursor = decodeCursor(owner, purpose, anyCursor(), text);
    if (cursor.kind === 'broken') throw brokenCursor();
    if (cursor.kind === 'foreign') throw cursorExpired();
    const [kind, tag, epoch, seq, ...rest] = cursor.payload;
    if (tag !== tagOf(stream)) throw cursorExpired();
    if (kind === 'log') return { epoch, seq, offset: Number(rest[0]) };
    const [range, after = null] = [Number(rest[0]), rest[1]];
    // The seal is no secret: DynamoDB would refuse to go on from a key outside the range, and the fault is the cursor's.
    if (after !== null && !after.startsWith(visibleToDevices[range] ?? after)) throw brokenCursor();
    return { head: { epoch, seq }, range, after };
  },
});

const brokenCursor = (): Failure => invalidRequest('#/cursor', 'is not a cursor: start again without one');

export const cursorExpired = (): Failure =>
  new Failure('cursor-expired', 'The cursor no longer holds: start over without one.');

export interface Delta {
  readonly changes: readonly Change[];
  readonly position: Position;
  readonly hasMore: boolean;
}

const rowItem = once(() => z.object({ changes: z.string() }));

/** @returns null for a row that cannot be read, such as one from before a change of its shape */
const changesIn = (item: Item): readonly Change[] | null => {
  try {
    return z.array(changeSchema()).parse(JSON.parse(rowItem().parse(item).changes));
  } catch {
    log.error('a row of a log could not be read: whoever needs it starts over', { row: item.sk });
    return null;
  }
};

export const rowBody = (changes: readonly LoggedChange[]): { changes: string } =>
  // As text: a row is only ever read whole, and unfolding a hundred tasks attribute by attribute costs more than parsing them.
  ({ changes: JSON.stringify(changes.map(({ change }) => change)) });

/**
 * What comes after a position, out of one query: rows from `seq + 1` on, with the head behind the last of them.
 *
 * @param items in the order of their keys
 * @param complete whether the query read up to the head, if there is one
 * @throws Failure `cursor-expired` when the first row is not the next one (or cannot be read) and the head is not where the client is either
 */
export const deltaOf = (
  from: Position,
  { items, complete, stream, limit, now }: DeltaQuery & { readonly limit: number; readonly now: Date },
): Delta => {
  const last = items.at(-1);
  const headSeen = complete || last?.sk === single.feedHead;
  const head = headSeen ? headOf(last?.sk === single.feedHead ? last : undefined, stream) : null;
  if (head && (head.epoch !== from.epoch || head.seq < from.seq)) throw cursorExpired();

  const changes: Change[] = [];
  let position = from;
  for (const item of items) {
    const { epoch, seq, offset } = position;
    // Trimmed, or about to be: the rest of the log is of no use to somebody who misses this.
    if (item.sk !== changeSortKey({ epoch, seq: seq + 1 }) || !isLive(item, now)) break;
    const inRow = changesIn(item);
    if (!inRow) break;
    const room = limit - changes.length;
    changes.push(...inRow.slice(offset, offset + room));
    position =
      inRow.length > offset + room ? { epoch, seq, offset: offset + room } : { epoch, seq: seq + 1, offset: 0 };
    if (changes.length >= limit) break;
  }
  const atHead = head !== null && head.seq === position.seq && position.offset === 0;
  if (!atHead && position === from) throw cursorExpired();
  return { changes, position, hasMore: !atHead };
};

export interface DeltaQuery {
  readonly items: readonly Item[];
  readonly complete: boolean;
  readonly stream: string;
}
