import { prefix } from '#blueprint/table.ts';
import { epochSeconds } from '#shared/clock.ts';
import type { GuestId, UserId } from '#shared/ids.ts';

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** An item as it lies in the table; its room parses it before use. */
export type Item = Record<string, unknown>;

/** A user's partition. The only way to say whose data is meant is a {@link UserId}, and those come from verified principals. */
export const userKey = (owner: UserId, sk: string): Key => ({ pk: `${prefix.user}${owner}`, sk });

/** A guest's partition: as with users, the only way to say whose notes are meant. */
export const guestKey = (guest: GuestId, sk: string): Key => ({ pk: `${prefix.guest}${guest}`, sk });

/** TTL deletes late, and a tombstone is no item: both are absent to every reader. */
export const isLive = (item: Item, now: Date): boolean =>
  item.deleted !== true && (typeof item.ttl !== 'number' || item.ttl > epochSeconds(now));
