import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildOptions, build, context, formatMessages, type OutputFile, type Plugin } from 'esbuild';
import { entries, type FunctionName } from '#blueprint/environment.ts';

const root = join(import.meta.dirname, '..');

export interface BuildPlaces {
  /** The folder that the entry files are named from. Default: the project. */
  readonly project?: string;
  /** Where the folders of bundles and of source maps are made. Default: `.build` in the project. */
  readonly output?: string;
}

/** Bundles have a folder a function, each an asset as it is. */
const bundlesIn = (output: string): string => join(output, 'functions');

/** Source maps lie apart from the assets, which they would triple. */
const mapsIn = (output: string): string => join(output, 'source-maps');

const defaultOutput = join(root, '.build');

/** Where the bundles are that are deployed, and that the runner hosts. */
export const bundlesFolder: string = bundlesIn(defaultOutput);

const everyName = Object.keys(entries).filter((name): name is FunctionName => name in entries);

/**
 * Bundles Lambdas with everything they need, the AWS SDK included, into `.build/functions/<name>/index.cjs`.
 *
 * The same input gives the same bytes, and a file is replaced whole and only when it changes: several builds at once (the runner's, the
 * tests') disturb nobody.
 *
 * @returns the size of each bundle in bytes
 * @throws Error that names every missing entry file; esbuild's own error, already printed, for code that does not bundle
 */
export const buildFunctions = async (
  names: readonly FunctionName[] = everyName,
  { project = root, output = defaultOutput }: BuildPlaces = {},
): Promise<ReadonlyMap<FunctionName, number>> => {
  await expectEntries(names, project);
  const { outputFiles } = await build(bundling(names, project, output));
  await Promise.all(outputFiles.map((file) => place(file, output)));
  return new Map(names.map((name) => [name, sizeOf(outputFiles, join(bundlesIn(output), name, 'index.cjs'))]));
};

export interface WatchListeners {
  /** Hears of the functions whose bundle is another one now. */
  readonly onChanged: (names: readonly FunctionName[]) => void;
  /** Hears what is wrong with a source; the bundles stay as they were. */
  readonly onFailed: (messages: readonly string[]) => void;
}

/**
 * Bundles the functions at once, and again whenever one of their sources changes.
 * @returns what ends it
 */
export const watchFunctions = async (
  { onChanged, onFailed }: WatchListeners,
  { project = root, output = defaultOutput }: BuildPlaces = {},
): Promise<{ stop(): Promise<void> }> => {
  // Not what lies there already: another build may have put it there first, and whoever listens still runs an older one.
  const last = new Map<string, string>();
  const placeNew = async (files: readonly OutputFile[]): Promise<void> => {
    const replaced = await Promise.all(files.map((file) => place(file, output)));
    const changed = files.filter(({ path, hash }, index) =>
      last.has(path) ? last.get(path) !== hash : replaced[index],
    );
    for (const { path, hash } of files) last.set(path, hash);
    const paths = new Set(changed.map(({ path }) => path));
    const names = everyName.filter((name) => paths.has(join(bundlesIn(output), name, 'index.cjs')));
    if (names.length > 0) onChanged(names);
  };
  const options = bundling(everyName, project, output);
  const watched = await context({
    ...options,
    logLevel: 'silent',
    plugins: [
      ...options.plugins,
      {
        name: 'place',
        setup: ({ onEnd }) =>
          onEnd(async ({ errors, outputFiles = [] }) => {
            if (errors.length === 0) return placeNew(outputFiles);
            onFailed(await formatMessages([...errors], { kind: 'error' }));
          }),
      },
    ],
  });
  await watched.watch();
  return { stop: () => watched.dispose() };
};

/** @returns of each function, the packages that something in its bundle comes from, by name */
export const packagesOf = async (
  names: readonly FunctionName[] = everyName,
): Promise<ReadonlyMap<FunctionName, readonly string[]>> => {
  const { metafile } = await build(bundling(names, root, defaultOutput));
  return new Map(
    names.map((name) => {
      const ending = `${name}/index.cjs`;
      const [, bundle] = Object.entries(metafile.outputs).find(([path]) => path.endsWith(`/${ending}`)) ?? [];
      const taken = Object.entries(bundle?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
      const packages = taken.flatMap(([path]) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
      return [name, [...new Set(packages)].sort()];
    }),
  );
};

const expectEntries = async (names: readonly FunctionName[], project: string): Promise<void> => {
  const found = await Promise.all(names.map((name) => stat(join(project, entries[name])).catch(() => null)));
  const missing = names.filter((_, index) => !found[index]?.isFile()).map((name) => entries[name]);
  if (missing.length > 0) throw new Error(`Nothing to bundle: ${missing.join(', ')} does not exist.`);
};

/**
 * Parts of the SDK that it loads on demand, and a Lambda never does: ways to credentials beside the environment, which always has them, and
 * streams of events, which no call of ours answers with. Whatever asks for one fails, naming it.
 *
 * It is not for their bytes alone: what a bundle may load later cannot be flattened, and half of the SDK would stay in functions that V8
 * parses twice.
 */
const neverLoaded =
  /^(@aws-sdk\/credential-provider-(http|ini|login|process|sso|web-identity)|@smithy\/(credential-provider-imds|core\/event-streams))$/;

export const leftOut: Plugin = {
  name: 'left out',
  setup: (build) => {
    build.onResolve({ filter: neverLoaded }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    );
  },
};

/** Packages that do nothing when they are loaded, and forget to say so: whoever takes one name of theirs need not take everything. */
const sideEffectFree = /^(@aws-lambda-powertools\/.+|@aws-sdk\/lib-dynamodb|aws-jwt-verify|ical\.js|rrule)$/;

const shakeable: Plugin = {
  name: 'shakeable',
  setup: (build) => {
    build.onResolve({ filter: sideEffectFree }, async ({ path, pluginData, ...from }) => {
      if (pluginData === shakeable) return undefined;
      return { ...(await build.resolve(path, { ...from, pluginData: shakeable })), sideEffects: false };
    });
  },
};

const bundling = (names: readonly FunctionName[], project: string, output: string) =>
  ({
    absWorkingDir: project,
    entryPoints: names.map((name) => ({ in: entries[name], out: `${name}/index` })),
    outdir: bundlesIn(output),
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    // Packages that ship both: their ES modules are the ones that can be shaken.
    mainFields: ['module', 'main'],
    minify: true,
    legalComments: 'none',
    plugins: [leftOut, shakeable],
    metafile: true,
    sourcemap: 'external',
    write: false,
  }) satisfies BuildOptions;

/**
 * Whole or not at all, and not when it is there already: another process may be reading the file.
 * @returns whether it is another one now
 */
const place = async ({ path, contents }: OutputFile, output: string): Promise<boolean> => {
  const target = path.endsWith('.map') ? path.replace(bundlesIn(output), mapsIn(output)) : path;
  const standing = await readFile(target).catch(() => null);
  if (standing?.equals(contents)) return false;
  await mkdir(dirname(target), { recursive: true });
  // Beside the folder, not in it: what lies in it is part of the asset.
  const draft = `${dirname(target)}.${randomUUID()}.draft`;
  await writeFile(draft, contents);
  await rename(draft, target);
  return true;
};

const sizeOf = (files: readonly OutputFile[], bundlePath: string): number =>
  files.find(({ path }) => path === bundlePath)?.contents.length ?? 0;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, bytes] of await buildFunctions()) console.log(`${name.padEnd(20)} ${Math.ceil(bytes / 1024)} KB`);
}
