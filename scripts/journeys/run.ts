/**
 * `npm run test:journeys`: the user stories against whatever an outputs file names, or against a runner of their own. Exit code 0 when
 * each was made, or skipped for what its target lacks; 1 when one failed; 2 when they could not be begun.
 */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { removeUsers } from '../../test/journeys/people.ts';
import { type Outputs, readOutputs } from '../outputs.ts';
import { programOf, runNode } from '../program.ts';

const usage = `npm run test:journeys -- [--outputs FILE] [NAME …]

  --outputs FILE   where: the outputs of a runner or a deployment, such as .local/deployed-outputs.json
                   (default: a runner that is started for it)
  NAME             only the journeys whose file's name has it

On AWS, users are made, and removed at the end, with the credentials of your environment.`;

interface Options {
  readonly outputs: Outputs | null;
  readonly file: string | undefined;
  readonly names: readonly string[];
}

const readOptions = async (): Promise<Options> => {
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { outputs: { type: 'string' } } });
    if (values.outputs === undefined) return { outputs: null, file: undefined, names: positionals };
    const file = resolve(values.outputs);
    return { outputs: await readOutputs(file), file, names: positionals };
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
};

const run = async (): Promise<number> => {
  const { outputs, file, names } = await readOptions();
  const prefix = `journey-${randomUUID().slice(0, 8)}`;
  // Vitest hears of Ctrl-C as well; what is left to do here comes after its end.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
  try {
    const { code } = await runNode(
      [
        ...[programOf('vitest/vitest.mjs'), 'run', '--project', 'journeys'],
        ...['--reporter', 'default', '--reporter', './test/journeys/told-apart.ts', ...names],
      ],
      {
        shown: true,
        env: { ...process.env, POMONA_RUN: prefix, POMONA_OUTPUTS: file ?? '' },
      },
    );
    return code === 0 ? 0 : 1;
  } finally {
    // The runner that was started for them is gone, with everybody.
    if (outputs && outputs.MailboxUrl === undefined) {
      console.log(`${await removeUsers(outputs, prefix)} users who were made for this are removed.`);
    }
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
