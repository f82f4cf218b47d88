/** Chance that comes out the same for the same seed. */
export interface Dice {
  /** From 0 up to, and without, 1. */
  roll(): number;
  /** Whether something happens that happens so often: 0.02 is once in fifty. */
  happens(share: number): boolean;
  /** A whole number, both ends included. */
  between(from: number, to: number): number;
  /** @throws Error for an empty list */
  pick<T>(from: readonly T[]): T;
  /** One of some, the heavier ones more often. */
  weighted<T extends { readonly weight: number }>(from: readonly T[]): T;
  /** Of its own, for something that happens beside: what one does changes nothing for the other. */
  apart(name: string): Dice;
}

/** @param seed any text: the same one makes the same chances, in the order in which they are asked for */
export const diceOf = (seed: string): Dice => {
  let state = numberOf(seed);
  // Mulberry32: 32 bits of state are enough to decide who does what next.
  const roll = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const pick = <T>(from: readonly T[]): T => {
    const picked = from[Math.floor(roll() * from.length)];
    if (picked === undefined) throw new Error('there is nothing to pick from');
    return picked;
  };
  return {
    roll,
    happens: (share) => roll() < share,
    between: (from, to) => from + Math.floor(roll() * (to - from + 1)),
    pick,
    weighted: (from) => {
      let left = roll() * from.reduce((sum, { weight }) => sum + weight, 0);
      return (
        from.find(({ weight }) => {
          left -= weight;
          return left < 0;
        }) ?? pick(from)
      );
    },
    apart: (name) => diceOf(`${seed} ${name}`),
  };
};

/** FNV-1a. */
const numberOf = (text: string): number =>
  [...text].reduce((hash, letter) => Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193), 0x811c9dc5);
