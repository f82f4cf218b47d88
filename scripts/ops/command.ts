import { join } from 'node:path';

/** One thing that can be done for a Pomona. */
export interface Command {
  /** What it is called with, and what it does. */
  readonly usage: string;
  /**
   * @returns the exit code: 0 when all is well, 1 when something is not
   * @throws UsageError for options that are none; Error when it could not be looked at
   */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** How a command is called was not how it can be called. */
export class UsageError extends Error {}

/** Which Pomona: each command has it. */
export const outputsOption = {
  type: 'string',
  default: join(import.meta.dirname, '../../.local/outputs.json'),
} as const;
