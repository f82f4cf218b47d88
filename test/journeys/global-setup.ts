import type { TestProject } from 'vitest/node';
import { freePorts } from '#test/support/ports.ts';
import { dataFolder, startRunnerProcess } from '#test/support/runner.ts';
import { type Outputs, readOutputs } from '../../scripts/outputs.ts';

declare module 'vitest' {
  interface ProvidedContext {
    outputs: Outputs;
    /** With what the addresses of this run begin. */
    run: string;
  }
}

/** One target for all journeys: the one whose outputs `POMONA_OUTPUTS` names, or else a fresh embedded runner. */
export default async ({ provide }: TestProject): Promise<() => Promise<void>> => {
  provide('run', process.env.POMONA_RUN ?? 'journey');
  const given = process.env.POMONA_OUTPUTS;
  if (given) {
    provide('outputs', await readOutputs(given));
    return async () => undefined;
  }
  const folder = await dataFolder();
  const runner = await startRunnerProcess(folder.path, await freePorts());
  provide('outputs', runner.outputs);
  return async () => {
    await runner.stop();
    await folder.remove();
  };
};
