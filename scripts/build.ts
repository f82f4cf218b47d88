import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildResult, build, type OutputFile } from 'esbuild';
import { entries, type FunctionName } from '#blueprint/environment.ts';

const root = join(import.meta.dirname, '..');

/** Where the bundles are: a folder a function, each an asset as it is. */
export const bundlesFolder: string = join(root, '.build/functions');

/** Where the source maps are: apart from the assets, which a map would triple. */
const mapsFolder = join(root, '.build/source-maps');

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
): Promise<ReadonlyMap<FunctionName, number>> => {
  await expectEntries(names);
  const { outputFiles } = await bundle(names);
  await Promise.all(outputFiles.map(place));
  return new Map(names.map((name) => [name, sizeOf(outputFiles, name)]));
};

const expectEntries = async (names: readonly FunctionName[]): Promise<void> => {
  const found = await Promise.all(names.map((name) => stat(join(root, entries[name])).catch(() => null)));
  const missing = names.filter((_, index) => !found[index]?.isFile()).map((name) => entries[name]);
  if (missing.length > 0) throw new Error(`Nothing to bundle: ${missing.join(', ')} does not exist.`);
};

const bundle = (names: readonly FunctionName[]): Promise<BuildResult<{ write: false }>> =>
  build({
    absWorkingDir: root,
    entryPoints: names.map((name) => ({ in: entries[name], out: `${name}/index` })),
    outdir: bundlesFolder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    // Packages that ship both: their ES modules are the ones that can be shaken.
    mainFields: ['module', 'main'],
    minify: true,
    legalComments: 'none',
    sourcemap: 'external',
    write: false,
  });

/** Whole or not at all, and not when it is there already: another process may be reading the file. */
const place = async ({ path, contents }: OutputFile): Promise<void> => {
  const target = path.endsWith('.map') ? path.replace(bundlesFolder, mapsFolder) : path;
  const standing = await readFile(target).catch(() => null);
  if (standing?.equals(contents)) return;
  await mkdir(dirname(target), { recursive: true });
  // Beside the folder, not in it: what lies in it is part of the asset.
  const draft = `${dirname(target)}.${process.pid}.draft`;
  await writeFile(draft, contents);
  await rename(draft, target);
};

const sizeOf = (files: readonly OutputFile[], name: FunctionName): number =>
  files.find(({ path }) => path === join(bundlesFolder, name, 'index.cjs'))?.contents.length ?? 0;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, bytes] of await buildFunctions()) console.log(`${name.padEnd(20)} ${Math.ceil(bytes / 1024)} KB`);
}
