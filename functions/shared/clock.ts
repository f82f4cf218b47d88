/** Where the time comes from: an argument everywhere, so that tests own it. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

/** DynamoDB's unit for a TTL attribute. */
export const epochSeconds = (instant: Date): number => Math.floor(instant.getTime() / 1000);

export const secondsAfter = (instant: Date, seconds: number): Date => new Date(instant.getTime() + seconds * 1000);

export const daysInSeconds = (days: number): number => days * 86_400;

/** How long what is gone is still remembered: tombstones, change rows, results of offline edits. */
export const memorySeconds: number = daysInSeconds(30);
