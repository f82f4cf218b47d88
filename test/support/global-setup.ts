import type { TestProject } from 'vitest/node';
import { availableEngines, type EngineName } from '#local/dynamodb-engine.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Every DynamoDB engine that this machine can run, the fastest first. */
    engines: readonly EngineName[];
  }
}

/** Looks once for the whole suite which engines there are. */
export default ({ provide }: TestProject): void => provide('engines', availableEngines());
