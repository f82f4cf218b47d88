import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueKey, isDueDate } from '#functions/tasks/due-date.ts';

describe('a due date', () => {
  it.each([
    ['a day', '2026-11-23'],
    ['a leap day', '2028-02-29'],
    ['the leap day of a century that has one', '2000-02-29'],
    ['the last day of a year', '2026-12-31'],
    ['the first and the last of all days', '0001-01-01'],
    ['the last of all days', '9999-12-31'],
    ['an instant in UTC', '2026-11-23T18:00:00Z'],
    ['an instant with an offset', '2026-11-23T18:00:00+01:00'],
    ['an instant west of Greenwich', '2026-11-23T18:00:00-09:30'],
    ['an instant without seconds', '2026-11-23T18:00+01:00'],
    ['an instant with a fraction of a second', '2026-11-23T18:00:00.123456789Z'],
    ['an instant whose offset carries it into another year', '2026-12-31T23:30:00-01:00'],
    ['an offset that is not known (RFC 3339 §4.3)', '2026-11-23T18:00:00-00:00'],
  ])('may be %s: %s', (_, text) => {
    expect(isDueDate(text)).toBe(true);
  });

  it.each([
    ['a day that the month does not have', '2026-02-30'],
    ['a leap day in a common year', '2026-02-29'],
    ['a leap day in a century that has none', '1900-02-29'],
    ['a 13th month', '2026-13-01'],
    ['a 0th month', '2026-00-10'],
    ['a 0th day', '2026-01-00'],
    ['an instant on a day that the month does not have', '2026-02-30T10:00:00Z'],
    ['an instant without an offset', '2026-11-23T18:00:00'],
    ['a leap second', '2026-06-30T23:59:60Z'],
    ['a 25th hour', '2026-11-23T25:00:00Z'],
    ["a day's end as hour 24, which RFC 3339 does not have", '2026-11-23T24:00:00Z'],
    ['a 61st minute', '2026-11-23T18:60:00Z'],
    ['an offset beyond a day', '2026-11-23T18:00:00+24:00'],
    ['an offset with a 61st minute', '2026-11-23T18:00:00+01:60'],
    ['an instant that is in the year 10000', '9999-12-31T23:59:59-01:00'],
    ['an instant that is before the year 0', '0000-01-01T00:00:00+01:00'],
    ['a year of five digits', '12026-11-23'],
    ['a signed year', '+002026-11-23'],
    ['a week', '2026-W48-1'],
    ['a month', '2026-11'],
    ['digits of another script', '２０２６-11-23'],
    ['words', 'tomorrow'],
    ['nothing', ''],
    ['a day with a space', ' 2026-11-23'],
    ['a day with a line break', '2026-11-23\n'],
  ])('is not %s: %s', (_, text) => {
    expect(isDueDate(text)).toBe(false);
  });

  it('always has a key that sorts as text', () => {
    const part = (max: number) => fc.nat(max).map((number) => String(number).padStart(2, '0'));
    const texts = fc
      .tuple(fc.nat(9999), part(13), part(32), fc.option(fc.tuple(part(25), part(61), part(61), part(15))))
      .map(([year, month, day, time]) => {
        const date = `${String(year).padStart(4, '0')}-${month}-${day}`;
        return time === null ? date : `${date}T${time[0]}:${time[1]}:${time[2]}+${time[3]}:00`;
      });
    fc.assert(
      fc.property(texts, (text) => {
        fc.pre(isDueDate(text));
        expect(dueKey(text)).toMatch(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}\.\d{3}Z)?$/);
        expect(Date.parse(dueKey(text))).toBe(Date.parse(text));
      }),
    );
  });
});
