/**
 * `npm run test:fuzz`: requests and messages that nobody would think of, against a runner of its own. Exit code 0 when every answer was as
 * documented, 1 when one was not, 2 when it could not be looked at.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { documentOf, socketDocumentOf } from '#functions/openapi/operations.ts';
import { type Account, Client, expectData, signUp } from '#test/support/client.ts';
import { freePorts } from '#test/support/ports.ts';
import { dataFolder, type Outputs, startRunnerProcess } from '#test/support/runner.ts';
import { fuzzBySchema, installSchemathesis } from './schema.ts';
import { fuzzSockets } from './sockets.ts';
import { fuzzWire } from './wire.ts';

const usage = `npm run test:fuzz -- [--seed N] [--max-examples N] [--only PART]

  --seed N           the same requests again (default: others each time; the seed is printed)
  --max-examples N   how many of each kind (default 40)
  --only PART        one part alone: schema (schemathesis, by the OpenAPI document; needs Python),
                     wire (what is hardly HTTP), sockets (what is hardly a message)`;

const parts = ['schema', 'wire', 'sockets'] as const;

interface Options {
  readonly seed: number;
  readonly maxExamples: number;
  readonly chosen: readonly (typeof parts)[number][];
}

/** @throws Error with the usage */
const readOptions = (): Options | null => {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string', default: String(randomInt(2 ** 31)) },
        'max-examples': { type: 'string', default: '40' },
        only: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return null;
    return {
      seed: wholeNumber(values.seed),
      maxExamples: wholeNumber(values['max-examples'], 1),
      chosen: values.only === undefined ? parts : [partOf(values.only)],
    };
  } catch {
    throw new Error(usage);
  }
};

const wholeNumber = (text: string, min = 0): number => {
  if (!/^\d{1,10}$/.test(text) || Number(text) < min) throw new Error('is not a whole number');
  return Number(text);
};

const partOf = (name: string): (typeof parts)[number] => {
  const part = parts.find((known) => known === name);
  if (!part) throw new Error('is not a part');
  return part;
};

const password = 'correct horse battery staple';

/** Somebody who does nothing meanwhile: everything of theirs must stay as it is. */
const bystander = async (outputs: Outputs) => {
  const { client } = await signUp(new Client(outputs), `${randomUUID()}@pomona.example`, password);
  expectData(await client.api.POST('/tasks', { body: { title: 'Water the plants' } }), 201);
  const look = async (): Promise<string> => {
    const { changes } = expectData(await client.api.GET('/sync'), 200);
    return JSON.stringify(changes);
  };
  const before = await look();
  return { isUntouched: async () => (await look()) === before };
};

/** What nobody may have made is not there. @returns whether that is so */
const nothingRefusedWasStored = async ({ client }: Account): Promise<boolean> => {
  const query = { search_term: refusedTitle };
  const { items } = expectData(await client.api.GET('/tasks', { params: { query } }), 200);
  return items.length === 0;
};

const refusedTitle = 'must never be stored';

const fuzz = async ({ seed, maxExamples, chosen }: Options, interrupted: AbortSignal): Promise<number> => {
  const schemathesis = chosen.includes('schema') ? await installSchemathesis() : '';
  const folder = await dataFolder();
  const runner = await startRunnerProcess(folder.path, await freePorts());
  try {
    const { outputs } = runner;
    const person = await signUp(new Client(outputs), `${randomUUID()}@pomona.example`, password);
    const other = await bystander(outputs);
    const document = documentOf('fuzz');
    const all = { outputs, person, seed, maxExamples, interrupted };
    console.log(`Seed ${seed}, ${maxExamples} of each kind, at ${outputs.HttpApiUrl}`);

    const findings: string[] = [];
    if (chosen.includes('wire')) findings.push(...(await fuzzWire({ ...all, document, refusedTitle })));
    if (chosen.includes('sockets'))
      findings.push(...(await fuzzSockets({ ...all, document: socketDocumentOf('fuzz') })));
    if (!(await nothingRefusedWasStored(person)))
      findings.push('Something that was refused has been stored all the same.');
    for (const finding of findings) console.log(`\n✗ ${finding}`);

    const passes =
      !chosen.includes('schema') || (await fuzzBySchema({ ...all, program: schemathesis, folder: folder.path }));
    if (!(await other.isUntouched())) findings.push('Somebody else’s things are not as they were.');
    const good = findings.length === 0 && passes;
    console.log(
      good ? '\n✓ Every answer was as documented.' : `\n✗ Not every answer was as documented (--seed ${seed}).`,
    );
    return good ? 0 : 1;
  } finally {
    await runner.stop();
    await folder.remove();
  }
};

const run = async (): Promise<number> => {
  const options = readOptions();
  if (options === null) {
    console.log(usage);
    return 0;
  }
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => interruption.abort(new Error('Interrupted: nothing can be said.')));
  return fuzz(options, interruption.signal);
};

try {
  process.exitCode = await run();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
