import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { hashOf } from '#shared/ids.ts';

/**
 * Structured logs (JSON, one line each). What may stand in them: request ids, route keys, statuses, counts, durations, error stacks, and a
 * user's id as {@link loggedUser}. Never a token, code, password, guest id, address, title or body.
 */
export const log: Logger = new Logger();

/** A user's name in logs: enough to follow one person's requests, not enough to find the person. */
export const loggedUser = (user: string): string => hashOf(user).slice(0, 12);

/**
 * Anything that was thrown, in the form the logger unfolds: its name, message and stack, and those of its cause. Not what else it carries: the
 * logger would unfold that as well, and a condition that did not hold carries the item that it met.
 */
export const errorOf = (thrown: unknown): Error => {
  if (!(thrown instanceof Error)) return new Error(String(thrown));
  const { name, message, stack, cause } = thrown;
  return Object.assign(new Error(message, cause === undefined ? {} : { cause: errorOf(cause) }), { name, stack });
};

/** What an invocation is called in its logs: what API Gateway calls the request, and the caller is told; else what Lambda calls it. */
export const nameInvocation = (event: unknown, context: Pick<Context, 'awsRequestId'>): void => {
  const { requestContext } = (event ?? {}) as { readonly requestContext?: { readonly requestId?: string } };
  const { awsRequestId } = context;
  log.appendPersistentKeys({
    request_id: requestContext?.requestId ?? awsRequestId,
    function_request_id: awsRequestId,
  });
};

/**
 * A function's handler, each line of whose logs carries the invocation's id.
 * @throws what the handler throws, as {@link errorOf} leaves it: Lambda logs it, too
 */
export const logged =
  <E, C extends Pick<Context, 'awsRequestId'>, R>(handler: (event: E, context: C) => Promise<R>) =>
  async (event: E, context: C): Promise<R> => {
    nameInvocation(event, context);
    try {
      return await handler(event, context);
    } catch (error) {
      throw errorOf(error);
    }
  };
