/**
 * Places among siblings: keys that sort as text, with room for another between any two. Base-62 fractions without trailing zeros, as in
 * "Implementing Fractional Indexing" (David Greenspan, 2020).
 */
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A key longer than this asks for its neighbourhood to be spread anew. */
export const longestPosition = 48;

/**
 * A place after all siblings, without reading them: the time only grows. Fixed-width epoch milliseconds; the id's last letters keep two of
 * the same millisecond apart.
 */
export const positionAt = (now: Date, id: string): string =>
  `${base62(now.getTime(), 8)}${base62(Number.parseInt(id.slice(-8), 16), 6)}V`;

/** After the last sibling: now, or just behind it where its clock was ahead. */
export const positionAfter = (last: string | null, now: Date, id: string): string => {
  const position = positionAt(now, id);
  return last === null || last < position ? position : `${last}V`;
};

/**
 * A place between two, told apart by the id from another that is made for the same gap at the same time.
 * @param before `null`: before the first  @param after must sort behind `before`
 */
export const positionBetween = (before: string | null, after: string, id: string): string => {
  let middle = midpoint(before ?? '', after);
  // What begins as the next one does would overtake it with a tie-break behind.
  while (after.startsWith(middle)) middle = midpoint(middle, after);
  return middle + tieBreak(id);
};

/** `count` places between two, evenly spread. */
export const positionsBetween = (before: string | null, after: string | null, count: number): readonly string[] => {
  if (count === 0) return [];
  const middle = Math.floor(count / 2);
  const position = midpoint(before ?? '', after);
  return [
    ...positionsBetween(before, position, middle),
    position,
    ...positionsBetween(position, after, count - middle - 1),
  ];
};

const midpoint = (before: string, after: string | null): string => {
  if (after !== null) {
    let shared = 0;
    while (shared < after.length && (before[shared] ?? '0') === after[shared]) shared += 1;
    if (shared > 0) return after.slice(0, shared) + midpoint(before.slice(shared), after.slice(shared));
  }
  const low = before === '' ? 0 : digits.indexOf(before.charAt(0));
  const high = after === null ? digits.length : digits.indexOf(after.charAt(0));
  if (high - low > 1) return digits.charAt(Math.round((low + high) / 2));
  // Neighbouring digits: the shorter of the two ways in between.
  if (after !== null && after.length > 1) return after.charAt(0);
  return digits.charAt(low) + midpoint(before.slice(1), null);
};

/** Two digits, the last of them no zero: nothing could stand between a key and itself with a zero behind. */
const tieBreak = (id: string): string => {
  const number = Number.parseInt(id.slice(-6), 16);
  return digits.charAt(number % 62) + digits.charAt(1 + (Math.floor(number / 62) % 61));
};

const base62 = (value: number, width: number): string => {
  let text = '';
  for (let rest = value; rest > 0; rest = Math.floor(rest / 62)) text = digits.charAt(rest % 62) + text;
  return text.padStart(width, '0');
};
