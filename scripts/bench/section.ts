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
}

/** The figures that are over their limit. */
export const overLimit = ({ figures }: Section): readonly Figure[] =>
  figures.filter(({ value, limit }) => limit !== null && value > limit);
