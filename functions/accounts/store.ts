import * as z from 'zod/mini';
import { prefix, single } from '#blueprint/table.ts';
import { epochSeconds, secondsAfter } from '#shared/clock.ts';
import { hashOf, userId } from '#shared/ids.ts';
import { isLive, type Key } from '#shared/item.ts';
import { once } from '#shared/once.ts';
import {
  absent,
  atVersion,
  type Condition,
  ConditionFailed,
  deleteItem,
  getItem,
  holds,
  putItem,
  type Table,
  updateItem,
  writeAll,
} from '#shared/table.ts';
import { foldUsername, type ProfileStore, reservationSeconds, type UsernameStore } from './account.ts';
import { profileFromItem, profileKey } from './profile.ts';

/** Profiles in the single table: one round trip each. */
export const dynamoProfileStore = (table: Table): ProfileStore => ({
  get: async (owner) => {
    const item = await getItem(table, profileKey(owner));
    return item ? profileFromItem(item) : null;
  },
  create: (profile, changedBy, now) =>
    holds(putItem(table, { ...profileKey(profile.user_id), ...profile, changed_by: changedBy }, absent(now))),
  replace: (profile, changedBy, also = []) =>
    holds(
      writeAll(table, [
        {
          put: { ...profileKey(profile.user_id), ...profile, changed_by: changedBy },
          condition: atVersion(profile.version - 1),
        },
        ...also,
      ]),
    ),
  remove: async (owner) => {
    await deleteItem(table, profileKey(owner));
  },
});

/** Usernames in the single table: one round trip each. A reservation has a `ttl`; a confirmed name has none. */
export const dynamoUsernameStore = (table: Table): UsernameStore => ({
  reserve: async (username, email, now) => {
    try {
      await putItem(
        table,
        {
          ...usernameKey(username),
          username,
          email_hash: hashOf(email),
          user_id: null,
          ttl: epochSeconds(secondsAfter(now, reservationSeconds)),
        },
        absent(now),
      );
      return 'reserved';
    } catch (error) {
      if (!(error instanceof ConditionFailed) || !error.item) throw error;
      return usernameItem().parse(error.item).email_hash === hashOf(email) ? 'mine' : 'taken';
    }
  },

  assign: async (username, owner, now) => {
    await holds(
      updateItem(
        table,
        usernameKey(username),
        { set: { user_id: owner, ttl: epochSeconds(secondsAfter(now, reservationSeconds)) } },
        reserved,
      ),
    );
  },

  release: async (username, email) => {
    const mine: Condition = {
      // Not any more if the same person's other, simultaneous attempt has made the account.
      expression: `${reserved.expression} AND #email_hash = :email_hash AND #user_id = :nobody`,
      names: { ...reserved.names, '#email_hash': 'email_hash', '#user_id': 'user_id' },
      values: { ':email_hash': hashOf(email), ':nobody': null },
    };
    await holds(deleteItem(table, usernameKey(username), mine));
  },

  confirm: (username, owner, now) => {
    const free = absent(now);
    const theirs: Condition = {
      expression: `(${free.expression}) OR #user_id = :user_id`,
      names: { ...free.names, '#user_id': 'user_id' },
      values: { ...free.values, ':user_id': owner },
    };
    return holds(putItem(table, { ...usernameKey(username), username, email_hash: null, user_id: owner }, theirs));
  },

  ownerOf: async (username, now) => {
    const item = await getItem(table, usernameKey(username));
    const owner = item && isLive(item, now) ? usernameItem().parse(item).user_id : null;
    return owner === null ? null : userId(owner);
  },

  giveUp: async (username, owner) => {
    const theirs: Condition = {
      expression: '#user_id = :user_id',
      names: { '#user_id': 'user_id' },
      values: { ':user_id': owner },
    };
    await holds(deleteItem(table, usernameKey(username), theirs));
  },
});

const usernameKey = (username: string): Key => ({
  pk: `${prefix.username}${foldUsername(username)}`,
  sk: single.username,
});

/** It is there, and not confirmed yet. */
const reserved: Condition = {
  expression: 'attribute_exists(pk) AND attribute_exists(#ttl)',
  names: { '#ttl': 'ttl' },
};

const usernameItem = once(() =>
  z.object({
    /** `null` once it is confirmed. */
    email_hash: z.nullable(z.string()),
    user_id: z.nullable(z.string()),
  }),
);
