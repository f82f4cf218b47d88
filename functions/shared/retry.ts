import { type Clock, secondsAfter } from '#shared/clock.ts';
import { Failure } from '#shared/problems.ts';

/** Enough for fifty who write one thing at once, and a slow table; all pauses together stay well below a Lambda's ten seconds. */
const attempts = 16;

/**
 * Reads and writes again until nobody wrote in between.
 * @param attempt answers `false` when it met another state than it had read
 * @throws Failure `busy` when it is overtaken every time
 */
export const untilItHolds = async <T>(attempt: () => Promise<T | false>): Promise<T> => {
  for (let count = 1; count <= attempts; count += 1) {
    const held = await attempt();
    if (held !== false) return held;
    await pause(count);
  }
  throw busy();
};

/** Names under which AWS says "later"; the SDK has already tried again by then. */
const overload =
  /^(ThrottlingException|ProvisionedThroughputExceededException|RequestLimitExceeded|TransactionInProgressException|InternalServerError|TimeoutError)$/;

/** Whether something was thrown that may go well a moment later. */
export const isOverload = (thrown: unknown): boolean => thrown instanceof Error && overload.test(thrown.name);

/** Well before Lambda ends a function at its 29th second, with everything unanswered; the last part may take a few seconds itself. */
const actSeconds = 20;

/**
 * For an act of many parts that begins now.
 * @returns what throws a Failure `busy` when there is no time to begin another part
 */
export const timeLimit = (clock: Clock): (() => void) => {
  const until = secondsAfter(clock.now(), actSeconds);
  return () => {
    if (clock.now() > until) throw busy();
  };
};

export const busy = (): Failure => new Failure('busy', 'The service is busy; try again.', { retryAfterSeconds: 1 });

/** Full jitter: those who collided do not collide again in step. At most 25 ms at first, 0.8 s in the end. */
export const pause = (attempt: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.random() * 25 * 2 ** Math.min(attempt - 1, 5)));
