import * as z from 'zod/mini';
import { prefix, single } from '#blueprint/table.ts';
import { daysInSeconds, epochSeconds, secondsAfter } from '#shared/clock.ts';
import { hashOf, type UserId, userId } from '#shared/ids.ts';
import { type Item, type Key, userKey } from '#shared/item.ts';
import { once } from '#shared/once.ts';
import { ConditionFailed, getItem, holds, type Table, updateItem, writeAll } from '#shared/table.ts';
import { type MailState, type MailStore, mailKey, mailStateOf, tokenAttribute } from './mail.ts';
import { mailPreferences } from './preference.ts';

/** Mail's own items in the single table: one round trip each, but for a person's first mail of a kind. */
export const dynamoMailStore = (table: Table): MailStore => {
  const stateOf = async (owner: UserId): Promise<MailState> => mailStateOf(await getItem(table, mailKey(owner)));

  return {
    stateOf,

    keepToken: async ({ owner, preference }, token) => {
      const attribute = tokenAttribute(preference);
      try {
        await writeAll(table, [
          {
            update: mailKey(owner),
            change: { set: { [attribute]: token } },
            condition: { expression: 'attribute_not_exists(#token)', names: { '#token': attribute } },
          },
          { put: { ...tokenKey(token), user_id: owner, preference } },
        ]);
        return token;
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error;
        const kept = (await stateOf(owner)).tokens[preference];
        if (kept === undefined) throw error;
        return kept;
      }
    },

    subscriptionOf: async (token) => {
      const item = await getItem(table, tokenKey(token));
      if (!item) return null;
      const { user_id, preference } = tokenItem().parse(item);
      return { owner: userId(user_id), preference };
    },

    takePlace: (owner, now, perDay) =>
      holds(
        updateItem(
          table,
          dayKey(owner, now),
          { add: { count: 1 }, set: { ttl: epochSeconds(secondsAfter(now, daysInSeconds(2))) } },
          {
            expression: 'attribute_not_exists(#count) OR #count < :per_day',
            names: { '#count': 'count' },
            values: { ':per_day': perDay },
          },
        ),
      ),

    giveBack: async (owner, now) => {
      await holds(
        updateItem(table, dayKey(owner, now), { add: { count: -1 } }, { expression: 'attribute_exists(pk)' }),
      );
    },

    suppress: (owner, suppressed) =>
      holds(updateItem(table, mailKey(owner), { set: { suppressed } }, { expression: 'attribute_exists(pk)' })),
  };
};

const dayKey = (owner: UserId, now: Date): Key => userKey(owner, `${prefix.mailed}${now.toISOString().slice(0, 10)}`);

/** What lies in no partition of a user's, and is found through their `MAIL`: goes with it when the account is deleted. */
export const unsubscribeKeysOf = (item: Item): readonly Key[] =>
  mailPreferences.flatMap((preference) => {
    const kept = item[tokenAttribute(preference)];
    return typeof kept === 'string' ? [tokenKey(kept)] : [];
  });

export const tokenKey = (token: string): Key => ({
  pk: `${prefix.unsubscribe}${hashOf(token)}`,
  sk: single.unsubscribe,
});

const tokenItem = once(() => z.object({ user_id: z.string(), preference: z.enum(mailPreferences) }));
