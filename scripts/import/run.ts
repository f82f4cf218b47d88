/**
 * `npm run import -- --todoist file.csv`, or `--pomona file.json`: takes the tasks of another app, or of another account, along. It may be
 * stopped and run again: what is there is not made twice.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type PomonaClient, pomonaClient, type Schemas, type Told } from '#client/pomona.ts';
import { readOutputs } from '../outputs.ts';
import { type Plan, planOf, readPomona, type TaskPlan } from './pomona.ts';
import { type Imported, readTodoist } from './todoist.ts';

const usage = `POMONA_LOGIN=… POMONA_PASSWORD=… npm run import -- (--todoist FILE | --pomona FILE) [--outputs FILE]

  --todoist FILE   Todoist's own CSV export
  --pomona FILE    what \`GET /me/export\` gave, into an account without tasks
  --outputs FILE   which Pomona: the outputs of a runner or a deployment (default .local/outputs.json)

Login and password come from the environment, so that they stand in no history.`;

const readOptions = () => {
  const { todoist, pomona, outputs } = parseArgs({
    options: {
      todoist: { type: 'string' },
      pomona: { type: 'string' },
      outputs: { type: 'string', default: join(import.meta.dirname, '../../.local/outputs.json') },
    },
  }).values;
  const { POMONA_LOGIN: login, POMONA_PASSWORD: password } = process.env;
  const file = todoist ?? pomona;
  if (!file || (todoist && pomona) || !login || !password) throw new Error(usage);
  return { kind: todoist ? ('todoist' as const) : ('pomona' as const), file, outputs, login, password };
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
  const { kind, file, outputs, login, password } = readOptions();
  const text = await readFile(file, 'utf8');
  // Read before anything is asked: a file that is none is no reason to sign in.
  const read = kind === 'todoist' ? readTodoist(text) : planOf(readPomona(text), new Date());
  const { HttpApiUrl } = await readOutputs(outputs);
  const anyone = pomonaClient({ baseUrl: HttpApiUrl });
  const { access_token } = await patiently(() =>
    anyone.POST('/token', { body: { grant_type: 'password', login, password } }),
  );
  const owner = pomonaClient({ baseUrl: HttpApiUrl, headers: { authorization: `Bearer ${access_token}` } });
  // The same rows of the same file are the same tasks.
  const name = `${kind}:${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
  const refused = 'closing' in read ? await importPomona(owner, name, read) : await importTodoist(owner, name, read);
  for (const [title, lines] of [
    [kind === 'todoist' ? 'Not understood' : 'Not as it was', read.remarks],
    ['Refused', refused],
  ] as const) {
    if (lines.length > 0) console.log(`\n${title}:\n${lines.map((line) => `  ${line}`).join('\n')}`);
  }
  if (refused.length > 0) process.exitCode = 1;
};

/** @returns what was refused */
const importTodoist = async (owner: PomonaClient, name: string, { tasks }: Imported): Promise<readonly string[]> => {
  const creations = tasks.map(({ row, parent, ...data }) => ({
    id: String(row),
    title: `row ${row}`,
    parent: parent === null ? null : String(parent),
    data,
  }));
  const { made, refused } = await createAll(owner, name, creations);
  console.log(`\n\n${made.size} of ${tasks.length} tasks are there.`);
  return refused;
};

/** @returns what was refused */
const importPomona = async (
  owner: PomonaClient,
  name: string,
  { settings, tasks, closing, files }: Plan,
): Promise<readonly string[]> => {
  await patiently(() => owner.PATCH('/me', { body: settings }));
  const { made, refused } = await createAll(
    owner,
    name,
    tasks.map((plan) => ({ ...plan, title: `"${plan.data.title}"` })),
  );
  const changes = [
    ...tasks.filter(({ own }) => Object.keys(own).length > 0).map((plan) => change(plan, made)),
    ...closing.map((plan) => close(plan, made)),
  ].flat();
  for (let start = 0; start < changes.length; start += rowsPerBatch) {
    const operations = changes.slice(start, start + rowsPerBatch);
    const { results } = await patiently(() => owner.POST('/tasks/batch', { body: { operations } }));
    refused.push(...results.flatMap(({ problem }) => problem?.detail ?? []));
  }
  console.log(`\n\n${made.size} of ${tasks.length} tasks are there, ${closing.length} of them closed.`);

  let sent = 0;
  for (const file of files) {
    const problem = await sendFile(owner, name, file, made.get(file.task_id));
    if (problem === null) sent += 1;
    else refused.push(`"${file.filename}": ${problem}`);
  }
  if (files.length > 0) console.log(`${sent} of ${files.length} files are there.`);
  return refused;
};

type Ids = ReadonlyMap<string, string>;

const change = ({ id, own }: TaskPlan, made: Ids): Schemas['BatchOperation'][] => {
  const task = made.get(id);
  return task === undefined ? [] : [{ op: 'update', id: task, data: { ...own } }];
};

/** What was left open below it stays so. */
const close = ({ id, closed }: TaskPlan, made: Ids): Schemas['BatchOperation'][] => {
  const task = made.get(id);
  if (task === undefined) return [];
  return [
    closed === 'done'
      ? { op: 'complete', id: task, data: { children: 'leave' } }
      : { op: 'update', id: task, data: { status: 'cancelled' } },
  ];
};

/** From link to link. @returns what was wrong with it */
const sendFile = async (
  owner: PomonaClient,
  name: string,
  { id, filename, file_type, file_url }: Plan['files'][number],
  task_id: string | undefined,
): Promise<string | null> => {
  if (task_id === undefined) return 'its task was refused';
  const found = await fetch(file_url ?? '');
  if (!found.ok) return `its link answers ${found.status}`;
  const content = await found.arrayBuffer();
  const { upload } = await patiently(() =>
    owner.POST('/attachments/upload', {
      params: { header: { 'Idempotency-Key': `${name}:${id}` } },
      body: { task_id, filename, file_type, size: content.byteLength },
    }),
  );
  // It has arrived by an earlier run.
  if (upload === null) return null;
  const put = await fetch(upload.url, { method: upload.method, headers: upload.headers, body: content });
  // 412: it is on its way from an earlier run.
  return put.ok || put.status === 412 ? null : `the store answers ${put.status}`;
};

interface Creation {
  /** In the file. */
  readonly id: string;
  /** As a person would call it. */
  readonly title: string;
  readonly parent: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** In the file's order: places among siblings follow the time, and a parent is there before its children. */
const createAll = async (owner: PomonaClient, name: string, creations: readonly Creation[]) => {
  const made = new Map<string, string>();
  const refused: string[] = [];
  let done = 0;
  for (const part of inBatches(creations)) {
    const operations = part.map(({ id, parent, data }): Schemas['BatchOperation'] => ({
      op: 'create',
      temp_id: id,
      data: { ...data, ...(parent !== null && { parent_id: made.get(parent) ?? parent }) },
    }));
    const params = { header: { 'Idempotency-Key': `${name}:${done}` } };
    const { results } = await patiently(() => owner.POST('/tasks/batch', { params, body: { operations } }));
    for (const [index, { id, title }] of part.entries()) {
      const result = results[index];
      if (result?.id && result.status === 201) made.set(id, result.id);
      else refused.push(`${title}: ${result?.problem?.detail ?? 'no answer'}`);
    }
    done += part.length;
    progress(done, creations.length);
  }
  return { made, refused };
};

/** A body may have 256 KB; what is around the data of a task is small. */
const bytesPerBatch = 150_000;

const inBatches = (creations: readonly Creation[]): readonly (readonly Creation[])[] => {
  const batches: Creation[][] = [];
  let bytes = 0;
  for (const creation of creations) {
    const size = Buffer.byteLength(JSON.stringify(creation));
    const last = batches.at(-1);
    if (last && last.length < rowsPerBatch && bytes + size <= bytesPerBatch) {
      last.push(creation);
      bytes += size;
    } else {
      batches.push([creation]);
      bytes = size;
    }
  }
  return batches;
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
