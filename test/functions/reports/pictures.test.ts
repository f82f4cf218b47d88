import fc from 'fast-check';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { pictureOfPomodoros, pictureOfTags, pictureOfTasks } from '#functions/reports/pictures.ts';
import { type DayRange, datesIn } from '#functions/reports/range.ts';

interface Bar {
  readonly title: string;
  readonly '@x': number;
  readonly '@y': number;
  readonly '@width': number;
  readonly '@height': number;
}

interface Drawn {
  readonly title: { readonly '#text': string };
  readonly desc: { readonly '#text': string };
  readonly style: string;
  readonly '@role': string;
  readonly '@aria-labelledby': string;
  readonly '@width': number;
  readonly '@height': number;
  readonly bars: readonly Bar[];
  /** All that is written, without what is only said. */
  readonly texts: readonly string[];
}

const listed = new Set(['rect', 'text']);
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseAttributeValue: true,
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
  isArray: (name) => listed.has(name),
});

/** A picture as a program that draws it reads it. It must be well-formed. */
const drawn = (picture: string): Drawn => {
  expect(XMLValidator.validate(picture)).toBe(true);
  const { svg } = parser.parse(picture);
  return {
    ...svg,
    bars: svg.rect.filter((rect: { '@class': string }) => rect['@class'] === 'bar'),
    texts: svg.text.map((text: { '#text': string }) => text['#text']),
  };
};

const year = { from: '2025-11-24', to: '2026-11-24' };
const month = { from: '2026-10-26', to: '2026-11-24' };

const tasksOf = (range: DayRange, countOf: (index: number) => number) => {
  const days = datesIn(range).map((date, index) => ({ date, count: countOf(index) }));
  return { timezone: 'Europe/Berlin', ...range, total: days.reduce((sum, { count }) => sum + count, 0), days };
};

const tagsOf = (tags: { tag: string; count: number }[]) => ({ basis: 'completed' as const, ...month, tags });

describe('a picture of completed tasks', () => {
  it('has a bar for every day on which there were some, as high as they were many', () => {
    const { bars, texts, desc } = drawn(
      pictureOfTasks(tasksOf(month, (index) => (index === 3 ? 4 : index === 7 ? 8 : 0))),
    );
    expect(bars.map(({ title }) => title)).toEqual(['2026-10-29: 4', '2026-11-02: 8']);
    expect((bars[1]?.['@height'] ?? 0) / (bars[0]?.['@height'] ?? 1)).toBeCloseTo(2);
    expect(texts).toEqual(
      expect.arrayContaining(['Tasks completed', '2026-10-26 to 2026-11-24 (Europe/Berlin) · 12 in all']),
    );
    expect(texts).toEqual(expect.arrayContaining(['4', '8', '1 Nov', '22 Nov']));
    expect(desc['#text']).toBe('12 tasks completed, 2026-10-26 to 2026-11-24. 2026-10-29: 4; 2026-11-02: 8.');
  });

  it('says what it is to those who cannot see it', () => {
    const { title, '@role': role, '@aria-labelledby': labels } = drawn(pictureOfTasks(tasksOf(month, () => 1)));
    expect([title['#text'], role, labels]).toEqual(['Tasks completed', 'img', 'pomona-title pomona-figures']);
  });

  it('can be read in the light and in the dark', () => {
    const { style } = drawn(pictureOfTasks(tasksOf(month, () => 1)));
    const [light = '', dark = ''] = style.split('@media (prefers-color-scheme: dark)');
    for (const sheet of [light, dark]) {
      const colour = (selector: string) => new RegExp(`${selector} \\{ fill: (#[0-9a-f]{6})`).exec(sheet)?.[1] ?? '';
      // WCAG 2.1 §1.4.3 and §1.4.11: 4.5 for text, 3 for graphics.
      expect(contrast(colour('text'), colour('.paper'))).toBeGreaterThan(4.5);
      expect(contrast(colour('.quiet'), colour('.paper'))).toBeGreaterThan(4.5);
      expect(contrast(colour('.bar'), colour('.paper'))).toBeGreaterThan(3);
    }
  });

  it.each([
    ['one day', { from: '2026-11-24', to: '2026-11-24' }],
    ['thirty days', month],
    ['a year', year],
    ['the end of the calendar', { from: '9999-12-01', to: '9999-12-31' }],
  ])('stays within its frame, with no more dates than can be read: %s', (_, range) => {
    const picture = drawn(pictureOfTasks(tasksOf(range, (index) => index + 1)));
    expect(picture.bars).toHaveLength(datesIn(range).length);
    for (const bar of picture.bars) {
      expect(bar['@x']).toBeGreaterThanOrEqual(0);
      expect(bar['@x'] + bar['@width']).toBeLessThanOrEqual(picture['@width']);
      expect(bar['@y'] + bar['@height']).toBeLessThanOrEqual(picture['@height']);
      expect(bar['@width']).toBeGreaterThan(1);
    }
    const dates = picture.texts.filter((text) => /^\d+ [A-Z][a-z]+$/.test(text));
    expect(dates.length).toBeGreaterThanOrEqual(1);
    expect(dates.length).toBeLessThanOrEqual(13);
  });

  it('says so when there is nothing to draw', () => {
    const { bars, texts, desc } = drawn(pictureOfTasks(tasksOf(month, () => 0)));
    expect(bars).toEqual([]);
    expect(texts).toContain('No task was completed in these days.');
    expect(desc['#text']).toBe('0 tasks completed, 2026-10-26 to 2026-11-24.');
  });
});

describe('a picture of pomodoros', () => {
  it('has the minutes of focus below them, on the same days', () => {
    const days = datesIn(month).map((date, index) => ({ date, count: index % 2, focus_minutes: index === 4 ? 90 : 0 }));
    const { bars, desc, texts } = drawn(
      pictureOfPomodoros({ timezone: 'UTC', ...month, total: 15, focus_minutes: 90, days }),
    );
    expect(bars).toHaveLength(16);
    expect(bars.at(-1)).toMatchObject({ title: '2026-10-30: 90' });
    expect(texts).toEqual(expect.arrayContaining(['Pomodoros', 'Minutes of focus', '90']));
    expect(desc['#text']).toContain('2026-10-30: 0, 90 minutes; 2026-10-31: 1, 0 minutes');
  });
});

describe('a picture of tags', () => {
  it('has a bar for each, the longest first', () => {
    const { bars, texts, desc } = drawn(
      pictureOfTags(
        tagsOf([
          { tag: 'home', count: 9 },
          { tag: 'work', count: 3 },
        ]),
      ),
    );
    expect(bars.map(({ title }) => title)).toEqual(['home: 9', 'work: 3']);
    expect((bars[0]?.['@width'] ?? 0) / (bars[1]?.['@width'] ?? 1)).toBeCloseTo(3);
    expect(texts).toEqual(expect.arrayContaining(['home', '9', 'work', '3']));
    expect(desc['#text']).toBe('Most frequent tags of completed tasks, 2026-10-26 to 2026-11-24. home: 9; work: 3.');
  });

  it('is well-formed, and shows the tag, whatever it is', () => {
    const tag = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 50 }),
      fc.constantFrom(
        '</text><script>alert(1)</script>',
        '<![CDATA[',
        ']]>',
        '&amp;',
        '"\'><',
        '<%= it %>',
        '\u202eevil',
      ),
    );
    fc.assert(
      fc.property(tag, (name) => {
        const picture = pictureOfTags(tagsOf([{ tag: name, count: 1 }]));
        expect(picture).not.toContain('<script');
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what XML has no place for
        const shown = name.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
        expect(picture).not.toMatch(/[\ufffe\uffff]/);
        // Line ends are one character to XML (§2.11).
        const lines = (text: string | undefined) => text?.replace(/\r\n?/g, '\n').trim();
        expect(drawn(picture).texts.map(lines)).toContain(lines(shown));
      }),
    );
  });

  it('squeezes only what may be too long for it', () => {
    const [short, long] = [tagsOf([{ tag: 'home', count: 1 }]), tagsOf([{ tag: '家'.repeat(50), count: 1 }])];
    expect(pictureOfTags(short)).not.toContain('textLength');
    expect(pictureOfTags(long)).toContain('textLength="688"');
  });

  it('of what is open is of now, and says so when there are none', () => {
    const { texts, bars } = drawn(pictureOfTags({ basis: 'open', from: null, to: null, tags: [] }));
    expect(bars).toEqual([]);
    expect(texts).toEqual(['Most frequent tags of open tasks', 'now · tasks', 'There are no tags to show.']);
  });
});

/** WCAG 2.1, "contrast ratio". */
const contrast = (one: string, other: string): number => {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};

const luminance = (colour: string): number => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
