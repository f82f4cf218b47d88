import { entries, type FunctionName } from '#blueprint/environment.ts';
import { buildFunctions } from '../build.ts';
import type { Section } from './section.ts';

/**
 * The most a bundle may have, in KB of 1024 bytes: what it has, and a few percent to live in. V8 reads every byte at every cold start,
 * whether anything of it runs or not.
 */
export const bundleLimits: Readonly<Record<FunctionName, number>> = LIMITS;

/** What is deployed of each function, the SDK included, source maps apart. */
export const bundleSizes = async (): Promise<Section> => {
  const sizes = await buildFunctions();
  return {
    title: 'Bundle bytes',
    how: 'The size of each file that a deploy uploads: minified, with the SDK inside, source maps apart.',
    figures: (Object.keys(entries) as FunctionName[]).map((name) => ({
      name,
      value: sizes.get(name) ?? 0,
      unit: 'bytes',
      limit: bundleLimits[name] * 1024,
    })),
  };
};
