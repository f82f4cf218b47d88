import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Part, RunnerProblem } from '#local/parts.ts';

/**
 * One runner a folder: two would write over each other. A lock whose owner is gone, however it went, is taken over.
 * @throws RunnerProblem when another runner works here
 */
export const lockFolder = (folder: string): Part => {
  const file = join(folder, 'runner.pid');
  const owner = ownerOf(file);
  if (owner !== null && owner !== process.pid && isAlive(owner)) {
    throw new RunnerProblem(
      `Another runner (process ${owner}) works in ${folder}. Stop it, or give this one a folder of its own with --data.`,
    );
  }
  writeFileSync(file, String(process.pid));
  return {
    stop: async () => {
      if (ownerOf(file) === process.pid) rmSync(file, { force: true });
    },
  };
};

const ownerOf = (file: string): number | null => {
  try {
    return Number(readFileSync(file, 'utf8')) || null;
  } catch {
    return null;
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
