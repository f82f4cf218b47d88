/** Tags compare without case and in one Unicode form; the spelling a person used first is the one that stays. */
export const foldTag = (tag: string): string => tag.normalize('NFKC').toLowerCase();

/** Trims, normalizes (NFC) and drops what is there already in another spelling. */
export const tidyTags = (tags: readonly string[]): string[] => {
  const bySpelling = new Map<string, string>();
  for (const tag of tags.map((given) => given.normalize('NFC').trim())) {
    if (!bySpelling.has(foldTag(tag))) bySpelling.set(foldTag(tag), tag);
  }
  return [...bySpelling.values()];
};
