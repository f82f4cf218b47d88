import { prefix } from '#blueprint/table.ts';
import { secondsAfter } from '#shared/clock.ts';
import { hashOf, type UserId, userId } from '#shared/ids.ts';
import type { Write } from '#shared/table.ts';

/** How long somebody who has taken what came due may work at it, before the sweep takes it up again. */
export const leaseSeconds = 60;

/** Attributes that make an item come due. @param shards as many as there are; the number only ever grows */
export const dueAt = (owner: UserId, instant: Date, shards: number): { due_shard: string; due_at: string } => ({
  due_shard: dueShardOf(owner, shards),
  due_at: instant.toISOString(),
});

const dueShardOf = (owner: UserId, shards: number): string =>
  dueShard(Number.parseInt(hashOf(owner).slice(0, 8), 16) % shards);

/** Who decides when something comes due need not know where it waits: a put of a user's item with `due_at` gets its shard here. */
export const inItsShard = (write: Write, shards: number): Write => {
  if (!('put' in write) || typeof write.put.due_at !== 'string' || write.put.due_shard !== undefined) return write;
  const owner = userId(String(write.put.pk).slice(prefix.user.length));
  return { ...write, put: { ...write.put, due_shard: dueShardOf(owner, shards) } };
};

export const dueShard = (shard: number): string => `${prefix.due}${shard}`;

export const leaseEnd = (now: Date): Date => secondsAfter(now, leaseSeconds);
