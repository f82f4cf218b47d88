import { concurrently } from '#shared/concurrently.ts';
import type { UserId } from '#shared/ids.ts';

/** A device's open WebSocket. */
export interface Connection {
  readonly id: string;
  /** The `client_id` that the device gave with its ticket, or in `X-Client-Id`. */
  readonly clientId: string | null;
  readonly connectedAt: Date;
  /** Its token's end, or two hours after it was made (API Gateway ends it then anyway), whichever comes first. */
  readonly expiresAt: Date;
}

/** API Gateway's own limit for a WebSocket connection. */
export const maxConnectionSeconds: number = 2 * 60 * 60;

export const connectionsPerUser = 20;

/** Where open connections are remembered. */
export interface ConnectionStore {
  put(owner: UserId, connection: Connection): Promise<void>;
  /** The live ones, the oldest first. */
  list(owner: UserId, now: Date): Promise<readonly Connection[]>;
  forget(owner: UserId, id: string): Promise<void>;
}

/** The oldest ones make room: a device that comes back often must not be locked out by the ghosts of its earlier connections. */
export const tooMany = (connections: readonly Connection[]): readonly Connection[] =>
  connections.slice(0, Math.max(0, connections.length - connectionsPerUser));

export type Delivery = 'delivered' | 'gone' | 'failed';

/** What can be done to a device's connection from outside. Neither throws: a device that cannot be reached is nobody's failure. */
export interface Gateway {
  post(connectionId: string, text: string): Promise<Delivery>;
  close(connectionId: string): Promise<void>;
}

interface Needs {
  readonly connections: ConnectionStore;
  readonly gateway: Gateway;
}

/** Closes and forgets connections. */
export const endThem =
  ({ connections, gateway }: Needs) =>
  async (owner: UserId, ended: readonly Connection[]): Promise<void> => {
    const results = await concurrently(ended, connectionsPerUser, async ({ id }) => {
      await gateway.close(id);
      await connections.forget(owner, id);
    });
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  };

/** Ends every socket of a user at once: what a new password does. */
export const endConnections =
  (needs: Needs) =>
  async (owner: UserId, now: Date): Promise<void> =>
    endThem(needs)(owner, await needs.connections.list(owner, now));
