import * as z from 'zod/mini';
import { prefix, single } from '#blueprint/table.ts';
import { seriesFromItem } from '#functions/recurrence/series.ts';
import { datedStateKeys, taskFromItem } from '#functions/tasks/task.ts';
import { type UserId, userId } from '#shared/ids.ts';
import { type Item, type Key, userKey } from '#shared/item.ts';
import { once } from '#shared/once.ts';
import { type Condition, getItem, holds, queryAll, type Table, type Write, writeAll } from '#shared/table.ts';
import type { CalendarLink, CalendarStore } from './link.ts';

/** Links in the single table, and what they lead to. */
export const dynamoCalendarStore = (table: Table): CalendarStore => ({
  linkOf: async (owner) => {
    const item = await getItem(table, ownKey(owner));
    return item ? linkItem().parse(item) : null;
  },

  replace: (owner, before, after) => {
    const condition = stillThere(before);
    const own: Write =
      after === null ? { delete: ownKey(owner), condition } : { put: { ...ownKey(owner), ...after }, condition };
    return holds(
      writeAll(table, [
        own,
        ...(before ? [{ delete: linkKey(before.secret_hash) }] : []),
        ...(after ? [{ put: { ...linkKey(after.secret_hash), user_id: owner } }] : []),
      ]),
    );
  },

  ownerOf: async (secretHash) => {
    const item = await getItem(table, linkKey(secretHash));
    return item ? userId(ownerItem().parse(item).user_id) : null;
  },

  planned: async (owner) => {
    const { pk } = userKey(owner, '');
    const [tasks, series] = await Promise.all([
      queryAll(table, { pk, index: 'by_state', between: datedStateKeys }),
      queryAll(table, { pk, beginsWith: prefix.series }),
    ]);
    return {
      tasks: tasks.map((item) => taskFromItem(item).task),
      series: series.map((item: Item) => seriesFromItem(owner, item)),
    };
  },
});

const ownKey = (owner: UserId): Key => userKey(owner, single.calendar);

/** What lies in no partition of a user's, and is found through their `CALENDAR`: goes with it when the account is deleted. */
export const calendarKeysOf = (item: Item): readonly Key[] =>
  typeof item.secret_hash === 'string' ? [linkKey(item.secret_hash)] : [];

const linkKey = (secretHash: string): Key => ({ pk: `${prefix.calendar}${secretHash}`, sk: single.calendar });

const stillThere = (link: CalendarLink | null): Condition =>
  link === null
    ? { expression: 'attribute_not_exists(pk)' }
    : {
        expression: '#secret_hash = :secret_hash',
        names: { '#secret_hash': 'secret_hash' },
        values: { ':secret_hash': link.secret_hash },
      };

const linkItem = once(() => z.object({ secret_hash: z.string(), created_at: z.string() }));

const ownerItem = once(() => z.object({ user_id: z.string() }));
