import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type BuildOptions,
  type BuildResult,
  build,
  context,
  formatMessages,
  type OutputFile,
  type Plugin,
  transform,
} from 'esbuild';
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
 * Bundles Lambdas with everything they need, the AWS SDK included, into `.build/functions/<name>/index.cjs`, with what some of them load
 * later beside it.
 *
 * The same input gives the same bytes, and a file is replaced whole and only when it changes: several builds at once (the runner's, the
 * tests') disturb nobody.
 *
 * @returns the size of each function in bytes
 * @throws Error that names every missing entry file; esbuild's own error, already printed, for code that does not bundle
 */
export const buildFunctions = async (
  names: readonly FunctionName[] = everyName,
  { project = root, output = defaultOutput }: BuildPlaces = {},
): Promise<ReadonlyMap<FunctionName, number>> => {
  await expectEntries(names, project);
  const built = await Promise.all(
    bundlings(names, project, output).map(async (options) => filesOf(await build(options))),
  );
  const files = built.flat();
  await Promise.all(files.map((file) => place(file, output)));
  await Promise.all(names.map((name) => removeOthers(name, files, output)));
  return new Map(names.map((name) => [name, sizeOf(filesIn(name, files, output))]));
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
  const placeNew = async (files: readonly BuiltFile[]): Promise<void> => {
    const replaced = await Promise.all(files.map((file) => place(file, output)));
    const changed = files.filter(({ path, hash }, index) =>
      last.has(path) ? last.get(path) !== hash : replaced[index],
    );
    for (const { path, hash } of files) last.set(path, hash);
    const names = everyName.filter((name) => filesIn(name, changed, output).length > 0);
    if (names.length > 0) onChanged(names);
  };
  const watched = await Promise.all(
    bundlings(everyName, project, output).map((options) =>
      context({
        ...options,
        logLevel: 'silent',
        plugins: [
          ...options.plugins,
          {
            name: 'place',
            setup: ({ onEnd }) =>
              onEnd(async (result) => {
                if (result.errors.length === 0) return placeNew(await filesOf(result as BuildResult<typeof options>));
                onFailed(await formatMessages([...result.errors], { kind: 'error' }));
              }),
          },
        ],
      }),
    ),
  );
  await Promise.all(watched.map((each) => each.watch()));
  return {
    stop: async () => {
      await Promise.all(watched.map((each) => each.dispose()));
    },
  };
};

/** @returns of each function, the packages that something in its bundle comes from, by name */
export const packagesOf = async (
  names: readonly FunctionName[] = everyName,
): Promise<ReadonlyMap<FunctionName, readonly string[]>> => {
  const built = await Promise.all(bundlings(names, root, defaultOutput).map((options) => build(options)));
  const outputs = built.flatMap(({ metafile }) => Object.entries(metafile.outputs));
  return new Map(
    names.map((name) => {
      const own = outputs.filter(([path]) => path.endsWith('.cjs') && basename(dirname(path)) === name);
      const taken = own
        .flatMap(([, { inputs }]) => Object.entries(inputs))
        .filter(([, { bytesInOutput }]) => bytesInOutput > 0);
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
 * Parts of the SDK that it loads on demand, and a Lambda never does: ways to credentials beside the environment, which always has them,
 * streams of events, which no call of ours answers with, and what tells browsers apart. Whatever asks for one fails, naming it.
 *
 * It is not for their bytes alone: what a bundle may load later cannot be flattened, and half of the SDK would stay in functions that V8
 * parses twice.
 */
const neverLoaded =
  /^(@aws-sdk\/credential-provider-(http|ini|login|process|sso|web-identity)|@smithy\/(credential-provider-imds|core\/event-streams)|bowser)$/;

export const leftOut: Plugin = {
  name: 'left out',
  setup: (build) => {
    build.onResolve({ filter: neverLoaded }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    );
  },
};

interface StandIn {
  /** The module, as the packages' own modules import it. */
  readonly path: RegExp;
  /** The packages that import it. */
  readonly importer: RegExp;
  readonly contents: string;
}

/**
 * Modules that packages load at the start and only other people call, each replaced by what its importer needs to be loaded: rrule's
 * sentences in English, and what remembers the endpoints that a DynamoDB client was told to discover.
 */
const standIns: readonly StandIn[] = [
  {
    path: /^\.\/nlp\/index$/,
    importer: /[/\\]node_modules[/\\]rrule[/\\]/,
    contents: 'export { absent as fromText, absent as parseText, absent as toText, absent as isFullyConvertible }',
  },
  {
    path: /^@aws-sdk\/endpoint-cache$/,
    importer: /[/\\]node_modules[/\\]@aws-sdk[/\\]middleware-endpoint-discovery[/\\]/,
    contents: 'export class EndpointCache { get = absent; set = absent; has = absent; delete = absent }',
  },
];

export const replaced: Plugin = {
  name: 'replaced',
  setup: (build) => {
    for (const { path, importer, contents } of standIns) {
      const name = `stand-in of ${path.source}`;
      build.onResolve({ filter: path }, (from) =>
        importer.test(from.importer) ? { path: from.path, namespace: name, sideEffects: false } : undefined,
      );
      build.onLoad({ filter: /./, namespace: name }, ({ path: module }) => ({
        contents: `const absent = () => { throw new Error(${JSON.stringify(`${module} is not in this bundle`)}); };\n${contents};`,
      }));
    }
  },
};

/** Packages that do nothing when they are loaded, and forget to say so: whoever takes one name of theirs need not take everything. */
const sideEffectFree = /^(@aws-lambda-powertools\/.+|@aws-sdk\/lib-dynamodb|aws-jwt-verify|ical\.js|rrule)$/;

export const shakeable: Plugin = {
  name: 'shakeable',
  setup: (build) => {
    build.onResolve({ filter: sideEffectFree }, async ({ path, pluginData, ...from }) => {
      if (pluginData === shakeable) return undefined;
      return { ...(await build.resolve(path, { ...from, pluginData: shakeable })), sideEffects: false };
    });
  },
};

/**
 * Functions some of whose requests need a large part that the others do not: what they import dynamically is a file of its own there, and what
 * both sides share is another. esbuild does that for ES modules only, which are made CommonJS afterwards: Lambda starts it faster.
 */
const inParts: ReadonlySet<FunctionName> = new Set(['accounts', 'attachments', 'calendar', 'export', 'sync']);

const bundlings = (names: readonly FunctionName[], project: string, output: string) => [
  bundling(
    names.filter((name) => !inParts.has(name)),
    project,
    bundlesIn(output),
  ),
  ...names
    .filter((name) => inParts.has(name))
    .map((name) => ({
      ...bundling([name], project, bundlesIn(output)),
      format: 'esm' as const,
      splitting: true,
      chunkNames: `${name}/[name]-[hash]`,
      sourcemap: 'inline' as const,
    })),
];

const bundling = (names: readonly FunctionName[], project: string, outdir: string) =>
  ({
    absWorkingDir: project,
    entryPoints: names.map((name) => ({ in: entries[name], out: `${name}/index` })),
    outdir,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs' as 'cjs' | 'esm',
    // Packages that ship both: their ES modules are the ones that can be shaken.
    mainFields: ['module', 'main'],
    minify: true,
    legalComments: 'none',
    plugins: [leftOut, replaced, shakeable],
    metafile: true,
    sourcemap: 'external' as 'external' | 'inline',
    write: false,
  }) satisfies BuildOptions;

type BuiltFile = Pick<OutputFile, 'path' | 'contents' | 'hash'>;

const filesOf = async ({
  outputFiles = [],
}: Pick<BuildResult<ReturnType<typeof bundling>>, 'outputFiles'>): Promise<readonly BuiltFile[]> => {
  const files = await Promise.all(outputFiles.map((file) => (isModule(file) ? commonJs(file) : [file])));
  return files.flat();
};

/** Only those have their source map inside. */
const isModule = ({ path, text }: OutputFile): boolean =>
  path.endsWith('.cjs') && text.includes('\n//# sourceMappingURL=data:');

const commonJs = async ({ path, text, hash }: OutputFile): Promise<readonly BuiltFile[]> => {
  const { code, map } = await transform(text, {
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    minify: true,
    legalComments: 'none',
    sourcemap: 'external',
    sourcefile: basename(path),
    supported: { 'dynamic-import': false },
  });
  return [
    { path, hash, contents: Buffer.from(code) },
    { path: `${path}.map`, hash, contents: Buffer.from(map) },
  ];
};

/** Of one function, without source maps. */
const filesIn = (name: FunctionName, files: readonly BuiltFile[], output: string): readonly BuiltFile[] =>
  files.filter(({ path }) => path.startsWith(join(bundlesIn(output), name) + sep) && path.endsWith('.cjs'));

/** Parts have a hash in their names: those of an earlier build are nobody's. */
const removeOthers = async (name: FunctionName, files: readonly BuiltFile[], output: string): Promise<void> => {
  const own = new Set(filesIn(name, files, output).map(({ path }) => path));
  for (const folder of [join(bundlesIn(output), name), join(mapsIn(output), name)]) {
    for (const file of await readdir(folder)) {
      if (!own.has(join(bundlesIn(output), name, file.replace(/\.map$/, ''))))
        await rm(join(folder, file), { force: true });
    }
  }
};

/**
 * Whole or not at all, and not when it is there already: another process may be reading the file.
 * @returns whether it is another one now
 */
const place = async ({ path, contents }: BuiltFile, output: string): Promise<boolean> => {
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

const sizeOf = (files: readonly BuiltFile[]): number => files.reduce((sum, { contents }) => sum + contents.length, 0);

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, bytes] of await buildFunctions()) console.log(`${name.padEnd(20)} ${Math.ceil(bytes / 1024)} KB`);
}
