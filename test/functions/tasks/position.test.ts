import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  longestPosition,
  positionAfter,
  positionAt,
  positionBetween,
  positionsBetween,
} from '#functions/tasks/position.ts';

const start = Date.parse('2026-11-24T12:00:00Z');

describe('a place among siblings', () => {
  it('at the end needs no sibling: later is behind', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.integer({ min: 1, max: 1e9 }), fc.uuid(), fc.uuid(), (early, more, a, b) => {
        expect(positionAt(new Date(start + early), a) < positionAt(new Date(start + early + more), b)).toBe(true);
      }),
    );
  });

  it('is behind the last one, also when that came from a clock that was ahead', () => {
    const ahead = positionAt(new Date(start + 60_000), randomUUID());
    const after = positionAfter(ahead, new Date(start), randomUUID());
    expect(after > ahead).toBe(true);
    expect(positionAfter(after, new Date(start), randomUUID()) > after).toBe(true);
  });

  it('between any two is between them', () => {
    const places = fc.uniqueArray(fc.tuple(fc.nat(1e6), fc.uuid()), { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(places, fc.array(fc.tuple(fc.boolean(), fc.uuid()), { maxLength: 60 }), (pair, insertions) => {
        let [low = '', high = ''] = pair.map(([ms, id]) => positionAt(new Date(start + ms), id)).sort();
        for (const [upwards, id] of insertions) {
          const middle = positionBetween(low, high, id);
          expect(low < middle && middle < high).toBe(true);
          if (upwards) low = middle;
          else high = middle;
        }
      }),
    );
  });

  it('before the first is before it, again and again', () => {
    let first = positionAt(new Date(start), randomUUID());
    for (let count = 0; count < 200; count += 1) {
      const earlier = positionBetween(null, first, randomUUID());
      expect(earlier < first).toBe(true);
      first = earlier;
    }
  });

  it('stays short: 10,000 at random places keep their order', () => {
    const random = fc.sample(fc.infiniteStream(fc.nat()), { numRuns: 1, seed: 7 })[0]?.take(10_000) ?? [];
    const order = [positionAt(new Date(start), randomUUID())];
    for (const number of random) {
      const index = number % (order.length + 1);
      const [before = null, after] = [order[index - 1], order[index]];
      order.splice(
        index,
        0,
        after === undefined
          ? positionAfter(before, new Date(start + order.length), randomUUID())
          : positionBetween(before, after, randomUUID()),
      );
    }
    expect(order).toEqual([...order].sort());
    expect(new Set(order).size).toBe(order.length);
    expect(Math.max(...order.map(({ length }) => length))).toBeLessThan(longestPosition);
  });

  it('is told apart from another for the same gap', () => {
    const [low, high] = [positionAt(new Date(start), randomUUID()), positionAt(new Date(start + 1000), randomUUID())];
    const ids = Array.from({ length: 62 * 61 }, (_, number) => number.toString(16).padStart(32, '0'));
    const made = ids.map((id) => positionBetween(low, high, id));
    expect(new Set(made).size).toBe(ids.length);
  });
});

describe('spreading places anew', () => {
  it('gives short, sorted places between two', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.boolean(), fc.boolean(), (count, bounded, topped) => {
        const low = bounded ? positionAt(new Date(start), '00000000-0000-4000-8000-000000000001') : null;
        const high = topped ? positionAt(new Date(start + 5000), '00000000-0000-4000-8000-000000000002') : null;
        const places = positionsBetween(low, high, count);
        expect(places).toHaveLength(count);
        expect(places).toEqual([...new Set(places)].sort());
        expect(places.every((place) => (low === null || low < place) && (high === null || place < high))).toBe(true);
        expect(places.every(({ length }) => length <= 18)).toBe(true);
      }),
    );
  });
});
