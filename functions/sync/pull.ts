import { visibleToDevices } from '#blueprint/table.ts';
import type { Clock } from '#shared/clock.ts';
import type { UserId } from '#shared/ids.ts';
import { type Item, isLive } from '#shared/item.ts';
import { errorOf, log, loggedUser } from '#shared/log.ts';
import { type Change, changeOf } from './change.ts';
import { cursorsOf, type DeltaQuery, deltaOf, type Head, type Position, type SnapshotPosition } from './feed.ts';

/** An answer to `GET /sync`, and to a device's `sync`. */
export interface Pull {
  readonly cursor: string;
  readonly snapshot: boolean;
  readonly has_more: boolean;
  readonly changes: readonly Change[];
}

/** What can be read of a user's log, and of what it is about. Each is one round trip. */
export interface FeedReader {
  readonly stream: string;
  head(owner: UserId): Promise<Head>;
  log(owner: UserId, from: Position, limit: number): Promise<DeltaQuery>;
  visible(
    owner: UserId,
    range: number,
    page: { readonly after: string | null; readonly limit: number },
  ): Promise<{ readonly items: readonly Item[]; readonly after: string | null }>;
}

/**
 * What a client does not have yet. With a cursor: what was logged since, in one query. Without: a snapshot, page by page, and from then on
 * what was logged since the snapshot began.
 *
 * @throws Failure `cursor-expired` when the cursor no longer holds; `invalid-request` when it is none
 */
export const pullChanges =
  ({ feed, clock }: { readonly feed: FeedReader; readonly clock: Clock }) =>
  async (owner: UserId, cursor: string | null, limit: number): Promise<Pull> => {
    const cursors = cursorsOf(owner, feed.stream);
    // The head before the items: what happens in between is told twice rather than never.
    const from = cursor === null ? snapshotFrom(await feed.head(owner)) : cursors.read(cursor);

    if ('offset' in from) {
      const now = clock.now();
      const { changes, position, hasMore } = deltaOf(from, { ...(await feed.log(owner, from, limit)), limit, now });
      return { cursor: cursors.after(position), snapshot: false, has_more: hasMore, changes };
    }

    const changes: Change[] = [];
    let { range, after } = from;
    while (range < visibleToDevices.length && changes.length < limit) {
      const page = await feed.visible(owner, range, { after, limit: limit - changes.length });
      changes.push(...page.items.filter((item) => isLive(item, clock.now())).flatMap(readable(owner)));
      after = page.after;
      if (after === null) range += 1;
      // DynamoDB stopped at 1 MB, and so does the page.
      else break;
    }
    if (range < visibleToDevices.length) {
      return { cursor: cursors.within({ head: from.head, range, after }), snapshot: true, has_more: true, changes };
    }
    // Over several pages time has passed: what happened meanwhile stands in the log already.
    return { cursor: cursors.after(from.head), snapshot: true, has_more: cursor !== null, changes };
  };

const snapshotFrom = (head: Head): SnapshotPosition => ({ head, range: 0, after: null });

/** One item that cannot be read must not keep its owner from all the others. */
const readable =
  (owner: UserId) =>
  (item: Item): Change[] => {
    try {
      return [changeOf(item)];
    } catch (error) {
      log.error('an item could not be read', { user: loggedUser(owner), error: errorOf(error) });
      return [];
    }
  };
