/**
 * Loaded first into a runner and its functions (`--import moved-clock.ts?file=…`): every clock that they look at is ahead by the
 * milliseconds that the file says, and what waits a minute or longer between its runs waits by that clock. The code that is tested knows
 * nothing of it. Shorter timers, and what measures how long something took, stay as they are.
 */
import { readFileSync } from 'node:fs';

const file = new URL(import.meta.url).searchParams.get('file') ?? '';
const RealDate = Date;
const realInterval = setInterval;

/** How long a look into the file is good for: much less than anybody notices. */
const lookMilliseconds = 20;

let [ahead, lookedAt] = [0, Number.NEGATIVE_INFINITY];
const now = (): number => {
  const real = performance.now();
  if (real - lookedAt >= lookMilliseconds) {
    lookedAt = real;
    ahead = Number(readFileSync(file, 'utf8'));
  }
  return RealDate.now() + ahead;
};

globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(now()).toString(),
  construct: (date, given, made) => Reflect.construct(date, given.length === 0 ? [now()] : given, made),
  get: (date, name) => (name === 'now' ? now : Reflect.get(date, name)),
});

const minuteMilliseconds = 60_000;

/** However many of its runs a jump passes over, one of them comes at once: a schedule has a rate, no memory. */
const movedInterval = (run: (...values: unknown[]) => void, milliseconds = 0, ...values: unknown[]) => {
  if (milliseconds < minuteMilliseconds) return realInterval(run, milliseconds, ...values);
  let next = now() + milliseconds;
  return realInterval(() => {
    if (now() < next) return;
    next = now() + milliseconds;
    run(...values);
  }, 100);
};
globalThis.setInterval = movedInterval as typeof setInterval;
