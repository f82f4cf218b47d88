import { createHash } from 'node:crypto';
import { v7 } from 'uuid';

/** A signed-in user: the `sub` of a verified access token. Made by {@link userId} at the doors, and nowhere else. */
export type UserId = string & { readonly __brand: 'UserId' };

/** Marks a verified `sub` (from the authorizer or from an item that already belongs to the user). */
export const userId = (sub: string): UserId => sub as UserId;

/** Whoever holds a guest id, as the table knows them: its hash, and never the id itself. Made by {@link guestId} at the door. */
export type GuestId = string & { readonly __brand: 'GuestId' };

export const guestId = (uuid: string): GuestId => hashOf(uuid.toLowerCase()) as GuestId;

/** A new UUIDv7 (RFC 9562 §5.7). */
export const newId = (): string => v7();

/** SHA-256 in hexadecimal: what stands in the table for a secret (a ticket, a source address, a guest id). */
export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * The same parts always give the same id: a UUIDv8 (RFC 9562 §5.8) over their SHA-256. What is created under such an id is created once,
 * however often and by however many it is tried.
 */
export const derivedId = (...parts: readonly string[]): string =>
  uuidV8(createHash('sha256').update(JSON.stringify(parts)).digest());

/** @param bytes the first 16 become the id, but for version and variant (RFC 9562 §5.8) */
export const uuidV8 = (bytes: Buffer): string => {
  const id = Buffer.from(bytes.subarray(0, 16));
  id.writeUInt8((id.readUInt8(6) & 0x0f) | 0x80, 6);
  id.writeUInt8((id.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = id.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};
