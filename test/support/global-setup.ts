import type { TestProject } from 'vitest/node';
import { availableEngines, type EngineName, startEngine } from '#local/dynamodb-engine.ts';
import { freePort } from '#test/support/ports.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Engine → endpoint. */
    engines: Partial<Record<EngineName, string>>;
  }
}

/** Every DynamoDB engine that this machine can run, in memory, once for the whole suite. */
export default async ({ provide }: TestProject): Promise<() => Promise<void>> => {
  const engines = await Promise.all(
    availableEngines().map(async (name) => startEngine(name, { port: await freePort() })),
  );
  provide('engines', Object.fromEntries(engines.map(({ name, endpoint }) => [name, endpoint])));
  return async () => {
    await Promise.all(engines.map((engine) => engine.stop()));
  };
};
