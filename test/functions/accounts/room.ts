import { randomUUID } from 'node:crypto';
import { type OperationOf, routeKeyOf, routes } from '#blueprint/routes.ts';
import { accountConfirmed } from '#functions/accounts/confirmed.ts';
import { dynamoDeletionStore } from '#functions/accounts/deletion-store.ts';
import { accountOperations } from '#functions/accounts/operations.ts';
import { dynamoProfileStore, dynamoUsernameStore } from '#functions/accounts/store.ts';
import { replanAtOnce } from '#functions/reminders/replan.ts';
import { dynamoReplanStore } from '#functions/reminders/replan-store.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import type { UserId } from '#shared/ids.ts';
import { log } from '#shared/log.ts';
import type { HttpEvent } from '#shared/operation.ts';
import { limitPerSource } from '#shared/rate-limit.ts';
import type { Table } from '#shared/table.ts';
import { httpEvent } from '#test/support/http-event.ts';
import { fakePool } from './fake-pool.ts';

export interface Ask {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Who is signed in. */
  readonly owner?: UserId;
  readonly sourceIp?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown> | null;
}

log.setLogLevel('SILENT');

/** A clock that stands still until it is moved. */
export const fakeClock = (start = '2026-11-24T12:00:00Z') => {
  let now = new Date(start);
  return {
    now: () => now,
    pass: (seconds: number): void => {
      now = new Date(now.getTime() + seconds * 1000);
    },
  };
};

/** The accounts room over a real table, with a user pool in memory, and with a memory of whom it told and whose sockets it ended. */
export const accountsRoom = (table: Table, { perMinute = 1_000 } = {}) => {
  const clock = fakeClock();
  const profiles = dynamoProfileStore(table);
  const usernames = dynamoUsernameStore(table);
  const pool = fakePool({ clock, confirmed: accountConfirmed({ profiles, usernames, clock }) });
  const deletions = dynamoDeletionStore(table, 1);
  const told: string[] = [];
  const socketsEnded: UserId[] = [];
  const pauses: number[] = [];
  const handle = createHttpHandler(
    'accounts',
    accountOperations({
      identity: pool,
      usernames,
      profiles,
      replanning: {
        writeOf: dynamoReplanStore(table, 1).writeOf,
        begin: (profile, now) => replanAtOnce({ tasks: dynamoTaskStore(table, 1) })(profile.user_id, profile, now),
      },
      deletions,
      endConnections: async (owner) => {
        socketsEnded.push(owner);
      },
      tellOwner: async (email) => {
        told.push(email);
      },
      clock,
      pause: async (milliseconds) => {
        pauses.push(milliseconds);
      },
      limit: limitPerSource({ table, clock, perMinute }),
    }),
  );

  const ask = async (operationId: OperationOf<'accounts'>, request: Ask = {}): Promise<Reply> => {
    const { statusCode, headers, body } = await handle(eventOf(operationId, request), {} as never);
    return {
      status: statusCode ?? 200,
      headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)])),
      body: body === undefined ? null : JSON.parse(body),
    };
  };

  return { ask, clock, pool, profiles, usernames, deletions, told, socketsEnded, pauses };
};

export type Room = ReturnType<typeof accountsRoom>;

/** A person who has registered and confirmed. */
export const member = async ({ ask, pool }: Room, extra: { username?: string; timezone?: string } = {}) => {
  const email = newAddress();
  await ask('register', { body: { email, password: goodPassword, ...extra } });
  await ask('confirmRegistration', { body: { email, code: pool.codeOf(email) } });
  const known = await pool.find(email);
  if (!known?.confirmed) throw new Error('registering did not work');
  return { email, owner: known.owner };
};

/** The request id is always the same, so that whole answers can be compared. */
const eventOf = (
  operationId: OperationOf<'accounts'>,
  { body, headers = {}, owner, sourceIp = '192.0.2.1' }: Ask,
): HttpEvent => {
  const route = routes.find((listed) => listed.operationId === operationId);
  if (!route) throw new Error(`there is no route ${operationId}`);
  const event = httpEvent(routeKeyOf(route), {
    body,
    headers: { ...(owner !== undefined && { authorization: `Bearer access ${owner}` }), ...headers },
    ...(owner !== undefined && { user: owner }),
  });
  Object.assign(event.requestContext, { requestId: 'request-1' });
  Object.assign(event.requestContext.http, { sourceIp });
  return event;
};

export const newAddress = (): string => `${randomUUID()}@pomona.example`;

export const newName = (): string => `u${randomUUID().slice(0, 12)}`;

export const goodPassword = 'correct horse battery staple';
