import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventsOf } from '#functions/calendar/event.ts';
import { icalendarOf } from '#functions/calendar/icalendar.ts';
import { isTimezone } from '#shared/days.ts';
import { planned, seriesOf, task } from './planned.ts';
import { eventLinesOf, readers, veventsOf } from './readers.ts';

const calendarOf = (...given: Parameters<typeof planned>): string => icalendarOf(eventsOf(planned(...given)));

/** What two programs read, which is the same. */
const readBy = (text: string) => {
  const [one, other] = Object.values(readers).map((read) => read(text));
  expect(one).toEqual(other);
  return one ?? [];
};

const lineOf = (text: string, name: string) => eventLinesOf(text).find((line) => line.startsWith(name));

describe('a task in a calendar', () => {
  it('with a date is a whole day, wherever its reader is', () => {
    const text = calendarOf([task({ due_date: '2026-12-31' })]);
    expect(readBy(text)).toMatchObject([{ start: '2026-12-31', summary: 'Water the trees', description: null }]);
    expect(eventLinesOf(text)).toEqual(
      expect.arrayContaining(['DTSTART;VALUE=DATE:20261231', 'DTEND;VALUE=DATE:20270101', 'TRANSP:TRANSPARENT']),
    );
  });

  it('with an instant is half an hour from it, in UTC', () => {
    const text = calendarOf([task({ due_date: '2026-11-27T18:00:30.5+01:00' })]);
    expect(readBy(text)).toMatchObject([{ start: '2026-11-27T17:00:30.000Z' }]);
    expect(eventLinesOf(text)).toEqual(expect.arrayContaining(['DTSTART:20261127T170030Z', 'DURATION:PT30M']));
    expect(text).not.toContain('VTIMEZONE');
  });

  it('says which version of it this is, the same each time', () => {
    const one = { ...task(), version: 7, updated_at: '2026-11-25T08:00:00.000Z' };
    const text = calendarOf([one]);
    expect(eventLinesOf(text)).toEqual(
      expect.arrayContaining([
        `UID:${one.id}`,
        'DTSTAMP:20261125T080000Z',
        'LAST-MODIFIED:20261125T080000Z',
        'CREATED:20261124T120000Z',
        'SEQUENCE:7',
        'STATUS:CONFIRMED',
      ]),
    );
    expect(calendarOf([one])).toBe(text);
  });

  it.each([
    ['urgent', 'PRIORITY:1'],
    ['high', 'PRIORITY:3'],
    ['medium', 'PRIORITY:5'],
    ['low', 'PRIORITY:9'],
    ['none', undefined],
  ] as const)('has the priority that %s is', (priority, line) => {
    expect(lineOf(calendarOf([task({ priority })]), 'PRIORITY')).toBe(line);
  });

  it('is in the years that four digits write', () => {
    const dates = ['0001-01-04', '9999-12-27', '9999-12-28T12:00:00Z'];
    expect(veventsOf(calendarOf(dates.map((due_date) => task({ due_date }))))).toHaveLength(3);
  });

  it('that is none at all is an empty calendar', () => {
    const text = calendarOf([]);
    expect(readBy(text)).toEqual([]);
    expect(text.split('\r\n').slice(0, 3)).toEqual(['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Pomona//Tasks//EN']);
  });
});

describe('a text of a task', () => {
  const written = fc
    .array(
      fc.oneof(
        fc.string({ unit: 'grapheme', maxLength: 20 }),
        fc.constantFrom(
          '\r\nEND:VEVENT\r\n',
          '\n',
          '\r',
          '\t',
          ';',
          ',',
          ':',
          '\\',
          '\\n',
          '"',
          '^n',
          '😀'.repeat(30),
          'שלום',
          '\u202e',
        ),
      ),
      { minLength: 1, maxLength: 12 },
    )
    .map((parts) => parts.join(''))
    // As the door takes it.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is taken out
    .map((text) => text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, ''));

  /** RFC 5545 §3.3.11. */
  const saidIn = (text: string, name: string): string =>
    (lineOf(text, name) ?? name)
      .slice(name.length)
      .replace(/\\(.)/g, (_, escaped) => (/n/i.test(escaped) ? '\n' : escaped));

  const plain = (text: string): string => text.replace(/\r\n?/g, '\n');

  it('comes out as it went in, and makes no line of its own', () => {
    fc.assert(
      fc.property(written, written, fc.array(written, { maxLength: 4 }), (title, description, tags) => {
        const text = calendarOf([task({ title, description, tags })]);
        // By the letter of the standard: one reader reads \\\\n as a line break, the other takes an end for one wherever it stands.
        expect(['SUMMARY:', 'DESCRIPTION:'].map((name) => saidIn(text, name))).toEqual([
          plain(title),
          plain(description),
        ]);
        const lines = text.split('\r\n');
        for (const line of lines) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
        expect(lines.filter((line) => /^(BEGIN|END):/.test(line))).toEqual([
          'BEGIN:VCALENDAR',
          'BEGIN:VEVENT',
          'END:VEVENT',
          'END:VCALENDAR',
        ]);
        expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
        expect(veventsOf(text)).toHaveLength(1);
      }),
    );
  });

  it('is cut where it is long', () => {
    const [event] = readBy(calendarOf([task({ description: '😀'.repeat(20_000) })]));
    expect(event?.description).toBe(`${'😀'.repeat(1_999)}…`);
  });

  it('keeps tags apart, whatever is in them', () => {
    const [event] = readers['node-ical']?.(calendarOf([task({ tags: ['home', 'a;b', 'work'] })])) ?? [];
    expect(event?.categories).toEqual(['home', 'a;b', 'work']);
    expect(lineOf(calendarOf([task({ tags: ['a,b', 'c'] })]), 'CATEGORIES')).toBe('CATEGORIES:a\\,b,c');
  });

  it('leaves out what is due last when it would be more than Lambda answers with', () => {
    const many = Array.from({ length: 2_000 }, () => task({ description: '😀'.repeat(2_000) }));
    const text = calendarOf(many);
    expect(Buffer.byteLength(text)).toBeLessThan(6 * 1024 * 1024);
    const kept = text.match(/^UID:.*$/gm) ?? [];
    expect(kept.length).toBeGreaterThan(100);
    expect(kept.map((line) => line.trim())).toEqual(many.slice(0, kept.length).map(({ id }) => `UID:${id}`));
  });
});

describe('a series in a calendar', () => {
  const daily = { recurrence_start_date: '2026-11-27T06:45' };

  it('keeps its time on the clocks of its zone, which is told with it', () => {
    const text = calendarOf([], [seriesOf(daily)]);
    expect(lineOf(text, 'DTSTART')).toBe('DTSTART;TZID=Europe/Berlin:20261127T064500');
    expect(text).toContain('BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n');
    expect(readBy(text)).toMatchObject([{ start: '2026-11-27T05:45:00.000Z' }]);
  });

  it('tells of a zone once, by whatever names it is called', () => {
    const zones = ['Asia/Calcutta', 'asia/kolkata', 'Asia/Kolkata'];
    const text = calendarOf(
      [],
      zones.map((timezone) => seriesOf({ ...daily, timezone })),
    );
    expect(text.match(/BEGIN:VTIMEZONE/g)).toHaveLength(1);
    expect(new Set(text.match(/^DTSTART;.*$/gm))).toEqual(new Set(['DTSTART;TZID=Asia/Kolkata:20261127T064500']));
  });

  it.each(['UTC', 'Etc/UTC', 'Etc/Zulu'])('in %s is in UTC', (timezone) => {
    const text = calendarOf([], [seriesOf({ ...daily, timezone })]);
    expect(lineOf(text, 'DTSTART')).toBe('DTSTART:20261127T064500Z');
    expect(text).not.toContain('VTIMEZONE');
  });

  it('of whole days needs no zone', () => {
    const text = calendarOf([], [seriesOf({})]);
    expect(lineOf(text, 'DTSTART')).toBe('DTSTART;VALUE=DATE:20261127');
    expect(text).not.toContain('VTIMEZONE');
  });

  it.each([...Intl.supportedValuesOf('timeZone'), 'EST5EDT', 'GMT', 'US/Pacific', 'Europe/Kiev'])(
    'may be in %s',
    (timezone) => {
      expect(isTimezone(timezone)).toBe(true);
      expect(lineOf(calendarOf([], [seriesOf({ ...daily, timezone })]), 'DTSTART')).toMatch(
        /TZID=.*:20261127T064500$|:20261127T064500Z$/,
      );
    },
  );
});
