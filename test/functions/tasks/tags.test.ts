import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldTag, tidyTags } from '#functions/tasks/tags.ts';

describe('tags', () => {
  it('lose the space around them', () => {
    expect(tidyTags(['  home ', '\thome office\n'])).toEqual(['home', 'home office']);
  });

  it('keep the first of several spellings', () => {
    expect(tidyTags(['Home', 'work', 'HOME', ' home'])).toEqual(['Home', 'work']);
  });

  it('compare in one Unicode form', () => {
    expect(tidyTags(['Caf\u00e9', 'cafe\u0301', 'CAFE\u0301'])).toEqual(['Caf\u00e9']);
    expect(foldTag('ﬁt')).toBe(foldTag('FIT'));
  });

  it('stay apart where only an accent differs', () => {
    expect(tidyTags(['resume', 'résumé'])).toEqual(['resume', 'résumé']);
  });

  it('are tidy after being tidied, each but once', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 4 })), (tags) => {
        const tidy = tidyTags(tags);
        expect(tidyTags(tidy)).toEqual(tidy);
        expect(new Set(tidy.map(foldTag)).size).toBe(tidy.length);
        expect(new Set(tags.map((tag) => foldTag(tag.normalize('NFC').trim())))).toEqual(new Set(tidy.map(foldTag)));
      }),
    );
  });
});
