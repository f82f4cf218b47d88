import { Logger } from '@aws-lambda-powertools/logger';
import { hashOf } from '#shared/ids.ts';

/**
 * Structured logs (JSON, one line each). What may stand in them: request ids, route keys, statuses, counts, durations, error stacks, and a
 * user's id as {@link loggedUser}. Never a token, code, password, guest id, address, title or body.
 */
export const log: Logger = new Logger();

/** A user's name in logs: enough to follow one person's requests, not enough to find the person. */
export const loggedUser = (user: string): string => hashOf(user).slice(0, 12);

/** Anything that was thrown, in the form the logger unfolds. */
export const errorOf = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
