import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { daysAfter, instantOf, wallClock } from '#shared/days.ts';

const at = (local: string, timezone: string): string => {
  const [date = '', time = ''] = local.split('T');
  return instantOf(date, time, timezone).toISOString();
};

describe('a local date and time as an instant', () => {
  it.each([
    ['an ordinary time', '2026-11-23T18:00', 'Europe/Berlin', '2026-11-23T17:00:00.000Z'],
    ['a time that is skipped moves by the gap', '2027-03-28T02:30', 'Europe/Berlin', '2027-03-28T01:30:00.000Z'],
    ['the end of the gap', '2027-03-28T03:00', 'Europe/Berlin', '2027-03-28T01:00:00.000Z'],
    ['a time that comes twice is the first', '2026-10-25T02:30', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
    ['the time before it', '2026-10-25T01:59', 'Europe/Berlin', '2026-10-24T23:59:00.000Z'],
    ['the time behind it', '2026-10-25T03:00', 'Europe/Berlin', '2026-10-25T02:00:00.000Z'],
    ['skipped in America', '2027-03-14T02:30', 'America/New_York', '2027-03-14T07:30:00.000Z'],
    ['twice in America', '2026-11-01T01:30', 'America/New_York', '2026-11-01T05:30:00.000Z'],
    ['a midnight that is skipped', '2026-09-06T00:00', 'America/Santiago', '2026-09-06T04:00:00.000Z'],
    ['half an hour is skipped', '2026-10-04T02:15', 'Australia/Lord_Howe', '2026-10-03T15:45:00.000Z'],
    ['half an hour comes twice', '2027-04-04T01:45', 'Australia/Lord_Howe', '2027-04-03T14:45:00.000Z'],
    ['a day that an island left out', '2011-12-30T12:00', 'Pacific/Apia', '2011-12-30T22:00:00.000Z'],
    ['a quarter of an hour ahead', '2026-11-23T00:00', 'Asia/Kathmandu', '2026-11-22T18:15:00.000Z'],
  ])('%s', (_, local, timezone, instant) => {
    expect(at(local, timezone)).toBe(instant);
  });

  it('is what the clocks show at that instant, unless they skip it', () => {
    const zones = ['Europe/Berlin', 'America/New_York', 'Pacific/Auckland', 'Australia/Lord_Howe', 'Asia/Kathmandu'];
    const instants = fc.date({ min: new Date('1980-01-01'), max: new Date('2050-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(instants, fc.constantFrom(...zones), (instant, timezone) => {
        const shown = wallClock(instant, timezone);
        const back = instantOf(shown.date, shown.time, timezone);
        expect(wallClock(back, timezone)).toEqual(shown);
        expect(back.getTime()).toBeLessThanOrEqual(instant.getTime());
      }),
    );
  });

  it.each(['0001-01-01', '0999-06-01', '9999-12-31'])('stays a year of four digits in %s', (date) => {
    for (const timezone of ['Pacific/Kiritimati', 'America/Adak']) {
      expect(instantOf(date, '23:59', timezone).toISOString()).toMatch(/^\d{4}-/);
    }
  });
});

describe('days after a day', () => {
  it.each([
    ['2026-12-31', 1, '2027-01-01'],
    ['2028-02-28', 1, '2028-02-29'],
    ['2026-01-01', -1, '2025-12-31'],
  ])('%s and %i', (date, days, later) => {
    expect(daysAfter(date, days)).toBe(later);
  });
});
