import { prefix } from '#blueprint/table.ts';
import { secondsAfter } from '#shared/clock.ts';
import { hashOf, type UserId } from '#shared/ids.ts';

/** How long somebody who has taken what came due may work at it, before the sweep takes it up again. */
export const leaseSeconds = 60;

/** Attributes that make an item come due. @param shards as many as there are; the number only ever grows */
export const dueAt = (owner: UserId, instant: Date, shards: number): { due_shard: string; due_at: string } => ({
  due_shard: dueShard(Number.parseInt(hashOf(owner).slice(0, 8), 16) % shards),
  due_at: instant.toISOString(),
});

export const dueShard = (shard: number): string => `${prefix.due}${shard}`;

export const leaseEnd = (now: Date): Date => secondsAfter(now, leaseSeconds);
