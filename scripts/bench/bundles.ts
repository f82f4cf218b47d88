import { entries, type FunctionName } from '#blueprint/environment.ts';
import { buildFunctions } from '../build.ts';
import type { Section } from './section.ts';

/**
 * The most a bundle may have, in KB of 1024 bytes: what it has, and some fifteen to live in. V8 reads every byte at every cold start,
 * whether anything of it runs or not.
 */
export const bundleLimits: Readonly<Record<FunctionName, number>> = {
  accounts: 420,
  export: 515,
  'post-confirmation': 245,
  tasks: 385,
  pomodoro: 295,
  guest: 315,
  attachments: 470,
  'attachment-arrival': 435,
  reports: 340,
  sync: 425,
  'socket-authorizer': 270,
  socket: 310,
  'change-feed': 315,
  'feed-repair': 440,
  'due-work': 585,
  reactions: 590,
  mail: 280,
  'mail-events': 250,
  calendar: 435,
  openapi: 150,
};

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
