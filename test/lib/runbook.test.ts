import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entries } from '#blueprint/environment.ts';
import { resourcesOf, templatesOf } from '#test/lib/synthesize.ts';

const runbook = readFileSync(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8');

/** What stands between a heading and the next of its rank. */
const chapter = (title: string): string => runbook.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? '';

const matches = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].map(([, name = '']) => name);

const alarmEntries = matches(chapter('Alarms'), /^### (.+)$/gm);

describe.each(['dev', 'prod'] as const)('the runbook of %s', (stage) => {
  const { stateful, service } = templatesOf(stage);
  const ofBoth = (type: string) => [stateful, service].flatMap((template) => resourcesOf(template, type));
  const alarms = ofBoth('AWS::CloudWatch::Alarm').map(({ properties }) => properties);
  const nameOf = (name: string) => name.replace(`pomona-${stage}-`, '');

  it('has an entry for each alarm, and none for another', () => {
    expect(alarms.length).toBeGreaterThan(10);
    expect([...alarmEntries].sort()).toEqual(alarms.map(({ AlarmName }) => nameOf(AlarmName)).sort());
  });

  it('has a line for each function, and none for another', () => {
    const lines = matches(chapter('Functions'), /^\| `([\w-]+)` \|/gm);
    const functions = ofBoth('AWS::Lambda::Function').map(({ properties }) => nameOf(properties.FunctionName));
    expect([...lines].sort()).toEqual(functions.sort());
    expect(functions).toEqual(expect.arrayContaining(Object.keys(entries)));
  });

  it('is what each alarm leads to, by what is noticed and what to do first', () => {
    for (const { AlarmName, AlarmDescription } of alarms) {
      const description = JSON.stringify(AlarmDescription);
      expect(description).toMatch(/What is noticed: .+ What to do first: .+ Then: docs\/runbook\.md#/);
      expect(description, AlarmName).toContain(`docs/runbook.md#${nameOf(AlarmName)}"`);
    }
  });
});

describe('an entry of the runbook', () => {
  it.each(alarmEntries)('%s says when it rings, what is noticed, where to look and what to do', (name) => {
    const entry =
      chapter('Alarms')
        .split(/^### /m)
        .find((text) => text.startsWith(`${name}\n`)) ?? '';
    expect(entry).toMatch(/\n\*[\s\S]+\*\n\n- \*\*Noticed:\*\* [\s\S]+- \*\*Look:\*\* [\s\S]+- \*\*Do:\*\* /);
  });

  it('leads to another that is there', () => {
    const headings = matches(runbook, /^##+ (.+)$/gm).map((heading) => heading.toLowerCase().replaceAll(' ', '-'));
    expect(matches(runbook, /\]\(#([\w-]+)\)/g).filter((link) => !headings.includes(link))).toEqual([]);
  });
});
