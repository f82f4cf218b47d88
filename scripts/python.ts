import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Virtual environments, one a package: to be thrown away at any time. */
const folder = join(import.meta.dirname, '../.python');

export interface PythonPackage {
  /** As pip writes it, with an exact version: `cfn-lint==1.58.0`. */
  readonly requirement: string;
  /** What pip leaves to choose and would choose wrongly. */
  readonly alongside?: readonly string[];
}

/** A sentence for whoever has no Python, or no way to its packages. */
export class PythonMissing extends Error {}

/**
 * Installs a package into a virtual environment of its own, unless it is there, for the few proofs that have no equal in Node.
 *
 * @returns the folder of its programs
 * @throws PythonMissing that says in one sentence what is missing
 */
export const pythonPrograms = async ({ requirement, alongside = [] }: PythonPackage): Promise<string> => {
  const name = requirement.replaceAll(/[^\w.-]+/g, '-');
  const environment = join(folder, name);
  const programs = join(environment, process.platform === 'win32' ? 'Scripts' : 'bin');
  // Programs name the folder that they were made in: those of a project that has moved since are of no use.
  const wanted = [environment, requirement, ...alongside].join('\n');
  const receipt = join(environment, 'installed.txt');
  if ((await readFile(receipt, 'utf8').catch(() => null)) === wanted) return programs;

  await rm(environment, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const made = await run('python3', ['-m', 'venv', environment]);
  if (!made.ok) {
    throw new PythonMissing(`This needs Python 3 with its venv module, which is not here: ${made.lastLine}`);
  }
  const installed = await run(join(programs, 'python'), [
    ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'],
    ...[requirement, ...alongside],
  ]);
  if (!installed.ok) {
    throw new PythonMissing(
      `This needs ${requirement} from Python's package index, and pip could not install it: ${installed.lastLine}`,
    );
  }
  await writeFile(receipt, wanted);
  return programs;
};

/** Never throws: a program that does not exist has failed, with what the system says of it. */
const run = (program: string, words: readonly string[]): Promise<{ readonly ok: boolean; readonly lastLine: string }> =>
  new Promise((resolve) => {
    let said = '';
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.once('error', ({ message }) => resolve({ ok: false, lastLine: message }));
    child.once('close', (code) => {
      resolve({ ok: code === 0, lastLine: said.trim().split('\n').at(-1) ?? '' });
    });
  });
