import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { routes } from '#blueprint/routes.ts';
import { table } from '#blueprint/table.ts';
import { minimumUnits } from '../../scripts/bench/minimum.ts';
import { actsOf, monthOf, sensitivities } from '../../scripts/bench/month.ts';
import { type Measured, measuredOperations } from '../../scripts/bench/operations.ts';
import { dollarsFor, prices, totalOf } from '../../scripts/bench/prices.ts';
import { median, overLimit, rounded } from '../../scripts/bench/section.ts';
import { usageAsAssumed } from '../../scripts/bench/usage.ts';

const bench = async (...words: string[]): Promise<{ code: number; said: string }> => {
  const program = join(import.meta.dirname, '../../scripts/bench/run.ts');
  const told = await promisify(execFile)(process.execPath, [program, ...words]).catch((failed) => failed);
  return { code: told.code ?? 0, said: `${told.stdout}${told.stderr}` };
};

describe('the bench', () => {
  it('says how it is used', async () => {
    expect(await bench('--help')).toEqual({ code: 0, said: expect.stringContaining('npm run bench -- [--only NAME') });
  });

  it.each([
    ['a section that there is not', ['--only', 'everything']],
    ['another option', ['--turbo']],
    ['a part that is to be written down', ['--quick', '--write']],
  ])('says how it is used instead, with %s', async (_, words) => {
    expect(await bench(...words)).toEqual({ code: 2, said: expect.stringContaining('npm run bench -- [--only NAME') });
  });

  it('measures every operation that asks something of the table', () => {
    const others = ['getHealth', 'getOpenApi', 'getAsyncApi'];
    const unmeasured = routes.map(({ operationId }) => operationId).filter((id) => !measuredOperations.has(id));
    expect(unmeasured.sort()).toEqual(others.sort());
  });

  it('knows what is over its limit, and what has none', () => {
    const figure = (name: string, value: number, limit: number | null) => ({ name, value, unit: '×', limit });
    const figures = [figure('under', 1, 2), figure('at', 2, 2), figure('over', 2.1, 2), figure('free', 9, null)];
    expect(overLimit({ title: '', how: '', figures }).map(({ name }) => name)).toEqual(['over']);
  });

  it('takes the middle, and rounds nothing to nothing', () => {
    expect([median([9, 1, 2]), rounded(1.236), rounded(0.00123)]).toEqual([2, 1.24, 0.0012]);
  });
});

describe('the least that an operation can cost', () => {
  const item = (sk: string, bytes: number, more: object = {}) => ({
    pk: 'USER#ada',
    sk,
    text: 'x'.repeat(bytes),
    ...more,
  });
  const itemsOf = (...all: readonly ReturnType<typeof item>[]) =>
    new Map(all.map((each) => [`${each.pk} ${each.sk}`, each]));
  const nothing = itemsOf();
  const because = 'a test says so';

  it('reads 4 KB a unit: one by one each rounded up, in a range all together', () => {
    const known = itemsOf(item('TASK#1', 3_000), item('TASK#2', 3_000), item('TASK#3', 3_000));
    const least = (read: Parameters<typeof minimumUnits>[0]['reads']) =>
      minimumUnits({ roundTrips: 1, reads: read ?? [], because }, known, nothing, nothing);
    expect(least([{ one: 'TASK#' }])).toBe(1);
    expect(least([{ each: 'TASK#' }])).toBe(3);
    // 9 KB and some names: three units of 4 KB.
    expect(least([{ range: 'TASK#' }])).toBe(3);
    expect(least([{ looks: 3 }])).toBe(1.5);
    expect(least([{ one: 'NOTE#' }])).toBe(1);
  });

  it('writes 1 KB a unit, twice that where two things change together', () => {
    const [one, two] = [item('TASK#1', 1_500), item('DAY#2026-11-24', 10)];
    const least = (...after: readonly ReturnType<typeof item>[]) =>
      minimumUnits({ roundTrips: 1, writes: ['TASK#', 'DAY#'], because }, nothing, nothing, itemsOf(...after));
    expect(least(one)).toBe(2);
    expect(least(one, two)).toBe(2 * 2 + 2 * 1);
  });

  it('writes an index as well where an item stands in it', () => {
    const least = (more: object) =>
      minimumUnits({ roundTrips: 1, writes: ['TASK#'], because }, nothing, nothing, itemsOf(item('TASK#1', 100, more)));
    expect(least({})).toBe(1);
    const keys = Object.values(table.localIndexes).map(({ sortKey }) => [sortKey, '1']);
    expect(least(Object.fromEntries(keys))).toBe(1 + keys.length);
  });
});

describe('what a month costs', () => {
  it('goes tier by tier', () => {
    // Ten thousand for nothing, ninety thousand at 0.55 cents, the others at 0.46.
    expect(dollarsFor(prices.monthlyUsers, 1_000_000)).toBeCloseTo(90_000 * 0.0055 + 900_000 * 0.0046);
    expect(dollarsFor(prices.writeUnits, 3_000_000)).toBeCloseTo(1.875);
    expect(dollarsFor(prices.httpRequests, 0)).toBe(0);
  });

  const nobody = Object.fromEntries(Object.keys(usageAsAssumed).map((name) => [name, 0])) as typeof usageAsAssumed;
  const measured: readonly Measured[] = [
    ...new Set([...actsOf(usageAsAssumed).map(({ name }) => name), 'the feed: 1 change, 2 devices']),
  ].map((name) => ({
    name,
    told: name === 'createTask' ? 1 : 0,
    reacted: 0,
    invocation: {
      requests: [],
      roundTrips: 1,
      readUnits: 2,
      writeUnits: name === 'createTask' ? 3 : 0,
      others: {},
      cpuMilliseconds: 5,
      answerBytes: 1_000,
    },
    least: { roundTrips: 1, units: 1, because: '' },
    more: { roundTrips: 0, units: 0, because: null },
  }));

  it('is counted from what is done and what it asks', () => {
    // A hundred people create a task each on two days; a minute passes 43,200 times whoever does what.
    const usage = {
      ...nobody,
      ...{ users: 100, activeDays: 2, created: 1, minutesBetweenPings: 1, recordsTogether: 1, devicesOnline: 1.5 },
      ...{ tableMilliseconds: 4, cpuFactor: 2, memoryGigabytes: 1, functionLogBytes: 1_000, accessLogBytes: 500 },
    };
    const quantities = monthOf(measured, usage);
    const [creations, looks, feeds, minutes] = [200, 200, 200, 43_200];
    const invocations = creations + looks + feeds + minutes;
    expect(quantities).toMatchObject({
      httpRequests: creations + looks,
      invocations,
      writeUnits: 3 * creations,
      readUnits: 2 * invocations,
      socketMessages: 1.5 * creations,
      gigabyteSeconds: (invocations * (5 * 2 + 4)) / 1000,
      monthlyUsers: 100,
      mails: 0,
    });
    expect(quantities.functionLogs).toBeCloseTo((invocations * 1_000) / 1e9, 12);
    expect(quantities.accessLogs).toBeCloseTo((400 * 500) / 1e9, 12);
  });

  it('is refused for what nobody has measured', () => {
    expect(() => monthOf([], usageAsAssumed)).toThrow('nobody has measured "issueToken"');
  });

  it('moves with what it depends on, and by no more than that', () => {
    const percents = sensitivities(measured, usageAsAssumed);
    expect(Math.max(...percents.map(({ percent }) => percent))).toBeLessThanOrEqual(10.001);
    expect(percents.find(({ name }) => name === 'activeDays')?.percent).toBeGreaterThan(1);
    expect(totalOf(monthOf(measured, usageAsAssumed))).toBeGreaterThan(0);
  });
});
