/**
 * `npm run test:localstack`: the same application on an implementation of AWS that nobody here wrote. Exit code 0 when all of it holds, 1
 * when something does not, 2 when it could not be looked at.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LambdaClient, paginateListFunctions } from '@aws-sdk/client-lambda';
import project from '../../package.json' with { type: 'json' };
import { createUser, removeUsers } from '../../test/journeys/people.ts';
import { at, Client, expectData, signIn } from '../../test/support/client.ts';
import { connectionsOf, type Outputs, readOutputs } from '../outputs.ts';
import { type Ended, programOf, runNode } from '../program.ts';
import { emulatorAt, startMiniStack } from './ministack.ts';
import { nextVersion, replacedFunction } from './release.ts';

const usage = `npm run test:localstack -- [--port N] [NAME …]

  --port N   where the emulator answers, or else is started (default 4566)
  NAME       only the journeys whose file's name has it

A LocalStack, or another emulator, that answers there is used as it is. Otherwise MiniStack is started, which needs Python 3.`;

const readOptions = () => {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { port: { type: 'string', default: '4566' } },
    });
    if (!/^\d{4,5}$/.test(values.port)) throw new Error(`--port takes a number, not "${values.port}"`);
    return { port: Number(values.port), names: positionals };
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
};

/** What did not hold, as it is told at the end. */
const failures: string[] = [];

let stopped = false;

/** Says what is done, does it, and says how it went. What throws did not hold; the steps behind it are taken all the same. */
const step = async (what: string, act: () => Promise<void>, { evenSo = false } = {}): Promise<void> => {
  if (stopped && !evenSo) return;
  const startedAt = performance.now();
  console.log(`\n▸ ${what}`);
  try {
    await act();
    console.log(`  ✓ ${Math.round((performance.now() - startedAt) / 1000)} s`);
  } catch (error) {
    if (error instanceof Impossible) throw error;
    failures.push(what);
    console.log(`  ✗ ${error instanceof Error ? error.message : error}`);
  }
};

/** Nothing behind it can be looked at. */
class Impossible extends Error {}

const hold = (holds: boolean, otherwise: string): void => {
  if (!holds) throw new Error(otherwise);
};

const local = join(import.meta.dirname, '../../.local');

const run = async (): Promise<number> => {
  const { port, names } = readOptions();
  const endpoint = `http://127.0.0.1:${port}`;
  process.on('SIGINT', () => {
    stopped = true;
  });
  process.on('SIGTERM', () => {
    stopped = true;
  });

  const lint = await runNode(['scripts/lint-templates.ts'], { shown: true });
  if (lint.code === 2) return 2;
  if (lint.code !== 0) failures.push('cfn-lint has nothing to say of the templates');

  const found = await emulatorAt(endpoint);
  const started = found ? null : await startMiniStack(port);
  const name = found ?? 'ministack';
  console.log(`${started ? 'MiniStack was started' : `${name} answers`} at ${endpoint}.`);
  try {
    await prove(endpoint, name, names);
  } finally {
    await started?.stop();
  }
  console.log(failures.length === 0 ? '\nAll of it holds.' : `\nNot all of it holds:\n  ${failures.join('\n  ')}`);
  if (stopped) console.log('It was stopped before its end.');
  return failures.length === 0 && !stopped ? 0 : 1;
};

const prove = async (endpoint: string, emulator: string, names: readonly string[]): Promise<void> => {
  const context = ['-c', `emulator=${emulator}`, '-c', `endpoint=${endpoint}`];
  const cdkOutputs = join(local, 'localstack-cdk-outputs.json');
  const file = join(local, 'localstack-outputs.json');
  await mkdir(local, { recursive: true });

  const cdk = (command: string, ...more: readonly string[]): Promise<Ended> =>
    runNode([programOf('aws-cdk-local/bin/cdklocal'), command, ...context, ...more], {
      env: { ...process.env, AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_S3: endpoint, CI: 'true', NO_COLOR: '1' },
    });
  // By this Node: the one that is first on the path may be too old for TypeScript.
  const app = ['--app', `"${process.execPath}" scripts/localstack/app.ts`];
  const deploy = async (...more: readonly string[]): Promise<string> => {
    const end = await cdk(
      'deploy',
      ...app,
      '--all',
      '--require-approval',
      'never',
      '--outputs-file',
      cdkOutputs,
      ...more,
    );
    hold(end.code === 0, end.printed);
    return end.printed;
  };

  let outputs: Outputs | undefined;
  await step('cdklocal bootstrap, and deploy of both stacks', async () => {
    const bootstrap = await cdk('bootstrap');
    if (bootstrap.code !== 0) throw new Impossible(bootstrap.printed);
    const printed = await deploy().catch((error: Error) => {
      throw new Impossible(error.message);
    });
    hold(!printed.includes('(no changes)'), 'one of the stacks was there already');
    outputs = { ...(await readOutputs(cdkOutputs)), EmulatorUrl: endpoint, EmulatorName: emulator };
    await writeFile(file, `${JSON.stringify(outputs, null, 2)}\n`);
  });
  if (!outputs) return;
  const deployed = outputs;

  await step('the journeys', async () => {
    const { code } = await runNode(['scripts/journeys/run.ts', '--outputs', file, ...names], { shown: true });
    hold(code === 0, 'not every journey that this emulator can have was made');
  });

  await step('a second deploy, and a diff: nothing changes', async () => {
    const printed = await deploy();
    const unchanged = printed.match(/✅ .*\(no changes\)/g) ?? [];
    hold(unchanged.length === 2, `not both stacks are without changes:\n${printed}`);
    const diff = await cdk('diff', ...app, '--fail');
    hold(diff.code === 0, `there is a difference:\n${diff.printed}`);
  });

  await step(
    `the next release: ${replacedFunction} is replaced, nothing else, and what was stored is still there`,
    async () => {
      const [email, password] = ['keepsake@pomona.example', 'correct horse battery staple'];
      await createUser(deployed, email, password, {});
      const { client } = await signIn(new Client(deployed), email, password);
      const task = expectData(await client.api.POST('/tasks', { body: { title: 'From before' } }), 201);
      const versionOf = async () =>
        expectData(await client.api.GET('/openapi.json'), 200) as { info: { version: string } };
      hold((await versionOf()).info.version === project.version, 'the first release says another version');
      const before = await codeOf(deployed);

      const diff = await cdk('diff', ...app, '--fail', '-c', 'release=next');
      hold(diff.code === 1, `there is no difference to the next release:\n${diff.printed}`);
      await deploy('-c', 'release=next');
      const after = await codeOf(deployed);
      const replaced = [...after].flatMap(([name, hash]) => (before.get(name) === hash ? [] : [name]));
      const expected = `pomona-dev-${replacedFunction}`;
      hold(replaced.join() === expected && after.size === before.size, `other code runs in: ${replaced.join(', ')}`);
      hold((await versionOf()).info.version === nextVersion, 'the function that runs is still the one before');
      const kept = expectData(await client.api.GET('/tasks/{task_id}', at(task.id)), 200);
      hold(JSON.stringify(kept) === JSON.stringify(task), `the task is another now: ${JSON.stringify(kept)}`);
      await removeUsers(deployed, email);
    },
  );

  // An emulator that is not ours is left as it was found.
  await step(
    'cdklocal destroy: both stacks go',
    async () => {
      const end = await cdk('destroy', ...app, '--all', '--force');
      hold(end.code === 0, end.printed);
      hold((await codeOf(deployed)).size === 0, 'functions are left');
    },
    { evenSo: true },
  );
};

/** The functions that are deployed, each with the hash of its code. */
const codeOf = async (outputs: Outputs): Promise<ReadonlyMap<string, string>> => {
  const client = new LambdaClient(connectionsOf(outputs).lambda);
  const hashes = new Map<string, string>();
  for await (const { Functions = [] } of paginateListFunctions({ client }, {})) {
    for (const { FunctionName = '', CodeSha256 = '' } of Functions) {
      if (FunctionName.startsWith('pomona-dev-')) hashes.set(FunctionName, CodeSha256);
    }
  }
  client.destroy();
  return hashes;
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
