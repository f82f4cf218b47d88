import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ended } from '../program.ts';
import { pythonPrograms } from '../python.ts';
import type { EmulatorName } from './emulators.ts';

const ministack = {
  requirement: 'ministack==1.5.33',
  // It signs and checks tokens with it, and checks nothing without.
  alongside: ['cryptography==50.0.2'],
} as const;

const answers = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(3_000) }).then(
    ({ ok }) => ok,
    () => false,
  );

/** @returns which emulator answers there, if one does; what is neither counts as LocalStack, whose address all of them have */
export const emulatorAt = async (endpoint: string): Promise<EmulatorName | null> => {
  if (await answers(`${endpoint}/_ministack/health`)) return 'ministack';
  return (await answers(`${endpoint}/_localstack/health`)) ? 'localstack' : null;
};

export interface Started {
  stop(): Promise<void>;
}

/**
 * Starts a MiniStack that forgets everything when it ends. It checks signatures, codes and IAM policies.
 * @throws PythonMissing; Error with what it printed when it ends instead of answering
 */
export const startMiniStack = async (port: number): Promise<Started> => {
  const programs = await pythonPrograms(ministack);
  const folder = await mkdtemp(join(tmpdir(), 'pomona-ministack-'));
  const child = spawn(join(programs, 'ministack'), [], {
    cwd: folder,
    // Its functions run with the Node that is first on the path: ours.
    env: {
      ...withoutAws(),
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
      TMPDIR: folder,
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      AUTH: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C is ours to answer, and its functions end with it.
    detached: true,
  });
  const end = ended(child);
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await Promise.race([end, wait(10_000, undefined, { ref: false })]);
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group is gone with it.
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  for (let attempt = 0; attempt < 600 && child.exitCode === null; attempt += 1) {
    if (await answers(`http://127.0.0.1:${port}/_ministack/health`)) return { stop };
    await wait(100);
  }
  await stop();
  throw new Error(`MiniStack did not begin to answer on port ${port}:\n${(await end).printed}`);
};

/** What the caller has set for AWS is not meant for an emulator, nor for the functions in it. */
const withoutAws = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_')));
