/**
 * What DynamoDB counts, from the sizes of items alone: so that what an engine says it used can be held against something.
 *
 * Sources: "Item sizes and formats", "Provisioned capacity mode: read and write units" and "Considerations for local secondary indexes" of
 * the DynamoDB Developer Guide.
 */
import { table } from '#blueprint/table.ts';
import type { Item } from '#shared/item.ts';

const readUnitBytes = 4 * 1024;
const writeUnitBytes = 1024;

/** In bytes, names included. What is `undefined` is not stored. */
export const sizeOf = (item: Item): number =>
  Object.entries(item).reduce(
    (sum, [name, value]) => sum + (value === undefined ? 0 : Buffer.byteLength(name) + sizeOfValue(value)),
    0,
  );

const sizeOfValue = (value: unknown): number => {
  if (typeof value === 'string') return Buffer.byteLength(value);
  // A byte for two digits, and one more.
  if (typeof value === 'number') return Math.ceil(String(value).replace(/[-.]/g, '').length / 2) + 1;
  if (Array.isArray(value)) return value.reduce((sum, each) => sum + 1 + sizeOfValue(each), 3);
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return members.reduce((sum, [name, member]) => sum + 1 + Buffer.byteLength(name) + sizeOfValue(member), 3);
  }
  // `true`, `false` and `null`.
  return 1;
};

/** Of one consistent read of so many bytes together; looking for what is not there is one as well. */
export const readUnits = (bytes: number): number => Math.max(1, Math.ceil(bytes / readUnitBytes));

const writeUnitsFor = (bytes: number): number => Math.max(1, Math.ceil(bytes / writeUnitBytes));

interface Index {
  readonly keys: readonly string[];
  readonly whole: boolean;
}

const indexes: readonly Index[] = [
  ...Object.values(table.localIndexes).map(({ sortKey, projection }) => ({
    keys: [sortKey],
    whole: projection === 'ALL',
  })),
  ...Object.values(table.globalIndexes).map(({ partitionKey, sortKey }) => ({
    keys: [partitionKey, sortKey],
    whole: false,
  })),
];

/** What an index holds of an item; null when it is not in it. */
const entryIn = ({ keys, whole }: Index, item: Item | null): Item | null => {
  if (item === null || keys.some((key) => item[key] === undefined)) return null;
  if (whole) return item;
  return Object.fromEntries(['pk', 'sk', ...keys].map((key) => [key, item[key]]));
};

/** An entry whose key changes is one out and one in; one that changes beside it is written once; one that stays is not. */
const indexUnits = (index: Index, before: Item | null, after: Item | null): number => {
  const [old, now] = [entryIn(index, before), entryIn(index, after)];
  if (old === null && now === null) return 0;
  if (old === null) return writeUnitsFor(sizeOf(now ?? {}));
  if (now === null) return writeUnitsFor(sizeOf(old));
  if (index.keys.some((key) => old[key] !== now[key])) return writeUnitsFor(sizeOf(old)) + writeUnitsFor(sizeOf(now));
  return same(old, now) ? 0 : writeUnitsFor(Math.max(sizeOf(old), sizeOf(now)));
};

/** Whatever the order of their attributes. */
export const same = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
};

/**
 * Of one write, the larger of both images counting in the table, and every index for itself.
 * @param before what lay there; null: nothing  @param after null: deleted
 * @param transactional in the table it then counts twice: prepared, and carried out
 */
export const writeUnits = (before: Item | null, after: Item | null, transactional: boolean): number => {
  const inTable = writeUnitsFor(Math.max(sizeOf(before ?? {}), sizeOf(after ?? {})));
  const inIndexes = indexes.reduce((sum, index) => sum + indexUnits(index, before, after), 0);
  return inTable * (transactional ? 2 : 1) + inIndexes;
};
