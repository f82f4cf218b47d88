import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { portsFrom } from '#local/parts.ts';
import { closeServer, isListening, listen } from '#local/server.ts';
import { freePort, freePorts } from '#test/support/ports.ts';
import { dataFolder, startRunnerProcess } from '#test/support/runner.ts';

const main = join(import.meta.dirname, '../../local/main.ts');

let folder: Awaited<ReturnType<typeof dataFolder>>;
beforeAll(async () => {
  folder = await dataFolder();
});
afterAll(() => folder.remove());

/** Runs it to its end. */
const run = (...parameters: string[]): Promise<{ code: unknown; said: string }> =>
  new Promise((resolve) => {
    const program = execFile(process.execPath, [main, '--data', folder.path, ...parameters], (_, stdout, stderr) =>
      resolve({ code: program.exitCode, said: `${stdout}${stderr}` }),
    );
  });

describe('a start that cannot be', () => {
  it.each([
    ['an unknown option', ['--nonsense'], "Unknown option '--nonsense'"],
    ['a port that is no number', ['--port', 'abc'], '--port takes a number from 1024 to 65526, not "abc"'],
    ['a port that leaves no room for the others', ['--port', '65530'], 'not "65530"'],
  ])('says so and how it is done: %s', async (_, parameters, sentence) => {
    const { code, said } = await run(...parameters);
    expect(code).toBe(2);
    expect(said.split('\n')[0]).toContain(sentence);
    expect(said).toContain('npm start -- [--port N]');
    expect(said).not.toContain('    at ');
  });

  it('says in one sentence which module it cannot load first', async () => {
    const { code, said } = await run('--import', 'nowhere.ts', '--quiet');
    expect(code).toBe(2);
    expect(said).toMatch(/^file:\/\/.*\/nowhere\.ts cannot be loaded: Cannot find module .*\n$/);
  });

  it('says in one sentence which port is taken, before it starts anything', async () => {
    const port = await freePorts();
    const taken = portsFrom(port).cognito;
    const other = createServer();
    await listen(other, taken);
    const { code, said } = await run('--port', String(port), '--quiet');
    await closeServer(other);
    expect(code).toBe(2);
    expect(said).toBe(`Port ${taken} is taken. Stop what uses it, or choose other ports with --port.\n`);
  });

  it('says in one sentence that another runner has its folder, and leaves that one alone', async () => {
    const lock = join(folder.path, 'runner.pid');
    await writeFile(lock, String(process.pid));
    const { code, said } = await run('--port', String(await freePort()), '--quiet');
    expect(code).toBe(2);
    expect(said).toMatch(/^Another runner \(process \d+\) works in .*\. Stop it, or .* --data\.\n$/);
    expect(await readFile(lock, 'utf8')).toBe(String(process.pid));
    await writeFile(lock, '');
  });
});

interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
}

/** Of every process that can be seen. */
const processes = (): ProcessFacts[] =>
  readdirSync('/proc').flatMap((name) => {
    try {
      const [, pid, state = '', parent] =
        /^(\d+) \(.*\) (\S) (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
      return pid ? [{ pid: Number(pid), parent: Number(parent), state }] : [];
    } catch {
      return [];
    }
  });

const descendantsOf = (pid: number, all = processes()): number[] =>
  all.filter(({ parent }) => parent === pid).flatMap((child) => [child.pid, ...descendantsOf(child.pid, all)]);

const stillThere = (pids: readonly number[]): number[] =>
  processes()
    .filter(({ pid, state }) => pids.includes(pid) && state !== 'Z')
    .map(({ pid }) => pid);

const exists = (name: string): Promise<boolean> =>
  access(join(folder.path, name)).then(
    () => true,
    () => false,
  );

describe.skipIf(process.platform !== 'linux')('a runner', () => {
  it('leaves no process behind and no port taken, whether it is killed or asked to stop', {
    timeout: 120_000,
  }, async () => {
    const port = await freePorts();
    const gone = async (pids: readonly number[]): Promise<void> => {
      // An engine, its tether, and the function that answered /health.
      expect(pids.length).toBeGreaterThanOrEqual(3);
      await vi.waitFor(() => expect(stillThere(pids)).toEqual([]), { timeout: 10_000 });
      for (const each of Object.values(portsFrom(port)).flat()) expect(await isListening(each)).toBe(false);
    };

    const killed = await startRunnerProcess(folder.path, port);
    const orphans = descendantsOf(killed.process.pid ?? 0);
    await killed.kill();
    await gone(orphans);
    expect(await exists('outputs.json')).toBe(true);

    // The lock of the one that was killed is nobody's any more.
    await mkdir(join(folder.path, 's3/old'), { recursive: true });
    await writeFile(join(folder.path, 'mine.txt'), 'not the runner’s');
    const stopped = await startRunnerProcess(folder.path, port, ['--fresh']);
    expect(await exists('s3/old')).toBe(false);
    expect(await exists('mine.txt')).toBe(true);
    const children = descendantsOf(stopped.process.pid ?? 0);
    await stopped.stop();
    expect(stopped.process.exitCode).toBe(0);
    expect(stillThere(children)).toEqual([]);
    await gone(children);
    expect(await exists('outputs.json')).toBe(false);
    expect(await exists('runner.pid')).toBe(false);
  });
});
