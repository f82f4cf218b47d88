import { writeFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, secondsAfter } from '#shared/clock.ts';

/** A clock on which each look at it takes a while. */
export const slowClock = (start: Date, secondsALook: number): Clock => {
  let looks = 0;
  return {
    now: () => {
      looks += 1;
      return secondsAfter(start, looks * secondsALook);
    },
  };
};

/** A clock that a test moves, for a runner that is started with `parameters`. It goes on from wherever it is put. */
export interface MovedClock {
  readonly parameters: readonly string[];
  now(): Date;
  moveTo(instant: Date): Promise<void>;
}

/** @param folder where it may keep a file */
export const movedClock = (folder: string): MovedClock => {
  const file = join(folder, 'clock');
  writeFileSync(file, '0');
  const module = new URL('moved-clock.ts', import.meta.url);
  module.searchParams.set('file', file);
  let ahead = 0;
  return {
    parameters: ['--import', module.href],
    now: () => new Date(Date.now() + ahead),
    moveTo: async (instant) => {
      if (Number.isNaN(instant.getTime())) throw new RangeError('there is no such moment');
      ahead = instant.getTime() - Date.now();
      // Whole or not at all: a file that is being written reads as empty.
      await writeFile(`${file}.draft`, String(ahead));
      await rename(`${file}.draft`, file);
      // By then everybody has looked again.
      await new Promise((resolve) => setTimeout(resolve, 50));
    },
  };
};
