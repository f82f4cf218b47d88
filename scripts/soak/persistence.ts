import { setTimeout as wait } from 'node:timers/promises';
import type { Exchange } from '#test/support/conformance.ts';
import type { Dice } from './dice.ts';

/** What a good client needs to know of a request beside its answer. */
export interface Tries {
  readonly count: number;
  /** Whether an earlier try may have been carried out, though nobody has said so: its answer was lost, or was a 500 or a 503. */
  readonly unclear: boolean;
}

const tries = new WeakMap<Response, Tries>();

/** How an answer came about. */
export const triesOf = (response: Response): Tries => tries.get(response) ?? { count: 1, unclear: false };

/** Nobody could be made to answer: whether it was carried out will have to be looked at. */
export class NoAnswer extends Error {}

export interface PersistenceNeeds {
  readonly baseUrl: string;
  readonly dice: Dice;
  /** Runs some at a time: the rest waits. */
  readonly inLane: <T>(work: () => Promise<T>) => Promise<T>;
  /** Hears of every single answer. @throws Error that says what is wrong with it */
  readonly check: (exchange: Exchange) => void;
  /** What has ended a request's process, if it did not end by itself. */
  readonly endOf: (requestId: string) => 'killed' | 'late' | null;
  /** Hears of what should not be. */
  readonly onFinding: (finding: string) => void;
  readonly onTry: (status: string) => void;
}

const mostTries = 12;

/** Nobody waits longer, however many tries that were. */
const patienceMilliseconds = 90_000;

/**
 * `fetch` as a good client does it: what was refused for now, or left unanswered, is asked for again with the very same headers
 * (`Idempotency-Key`, `If-Match`), a little later each time and not in step with others.
 *
 * @throws NoAnswer
 */
export const persistentFetch = (needs: PersistenceNeeds): typeof fetch => {
  const { baseUrl, dice, inLane, onTry } = needs;
  return async (input, init) => {
    const request = new Request(input, init);
    if (!request.url.startsWith(baseUrl)) return fetch(request);
    const begun = performance.now();
    let unclear = false;
    for (let count = 1; count <= mostTries && performance.now() - begun < patienceMilliseconds; count += 1) {
      const answered = await inLane(() => attempt(request, needs));
      onTry(answered ? answered.what : 'broken');
      if (answered && !isForNow(answered.response.status)) {
        tries.set(answered.response, { count, unclear });
        return answered.response;
      }
      unclear ||= answered?.response.status !== 429;
      const asked = Number(answered?.response.headers.get('retry-after') ?? 0) * 1000;
      await wait(asked + dice.roll() * 100 * 2 ** Math.min(count, 5));
    }
    throw new NoAnswer(`${request.method} ${request.url} was answered by nobody`);
  };
};

const isForNow = (status: number): boolean => status === 429 || status === 500 || status === 503;

const attempt = async (
  request: Request,
  { baseUrl, check, endOf, onFinding }: PersistenceNeeds,
): Promise<{ readonly response: Response; readonly what: string } | null> => {
  const sent = request.clone();
  let response: Response;
  let body: string;
  try {
    response = await fetch(sent);
    body = await response.clone().text();
  } catch {
    return null;
  }
  const exchange = {
    method: request.method,
    path: new URL(request.url).pathname.slice(new URL(baseUrl).pathname.replace(/\/$/, '').length),
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body,
  };
  try {
    check(exchange);
  } catch (error) {
    onFinding(error instanceof Error ? error.message : String(error));
  }
  const end = response.status === 500 ? endOf(response.headers.get('apigw-requestid') ?? '') : null;
  if (response.status === 500 && end === null) {
    onFinding(`${exchange.method} ${exchange.path} → 500 that nothing explains: ${body}`);
  }
  if (isRefusal(response.status)) {
    onFinding(
      `${exchange.method} ${exchange.path} → ${response.status}, and it was a good request: ${body}; it was ${await request.clone().text()}`,
    );
  }
  return { response, what: end === null ? String(response.status) : `500 (${end})` };
};

/** What no good client is ever told: that its request is none, or that it is not who it is. */
const isRefusal = (status: number): boolean => [400, 401, 403, 405, 413, 415, 422].includes(status);
