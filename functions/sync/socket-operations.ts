import * as z from 'zod/mini';
import type { SocketRoute } from '#blueprint/routes.ts';
import { type Clock, secondsAfter } from '#shared/clock.ts';
import { type UserId, userId } from '#shared/ids.ts';
import { errorOf, log } from '#shared/log.ts';
import { once } from '#shared/once.ts';
import { Failure, invalidRequest, problemOf } from '#shared/problems.ts';
import {
  type Connection,
  type ConnectionStore,
  endThem,
  type Gateway,
  maxConnectionSeconds,
  tooMany,
} from './connection.ts';
import { defaultLimit, fromDevice } from './contract.ts';
import { cursorsOf } from './feed.ts';
import { type FeedReader, type Pull, pullChanges } from './pull.ts';

export interface SocketNeeds {
  readonly clock: Clock;
  readonly connections: ConnectionStore;
  readonly gateway: Gateway;
  readonly feed: FeedReader;
}

/** What API Gateway says of a message, a connect or a disconnect, with what the authorizer found out. */
export interface SocketEvent {
  readonly requestContext: {
    readonly routeKey: string;
    readonly connectionId: string;
    readonly requestId: string;
    /** Epoch milliseconds. */
    readonly connectedAt?: number | undefined;
    readonly authorizer?: unknown;
  };
  readonly body?: string | null | undefined;
}

/** What a device is sent. */
export type SocketAnswer =
  | { readonly type: 'pong'; readonly cursor: string; readonly server_time: string }
  | ({ readonly type: 'sync' } & Pull)
  | { readonly type: 'sync'; readonly use_http: true }
  | { readonly type: 'error'; readonly problem: object };

export interface SocketReply {
  readonly statusCode: number;
  readonly body?: string;
}

/** API Gateway's WebSocket messages hold 128 KB. */
const messageBytes = 128 * 1024;

/** What a device may ask on its socket. Nothing that goes wrong is thrown: a device gets a problem. */
export const answerSocket = (needs: SocketNeeds) => {
  const acts = actsOf(needs);
  return async (event: SocketEvent): Promise<SocketReply> => {
    const { routeKey } = event.requestContext;
    try {
      const device = deviceOf(event, needs.clock);
      const answer = await (isAct(routeKey) ? acts[routeKey] : acts.$default)(device, event);
      return answer ? { statusCode: 200, body: JSON.stringify(answer) } : { statusCode: 200 };
    } catch (error) {
      const failure = error instanceof Failure ? error : failureOf(error, event);
      const answer = errorAnswer(failure, event);
      // Only a connect has a status that anybody sees; a message that met a problem has been answered all the same.
      return {
        statusCode: routeKey === '$connect' ? answer.problem.status : 200,
        body: JSON.stringify(answer),
      };
    }
  };
};

interface Device {
  readonly owner: UserId;
  readonly connection: Connection;
}

type Act = (device: Device, event: SocketEvent) => Promise<SocketAnswer | null>;

const actsOf = ({ clock, connections, gateway, feed }: SocketNeeds): Record<SocketRoute, Act> => {
  const pull = pullChanges({ feed, clock });
  const end = endThem({ connections, gateway });

  /** A token's end is its sockets' end, whether or not anything was pushed meanwhile. */
  const whileSignedIn =
    (act: Act): Act =>
    async (device, event) => {
      if (device.connection.expiresAt > clock.now()) return act(device, event);
      const failure = new Failure(
        'invalid-credentials',
        'The access token of this connection has run out: connect again.',
      );
      // Before it is closed: the answer to the message would come too late.
      await gateway.post(device.connection.id, JSON.stringify(errorAnswer(failure, event)));
      await end(device.owner, [device.connection], clock.now());
      throw failure;
    };

  return {
    $connect: async ({ owner, connection }) => {
      await connections.put(owner, connection);
      // After the put: of any number that connect at once, the last to look sees them all.
      const ended = tooMany(await connections.list(owner, clock.now()));
      await end(owner, ended, clock.now());
      // It is not open yet, so that nobody could have closed it.
      if (ended.some(({ id }) => id === connection.id)) {
        throw new Failure('too-many-requests', 'Too many newer connections were made at the same time.');
      }
      return null;
    },

    $disconnect: async ({ owner, connection }) => {
      await connections.forget(owner, connection.id);
      return null;
    },

    ping: whileSignedIn(async ({ owner, connection }) => {
      const [head, open] = await Promise.all([feed.head(owner), connections.put(owner, connection)]);
      // It was ended while it was being made: a new password, or too many others.
      if (!open) {
        await gateway.close(connection.id);
        await connections.forget(owner, connection.id);
        throw new Failure('invalid-credentials', 'This connection has been ended: connect again.');
      }
      return {
        type: 'pong',
        cursor: cursorsOf(owner, feed.stream).after(head),
        server_time: clock.now().toISOString(),
      };
    }),

    sync: whileSignedIn(async ({ owner }, { body }) => {
      const { cursor } = read(fromDevice().sync, body);
      const answer: SocketAnswer = { type: 'sync', ...(await pull(owner, cursor ?? null, defaultLimit)) };
      return Buffer.byteLength(JSON.stringify(answer)) <= messageBytes ? answer : { type: 'sync', use_http: true };
    }),

    $default: whileSignedIn(async () => {
      throw invalidRequest('#/action', 'must be "ping" or "sync"');
    }),
  };
};

/** @throws Failure `invalid-request` */
const read = <T>(schema: z.ZodMiniType<T>, body: SocketEvent['body']): T => {
  const parsed = schema.safeParse(parseJson(body ?? ''));
  if (parsed.success) return parsed.data;
  throw invalidRequest('#/cursor', 'send { "action": "sync", "cursor": a cursor, or null for everything }');
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** API Gateway hands the authorizer's context on as text, whatever it was. */
const authorizerContext = once(() =>
  z.object({
    user_id: z.string(),
    client_id: z.optional(z.string()),
    token_expires_at: z.coerce.number(),
  }),
);

const deviceOf = ({ requestContext }: SocketEvent, clock: Clock): Device => {
  const { user_id, client_id, token_expires_at } = authorizerContext().parse(requestContext.authorizer);
  const connectedAt = new Date(requestContext.connectedAt ?? clock.now());
  const expiresAt = Math.min(token_expires_at * 1000, secondsAfter(connectedAt, maxConnectionSeconds).getTime());
  return {
    owner: userId(user_id),
    connection: {
      id: requestContext.connectionId,
      clientId: client_id ?? null,
      connectedAt,
      expiresAt: new Date(expiresAt),
    },
  };
};

const isAct = (routeKey: string): routeKey is SocketRoute =>
  routeKey === '$connect' || routeKey === '$disconnect' || routeKey === 'ping' || routeKey === 'sync';

const errorAnswer = (failure: Failure, { requestContext }: SocketEvent) =>
  ({ type: 'error', problem: problemOf(failure, requestContext.requestId) }) satisfies SocketAnswer;

const failureOf = (error: unknown, { requestContext }: SocketEvent): Failure => {
  log.error('a message failed', {
    request_id: requestContext.requestId,
    route: requestContext.routeKey,
    error: errorOf(error),
  });
  return new Failure('internal', 'The message could not be answered. Nothing is lost; try again later.');
};
