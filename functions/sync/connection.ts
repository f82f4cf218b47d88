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
  /** Closed before it was open: it is told nothing, and its first ping closes it. */
  readonly ended?: boolean;
}

/** API Gateway's own limit for a WebSocket connection. */
export const maxConnectionSeconds: number = 2 * 60 * 60;

export const connectionsPerUser = 20;

/** Where open connections are remembered. */
export interface ConnectionStore {
  /** @returns false for one that has been ended meanwhile */
  put(owner: UserId, connection: Connection): Promise<boolean>;
  /** The live ones, the oldest first. */
  list(owner: UserId, now: Date): Promise<readonly Connection[]>;
  /** Marks one as ended. */
  end(owner: UserId, connection: Connection): Promise<void>;
  forget(owner: UserId, id: string): Promise<void>;
}

/** The oldest ones make room: a device that comes back often must not be locked out by the ghosts of its earlier connections. */
export const tooMany = (connections: readonly Connection[]): readonly Connection[] => {
  const open = connections.filter(({ ended }) => !ended);
  return open.slice(0, Math.max(0, open.length - connectionsPerUser));
};

export type Delivery = 'delivered' | 'gone' | 'failed';

/** What can be done to a device's connection from outside. Neither throws: a device that cannot be reached is nobody's failure. */
export interface Gateway {
  post(connectionId: string, text: string): Promise<Delivery>;
  /** `gone`: there is none, or none yet. */
  close(connectionId: string): Promise<'closed' | 'gone' | 'failed'>;
}

interface Needs {
  readonly connections: ConnectionStore;
  readonly gateway: Gateway;
}

/** A connection that is not there may not be there yet: its `$connect` has not been answered. Later it is surely gone. */
export const settledAfterMilliseconds = 10_000;

/**
 * Closes and forgets connections. One that could not be closed because it is not open yet is marked as ended, told nothing, and closed by
 * its first ping.
 */
export const endThem =
  ({ connections, gateway }: Needs) =>
  async (owner: UserId, ended: readonly Connection[], now: Date): Promise<void> => {
    const results = await concurrently(ended, connectionsPerUser, async (connection) => {
      const outcome = await gateway.close(connection.id);
      const young = now.getTime() - connection.connectedAt.getTime() < settledAfterMilliseconds;
      if (outcome === 'closed' || (outcome === 'gone' && !young)) await connections.forget(owner, connection.id);
      else await connections.end(owner, connection);
    });
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  };

/** Ends every socket of a user at once: what a new password does. */
export const endConnections =
  (needs: Needs) =>
  async (owner: UserId, now: Date): Promise<void> =>
    endThem(needs)(owner, await needs.connections.list(owner, now), now);
