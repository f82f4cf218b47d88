import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { entries, environment, type FunctionName } from '#blueprint/environment.ts';
import { bundleLimits } from '../../scripts/bench/bundles.ts';
import { buildFunctions, packagesOf, watchFunctions } from '../../scripts/build.ts';

const names = Object.keys(entries) as FunctionName[];

describe('the build', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'pomona-build-'));
  const output = join(scratch, 'first');
  const bundleOf = (name: FunctionName, folder = output): string => join(folder, 'functions', name, 'index.cjs');
  let sizes: ReadonlyMap<FunctionName, number>;

  beforeAll(async () => {
    sizes = await buildFunctions(names, { output });
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  it.each(names)('puts %s into a folder that holds its bundle, what it loads later, and nothing else', async (name) => {
    const files = await readdir(join(output, 'functions', name));
    const bytes = files.map((file) => statSync(join(output, 'functions', name, file)).size);
    expect(sizes.get(name)).toBe(bytes.reduce((sum, each) => sum + each));
    expect(files).toContain('index.cjs');
    const mentioned = files.map((file) => readFileSync(join(output, 'functions', name, file), 'utf8')).join('\n');
    expect(files.filter((file) => file !== 'index.cjs' && !mentioned.includes(`"./${file}"`))).toEqual([]);
  });

  it('keeps apart, until it is asked for, what few requests need', async () => {
    const partsOf = (name: FunctionName) =>
      readdirSync(join(output, 'functions', name)).map((file) => file.split('-')[0]);
    expect(partsOf('attachments')).toContain('files');
    expect(partsOf('accounts')).toEqual(expect.arrayContaining(['cognito', 'gateway', 'mail']));
    expect(partsOf('calendar')).toContain('icalendar');
    expect(partsOf('sync')).toContain('acts');
    expect(readFileSync(bundleOf('attachments'), 'utf8')).not.toContain('HeadObject');
  });

  it('leaves out what packages load for other people', () => {
    const bundle = readFileSync(bundleOf('tasks'), 'utf8');
    expect(bundle).toContain('nlp/index is not in this bundle');
    expect(bundle).not.toContain('approximate');
  });

  it('takes away what an earlier build has left', async () => {
    const parts = await readdir(join(output, 'functions/accounts'));
    writeFileSync(join(output, 'functions/accounts/chunk-OLD.cjs'), '');
    await buildFunctions(['accounts'], { output });
    expect(await readdir(join(output, 'functions/accounts'))).toEqual(parts);
  });

  it('keeps the source maps apart', async () => {
    expect((await readdir(join(output, 'source-maps'))).sort()).toEqual([...names].sort());
    expect(readFileSync(bundleOf('tasks'), 'utf8')).not.toContain('sourceMappingURL');
  });

  it('takes everything along: bundles load where there is nothing else', async () => {
    const env = Object.fromEntries(
      names.flatMap((name) => environment[name].map((variable) => [variable, 'us-east-1_x'])),
    );
    const program = names
      .map((name) => `console.log(typeof require(${JSON.stringify(bundleOf(name))}).handler);`)
      .join('');
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', program], {
      env: { ...env, AWS_REGION: 'us-east-1' },
    });
    expect(stdout.trim().split('\n')).toEqual(names.map(() => 'function'));
  });

  it('makes the same bytes of the same input', async () => {
    const second = join(scratch, 'second');
    await buildFunctions(names, { output: second });
    const differing = names.filter(
      (name) => !readFileSync(bundleOf(name)).equals(readFileSync(bundleOf(name, second))),
    );
    expect(differing).toEqual([]);
  });

  it('leaves a bundle alone that is there already, also when two build at once', async () => {
    const before = statSync(bundleOf('tasks'));
    await Promise.all([buildFunctions(names, { output }), buildFunctions(names, { output })]);
    expect(statSync(bundleOf('tasks'))).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
    expect((await readdir(join(output, 'functions'))).sort()).toEqual([...names].sort());
  });

  it.each(names)('keeps %s small', (name) => {
    expect(sizes.get(name)).toBeLessThanOrEqual(bundleLimits[name] * 1024);
  });

  it('takes along only the packages that a function is known to need', async () => {
    const packages = await packagesOf(names);
    const beside = names.map((name) => [name, packages.get(name)?.filter((one) => !everywhere.test(one))]);
    expect(Object.fromEntries(beside)).toEqual(known);
  });

  it('names every entry file that is missing', async () => {
    await expect(buildFunctions(['tasks', 'openapi'], { project: scratch, output })).rejects.toThrow(
      'Nothing to bundle: functions/tasks/handler.ts, functions/openapi/handler.ts does not exist.',
    );
  });
});

describe('watching the sources', () => {
  const project = mkdtempSync(join(tmpdir(), 'pomona-watch-'));
  const output = join(project, 'out');
  const shared = join(project, 'shared.ts');
  const onChanged = vi.fn();
  const onFailed = vi.fn();
  let watching: Awaited<ReturnType<typeof watchFunctions>>;

  beforeAll(async () => {
    writeFileSync(shared, "export const greeting = 'hello';");
    for (const [name, entry] of Object.entries(entries)) {
      const file = join(project, entry);
      mkdirSync(dirname(file), { recursive: true });
      const imports = name === 'guest' || name === 'tasks' ? `import { greeting } from ${JSON.stringify(shared)};` : '';
      writeFileSync(file, `${imports}\nexport const handler = () => [${imports && 'greeting,'} '${name}'];`);
    }
    await buildFunctions(names, { project, output });
    watching = await watchFunctions({ onChanged, onFailed }, { project, output });
    // Its first build begins by itself; what changes during it would be part of it.
    await vi.waitFor(async () => expect(await readdir(output)).toContain('source-maps'));
  });
  afterAll(async () => {
    await watching.stop();
    rmSync(project, { recursive: true, force: true });
  });

  const soon = { timeout: 30_000, interval: 50 };
  const changed = (): string[] => onChanged.mock.calls.flat(2).sort();

  it('builds the functions that a source belongs to, and no others', async () => {
    writeFileSync(shared, "export const greeting = 'good morning';");
    await vi.waitFor(() => expect(changed()).toEqual(['guest', 'tasks']), soon);
    expect(readFileSync(join(output, 'functions/tasks/index.cjs'), 'utf8')).toContain('good morning');
  });

  it('says what is wrong with a source, and leaves the bundles as they were', async () => {
    const standing = readFileSync(join(output, 'functions/tasks/index.cjs'), 'utf8');
    writeFileSync(shared, 'export const greeting = ;');
    await vi.waitFor(() => expect(onFailed).toHaveBeenCalled(), soon);
    expect(onFailed.mock.calls[0]?.[0].join()).toContain('shared.ts:1:24');
    expect(readFileSync(join(output, 'functions/tasks/index.cjs'), 'utf8')).toBe(standing);
  });

  it('notices a change also when another build was the first to place it', async () => {
    onChanged.mockClear();
    writeFileSync(shared, "export const greeting = 'good night';");
    await buildFunctions(names, { project, output });
    await vi.waitFor(() => expect(changed()).toEqual(['guest', 'tasks']), soon);
  });
});

/** The SDK's own parts, and what every function may have. */
const everywhere =
  /^(@smithy\/.+|@aws\/.+|@aws-sdk\/(?!client-|s3-).+|@aws-lambda-powertools\/(commons|logger)|@aws-sdk\/client-dynamodb|@middy\/core|uuid|zod|tslib)$/;

/** A package that comes in here is loaded at each cold start of the function: it should be worth it (decision 20). */
const known: Readonly<Record<FunctionName, readonly string[]>> = {
  accounts: [
    '@aws-sdk/client-apigatewaymanagementapi',
    '@aws-sdk/client-cognito-identity-provider',
    '@aws-sdk/client-ses',
  ],
  export: ['@aws-sdk/client-cognito-identity-provider', '@aws-sdk/client-s3', '@aws-sdk/s3-request-presigner'],
  'post-confirmation': [],
  tasks: ['rrule'],
  pomodoro: [],
  guest: ['@aws-lambda-powertools/metrics'],
  attachments: ['@aws-sdk/client-s3', '@aws-sdk/s3-request-presigner'],
  'attachment-arrival': ['@aws-sdk/client-s3', '@aws-sdk/s3-request-presigner'],
  reports: ['d3-array', 'd3-color', 'd3-format', 'd3-interpolate', 'd3-scale', 'd3-time', 'd3-time-format', 'eta'],
  sync: ['@aws-lambda-powertools/metrics', 'rrule'],
  'socket-authorizer': ['@aws-lambda-powertools/metrics', 'aws-jwt-verify'],
  socket: ['@aws-sdk/client-apigatewaymanagementapi'],
  'change-feed': ['@aws-lambda-powertools/metrics', '@aws-sdk/client-apigatewaymanagementapi'],
  'feed-repair': ['@aws-sdk/client-s3'],
  'due-work': [
    '@aws-lambda-powertools/metrics',
    '@aws-sdk/client-cognito-identity-provider',
    '@aws-sdk/client-s3',
    '@aws-sdk/s3-request-presigner',
    'rrule',
  ],
  reactions: [
    '@aws-lambda-powertools/metrics',
    '@aws-sdk/client-cognito-identity-provider',
    '@aws-sdk/client-s3',
    '@aws-sdk/client-sesv2',
    '@aws-sdk/s3-request-presigner',
    'eta',
  ],
  mail: ['eta'],
  'mail-events': [],
  calendar: ['ical.js', 'rrule', 'timezones-ical-library'],
  openapi: [],
};
