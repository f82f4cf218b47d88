import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { claimNotes } from '#functions/guest/claim.ts';
import { dynamoClaimStore } from '#functions/guest/claim-store.ts';
import { noteSeconds } from '#functions/guest/note.ts';
import { dynamoNoteStore } from '#functions/guest/store.ts';
import { secondsAfter } from '#shared/clock.ts';
import { guestId, userId } from '#shared/ids.ts';
import { guestKey, userKey } from '#shared/item.ts';
import { slowClock } from '#test/support/clock.ts';
import { describeOnEngines, itemsOf } from '#test/support/table.ts';

const created = new Date('2026-11-24T12:00:00.500Z');
const fields = { title: 'Milk', description: null, status: 'todo' } as const;

describeOnEngines('guest notes', (table) => {
  const newGuest = () => guestId(randomUUID());
  const notes = () => dynamoNoteStore(table());

  it('are kept under a hash of the guest id', async () => {
    const uuid = randomUUID();
    await notes().create(guestId(uuid), fields, created);
    const items = await itemsOf(table(), guestKey(guestId(uuid), '').pk);
    expect(items).toHaveLength(1);
    expect(JSON.stringify(items)).not.toContain(uuid);
  });

  it('are the same guest’s however the id is spelled', async () => {
    const uuid = randomUUID();
    await notes().create(guestId(uuid), fields, created);
    expect(await notes().all(guestId(uuid.toUpperCase()), created)).toHaveLength(1);
  });

  describe('24 hours after their creation', () => {
    const end = secondsAfter(created, noteSeconds);

    it.each([
      [-1, true],
      [0, false],
      [1, false],
    ])('and %d seconds: alive is %s, on every way to it, while the row is still there', async (seconds, alive) => {
      const guest = newGuest();
      const note = await notes().create(guest, fields, created);
      if (!note) throw new Error('there was room');
      const now = secondsAfter(end, seconds);
      expect((await notes().all(guest, now)).length).toBe(alive ? 1 : 0);
      expect((await notes().get(guest, note.id, now)) !== null).toBe(alive);
      const after = { ...note, title: 'Later', version: 2 };
      expect(await notes().replace(guest, note, after, now)).toBe(alive);
      expect(await notes().remove(guest, note.id, now)).toBe(alive);
      const left = await itemsOf(table(), guestKey(guest, '').pk);
      expect(left).toHaveLength(alive ? 0 : 1);
    });

    it('live no longer for having been edited', async () => {
      const guest = newGuest();
      const note = await notes().create(guest, fields, created);
      if (!note) throw new Error('there was room');
      await notes().replace(guest, note, { ...note, version: 2 }, secondsAfter(created, 3600));
      expect(await notes().get(guest, note.id, end)).toBeNull();
    });

    it('make room at once', async () => {
      const guest = newGuest();
      for (let count = 0; count < 100; count += 1) await notes().create(guest, fields, created);
      expect(await notes().create(guest, fields, secondsAfter(end, -1))).toBeNull();
      expect(await notes().create(guest, fields, end)).not.toBeNull();
    });
  });

  it('are a hundred at most, exactly, of 120 that are created at once', async () => {
    const guest = newGuest();
    const made = await Promise.all(Array.from({ length: 120 }, () => notes().create(guest, fields, created)));
    expect(made.filter((note) => note !== null)).toHaveLength(100);
    const all = await notes().all(guest, created);
    expect(new Set(all.map(({ id }) => id)).size).toBe(100);
    const [first] = all;
    expect(first && (await notes().remove(guest, first.id, created))).toBe(true);
    expect(await notes().create(guest, fields, created)).not.toBeNull();
    expect(await notes().create(guest, fields, created)).toBeNull();
  });

  it('are nobody else’s', async () => {
    const note = await notes().create(newGuest(), fields, created);
    expect(await notes().get(newGuest(), note?.id ?? '', created)).toBeNull();
  });

  describe('claimed', () => {
    const act = { now: secondsAfter(created, 60), clientId: null };
    const clock = { now: () => act.now };

    it('become tasks of their own, once each, however often it is tried and wherever it is interrupted', async () => {
      const [guest, owner] = [newGuest(), userId(randomUUID())];
      for (const title of ['a', 'b', 'c']) await notes().create(guest, { ...fields, title }, created);
      await notes().create(guest, { ...fields, title: 'd', status: 'done' }, created);
      const store = dynamoClaimStore(table());
      for (let survives = 0; survives < 5; survives += 1) {
        // Dies before its n-th write.
        let writes = 0;
        const claims = {
          ...store,
          take: (...all: Parameters<typeof store.take>) => {
            if (writes === survives) throw new Error('the Lambda has died');
            writes += 1;
            return store.take(...all);
          },
        };
        await claimNotes({ notes: notes(), claims, clock })(owner, guest, act).catch(() => undefined);
      }
      const claim = claimNotes({ notes: notes(), claims: store, clock });
      const tasks = await claim(owner, guest, act);
      expect(tasks.map(({ task }) => task.title).sort()).toEqual(['a', 'b', 'c', 'd']);
      expect(await claim(owner, guest, act)).toEqual(tasks);
      expect(await notes().all(guest, act.now)).toEqual([]);
      const items = await itemsOf(table(), userKey(owner, '').pk);
      expect(items.filter(({ sk }) => String(sk).startsWith('TASK#'))).toHaveLength(4);
      expect(items.filter(({ sk }) => String(sk).startsWith('COMPLETION#'))).toHaveLength(1);
      expect(items.find(({ sk }) => String(sk).startsWith('DAY#'))).toMatchObject({ completed: 1 });
    });

    it('are claimed as far as there is time, and the rest when it is claimed again', async () => {
      const [guest, owner] = [newGuest(), userId(randomUUID())];
      for (const title of ['a', 'b', 'c']) await notes().create(guest, { ...fields, title }, created);
      const slow = slowClock(created, 9);
      const claims = dynamoClaimStore(table());
      await expect(claimNotes({ notes: notes(), claims, clock: slow })(owner, guest, act)).rejects.toMatchObject({
        type: 'busy',
      });
      expect(await claims.taken(guest, owner, act.now)).toHaveLength(2);
      expect(await claimNotes({ notes: notes(), claims, clock })(owner, guest, act)).toHaveLength(3);
    });

    it('go to one of two who claim them at once', async () => {
      const guest = newGuest();
      for (let count = 0; count < 10; count += 1) await notes().create(guest, fields, created);
      const claim = claimNotes({ notes: notes(), claims: dynamoClaimStore(table()), clock });
      const owners = [userId(randomUUID()), userId(randomUUID())];
      const claimed = await Promise.all(owners.map((owner) => claim(owner, guest, act)));
      expect(claimed.flat()).toHaveLength(10);
      expect(new Set(claimed.flat().map(({ task }) => task.id)).size).toBe(10);
    });

    it('are a hundred tasks of a hundred notes', async () => {
      const [guest, owner] = [newGuest(), userId(randomUUID())];
      await Promise.all(Array.from({ length: 100 }, () => notes().create(guest, fields, created)));
      const claim = claimNotes({ notes: notes(), claims: dynamoClaimStore(table()), clock });
      expect(await claim(owner, guest, act)).toHaveLength(100);
    });
  });
});
