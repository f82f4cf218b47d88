/**
 * `npm run import -- --todoist file.csv`: takes another app's tasks along. It may be stopped and run again: what is there is not made twice.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { pomonaClient, type Schemas, type Told } from '#client/pomona.ts';
import { readTodoist } from './todoist.ts';

const usage = `POMONA_LOGIN=… POMONA_PASSWORD=… npm run import -- --todoist FILE [--outputs FILE]

  --todoist FILE   Todoist's own CSV export
  --outputs FILE   which Pomona: the outputs of a runner or a deployment (default .local/outputs.json)

Login and password come from the environment, so that they stand in no history.`;

interface Target {
  readonly HttpApiUrl: string;
}

const readOptions = () => {
  const { todoist, outputs } = parseArgs({
    options: {
      todoist: { type: 'string' },
      outputs: { type: 'string', default: join(import.meta.dirname, '../../.local/outputs.json') },
    },
  }).values;
  const { POMONA_LOGIN: login, POMONA_PASSWORD: password } = process.env;
  if (!todoist || !login || !password) throw new Error(usage);
  return { todoist, outputs, login, password };
};

/** Few enough to be done in a moment, also where each takes a parent's look-up. */
const rowsPerBatch = 40;

/** Asks again while the service is busy. @throws Error with what came instead of a success */
const patiently = async <T>(ask: () => Promise<Told<T>>): Promise<NonNullable<T>> => {
  for (let attempt = 1; ; attempt += 1) {
    const { data, error, response } = await ask();
    if (data) return data;
    const later = response.status === 429 || response.status >= 500;
    if (!later || attempt === 8) throw new Error(`${response.status}: ${JSON.stringify(error)}`);
    await wait(1000 * Number(response.headers.get('retry-after') ?? attempt));
  }
};

const importAll = async (): Promise<void> => {
  const { todoist, outputs, login, password } = readOptions();
  const csv = await readFile(todoist, 'utf8');
  const { tasks, remarks } = readTodoist(csv);
  const { HttpApiUrl }: Target = JSON.parse(await readFile(outputs, 'utf8'));
  const anyone = pomonaClient({ baseUrl: HttpApiUrl });
  const { access_token } = await patiently(() =>
    anyone.POST('/token', { body: { grant_type: 'password', login, password } }),
  );
  const owner = pomonaClient({ baseUrl: HttpApiUrl, headers: { authorization: `Bearer ${access_token}` } });

  const file = createHash('sha256').update(csv).digest('hex').slice(0, 32);
  const made = new Map<number, string>();
  const refused: string[] = [];
  // In the file's order: places among siblings follow the time, and a parent is there before its children.
  for (let start = 0; start < tasks.length; start += rowsPerBatch) {
    const part = tasks.slice(start, start + rowsPerBatch);
    const operations = part.map(({ row, parent, ...data }): Schemas['BatchOperation'] => ({
      op: 'create',
      temp_id: String(row),
      data: { ...data, ...(parent !== null && { parent_id: made.get(parent) ?? String(parent) }) },
    }));
    // The same rows of the same file are the same tasks.
    const params = { header: { 'Idempotency-Key': `todoist:${file}:${start}` } };
    const { results } = await patiently(() => owner.POST('/tasks/batch', { params, body: { operations } }));
    for (const [index, { row }] of part.entries()) {
      const result = results[index];
      if (result?.id && result.status === 201) made.set(row, result.id);
      else refused.push(`row ${row}: ${result?.problem?.detail ?? 'no answer'}`);
    }
    progress(Math.min(start + rowsPerBatch, tasks.length), tasks.length);
  }
  console.log(`\n\n${made.size} of ${tasks.length} tasks are there.`);
  for (const [title, lines] of [
    ['Not understood', remarks],
    ['Refused', refused],
  ] as const) {
    if (lines.length > 0) console.log(`\n${title}:\n${lines.map((line) => `  ${line}`).join('\n')}`);
  }
  if (refused.length > 0) process.exitCode = 1;
};

const progress = (done: number, all: number): void => {
  const width = 40;
  const filled = Math.round((done / all) * width);
  process.stdout.write(`\r  ${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${done}/${all}`);
};

try {
  await importAll();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
