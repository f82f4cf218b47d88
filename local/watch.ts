import { type FSWatcher, watch } from 'node:fs';
import { join, relative } from 'node:path';
import type { HostedLambdas } from '#local/lambda.ts';
import type { Part } from '#local/parts.ts';
import { bundlesFolder, watchFunctions } from '../scripts/build.ts';

export interface WatchOptions {
  /** Functions that run from where the build puts them. */
  readonly lambdas: Pick<HostedLambdas, 'swap'>;
  /** Hears of what was swapped, or why not, in a sentence. */
  readonly onChange: (sentence: string) => void;
}

const root = join(import.meta.dirname, '..');

/** What says which resources there are: a runner hosts what it has synthesized at its start. */
const ofTheTemplates = ['bin', 'lib', 'functions/blueprint'];

/** Swaps functions when their sources change, and says when that is not enough. */
export const watchSources = async ({ lambdas, onChange }: WatchOptions): Promise<Part> => {
  const functions = await watchFunctions({
    onChanged: (names) => {
      for (const name of names) lambdas.swap(join(bundlesFolder, name));
      onChange(`${names.join(', ')}: swapped`);
    },
    onFailed: (messages) => onChange(`nothing is swapped:\n${messages.join('\n')}`),
  });
  const folders = ofTheTemplates.map((folder) => watchFolder(join(root, folder), onChange));
  return {
    stop: async () => {
      for (const folder of folders) folder.close();
      await functions.stop();
    },
  };
};

const watchFolder = (folder: string, onChange: WatchOptions['onChange']): FSWatcher => {
  const told = new Set<string>();
  return watch(folder, { recursive: true }, (_, name) => {
    if (!name?.endsWith('.ts') || told.has(name)) return;
    told.add(name);
    onChange(`${relative(root, join(folder, name))} has changed: start again for what it says of the resources`);
  });
};
