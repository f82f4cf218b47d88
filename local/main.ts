/**
 * `npm start`: the whole backend on this machine.
 */
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { RunnerProblem } from '#local/parts.ts';
import { type RunningPomona, startRunner } from '#local/runner.ts';

const usage = `npm start -- [--port N] [--fresh] [--watch] [--quiet] [--data FOLDER] [--import MODULE]

  --port N         the first of seven ports in a row (default 4000)
  --fresh          begin with nothing
  --watch          build and swap a function when one of its sources changes
  --quiet          print only what went wrong
  --data FOLDER    where data lives, and survives (default .local)
  --import MODULE  a file to load first, here and in every function's process; may be repeated`;

interface Options {
  readonly port: number;
  readonly fresh: boolean;
  readonly watch: boolean;
  readonly quiet: boolean;
  readonly dataFolder: string;
  /** URLs. */
  readonly imports: readonly string[];
}

/** @throws RunnerProblem that says how it is called */
const readOptions = (): Options => {
  try {
    const {
      port,
      fresh,
      watch,
      quiet,
      data,
      import: modules,
    } = parseArgs({
      options: {
        port: { type: 'string', default: '4000' },
        fresh: { type: 'boolean', default: false },
        watch: { type: 'boolean', default: false },
        quiet: { type: 'boolean', default: false },
        data: { type: 'string', default: join(import.meta.dirname, '../.local') },
        import: { type: 'string', multiple: true, default: [] },
      },
    }).values;
    const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
    if (number < 1024 || number > 65_526) throw new Error(`--port takes a number from 1024 to 65526, not "${port}"`);
    const here = pathToFileURL(`${process.cwd()}/`);
    const imports = modules.map((module) => new URL(module, here).href);
    return { port: number, fresh, watch, quiet, dataFolder: resolve(data), imports };
  } catch (error) {
    throw new RunnerProblem(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
};

const main = async (): Promise<void> => {
  const { port, fresh, watch, quiet, dataFolder, imports } = readOptions();
  const say = (text: string): void => {
    if (!quiet) console.log(text);
  };
  const startedAt = performance.now();
  for (const url of imports) await load(url);

  let stoppingSince: number | null = null;
  const starting = startRunner({
    port,
    dataFolder,
    fresh,
    imports,
    watch,
    onChange: (sentence) => console.log(`  ↻ ${sentence}`),
    onStep: (step, milliseconds) => say(`  ✓ ${step.padEnd(24)} ${String(Math.round(milliseconds)).padStart(5)} ms`),
    onError: (who, message) => console.error(`  ! ${who}: ${message}`),
  });
  const leave = async (): Promise<void> => {
    if (stoppingSince !== null) {
      // Whoever asks twice does not want to wait. But npm hands on a Ctrl-C that the terminal has sent to us as well.
      if (performance.now() - stoppingSince > 300) process.exit(1);
      return;
    }
    stoppingSince = performance.now();
    say('\nStopping …');
    const pomona = await starting.catch(() => null);
    await pomona?.stop();
    process.exit(0);
  };
  process.on('SIGINT', leave);
  process.on('SIGTERM', leave);

  say('Pomona starts\n');
  const running: RunningPomona | null = await starting.catch((error: unknown) => {
    if (stoppingSince === null) throw error;
    return null;
  });
  if (!running || stoppingSince !== null) return;
  say(welcome(running.outputs, performance.now() - startedAt, shortest(dataFolder)));
};

/** @throws RunnerProblem when there is no such module, or it fails */
const load = async (url: string): Promise<void> => {
  try {
    await import(url);
  } catch (error) {
    throw new RunnerProblem(`${url} cannot be loaded: ${error instanceof Error ? error.message : error}`);
  }
};

const shortest = (folder: string): string => {
  const short = relative(process.cwd(), folder);
  return short.startsWith('..') ? folder : short;
};

const welcome = (outputs: Readonly<Record<string, string>>, milliseconds: number, folder: string): string => `
Pomona is ready after ${(milliseconds / 1000).toFixed(1)} s

  API        ${outputs.HttpApiUrl}
  WebSocket  ${outputs.WebSocketUrl}
  mailbox    ${outputs.MailboxUrl}
  data       ${folder}/  (functions' logs: ${folder}/functions.log)

Register, and find the code in the mailbox:

  curl -i ${outputs.HttpApiUrl}/register -H 'content-type: application/json' \\
    -d '{"email":"ada@pomona.example","password":"correct horse battery"}'

Or see two devices at work, in another terminal:  npm run demo

Ctrl-C stops it.`;

try {
  await main();
} catch (error) {
  console.error(error instanceof RunnerProblem ? error.message : error);
  process.exit(error instanceof RunnerProblem ? 2 : 1);
}
