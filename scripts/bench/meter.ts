import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** One request to DynamoDB, as it went over the wire. */
export interface MeteredRequest {
  /** `PutItem`, `Query`, … */
  readonly action: string;
  /** Requests of one wave were sent before any of them was answered. */
  readonly wave: number;
  /** A condition that did not hold, for one. */
  readonly failed: boolean;
  readonly readUnits: number;
  readonly writeUnits: number;
}

/** What some work has asked of DynamoDB. */
export interface Metered {
  readonly requests: readonly MeteredRequest[];
  /** One after the other: what is asked at the same time is one. */
  readonly roundTrips: number;
  readonly readUnits: number;
  readonly writeUnits: number;
}

/** A way to an engine that counts what goes through it. */
export interface Meter {
  readonly endpoint: string;
  /** What has gone through since this was asked last. */
  take(): Promise<Metered>;
  stop(): Promise<void>;
}

/**
 * Stands between functions and their engine, so that what is counted is what really went over the wire, and nothing of the functions has to
 * know.
 * @param engine its endpoint
 */
export const startMeter = async (engine: string): Promise<Meter> => {
  const thread = new Worker(new URL('./meter-thread.ts', import.meta.url), { workerData: { engine } });
  const [port] = await once(thread, 'message');
  return {
    endpoint: `http://127.0.0.1:${port}`,
    take: async () => {
      thread.postMessage('take');
      const [requests] = await once(thread, 'message');
      return meteredOf(requests);
    },
    stop: async () => {
      await thread.terminate();
    },
  };
};

export const meteredOf = (requests: readonly MeteredRequest[]): Metered => ({
  requests,
  roundTrips: new Set(requests.map(({ wave }) => wave)).size,
  readUnits: requests.reduce((sum, request) => sum + request.readUnits, 0),
  writeUnits: requests.reduce((sum, request) => sum + request.writeUnits, 0),
});
