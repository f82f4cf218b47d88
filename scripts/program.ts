import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** A program of a package that `npm ci` has installed. */
export const programOf = (path: string): string => join(root, 'node_modules', path);

export interface Ended {
  readonly code: number | null;
  /** What it printed, on either stream. */
  readonly printed: string;
}

export interface RunOptions extends Pick<SpawnOptions, 'env'> {
  /** Hands on what it prints as well. Default: no. */
  readonly shown?: boolean;
}

/**
 * Runs one of our programs, or a package's, with this Node, and waits for its end. A Ctrl-C reaches it by the terminal, a request to
 * terminate by us.
 */
export const runNode = async (
  words: readonly string[],
  { env = process.env, shown = false }: RunOptions = {},
): Promise<Ended> => {
  const child = spawn(process.execPath, words, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const handOn = () => child.kill('SIGTERM');
  process.on('SIGTERM', handOn);
  const end = await ended(child, shown);
  process.off('SIGTERM', handOn);
  return end;
};

/** Never throws: a program that does not exist has ended with no code, and with what the system says of it. */
export const ended = (child: ChildProcess, shown = false): Promise<Ended> =>
  new Promise((resolve) => {
    let printed = '';
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ] as const) {
      from?.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
        if (shown) to.write(text);
      });
    }
    child.once('error', ({ message }) => resolve({ code: null, printed: message }));
    child.once('close', (code) => resolve({ code, printed }));
  });
