/**
 * `npm run lint:templates`: what CloudFormation's own linter says of the templates of every stage. Exit code 0 when it says nothing, 1 when
 * it does, 2 when it could not be asked.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stageNames } from '#lib/config.ts';
import { ended, runNode } from './program.ts';
import { pythonPrograms } from './python.ts';

const usage = `npm run lint:templates

  Synthesizes every stage and shows its templates to cfn-lint. It needs Python 3.`;

const linter = { requirement: 'cfn-lint==1.58.0' } as const;

/**
 * W3005: a `DependsOn` that a reference implies already. The CDK names a role and its policies in one breath, and only the policies are news.
 */
const unheard = ['W3005'];

/** @returns the paths of its templates */
const synthesize = async (stage: string, folder: string): Promise<readonly string[]> => {
  const { code, printed } = await runNode(['bin/app.ts'], {
    env: { ...process.env, CDK_OUTDIR: folder, CDK_CONTEXT_JSON: JSON.stringify({ stage }), CDK_VALIDATION: 'false' },
  });
  if (code !== 0) throw new Error(`Stage ${stage} does not synthesize:\n${printed}`);
  return (await readdir(folder)).filter((name) => name.endsWith('.template.json')).map((name) => join(folder, name));
};

const readOptions = (): void => {
  try {
    parseArgs({ options: {} });
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
};

const run = async (): Promise<number> => {
  readOptions();
  const programs = await pythonPrograms(linter);
  const folder = await mkdtemp(join(tmpdir(), 'pomona-templates-'));
  try {
    const templates: string[] = [];
    for (const stage of stageNames) templates.push(...(await synthesize(stage, join(folder, stage))));
    const lint = spawn(join(programs, 'cfn-lint'), ['--ignore-checks', ...unheard, '--', ...templates]);
    const { code, printed } = await ended(lint);
    if (code === null) throw new Error(printed);
    console.log(
      code === 0
        ? `cfn-lint has nothing to say of ${templates.length} templates.`
        : printed.replaceAll(`${folder}/`, ''),
    );
    return code === 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

if (process.argv.includes('--help')) console.log(usage);
else {
  try {
    process.exitCode = await run();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
}
