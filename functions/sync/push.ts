import type { Clock } from '#shared/clock.ts';
import { concurrently } from '#shared/concurrently.ts';
import type { UserId } from '#shared/ids.ts';
import { errorOf, log } from '#shared/log.ts';
import type { Change } from './change.ts';
import { type Connection, type ConnectionStore, type Gateway, settledAfterMilliseconds } from './connection.ts';
import { cursorsOf, type Head, type LoggedChange } from './feed.ts';

/** One row of a log on its way to devices. */
export interface Frame {
  readonly before: Head;
  readonly after: Head;
  readonly changes: readonly LoggedChange[];
}

/** API Gateway's WebSocket frames hold 32 KB; a device that gets a frame without changes asks for them. */
const frameBytes = 32 * 1024;

/** More than the 20 connections that one user may have. */
const postsAtOnce = 20;

export interface PushNeeds {
  readonly clock: Clock;
  readonly connections: ConnectionStore;
  readonly gateway: Gateway;
  readonly stream: string;
}

/**
 * Sends frames to all of a user's devices, each in order. A device's own changes, but for deletions, are left out of what it gets, so
 * that only its cursor moves on. One that cannot be reached is skipped; one that is gone is forgotten.
 * @returns a sender that begins nothing after `until`: a device finds by itself what it was not told. It says how many frames have arrived
 */
export const pushTo =
  ({ clock, connections, gateway, stream }: PushNeeds) =>
  async (owner: UserId, frames: readonly Frame[], until: Date): Promise<number> => {
    const now = clock.now();
    let delivered = 0;
    if (frames.length === 0 || now >= until) return delivered;
    const live = (await connections.list(owner, now)).filter(({ ended }) => !ended);
    const textsOf = framesFor(owner, stream, frames);
    const told = await concurrently(live, postsAtOnce, async (connection) => {
      for (const text of textsOf(connection)) {
        if (clock.now() >= until) return;
        const outcome = await gateway.post(connection.id, text);
        if (outcome === 'delivered') {
          delivered += 1;
          continue;
        }
        if (outcome === 'gone' && now.getTime() - connection.connectedAt.getTime() > settledAfterMilliseconds) {
          await connections.forget(owner, connection.id);
        }
        // Without this frame the next ones are of no use to it.
        return;
      }
    });
    for (const result of told) {
      if (result.status === 'rejected') log.warn('a device could not be told', { error: errorOf(result.reason) });
    }
    return delivered;
  };

/**
 * A device knows its own changes from the answers. Its deletions it may have forgotten, with everything else, when it started over: no
 * snapshot has them, and a stream that repeats itself would bring back what it has deleted.
 */
const isTold = (clientId: string | null, { op }: Change, changedBy: string | null): boolean =>
  clientId === null || changedBy !== clientId || op === 'delete';

/** Devices of one `client_id` get the same; texts are made once for each. */
const framesFor = (owner: UserId, stream: string, frames: readonly Frame[]) => {
  const cursors = cursorsOf(owner, stream);
  const made = new Map<string | null, string[]>();
  return ({ clientId }: Connection): readonly string[] => {
    const known = made.get(clientId);
    if (known) return known;
    const texts = frames.map(({ before, after, changes }) => {
      const hint = { type: 'changes', prev: cursors.after(before), cursor: cursors.after(after) };
      const told = changes.filter(({ change, changedBy }) => isTold(clientId, change, changedBy));
      const full = JSON.stringify({ ...hint, changes: told.map(({ change }) => change) });
      return Buffer.byteLength(full) <= frameBytes ? full : JSON.stringify(hint);
    });
    made.set(clientId, texts);
    return texts;
  };
};
