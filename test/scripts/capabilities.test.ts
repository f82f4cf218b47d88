import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { TestModule } from 'vitest/node';
import { type Capability, capabilities, lackOf, targetNames, targetOf } from '../journeys/capabilities.ts';
import ToldApart from '../journeys/told-apart.ts';

const folder = join(import.meta.dirname, '../journeys');

const journeys = globSync('*.test.ts', { cwd: folder })
  .sort()
  .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

const needsIn = (text: string): readonly string[] =>
  [...text.matchAll(/needs\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/'([^']+)'/g)].flatMap(([, need]) => need ?? []),
  );

const names = Object.keys(capabilities) as Capability[];

describe('what targets can do', () => {
  it('is all there on the runner, which every journey is first made on', () => {
    expect(lackOf('runner', names)).toBeNull();
  });

  it.each(names)('is said of every target, or the reason why not, and a journey needs it: %s', (name) => {
    for (const target of targetNames)
      expect([true, expect.stringMatching(/^.{10,}[^.]$/)]).toContainEqual(capabilities[name][target]);
    expect(journeys.flatMap(({ text }) => needsIn(text))).toContain(name);
  });

  it('is told with each reason', () => {
    expect(lackOf('aws', ['table', 'crowd'])).toBe(capabilities.table.aws);
    expect(lackOf('ministack', ['opaque refresh tokens', 'mail headers'])).toBe(
      `${capabilities['opaque refresh tokens'].ministack}; ${capabilities['mail headers'].ministack}`,
    );
  });

  it('hangs on what outputs say of themselves', () => {
    expect(targetOf({ MailboxUrl: 'http://127.0.0.1:4002' })).toBe('runner');
    expect(targetOf({ EmulatorName: 'ministack' })).toBe('ministack');
    expect(targetOf({ EmulatorName: 'localstack' })).toBe('localstack');
    expect(targetOf({})).toBe('aws');
  });
});

describe('a journey', () => {
  const betrayals: readonly (readonly [RegExp, readonly Capability[]])[] = [
    [/\bmailTo\(/, ['mailbox', 'runner']],
    [/\bcodeFor\(/, ['mailbox', 'sign-up']],
    [/\bsignUp\(/, ['mailbox', 'runner']],
    [/\bdynamodb\(\)/, ['table']],
    [/\bpoolKey\(\)/, ['pool key']],
    [/\bstartRunnerProcess\(/, ['runner']],
    [/\bmovedClock\(/, ['runner']],
    [/\batOnce\((?:[5-9]\d|\d{3})/, ['crowd']],
  ];

  it.each(journeys.map(({ name }) => name))('says what it needs of its target: %s', (name) => {
    const text = journeys.find((journey) => journey.name === name)?.text ?? '';
    const said = needsIn(text);
    expect(said.filter((need) => !(need in capabilities))).toEqual([]);
    for (const [use, needed] of betrayals) {
      if (use.test(text))
        expect([name, use, said.some((need) => needed.some((one) => one === need))]).toEqual([name, use, true]);
    }
    expect(text).not.toMatch(/\.skip(If)?\b/);
  });

  it('that is skipped has not passed, and the run says why', () => {
    const journey = (state: string, fullName: string, lack?: string) => ({
      type: 'test',
      fullName,
      result: () => ({ state }),
      meta: () => ({ ...(lack && { lack }) }),
      parent: { type: 'suite', meta: () => ({ lack: 'of the room' }), parent: { type: 'module' } },
    });
    const all = [
      journey('passed', 'made'),
      journey('skipped', 'its own', 'of the journey'),
      journey('skipped', 'the room’s'),
    ];
    const printed: string[] = [];
    vi.spyOn(console, 'log').mockImplementation((line) => printed.push(line));
    new ToldApart().onTestRunEnd([{ children: { allTests: () => all } } as unknown as TestModule]);
    vi.restoreAllMocks();
    expect(printed.join('\n')).toBe(
      '\n1 journeys passed, 0 failed, 2 were skipped.\n\n  of the journey:\n    its own\n\n  of the room:\n    the room’s',
    );
  });
});
