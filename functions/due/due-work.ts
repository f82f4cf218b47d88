import type { Clock } from '#shared/clock.ts';
import { concurrently } from '#shared/concurrently.ts';
import { dueShard } from '#shared/due.ts';
import type { Key } from '#shared/item.ts';
import { errorOf, log } from '#shared/log.ts';
import type { DueKey } from '#shared/table.ts';

/**
 * What one kind of item does when it comes due, by the first letters of its sort key.
 * @param hasTime asked by what takes long, before it begins anything more
 */
export type DueWork = (key: Key, now: Date, hasTime: () => boolean) => Promise<void>;

export interface DueWorkNeeds {
  readonly clock: Clock;
  readonly shards: number;
  /** Keys of what has come due in a shard, the longest overdue first, behind a place. */
  readonly due: (shard: string, now: Date, limit: number, after: DueKey | null) => Promise<readonly DueKey[]>;
  readonly rooms: Readonly<Record<string, DueWork>>;
}

/** What became of what had come due. */
export interface Swept {
  readonly done: number;
  readonly failed: number;
  /** How late the longest overdue item was when it was found; 0 when nothing was due. */
  readonly lag_ms: number;
}

/** Of each shard: as many as keep one of DynamoDB's partitions busy. */
const itemsAtOnce = 25;

/**
 * Takes up what has come due, up to now and not only in this minute: what an outage left behind is caught up. All shards at once, so that
 * a long one holds up no other; each page by page, so that what fails, which is logged and comes up again, holds up nothing behind it.
 *
 * @param until when to begin nothing more: the rest waits for the next minute
 * @throws what kept a shard from being read, once all others are through
 */
export const sweep =
  ({ clock, shards, due, rooms }: DueWorkNeeds) =>
  async (until: Date): Promise<Swept> => {
    let [done, failed, lag] = [0, 0, 0];

    const takeUp = async (key: DueKey): Promise<void> => {
      if (clock.now() >= until) return;
      const room = Object.entries(rooms).find(([start]) => key.sk.startsWith(start))?.[1];
      try {
        if (!room) throw new Error(`nobody knows what to do with ${key.sk.split('#')[0]}`);
        await room(key, clock.now(), () => clock.now() < until);
        done += 1;
      } catch (error) {
        failed += 1;
        log.error('something that came due failed', { error: errorOf(error) });
      }
    };

    const sweepShard = async (shard: string): Promise<void> => {
      let after: DueKey | null = null;
      while (clock.now() < until) {
        const keys: readonly DueKey[] = await due(shard, clock.now(), itemsAtOnce, after);
        const last = keys.at(-1);
        // The first of a shard has waited longest.
        if (after === null && keys[0]) lag = Math.max(lag, clock.now().getTime() - Date.parse(keys[0].due_at));
        if (!last || (last.pk === after?.pk && last.sk === after.sk)) break;
        await concurrently(keys, itemsAtOnce, takeUp);
        after = last;
      }
    };

    const swept = await concurrently(
      Array.from({ length: shards }, (_, shard) => dueShard(shard)),
      shards,
      sweepShard,
    );
    for (const shard of swept) if (shard.status === 'rejected') throw shard.reason;
    return { done, failed, lag_ms: lag };
  };
