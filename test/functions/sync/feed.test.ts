import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { single } from '#blueprint/table.ts';
import { type Change, changeOf } from '#functions/sync/change.ts';
import {
  changeSortKey,
  cursorsOf,
  deltaOf,
  headOf,
  type LoggedChange,
  type Position,
  rowBody,
  rowsOf,
  type SnapshotPosition,
} from '#functions/sync/feed.ts';
import { encodeCursor } from '#shared/cursors.ts';
import { userId } from '#shared/ids.ts';
import type { Item } from '#shared/item.ts';
import { Failure } from '#shared/problems.ts';
import { loggedDelete, taskItem } from '#test/support/stream-records.ts';

const owner = userId(randomUUID());
const stream = 'arn:aws:dynamodb:eu-central-1:111122223333:table/pomona/stream/2026-11-24T00:00:00.000';
const restored = stream.replace('2026-11-24', '2026-12-01');

describe('the head of a log', () => {
  it('is the beginning where nothing was ever logged', () => {
    expect(headOf(undefined, stream)).toEqual({ epoch: 1, seq: 0 });
  });

  it('is what the table says', () => {
    expect(headOf({ epoch: 2, seq: 5, stream }, stream)).toEqual({ epoch: 2, seq: 5 });
  });

  it('is the beginning of the next epoch where another stream fed the log: the table was restored', () => {
    expect(headOf({ epoch: 2, seq: 5, stream }, restored)).toEqual({ epoch: 3, seq: 0 });
  });
});

describe('cutting changes into rows', () => {
  const titled = (title: string): LoggedChange => ({ change: changeOf(taskItem(owner, { title })), changedBy: null });
  const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 80_000, max: 100_000 })), {
    maxLength: 300,
  });
  const bytesOf = (row: readonly LoggedChange[]): number => Buffer.byteLength(rowBody(row).changes);

  it('keeps all changes in their order, and rows at 90 KB unless one change alone is more', () => {
    fc.assert(
      fc.property(sizes, (lengths) => {
        const changes = lengths.map((length) => titled('ä'.repeat(length / 2)));
        const rows = rowsOf(changes);
        expect(rows.flat()).toEqual(changes);
        expect(rows.every((row) => row.length === 1 || (row.length > 1 && bytesOf(row) <= 90 * 1024))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('fills a row to the last byte', () => {
    const other = titled('');
    const room = 90 * 1024 - bytesOf([other, other]);
    expect(rowsOf([other, titled('x'.repeat(room))])).toHaveLength(1);
    expect(rowsOf([other, titled('x'.repeat(room + 1))])).toHaveLength(2);
  });

  it('gives a huge change a row of its own', () => {
    const changes = [titled('before'), titled('x'.repeat(120_000)), titled('after')];
    expect(rowsOf(changes)).toEqual(changes.map((change) => [change]));
  });

  it('makes no row of nothing', () => {
    expect(rowsOf([])).toEqual([]);
  });
});

describe('a cursor', () => {
  const cursors = cursorsOf(owner, stream);
  const reading = (text: string, by = cursors) => {
    try {
      return by.read(text);
    } catch (error) {
      return error instanceof Failure ? error.type : error;
    }
  };
  const position = { epoch: 3, seq: 14, offset: 2 };

  it('says where a client stands in the log, or in a snapshot', () => {
    const within: SnapshotPosition = { head: { epoch: 3, seq: 14 }, range: 0, after: 'TASK#x' };
    expect(cursors.read(cursors.after(position))).toEqual(position);
    expect(cursors.read(cursors.after({ epoch: 3, seq: 14 }))).toEqual({ ...position, offset: 0 });
    expect(cursors.read(cursors.within(within))).toEqual(within);
    expect(cursors.read(cursors.within({ ...within, range: 1, after: null }))).toMatchObject({ range: 1, after: null });
  });

  it.each([
    ['another person’s', cursorsOf(userId(randomUUID()), stream).after(position)],
    ['one for another purpose', encodeCursor(owner, 'tasks', ['log', '', 1, 1, 0])],
    ['another stream’s', cursorsOf(owner, restored).after(position)],
    ['another stream’s, of a snapshot', cursorsOf(owner, restored).within({ head: position, range: 0, after: null })],
  ])('has expired: %s', (_, text) => {
    expect(reading(text)).toBe('cursor-expired');
  });

  it.each([
    ['nothing', ''],
    ['nonsense', 'nonsense'],
    ['a list’s cursor', encodeCursor(owner, 'tasks', '1#~#x')],
    ['a negative number', encodeCursor(owner, 'sync', ['log', '', 1, -1, 0])],
    ['half a number', encodeCursor(owner, 'sync', ['log', '', 1, 1.5, 0])],
    ['a number beyond all numbers', encodeCursor(owner, 'sync', ['log', '', 1, 1e300, 0])],
    ['a snapshot that goes on elsewhere', cursors.within({ head: position, range: 0, after: 'CONNECTION#x' })],
    ['a snapshot that goes on nowhere', cursors.within({ head: position, range: 0, after: '' })],
  ])('is no cursor: %s', (_, text) => {
    expect(reading(text)).toBe('invalid-request');
  });
});

/** What DynamoDB would do with a log, said another way than the code under test says it. */
class Log {
  readonly epochs: { rows: { ids: string[]; gone: boolean; expired: boolean }[] }[] = [{ rows: [] }];

  get epoch(): number {
    return this.epochs.length;
  }

  append(sizes: readonly number[]): void {
    for (const size of sizes) {
      const ids = Array.from({ length: size }, () => randomUUID());
      this.epochs.at(-1)?.rows.push({ ids, gone: false, expired: false });
    }
  }

  trim(count: number, how: 'gone' | 'expired'): void {
    const rows = this.epochs.flatMap((epoch) => epoch.rows).filter((row) => !row.gone && !row.expired);
    for (const row of rows.slice(0, count)) row[how] = true;
  }

  /** Everything from one key on, the head last. */
  itemsFrom(sortKey: string): readonly Item[] {
    const rows = this.epochs.flatMap(({ rows }, before) =>
      rows.flatMap(({ ids, gone, expired }, index) =>
        gone
          ? []
          : [
              {
                sk: changeSortKey({ epoch: before + 1, seq: index + 1 }),
                ...rowBody(ids.map((id) => loggedDelete(id))),
                ttl: now.getTime() / 1000 + (expired ? 0 : 1),
              },
            ],
      ),
    );
    const started = this.epoch > 1 || this.idsOf(1).length > 0;
    const head = { sk: single.feedHead, epoch: this.epoch, seq: this.epochs.at(-1)?.rows.length ?? 0, stream };
    return [...rows, ...(started ? [head] : [])].filter(({ sk }) => sk >= sortKey);
  }

  idsOf(epoch: number): readonly string[] {
    return this.epochs[epoch - 1]?.rows.flatMap(({ ids }) => ids) ?? [];
  }

  /** Whether the row that holds the change of this index can still be read. */
  holds(epoch: number, index: number): boolean {
    let seen = 0;
    for (const { ids, gone, expired } of this.epochs[epoch - 1]?.rows ?? []) {
      seen += ids.length;
      if (index < seen) return !gone && !expired;
    }
    return false;
  }
}

const now = new Date('2026-11-24T12:00:00Z');

const event = fc.oneof(
  fc.record({
    does: fc.constant('append'),
    sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 }),
  }),
  fc.record({
    does: fc.constant('trim'),
    rows: fc.integer({ min: 1, max: 4 }),
    how: fc.constantFrom('gone', 'expired'),
  }),
  fc.record({ does: fc.constant('raise') }),
  fc.record({
    does: fc.constant('pull'),
    limit: fc.integer({ min: 1, max: 9 }),
    /** After how many items DynamoDB stops, as it does at 1 MB. */
    stopsAfter: fc.option(fc.integer({ min: 1, max: 4 })),
  }),
);

describe('a delta', () => {
  it('tells a client everything, or that it must start over', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const log = new Log();
        let from: Position = { epoch: 1, seq: 0, offset: 0 };
        let read: string[] = [];

        /** @returns whether there is more */
        const pull = (limit: number, stopsAfter: number | null): boolean => {
          const all = log.itemsFrom(changeSortKey({ epoch: from.epoch, seq: from.seq + 1 }));
          const items = all.slice(0, Math.min(limit + 1, stopsAfter ?? limit + 1));
          const left = log.idsOf(from.epoch).slice(read.length);
          const current = from.epoch === log.epoch;
          const complete = items.length < Math.min(limit + 1, stopsAfter ?? limit + 1);
          try {
            const delta = deltaOf(from, { items, complete, stream, limit, now });
            const ids = delta.changes.map(({ id }: Change) => id);
            expect(ids).toEqual(left.slice(0, ids.length));
            expect(ids.length).toBeLessThanOrEqual(limit);
            if (stopsAfter === null) expect(ids).toHaveLength(Math.min(limit, left.length));
            // Nothing more is said only when there is nothing more; and there is more whenever it is said, unless DynamoDB stopped early.
            if (!delta.hasMore) expect([current, left.length]).toEqual([true, ids.length]);
            else if (stopsAfter === null && current) expect(left.length).toBeGreaterThan(ids.length);
            expect(delta.hasMore && ids.length === 0 && !current).toBe(false);
            from = delta.position;
            read.push(...ids);
            return delta.hasMore;
          } catch (error) {
            if (!(error instanceof Failure)) throw error;
            expect(error.type).toBe('cursor-expired');
            // Never without need.
            expect(!current || (left.length > 0 && !log.holds(from.epoch, read.length))).toBe(true);
            const seq = log.epochs.at(-1)?.rows.length ?? 0;
            from = { epoch: log.epoch, seq, offset: 0 };
            read = [...log.idsOf(log.epoch)];
            return false;
          }
        };

        for (const happens of events) {
          if (happens.does === 'append') log.append(happens.sizes);
          else if (happens.does === 'trim') log.trim(happens.rows, happens.how);
          else if (happens.does === 'raise') log.epochs.push({ rows: [] });
          else pull(happens.limit, happens.stopsAfter);
        }
        for (let pulls = 0; pull(3, null); pulls += 1) expect(pulls).toBeLessThan(1_000);
        expect([from.epoch, read]).toEqual([log.epoch, log.idsOf(log.epoch)]);
      }),
      { numRuns: 500 },
    );
  });

  it('goes from the first page to the next in the middle of a row', () => {
    const log = new Log();
    log.append([5]);
    const items = log.itemsFrom('');
    const first = deltaOf({ epoch: 1, seq: 0, offset: 0 }, { items, complete: false, stream, limit: 3, now });
    expect(first.position).toEqual({ epoch: 1, seq: 0, offset: 3 });
    const second = deltaOf(first.position, { items, complete: true, stream, limit: 3, now });
    expect([second.position, second.hasMore]).toEqual([{ epoch: 1, seq: 1, offset: 0 }, false]);
    expect([...first.changes, ...second.changes].map(({ id }) => id)).toEqual(log.idsOf(1));
  });

  it('has expired ahead of the head: a client knows more than the log', () => {
    const query = { items: [], complete: true, stream, limit: 3, now };
    expect(() => deltaOf({ epoch: 1, seq: 1, offset: 0 }, query)).toThrow(Failure);
    expect(() => deltaOf({ epoch: 1, seq: 0, offset: 1 }, query)).toThrow(Failure);
    expect(deltaOf({ epoch: 1, seq: 0, offset: 0 }, query)).toMatchObject({ changes: [], hasMore: false });
  });

  it.each([
    ['no JSON', '['],
    ['changes of another shape', JSON.stringify([{ entity: 'task', op: 'put', id: 'x', version: 1, data: {} }])],
  ])('ends before a row that cannot be read (%s), and has expired behind it', (_, changes) => {
    const log = new Log();
    log.append([2, 1, 1]);
    const items = log.itemsFrom('').map((item, index) => (index === 1 ? { ...item, changes } : item));
    const first = deltaOf({ epoch: 1, seq: 0, offset: 0 }, { items, complete: true, stream, limit: 9, now });
    expect(first).toMatchObject({ position: { seq: 1 }, hasMore: true });
    const rest = { items: items.slice(1), complete: true, stream, limit: 9, now };
    expect(() => deltaOf(first.position, rest)).toThrow('no longer holds');
  });
});
