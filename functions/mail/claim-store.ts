import { prefix } from '#blueprint/table.ts';
import { daysInSeconds, epochSeconds, secondsAfter } from '#shared/clock.ts';
import type { UserId } from '#shared/ids.ts';
import { userKey } from '#shared/item.ts';
import { absent, holds, putItem, type Table } from '#shared/table.ts';

/** Longer than a stream keeps its records. */
const rememberedSeconds = daysInSeconds(2);

/** Whoever puts the mark sends the mail: one of all who are told of the same session. */
export const claimNotice =
  (table: Table) =>
  (owner: UserId, sessionId: string, now: Date): Promise<boolean> =>
    holds(
      putItem(
        table,
        {
          ...userKey(owner, `${prefix.notice}${sessionId}`),
          ttl: epochSeconds(secondsAfter(now, rememberedSeconds)),
        },
        absent(now),
      ),
    );
