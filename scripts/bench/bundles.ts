import { entries, type FunctionName } from '#blueprint/environment.ts';
import { buildFunctions } from '../build.ts';
import type { Section } from './section.ts';

/**
 * The most a bundle may have, in KB of 1024 bytes: what it has, and some fifteen to live in. V8 reads every byte at every cold start,
 * whether anything of it runs or not.
 */
export const bundleLimits: Readonly<Record<FunctionName, number>> = {
  accounts: 475,
  export: 570,
  'post-confirmation': 250,
  tasks: 410,
  pomodoro: 305,
  guest: 320,
  attachments: 485,
  'attachment-arrival': 445,
  reports: 350,
  sync: 420,
  'socket-authorizer': 275,
  socket: 320,
  'change-feed': 320,
  'feed-repair': 450,
  'due-work': 600,
  reactions: 595,
  mail: 290,
  'mail-events': 260,
  calendar: 465,
  openapi: 195,
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
