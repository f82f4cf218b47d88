/** One line of the bench: a count or a ratio, beside its limit. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** What one is: 'round trips', 'units', 'bytes', '×', '$', … */
  readonly unit: string;
  /** At most this; null for what is only said. */
  readonly limit: number | null;
}

/** What belongs together in the bench, and how it was obtained. */
export interface Section {
  readonly title: string;
  readonly how: string;
  readonly figures: readonly Figure[];
  /** What a reader may ask about the figures. */
  readonly notes?: readonly string[];
}

/** The figures that are over their limit. */
export const overLimit = ({ figures }: Section): readonly Figure[] =>
  figures.filter(({ value, limit }) => limit !== null && value > limit);

/** To two places, and never to 0 what is not. */
export const rounded = (value: number): number =>
  Number(Math.abs(value) < 0.1 ? value.toPrecision(2) : value.toFixed(2));

/** The one in the middle: an odd one out does not move it. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};
