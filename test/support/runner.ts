import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Outputs, readOutputs } from '../../scripts/outputs.ts';

export type { Outputs };

export interface Runner {
  readonly outputs: Outputs;
  readonly port: number;
  readonly process: ChildProcess;
  /** As Ctrl-C. */
  stop(): Promise<void>;
  /** As `kill -9`. */
  kill(): Promise<void>;
}

const main = join(import.meta.dirname, '../../local/main.ts');

/** A folder for one runner's data, and what removes it. */
export const dataFolder = async (): Promise<{ path: string; remove: () => Promise<void> }> => {
  const path = await mkdtemp(join(tmpdir(), 'pomona-'));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
};

/** Starts `npm start`'s program as a process of its own, and waits until it is ready. @throws Error with what it printed when it ends instead */
export const startRunnerProcess = async (
  folder: string,
  port: number,
  more: readonly string[] = [],
): Promise<Runner> => {
  const child = spawn(process.execPath, [main, '--port', String(port), '--data', folder, '--quiet', ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  child.stdout.on('data', (text) => {
    printed += text;
  });
  child.stderr.on('data', (text) => {
    printed += text;
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  const outputs = await ready(folder, port, child, () => printed);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  return { outputs, port, process: child, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
};

const ready = async (folder: string, port: number, child: ChildProcess, printed: () => string): Promise<Outputs> => {
  for (let attempt = 0; attempt < 1_200 && child.exitCode === null; attempt += 1) {
    const healthy = await fetch(`http://127.0.0.1:${port}/health`).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (healthy) {
      const outputs = await readOutputs(join(folder, 'outputs.json')).catch(() => null);
      if (outputs) return outputs;
    }
    await wait(100);
  }
  throw new Error(`the runner did not become ready:\n${printed()}`);
};
