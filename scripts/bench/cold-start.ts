import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { environment } from '#blueprint/environment.ts';
import { type Feature, routes } from '#blueprint/routes.ts';
import { buildFunctions, bundlesFolder, leftOut } from '../build.ts';
import { type Figure, median, rounded, type Section } from './section.ts';

/** Every function that answers HTTP: somebody waits for its cold start. */
const httpFunctions = [...new Set(routes.map(({ feature }): Feature => feature))];

/** Instructions ÷ those of an empty handler. */
const aim = 3;

/** Those that may take more: decision 20 says what less would cost. */
const beyondAim: Partial<Readonly<Record<Feature, number>>> = {
  tasks: 3.3,
  accounts: 3.3,
  attachments: 3.3,
  export: 3.3,
  sync: 3.3,
};

/** An odd number: the one in the middle counts. Each is within a few percent of it. */
const runsOf = (quick: boolean): number => (quick ? 1 : 5);

const howOf = (runs: number): string =>
  [
    'Instructions that valgrind counts from the start of a Node 24 process, the modules that AWS’s runtime client loads included, until the',
    "function's bundle is loaded with its environment and its clients are made; divided by those of the same process with a handler that does",
    `nothing. ${runs === 1 ? 'One run' : `The middle of ${runs} runs`}.`,
  ].join(' ');

/** Cold start of each HTTP function; without valgrind, a section with no figures that says so. */
export const coldStarts = async (quick: boolean): Promise<Section> => {
  const title = 'Cold start ÷ an empty handler';
  if (!(await isHere())) return { title, how: 'not measured: valgrind is not here', figures: [] };
  await buildFunctions();
  const scratch = await mkdtemp(join(tmpdir(), 'pomona-cold-'));
  try {
    const empty = await ofNothing(join(scratch, 'empty'));
    const clients = await ofClientAlone(scratch);
    const runs = runsOf(quick);
    const [base, ...counts] = await middleCounts(runs, [
      { file: empty, variables: {}, times: 3 },
      ...clients.map(({ file }) => ({ file, variables: {} })),
      ...httpFunctions.map((name) => ({
        file: join(bundlesFolder, name, 'index.cjs'),
        variables: Object.fromEntries(environment[name].map((variable) => [variable, exampleOf(variable)])),
      })),
    ]);
    const ratioAt = (index: number): number => rounded((counts[index] ?? Number.NaN) / (base ?? 0));
    return {
      title,
      how: howOf(runs),
      figures: [
        { name: 'empty handler', value: Math.round((base ?? 0) / 1e6), unit: 'million instructions', limit: null },
        ...clients.map(({ name }, index): Figure => ({ name, value: ratioAt(index), unit: '×', limit: null })),
        ...httpFunctions.map(
          (name, index): Figure => ({
            name,
            value: ratioAt(clients.length + index),
            unit: '×',
            limit: beyondAim[name] ?? aim,
          }),
        ),
      ],
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

/** Something that looks like what `lib` gives: code may read a number or a URL out of it. */
const exampleOf = (variable: string): string => {
  if (variable.endsWith('URL') || variable.endsWith('URI'))
    return 'https://example.execute-api.us-east-1.amazonaws.com';
  if (/SHARDS|PER_/.test(variable)) return '4';
  return variable === 'USER_POOL_ID' ? 'us-east-1_abcdefghi' : variable.toLowerCase();
};

const ofNothing = async (folder: string): Promise<string> => {
  await mkdir(folder);
  const file = join(folder, 'index.cjs');
  await writeFile(file, 'exports.handler = async () => ({ statusCode: 204 });\n');
  return file;
};

/** What everything else is compared with: the SDK's client with one command, as it is bundled by default, and as ours are. */
const ofClientAlone = async (folder: string) => {
  const contents = [
    "import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';",
    'const client = new DynamoDBClient({});',
    "export const handler = (id) => client.send(new GetItemCommand({ TableName: 'table', Key: { id: { S: id } } }));",
  ].join('\n');
  const kinds = [
    { name: "the SDK's client alone, by default", plugins: [] },
    { name: "the SDK's client alone, as we bundle it", plugins: [leftOut] },
  ];
  return Promise.all(
    kinds.map(async ({ name, plugins }, index) => {
      const file = join(folder, `client-${index}.cjs`);
      await build({
        stdin: { contents, resolveDir: import.meta.dirname },
        outfile: file,
        bundle: true,
        platform: 'node',
        target: 'node24',
        format: 'cjs',
        mainFields: ['module', 'main'],
        minify: true,
        plugins,
      });
      return { name, file };
    }),
  );
};

interface Process {
  /** How often it is counted in a round. Everything is divided by one of them, whose deviation would be everybody's. */
  readonly times?: number;
  readonly file: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** Round by round, so that a machine that changes meanwhile changes all alike. @returns the middle count of each */
const middleCounts = async (runs: number, processes: readonly Process[]): Promise<readonly number[]> => {
  const counts = new Map(processes.map((process): [Process, number[]] => [process, []]));
  for (let round = 0; round < runs; round += 1) {
    for (const [process, counted] of counts) {
      for (let time = 0; time < (process.times ?? 1); time += 1) counted.push(await instructionsOf(process));
    }
  }
  return [...counts.values()].map(median);
};

/**
 * No V8 flag may differ from its default: Node's own modules would then be compiled anew instead of taken from its cache, a hundred million
 * instructions that no Lambda executes. `--v8-pool-size=0` is Node's, and leaves the work of helping threads to the only one.
 */
const instructionsOf = async ({ file, variables }: Process): Promise<number> => {
  const report = await run(
    'valgrind',
    [
      ...['--tool=cachegrind', '--cache-sim=no', '--cachegrind-out-file=/dev/null', '--smc-check=all-non-file'],
      ...[process.execPath, '--v8-pool-size=0', join(import.meta.dirname, 'cold-process.cjs'), file],
    ],
    {
      ...variables,
      TZ: 'UTC',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'token',
      AWS_LAMBDA_FUNCTION_NAME: 'function',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_LOG_FORMAT: 'JSON',
      AWS_LAMBDA_LOG_LEVEL: 'INFO',
      POWERTOOLS_SERVICE_NAME: 'function',
    },
  );
  const count = /I\s+refs:\s+([\d,]+)/.exec(report)?.[1];
  if (!count) throw new Error(`valgrind counted nothing: ${report}`);
  return Number(count.replaceAll(',', ''));
};

const isHere = (): Promise<boolean> =>
  run('valgrind', ['--version'], {}).then(
    () => true,
    () => false,
  );

/** @returns what it says of itself on stderr  @throws Error when it is not there or fails */
const run = (program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(said) : reject(new Error(`${program} failed: ${said}`))));
  });

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { how, figures } = await coldStarts(process.argv.includes('--quick'));
  console.log(how);
  for (const { name, value, unit, limit: most } of figures)
    console.log(`${name.padEnd(42)} ${value} ${unit} (${most ?? '–'})`);
}
