import middy from '@middy/core';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { type Auth, type AuthOf, type Feature, type OperationOf, routeKeyOf, routes } from '#blueprint/routes.ts';
import { errorOf, log, loggedUser, nameInvocation } from '#shared/log.ts';
import type { Answer, HttpEvent, Operation } from '#shared/operation.ts';
import { Failure, problemOf, problemTypes } from '#shared/problems.ts';
import { busy, isOverload } from '#shared/retry.ts';

/** Every operation of a feature, by its id: a missing one, or one for another kind of caller, does not compile. */
export type OperationsOf<F extends Feature> = { readonly [Id in OperationOf<F>]: Operation<AuthOf<Id>> };

/**
 * A feature's Lambda: API Gateway has matched the route already, so that finding the operation is a look-up.
 * Failures become problems here and nowhere else.
 */
export const createHttpHandler = <F extends Feature>(feature: F, operations: OperationsOf<F>) => {
  const byRouteKey = new Map<string, Operation<Auth>>(
    routes
      .filter((route) => route.feature === feature)
      .map((route) => [routeKeyOf(route), operations[route.operationId as OperationOf<F>]]),
  );
  return middy<HttpEvent, APIGatewayProxyStructuredResultV2>()
    .use(requestLog())
    .use(problems())
    .handler(async (event) => {
      const operation = byRouteKey.get(event.routeKey);
      if (!operation) throw new Error(`no operation for ${event.routeKey}: the route table and the API differ`);
      return serialize(await operation.answer(event), event);
    });
};

type Middleware = middy.MiddlewareObj<HttpEvent, APIGatewayProxyStructuredResultV2>;

/** One line a request, whatever became of it. */
const requestLog = (): Middleware => {
  let startedAt = 0;
  const line = ({ event, response }: middy.Request<HttpEvent, APIGatewayProxyStructuredResultV2>): void =>
    log.info('request', {
      request_id: event.requestContext.requestId,
      route: event.routeKey,
      status: response?.statusCode,
      duration_ms: Math.round(performance.now() - startedAt),
      ...userOf(event),
    });
  return {
    before: ({ event, context }) => {
      nameInvocation(event, context);
      startedAt = performance.now();
    },
    after: line,
    onError: line,
  };
};

const problems = (): Middleware => ({
  onError: (request) => {
    const { event, error } = request;
    const failure = error instanceof Failure ? error : failureOf(error, event);
    const { retryAfterSeconds } = failure.facts;
    request.response = serialize(
      {
        status: problemTypes[failure.type].status,
        headers: {
          'cache-control': 'no-store',
          'content-type': 'application/problem+json',
          ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
        },
        body: problemOf(failure, event.requestContext.requestId),
      },
      event,
    );
  },
});

const failureOf = (error: unknown, event: HttpEvent): Failure => {
  log.error('a request failed', {
    request_id: event.requestContext.requestId,
    route: event.routeKey,
    error: errorOf(error),
  });
  if (isOverload(error)) return busy();
  return new Failure('internal', 'The request could not be carried out. Nothing is lost; try again later.');
};

const serialize = ({ status, headers, body, text }: Answer, event: HttpEvent): APIGatewayProxyStructuredResultV2 => ({
  statusCode: status,
  headers: {
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...headers,
    'x-request-id': event.requestContext.requestId,
  },
  ...(body !== undefined && { body: JSON.stringify(body) }),
  ...(text !== undefined && { body: text }),
});

const userOf = (event: HttpEvent): { user?: string } => {
  const sub = 'authorizer' in event.requestContext ? event.requestContext.authorizer?.jwt?.claims.sub : undefined;
  return typeof sub === 'string' ? { user: loggedUser(sub) } : {};
};
