/**
 * The least that an operation can cost, whoever writes it: from what it promises, and from what lies in the table before and after it.
 */
import type { Item } from '#shared/item.ts';
import { readUnits, same, sizeOf, writeUnits } from './units.ts';

/** Items, by the first letters of their sort key or, where that says little, of their partition key. */
export type Kind = string;

/** Something that has to be looked at. */
export type Read =
  /** One item by its key, or that it is not there. */
  | { readonly one: Kind }
  /** A range, in one query: rounded up together. */
  | { readonly range: Kind; readonly atMost?: number }
  /** So many looks at a global index that find nothing, or keys alone: read as it is at the moment, half a unit each. */
  | { readonly looks: number }
  /** Many by their keys: each rounded up for itself. */
  | { readonly each: Kind; readonly atMost?: number };

export interface Minimum {
  /** One after the other: each needs what the one before it found. */
  readonly roundTrips: number;
  readonly reads?: readonly Read[];
  /** What has to change. More than one change together: that takes a transaction. */
  readonly writes?: readonly Kind[];
  /** What has to change too, but not at the same moment. */
  readonly apart?: readonly Kind[];
  /** What a transaction has to hold on to without changing it. */
  readonly checks?: readonly Kind[];
  /** Why it cannot be less. */
  readonly because: string;
}

export type Items = ReadonlyMap<string, Item>;

/**
 * Read and write units together.
 * @param known what the operation is about as it lay there before, nobody else's among it
 * @param before everything that lay there  @param after everything that lies there then
 */
export const minimumUnits = (
  { reads = [], writes = [], apart = [], checks = [] }: Minimum,
  known: Items,
  before: Items,
  after: Items,
): number => {
  const changes = changesBetween(before, after);
  const of = (kinds: readonly Kind[]) =>
    changes.filter((change) => kinds.some((kind) => is(kind, change.after ?? change.before ?? {})));
  const together = of(writes);
  const held = [...known.values()].filter((item) => checks.some((kind) => is(kind, item)));
  const transactional = together.length + held.length > 1;
  return (
    sum(reads.map((read) => unitsOfRead(read, known))) +
    sum(together.map((change) => writeUnits(change.before, change.after, transactional))) +
    sum(of(apart).map((change) => writeUnits(change.before, change.after, false))) +
    // DynamoDB counts a look inside a transaction as a write of what it looks at.
    sum(held.map((item) => 2 * Math.max(1, Math.ceil(sizeOf(item) / 1024))))
  );
};

export interface ItemChange {
  readonly before: Item | null;
  readonly after: Item | null;
}

export const changesBetween = (before: Items, after: Items): readonly ItemChange[] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .map((key) => ({ before: before.get(key) ?? null, after: after.get(key) ?? null }))
    .filter((change) => !same(change.before, change.after));

const is = (kind: Kind, item: Item): boolean => String(item.sk).startsWith(kind) || String(item.pk).startsWith(kind);

const unitsOfRead = (read: Read, known: Items): number => {
  const sizes = (kind: Kind, atMost = Number.POSITIVE_INFINITY): readonly number[] =>
    [...known.values()]
      .filter((item) => is(kind, item))
      .slice(0, atMost)
      .map(sizeOf);
  if ('looks' in read) return read.looks / 2;
  if ('one' in read) return readUnits(sizes(read.one, 1)[0] ?? 0);
  if ('range' in read) return readUnits(sum(sizes(read.range, read.atMost)));
  return sum(sizes(read.each, read.atMost).map(readUnits));
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
