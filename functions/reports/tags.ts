import { foldTag } from '#functions/tasks/tags.ts';

/** Something that had tags, and how much it counts for each of them. */
export interface Tagged {
  readonly tags: readonly string[];
  readonly amount: number;
}

export interface RankedTag {
  readonly tag: string;
  readonly count: number;
}

/**
 * The tags with the most, those with as much by their name. They compare without case, and the first spelling stays.
 * @param tagged in the order in which it came to be
 * @param shown what is shown of an amount; a tag with nothing to show is none of the most frequent
 */
export const rankedTags = (
  tagged: readonly Tagged[],
  limit: number,
  shown: (amount: number) => number = (amount) => amount,
): RankedTag[] => {
  const amounts = new Map<string, { readonly tag: string; readonly amount: number }>();
  for (const { tags, amount } of tagged) {
    for (const tag of tags) {
      const known = amounts.get(foldTag(tag));
      amounts.set(foldTag(tag), { tag: known?.tag ?? tag, amount: (known?.amount ?? 0) + amount });
    }
  }
  return [...amounts]
    .map(([folded, { tag, amount }]) => ({ folded, tag, count: shown(amount) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || (a.folded < b.folded ? -1 : 1))
    .slice(0, limit)
    .map(({ tag, count }) => ({ tag, count }));
};
