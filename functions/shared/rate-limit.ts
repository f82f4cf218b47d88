import type { Auth } from '#blueprint/routes.ts';
import { prefix } from '#blueprint/table.ts';
import { type Clock, epochSeconds } from '#shared/clock.ts';
import { hashOf } from '#shared/ids.ts';
import type { Operation } from '#shared/operation.ts';
import { Failure } from '#shared/problems.ts';
import { type Table, updateItem } from '#shared/table.ts';

const windowSeconds = 60;

export interface RateLimitNeeds {
  readonly table: Table;
  readonly clock: Clock;
  /** How often one source address may call one route. */
  readonly perMinute: number;
}

/** Counts one more of something. @throws Failure `too-many-requests` with the seconds until the next window */
export type Limit = (what: string) => Promise<void>;

/** Lets something happen so many times a minute. What it is is kept as a hash, and for two minutes. */
export const limitTo =
  ({ table, clock, perMinute }: RateLimitNeeds): Limit =>
  async (what) => {
    const second = epochSeconds(clock.now());
    const window = Math.floor(second / windowSeconds);
    const end = (window + 1) * windowSeconds;
    const { count } = await updateItem(
      table,
      { pk: `${prefix.rate}${hashOf(what)}`, sk: String(window) },
      { add: { count: 1 }, set: { ttl: end + windowSeconds } },
    );
    if (Number(count) > perMinute) {
      throw new Failure('too-many-requests', `At most ${perMinute} of these a minute.`, {
        retryAfterSeconds: end - second,
      });
    }
  };

/**
 * Lets an operation through so many times a minute for each source address, so that one abuser locks nobody else out.
 * @throws (the operation) Failure `too-many-requests` with the seconds until the next window
 */
export const limitPerSource = (needs: RateLimitNeeds) => {
  const limit = limitTo(needs);
  return <A extends Auth>(name: string, { auth, answer }: Operation<A>): Operation<A> => ({
    auth,
    answer: async (event) => {
      await limit(`${name} ${event.requestContext.http.sourceIp}`);
      return answer(event);
    },
  });
};
