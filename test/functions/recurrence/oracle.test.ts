import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { dueDateOf, firstOccurrence, occurrencesAfter } from '#functions/recurrence/occurrences.ts';
import { ruleFor } from './recurrences.ts';

/** Rule, start, zone, first instant and the steps to the next ones, in minutes: see oracle/make.py, which made them. */
type Answer = readonly [rrule: string, start: string, timezone: string, first: number, steps: string];

const answers: readonly Answer[] = gunzipSync(readFileSync(join(import.meta.dirname, 'oracle/rules.jsonl.gz')))
  .toString()
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));

const zones = [...new Set(answers.map(([, , timezone]) => timezone))];

const minutesOf = (first: number, steps: string): readonly number[] => {
  const minutes = [first];
  for (const run of steps === '' ? [] : steps.split(',')) {
    const [step = '', times = '1'] = run.split('*');
    for (let time = 0; time < Number(times); time += 1) minutes.push((minutes.at(-1) ?? 0) + Number(step));
  }
  return minutes;
};

/** A zone's clocks are looked at once for a time of a day: many rules share it. */
const instants = new Map<string, number>();

const minuteOf = (rule: Parameters<typeof dueDateOf>[0], date: string): number => {
  const key = `${date}T${rule.start.time} ${rule.timezone}`;
  const minute = instants.get(key) ?? Date.parse(dueDateOf(rule, date)) / 60_000;
  instants.set(key, minute);
  return minute;
};

describe('dates of 5,000 random rules over five years', () => {
  it('are of eight zones', () => {
    expect(answers).toHaveLength(5_000);
    expect(zones).toHaveLength(8);
  });

  it.each(zones)('are those of python-dateutil in %s', { timeout: 120_000 }, (zone) => {
    instants.clear();
    for (const [rrule, start, timezone, first, steps] of answers) {
      if (timezone !== zone) continue;
      const rule = ruleFor({ rrule }, { timezone, start });
      const expected = minutesOf(first, steps);
      const earliest = firstOccurrence(rule);
      const found = [earliest, ...occurrencesAfter(rule, earliest, expected.length - 1)];
      const minutes = found.map(({ date }) => minuteOf(rule, date));
      // Joined, for a difference to be shown with its rule and in no time.
      expect(`${rrule} ${start}: ${minutes.join()}`).toBe(`${rrule} ${start}: ${expected.join()}`);
    }
  });
});
