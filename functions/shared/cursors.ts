import * as z from 'zod/mini';
import { type GuestId, hashOf, type UserId } from '#shared/ids.ts';
import { once } from '#shared/once.ts';
import { invalidRequest } from '#shared/problems.ts';

/**
 * Opaque cursors: base64url of `[seal, payload]`. The seal is a short hash over the owner and what the cursor is for, so that a cursor
 * of another person, another list or another query is recognized. It is a check, not a secret: every read is keyed by the verified
 * principal anyway, so a forged cursor can only move its owner about in their own data.
 */
const envelope = once(() => z.tuple([z.string(), z.unknown()]));

const seal = (owner: UserId | GuestId, purpose: string, payload: unknown): string =>
  hashOf(JSON.stringify([owner, purpose, payload])).slice(0, 16);

/** @param purpose what the cursor goes on with: the list and every parameter that chose its rows */
export const encodeCursor = (owner: UserId | GuestId, purpose: string, payload: unknown): string =>
  Buffer.from(JSON.stringify([seal(owner, purpose, payload), payload])).toString('base64url');

export type DecodedCursor<T> =
  | { readonly kind: 'valid'; readonly payload: T }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'broken' };

/** `broken`: not one of ours at all. `foreign`: of the right form, but another owner's or another purpose's. */
export const decodeCursor = <T>(
  owner: UserId | GuestId,
  purpose: string,
  schema: z.ZodMiniType<T>,
  text: string,
): DecodedCursor<T> => {
  const opened = envelope().safeParse(parseJson(Buffer.from(text, 'base64url').toString('utf8')));
  if (!opened.success) return { kind: 'broken' };
  const [mark, body] = opened.data;
  const payload = schema.safeParse(body);
  if (!payload.success) return { kind: 'broken' };
  return mark === seal(owner, purpose, body) ? { kind: 'valid', payload: payload.data } : { kind: 'foreign' };
};

/** @throws Failure `invalid-request`: a list goes on only with a cursor of its own */
export const decodeListCursor = <T>(
  owner: UserId | GuestId,
  list: string,
  schema: z.ZodMiniType<T>,
  text: string,
): T => {
  const cursor = decodeCursor(owner, list, schema, text);
  if (cursor.kind === 'valid') return cursor.payload;
  throw invalidRequest('#/cursor', 'is not a cursor of this list: start again without one');
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
