import fc from 'fast-check';
import type { Account } from '#test/support/client.ts';
import type { Outputs } from '#test/support/runner.ts';

/** What every part of the fuzzer is given. */
export interface Fuzzing {
  readonly outputs: Outputs;
  /** Who does it all. */
  readonly person: Account;
  readonly seed: number;
  /** How many of each kind. */
  readonly maxExamples: number;
  readonly interrupted: AbortSignal;
}

/** One kind of thing to try. It throws, or says nothing when all is well. */
export interface Kind<T> {
  readonly name: string;
  readonly arbitrary: fc.Arbitrary<T>;
  readonly attempt: (value: T) => Promise<void>;
  /** How one sees it again. */
  readonly shown: (value: T) => string;
}

/**
 * Tries one kind until something is wrong, which is made as small as it can be.
 * @returns what was found, with the way to see it again; `null`: nothing
 * @throws the reason when it was interrupted
 */
export const tryKind = async <T>(
  { name, arbitrary, attempt, shown }: Kind<T>,
  { seed, maxExamples, interrupted }: Fuzzing,
): Promise<string | null> => {
  const { failed, counterexample, errorInstance, numRuns } = await fc.check(
    fc.asyncProperty(arbitrary, async (value) => {
      interrupted.throwIfAborted();
      await attempt(value);
    }),
    { seed, numRuns: maxExamples, endOnFailure: interrupted.aborted },
  );
  interrupted.throwIfAborted();
  console.log(`${failed ? '✗' : '✓'} ${name} (${numRuns})`);
  if (!failed || !counterexample) return null;
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return `${name}: ${reason}\n  ${shown(counterexample[0])}`;
};
