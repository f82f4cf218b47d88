import { readFile } from 'node:fs/promises';
import type { TestProject } from 'vitest/node';
import { freePorts } from '#test/support/ports.ts';
import { dataFolder, type Outputs, startRunnerProcess } from '#test/support/runner.ts';

declare module 'vitest' {
  interface ProvidedContext {
    outputs: Outputs;
    /** Where the runner's own DynamoDB listens; `null` for a target that is not ours. */
    dynamodbEndpoint: string | null;
  }
}

/** One target for all journeys: the one whose outputs `POMONA_OUTPUTS` names, or else a fresh embedded runner. */
export default async ({ provide }: TestProject): Promise<() => Promise<void>> => {
  const given = process.env.POMONA_OUTPUTS;
  if (given) {
    provide('outputs', flat(JSON.parse(await readFile(given, 'utf8'))));
    provide('dynamodbEndpoint', null);
    return async () => undefined;
  }
  const folder = await dataFolder();
  const runner = await startRunnerProcess(folder.path, await freePorts());
  provide('outputs', runner.outputs);
  provide('dynamodbEndpoint', `http://127.0.0.1:${runner.port + 3}`);
  return async () => {
    await runner.stop();
    await folder.remove();
  };
};

/** The CDK's own outputs file has them stack by stack. */
const flat = (outputs: Record<string, string | Record<string, string>>): Outputs =>
  Object.assign(
    {},
    ...Object.entries(outputs).map(([name, value]) => (typeof value === 'string' ? { [name]: value } : value)),
  );
