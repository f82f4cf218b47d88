import type { Clock } from '#shared/clock.ts';
import { dueShard } from '#shared/due.ts';
import type { Key } from '#shared/item.ts';
import { errorOf, log } from '#shared/log.ts';

/** What one kind of item does when it comes due, by the first letters of its sort key. */
export type DueWork = (key: Key, now: Date) => Promise<void>;

export interface DueWorkNeeds {
  readonly clock: Clock;
  readonly shards: number;
  /** Keys of what has come due in a shard, the longest overdue first. */
  readonly due: (shard: string, now: Date, limit: number) => Promise<readonly Key[]>;
  readonly rooms: Readonly<Record<string, DueWork>>;
}

const itemsAtOnce = 25;

/**
 * Takes up what has come due, up to now and not only in this minute: what an outage left behind is caught up. One item that fails is
 * logged and comes up again; it does not hold up the others.
 *
 * @param until when to begin nothing more: the rest waits for the next minute
 */
export const sweep =
  ({ clock, shards, due, rooms }: DueWorkNeeds) =>
  async (until: Date): Promise<{ readonly done: number; readonly failed: number }> => {
    let [done, failed] = [0, 0];
    for (let shard = 0; shard < shards; shard += 1) {
      const seen = new Set<string>();
      for (;;) {
        const keys = (await due(dueShard(shard), clock.now(), itemsAtOnce)).filter(({ pk, sk }) => !seen.has(pk + sk));
        if (keys.length === 0 || clock.now() >= until) break;
        for (const key of keys) {
          if (clock.now() >= until) break;
          seen.add(key.pk + key.sk);
          const room = Object.entries(rooms).find(([start]) => key.sk.startsWith(start))?.[1];
          try {
            if (!room) throw new Error(`nobody knows what to do with ${key.sk.split('#')[0]}`);
            await room(key, clock.now());
            done += 1;
          } catch (error) {
            failed += 1;
            log.error('something that came due failed', { error: errorOf(error) });
          }
        }
      }
    }
    return { done, failed };
  };
