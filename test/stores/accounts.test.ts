import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { reservationSeconds } from '#functions/accounts/account.ts';
import { defaultProfile, profileKey } from '#functions/accounts/profile.ts';
import { dynamoProfileStore, dynamoUsernameStore } from '#functions/accounts/store.ts';
import { epochSeconds, secondsAfter } from '#shared/clock.ts';
import { hashOf, userId } from '#shared/ids.ts';
import { getItem } from '#shared/table.ts';
import { describeOnEngines, itemsOf } from '#test/support/table.ts';

const now = new Date('2026-11-24T12:00:00Z');
const later = secondsAfter(now, 60);
const dayAfter = secondsAfter(now, reservationSeconds);

const somebody = () => userId(randomUUID());
const newName = () => `u${randomUUID().slice(0, 12)}`;

describeOnEngines('profiles', (table) => {
  const profiles = () => dynamoProfileStore(table());

  it('come back as they were kept', async () => {
    const profile = { ...defaultProfile(somebody()), email: 'ada@pomona.example', timezone: 'Europe/Berlin' };
    expect(await profiles().get(profile.user_id)).toBeNull();
    expect(await profiles().create(profile, 'phone', now)).toBe(true);
    expect(await profiles().get(profile.user_id)).toEqual(profile);
    expect(await getItem(table(), profileKey(profile.user_id))).toMatchObject({ changed_by: 'phone' });
  });

  it('are made once', async () => {
    const profile = defaultProfile(somebody());
    const made = await Promise.all(
      ['UTC', 'Asia/Tokyo', 'Europe/Berlin'].map((timezone) => profiles().create({ ...profile, timezone }, null, now)),
    );
    expect(made.filter(Boolean)).toHaveLength(1);
  });

  it('are replaced only by the version after theirs', async () => {
    const profile = defaultProfile(somebody());
    expect(await profiles().replace({ ...profile, version: 2 }, null)).toBe(false);
    await profiles().create(profile, null, now);
    const results = await Promise.all(
      ['01:00', '02:00'].map((day_start) => profiles().replace({ ...profile, day_start, version: 2 }, null)),
    );
    expect(results.sort()).toEqual([false, true]);
    expect(await profiles().replace({ ...profile, version: 2 }, null)).toBe(false);
    expect(await profiles().get(profile.user_id)).toMatchObject({ version: 2 });
  });
});

describeOnEngines('usernames', (table) => {
  const usernames = () => dynamoUsernameStore(table());

  describe('that are reserved', () => {
    it('are one address’s, in every spelling of the name', async () => {
      const name = newName();
      expect(await usernames().reserve(name, 'ada@pomona.example', now)).toBe('reserved');
      expect(await usernames().reserve(name.toUpperCase(), 'ada@pomona.example', later)).toBe('mine');
      expect(await usernames().reserve(name.replace('u', 'ｕ'), 'eve@pomona.example', later)).toBe('taken');
    });

    it('are free again after a day, also before TTL has swept them', async () => {
      const name = newName();
      await usernames().reserve(name, 'ada@pomona.example', now);
      expect(await usernames().reserve(name, 'eve@pomona.example', secondsAfter(dayAfter, -1))).toBe('taken');
      expect(await usernames().reserve(name, 'eve@pomona.example', dayAfter)).toBe('reserved');
    });

    it('lead to their user once that is known, for as long', async () => {
      const [name, owner] = [newName(), somebody()];
      await usernames().reserve(name, 'ada@pomona.example', now);
      expect(await usernames().ownerOf(name, now)).toBeNull();
      await usernames().assign(name, owner, later);
      expect(await usernames().ownerOf(name.toUpperCase(), dayAfter)).toBe(owner);
      expect(await usernames().ownerOf(name, secondsAfter(later, reservationSeconds))).toBeNull();
    });

    it('are given back by whom they are for, and by nobody else', async () => {
      const name = newName();
      await usernames().reserve(name, 'ada@pomona.example', now);
      await usernames().release(name, 'eve@pomona.example');
      expect(await usernames().reserve(name, 'eve@pomona.example', now)).toBe('taken');
      await usernames().release(name, 'ada@pomona.example');
      expect(await usernames().reserve(name, 'eve@pomona.example', now)).toBe('reserved');
    });

    it('are not given back once they have a user', async () => {
      const [name, owner] = [newName(), somebody()];
      await usernames().reserve(name, 'ada@pomona.example', now);
      await usernames().assign(name, owner, now);
      await usernames().release(name, 'ada@pomona.example');
      expect(await usernames().ownerOf(name, now)).toBe(owner);
    });

    it('hold no address, only its hash', async () => {
      const name = newName();
      await usernames().reserve(name, 'ada@pomona.example', now);
      const items = await itemsOf(table(), `USERNAME#${name}`);
      expect(items).toEqual([
        {
          pk: `USERNAME#${name}`,
          sk: 'USERNAME',
          username: name,
          email_hash: hashOf('ada@pomona.example'),
          user_id: null,
          ttl: epochSeconds(dayAfter),
        },
      ]);
    });
  });

  describe('that are confirmed', () => {
    it('are theirs for good', async () => {
      const [name, owner] = [newName(), somebody()];
      await usernames().reserve(name, 'ada@pomona.example', now);
      await usernames().assign(name, owner, now);
      expect(await usernames().confirm(name, owner, later)).toBe(true);
      expect(await usernames().confirm(name, owner, later)).toBe(true);
      await usernames().release(name, 'ada@pomona.example');
      await usernames().assign(name, somebody(), later);
      const inAYear = secondsAfter(now, 365 * 86_400);
      expect(await usernames().reserve(name, 'ada@pomona.example', inAYear)).toBe('taken');
      expect(await usernames().ownerOf(name, inAYear)).toBe(owner);
    });

    it('need no reservation when they are free', async () => {
      const [name, owner] = [newName(), somebody()];
      expect(await usernames().confirm(name, owner, now)).toBe(true);
      expect(await usernames().ownerOf(name, now)).toBe(owner);
    });

    it('stay another’s: reserved, assigned or confirmed', async () => {
      const [name, owner, late] = [newName(), somebody(), somebody()];
      await usernames().reserve(name, 'ada@pomona.example', now);
      expect(await usernames().confirm(name, late, now)).toBe(false);
      await usernames().assign(name, owner, now);
      expect(await usernames().confirm(name, late, now)).toBe(false);
      await usernames().confirm(name, owner, now);
      expect(await usernames().confirm(name, late, now)).toBe(false);
      expect(await usernames().ownerOf(name, now)).toBe(owner);
    });

    it('are one’s of many who confirm at once', async () => {
      const name = newName();
      const owners = Array.from({ length: 8 }, somebody);
      const confirmed = await Promise.all(owners.map((owner) => usernames().confirm(name, owner, now)));
      expect(confirmed.filter(Boolean)).toHaveLength(1);
      expect(await usernames().ownerOf(name, now)).toBe(owners[confirmed.indexOf(true)]);
    });
  });
});
