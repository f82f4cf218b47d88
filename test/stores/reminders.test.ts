import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { prefix, single } from '#blueprint/table.ts';
import { defaultProfile, type Profile, profileKey } from '#functions/accounts/profile.ts';
import { type DueWork, sweep } from '#functions/due/due-work.ts';
import type { Notice, Sending } from '#functions/mail/notice.ts';
import { lookAtTask } from '#functions/reminders/look.ts';
import type { ReminderStore } from '#functions/reminders/ports.ts';
import { reactToClaim } from '#functions/reminders/react.ts';
import { replanAtOnce, replanLater } from '#functions/reminders/replan.ts';
import { dynamoReplanStore } from '#functions/reminders/replan-store.ts';
import { dynamoReminderStore } from '#functions/reminders/store.ts';
import { taskActs } from '#functions/tasks/acts.ts';
import { dynamoJobStore } from '#functions/tasks/job-store.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import type { Act, Task, TaskFields } from '#functions/tasks/task.ts';
import { secondsAfter } from '#shared/clock.ts';
import { newId, userId } from '#shared/ids.ts';
import { type Item, userKey } from '#shared/item.ts';
import { log } from '#shared/log.ts';
import { deleteItem, putItem, queryDue, type Table, writeAll } from '#shared/table.ts';
import { roundTripsOf } from '#test/support/round-trips.ts';
import { describeOnEngines, itemsOf } from '#test/support/table.ts';

log.setLogLevel('SILENT');

/** Somebody in Berlin, with a clock that is set, and a mailbox that does as it is told. */
const world = (table: Table, start = '2026-11-24T12:00:00Z') => {
  const owner = userId(randomUUID());
  let now = new Date(start);
  const clock = { now: () => now };
  const tasks = dynamoTaskStore(table, 1);
  const store = dynamoReminderStore(table, 1);
  const replans = dynamoReplanStore(table, 1);
  const acts = taskActs({ tasks, jobs: dynamoJobStore(table, 1), newId });
  const act = (): Act => ({ now, clientId: null });
  const mails: Notice[] = [];
  let tries = 0;
  let profile: Profile = { ...defaultProfile(owner), timezone: 'Europe/Berlin' };

  const rows = async (): Promise<readonly Item[]> =>
    (await itemsOf(table, userKey(owner, '').pk)).filter(({ sk }) => String(sk).startsWith(prefix.reminder));

  /** Others use the same table. */
  const own =
    (work: (sk: string, at: Date) => Promise<void>): DueWork =>
    async ({ pk, sk }, at) => {
      if (pk === userKey(owner, '').pk) await work(sk, at);
    };

  const sweepOnce = () =>
    sweep({
      clock,
      shards: 1,
      due: (shard, at, limit, after) => queryDue(table, shard, at, limit, after),
      rooms: {
        [prefix.reminder]: own(async (sk, at) => {
          await store.claim(owner, sk, at);
        }),
        [prefix.task]: own((sk, at) => lookAtTask({ store })(owner, sk.slice(prefix.task.length), at)),
        [single.replan]: own((_, at) => replanLater({ tasks, replans })(owner, at)),
      },
    })(secondsAfter(now, 60));

  /** What the stream tells of the rows that are there now; a real one may do so late, twice, and from two at once. */
  const react = async (
    outcome: Sending = 'sent',
    { at = store, images }: { at?: ReminderStore; images?: readonly Item[] } = {},
  ): Promise<void> => {
    const send = async (notice: Notice) => {
      tries += 1;
      if (outcome !== 'throttled' && outcome !== 'failed') mails.push(notice);
      return outcome;
    };
    for (const item of images ?? (await rows())) await reactToClaim({ store: at, send, clock })(owner, item);
  };

  return {
    owner,
    store,
    mails,
    tries: () => tries,
    rows,
    react,
    sweep: sweepOnce,
    setNow: (instant: string): void => {
      now = new Date(instant);
    },
    /** One minute of the service: what has come due is claimed, and the stream tells of it. */
    minute: async (instant?: string): Promise<void> => {
      if (instant) now = new Date(instant);
      await sweepOnce();
      await react();
    },
    create: async (fields: Partial<TaskFields> = {}, parent: string | null = null): Promise<Task> => {
      const chosen = { description: null, status: 'todo', priority: 'none', due_date: null, tags: [] } as const;
      const draft = { fields: { title: 'Water the trees', ...chosen, ...fields }, parent_id: parent };
      return (await acts.create(owner, draft, act(), null)).task;
    },
    change: async (id: string, fields: Partial<TaskFields>): Promise<Task> =>
      (await acts.change(owner, id, { fields }, act(), null)).task,
    complete: (id: string) => acts.complete(owner, id, 'complete', act(), null),
    reopen: (id: string) => acts.reopen(owner, id, act(), null),
    remove: (id: string) => acts.remove(owner, id, { children: 'delete' }, act(), null),
    move: (id: string, parent: string) => acts.move(owner, id, parent, {}, act(), null),
    path: async (id: string) => (await tasks.get(owner, id, now))?.path,
    task: async (id: string): Promise<Task | undefined> => (await tasks.get(owner, id, now))?.task,
    states: async (id: string) => (await tasks.get(owner, id, now))?.task.reminders.map(({ state }) => state),
    /** As `PATCH /me` does it. */
    settings: async (more: Partial<Profile>): Promise<void> => {
      profile = { ...profile, ...more };
      await writeAll(table, [{ put: { ...profileKey(owner), ...profile } }, replans.writeOf(owner, now)]);
      await replanAtOnce({ tasks })(owner, profile, now);
    },
    /** What plans everything anew a minute later is gone. */
    forgetSettings: () => deleteItem(table, userKey(owner, single.replan)),
    begin: async (): Promise<void> => putItem(table, { ...profileKey(owner), ...profile }),
  };
};

type World = ReturnType<typeof world>;

const wanting = (more: Partial<Profile['notifications']>): Profile['notifications'] => ({
  ...defaultProfile(userId('')).notifications,
  ...more,
});

/** A store whose readers go on only when so many have read. */
const allHavingRead = (store: ReminderStore, readers: number): ReminderStore => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let have = 0;
  return {
    ...store,
    wake: async (row, now) => {
      const read = await store.wake(row, now);
      have += 1;
      if (have === readers) resolve();
      await promise;
      return read;
    },
  };
};

const at = (instant: string) => ({ minutes_before: null, at: instant });
const ahead = (minutes: number) => ({ minutes_before: minutes, at: null });

describeOnEngines('reminders', (table) => {
  const somebody = async (start?: string): Promise<World> => {
    const here = world(table(), start);
    await here.begin();
    return here;
  };

  describe('rows', () => {
    const timesOf = async (here: World) => (await here.rows()).map(({ due_at }) => due_at).sort();

    it('are there for what is scheduled, in the transaction of the task', async () => {
      const here = await somebody();
      const { id } = await here.create({
        due_date: '2026-11-26',
        reminders: [ahead(0), at('2026-11-25T10:00:00Z'), at('2026-11-01T10:00:00Z')],
      });
      expect(await timesOf(here)).toEqual(['2026-11-25T10:00:00.000Z', '2026-11-26T08:00:00.000Z']);
      await here.change(id, { due_date: '2026-11-27' });
      expect(await timesOf(here)).toEqual(['2026-11-25T10:00:00.000Z', '2026-11-27T08:00:00.000Z']);
      await here.change(id, { due_date: null });
      expect(await timesOf(here)).toEqual(['2026-11-25T10:00:00.000Z']);
      await here.change(id, { due_date: '2026-11-27' });
      await here.complete(id);
      expect(await timesOf(here)).toEqual([]);
      expect(await here.states(id)).toEqual(['cancelled', 'cancelled', 'expired']);
      here.setNow('2026-11-25T12:00:00Z');
      await here.reopen(id);
      expect(await here.states(id)).toEqual(['scheduled', 'cancelled', 'expired']);
      expect(await timesOf(here)).toEqual(['2026-11-27T08:00:00.000Z']);
      await here.change(id, { reminders: [] });
      expect(await timesOf(here)).toEqual([]);
      await here.change(id, { reminders: [ahead(5)] });
      await here.remove(id);
      expect(await timesOf(here)).toEqual([]);
    });

    it('cost nothing where there are none', async () => {
      const here = await somebody();
      const count = (work: () => Promise<unknown>) => roundTripsOf(table(), work);
      const { id } = await here.create();
      expect({
        create: await count(() => here.create()),
        'create, dated: the profile as well': await count(() => here.create({ due_date: '2026-11-26' })),
        'create with reminders': await count(() => here.create({ reminders: [at('2026-11-25T10:00:00Z')] })),
        change: await count(() => here.change(id, { title: 'New' })),
        'change of the due date': await count(() => here.change(id, { due_date: '2026-11-26' })),
      }).toEqual({
        create: 1,
        'create, dated: the profile as well': 2,
        'create with reminders': 1,
        change: 2,
        'change of the due date': 2,
      });
    });

    it('fit into transactions, of a tree whose every task has ten', { timeout: 60_000 }, async () => {
      const here = await somebody();
      const reminders = Array.from({ length: 10 }, (_, index) => at(`2026-11-25T10:0${index}:00Z`));
      const root = await here.create({ reminders });
      for (let count = 0; count < 15; count += 1) await here.create({ reminders }, root.id);
      expect((await here.rows()).length).toBe(160);
      await here.complete(root.id);
      expect(await here.rows()).toEqual([]);
      await here.reopen(root.id);
      expect((await here.rows()).length).toBe(160);
      await here.remove(root.id);
      expect(await here.rows()).toEqual([]);
    });
  });

  describe('a reminder', () => {
    it('is sent once, at its time, and every device sees that it was', async () => {
      const here = await somebody();
      const { id } = await here.create({ due_date: '2026-11-26', reminders: [at('2026-11-24T13:00:00Z')] });
      await here.minute('2026-11-24T12:59:00Z');
      expect(here.mails).toEqual([]);
      await here.minute('2026-11-24T13:00:30Z');
      const sent = {
        kind: 'task_reminder',
        owner: here.owner,
        title: 'Water the trees',
        due: '2026-11-26',
        late: false,
      };
      expect(here.mails).toEqual([{ ...sent, at: new Date('2026-11-24T13:00:00Z') }]);
      expect(await here.task(id)).toMatchObject({ version: 2, updated_at: '2026-11-24T12:00:00.000Z' });
      expect(await here.states(id)).toEqual(['sent']);
      for (const time of ['13:01', '13:11', '14:00']) await here.minute(`2026-11-24T${time}:00Z`);
      expect(here.mails.length).toBe(1);
      expect(await here.rows()).toEqual([]);
    });

    it.each([
      ['five minutes', '2026-11-24T13:05:00Z', 'sent', false],
      ['more than five minutes', '2026-11-24T13:05:01Z', 'sent', true],
      ['a day', '2026-11-25T13:00:00Z', 'sent', true],
      ['more than a day', '2026-11-25T13:00:01Z', 'expired', undefined],
    ])('%s late', async (_, now, state, late) => {
      const here = await somebody();
      const { id } = await here.create({ reminders: [at('2026-11-24T13:00:00Z')] });
      await here.minute(now);
      expect([await here.states(id), here.mails.map((mail) => mail.late)]).toEqual([
        [state],
        late === undefined ? [] : [late],
      ]);
      expect(await here.rows()).toEqual([]);
    });

    it.each<[Sending, string, number]>([
      ['unclear', 'sent', 1],
      ['failed', 'failed', 0],
      ['unwanted', 'failed', 1],
    ])('whose sending is %s is %s, and not tried again', async (outcome, state, tries) => {
      const here = await somebody();
      const { id } = await here.create({ reminders: [at('2026-11-24T13:00:00Z')] });
      here.setNow('2026-11-24T13:00:10Z');
      await here.sweep();
      await here.react(outcome);
      await here.minute('2026-11-24T13:20:00Z');
      expect([await here.states(id), here.mails.length]).toEqual([[state], tries]);
    });

    it('that was throttled is sent a minute later', async () => {
      const here = await somebody();
      const { id } = await here.create({ reminders: [at('2026-11-24T13:00:00Z')] });
      for (const minute of ['00', '01', '02', '03']) {
        here.setNow(`2026-11-24T13:${minute}:10Z`);
        await here.sweep();
        const images = await here.rows();
        for (let delivery = 0; delivery < 5; delivery += 1) await here.react('throttled', { images });
        expect(here.tries()).toBe(Number(minute) + 1);
      }
      expect(await here.states(id)).toEqual(['scheduled']);
      await here.minute('2026-11-24T13:04:10Z');
      expect([await here.states(id), here.mails.length]).toEqual([['sent'], 1]);
    });

    it.each<[string, (here: World, id: string) => Promise<unknown>]>([
      ['completed', (here, id) => here.complete(id)],
      ['deleted', (here, id) => here.remove(id)],
      ['due later', (here, id) => here.change(id, { due_date: '2026-11-27' })],
      ['due never', (here, id) => here.change(id, { due_date: null })],
      ['without reminders', (here, id) => here.change(id, { reminders: [] })],
    ])('is not sent when its task is %s by the time the claim is seen', async (_, happens) => {
      const here = await somebody('2026-11-26T07:30:00Z');
      const { id } = await here.create({ due_date: '2026-11-26', reminders: [ahead(0)] });
      here.setNow('2026-11-26T08:00:00Z');
      await here.sweep();
      const images = await here.rows();
      await happens(here, id);
      await here.react('sent', { images });
      await here.minute('2026-11-26T08:20:00Z');
      expect(here.mails).toEqual([]);
    });

    describe('whose task changes while it is sent', () => {
      const sendWhile = async (here: World, happens: () => Promise<unknown>): Promise<void> => {
        here.setNow('2026-11-24T13:00:10Z');
        await here.sweep();
        let sent = 0;
        const send = async (): Promise<Sending> => {
          sent += 1;
          await happens();
          return 'sent';
        };
        const clock = { now: () => new Date('2026-11-24T13:00:10Z') };
        for (const item of await here.rows()) await reactToClaim({ store: here.store, send, clock })(here.owner, item);
        await here.minute('2026-11-24T13:20:00Z');
        expect([sent, here.mails, await here.rows()]).toEqual([1, [], []]);
      };
      const reminders = [at('2026-11-24T13:00:00Z')];

      it('is said to be sent of the task as it is by then', async () => {
        const here = await somebody();
        const { id } = await here.create({ reminders });
        await sendWhile(here, () => here.change(id, { title: 'Water the other trees' }));
        expect(await here.task(id)).toMatchObject({ title: 'Water the other trees', version: 3 });
        expect(await here.states(id)).toEqual(['sent']);
      });

      it('leaves it where it has been moved along to', async () => {
        const here = await somebody();
        const [parent, other] = [await here.create(), await here.create()];
        const { id } = await here.create({ reminders }, parent.id);
        await sendWhile(here, () => here.move(parent.id, other.id));
        expect(await here.path(id)).toBe(`${other.id}/${parent.id}/${id}`);
        expect(await here.states(id)).toEqual(['sent']);
      });

      it('takes away no mail that its owner asks for meanwhile', async () => {
        const here = await somebody();
        const { id } = await here.create({ due_date: '2026-11-24T15:00:00Z', reminders });
        await sendWhile(here, async () => {
          await here.settings({ notifications: wanting({ task_overdue: true }) });
          await here.forgetSettings();
        });
        expect(await here.states(id)).toEqual(['sent']);
        await here.minute('2026-11-24T15:00:00Z');
        expect(here.mails.map(({ kind }) => kind)).toEqual(['task_overdue']);
      });

      it.each<[string, (here: World, id: string) => Promise<unknown>, string[] | undefined]>([
        ['completed', (here, id) => here.complete(id), ['cancelled']],
        ['deleted', (here, id) => here.remove(id), undefined],
      ])('is over when it is %s', async (_, happens, states) => {
        const here = await somebody();
        const { id } = await here.create({ reminders });
        await sendWhile(here, () => happens(here, id));
        expect(await here.states(id)).toEqual(states);
      });
    });

    it('asks the table three times: what it is about, that it begins, what became of it', async () => {
      const here = await somebody();
      await here.create({ reminders: [at('2026-11-24T13:00:00Z')] });
      here.setNow('2026-11-24T13:00:10Z');
      await here.sweep();
      const images = await here.rows();
      expect(await roundTripsOf(table(), () => here.react('sent', { images }))).toBe(3);
    });

    it('is cancelled when its owner wants none', async () => {
      const here = await somebody();
      const { id } = await here.create({ reminders: [at('2026-11-24T13:00:00Z')] });
      await here.settings({ notifications: wanting({ task_reminders: false }) });
      await here.minute('2026-11-24T13:00:00Z');
      expect([await here.states(id), here.mails, await here.rows()]).toEqual([['cancelled'], [], []]);
    });

    it('is mailed whatever else its owner wants, and again when it is set to another time', async () => {
      const here = await somebody();
      const { id } = await here.create({ due_date: '2026-11-24T13:30:00Z', reminders: [ahead(30)] });
      await here.minute('2026-11-24T13:00:00Z');
      await here.change(id, { due_date: '2026-11-24T15:00:00Z' });
      await here.change(id, { title: 'Water the other trees' });
      await here.minute('2026-11-24T14:30:00Z');
      expect(here.mails.map(({ at: time }) => time.toISOString())).toEqual([
        '2026-11-24T13:00:00.000Z',
        '2026-11-24T14:30:00.000Z',
      ]);
    });
  });

  describe('once and no more', () => {
    const due = async () => {
      const here = await somebody();
      const { id } = await here.create({ reminders: [at('2026-11-24T13:00:00Z')] });
      here.setNow('2026-11-24T13:00:00Z');
      return { ...here, id };
    };

    it('whoever sweeps at the same time', async () => {
      const here = await due();
      await Promise.all(Array.from({ length: 5 }, () => here.sweep()));
      expect((await here.rows()).map(({ claims }) => claims)).toEqual([1]);
    });

    it('with five deliveries of each record, one after the other or at once', async () => {
      for (const atOnce of [false, true]) {
        const here = await due();
        const images = [...(await here.rows())];
        await here.sweep();
        images.push(...(await here.rows()));
        const deliveries = Array.from({ length: 5 }, () => images).flat();
        if (atOnce) {
          const together = allHavingRead(here.store, 5);
          await Promise.all(deliveries.map((image) => here.react('sent', { images: [image], at: together })));
        } else await here.react('sent', { images: deliveries });
        await here.minute('2026-11-24T13:30:00Z');
        expect([here.mails.length, await here.states(here.id), await here.rows()]).toEqual([1, ['sent'], []]);
      }
    });

    it.each<[string, keyof ReminderStore, number]>([
      ['reading', 'wake', 1],
      ['beginning', 'begin', 1],
      ['recording: the one repeat', 'commit', 2],
    ])('with a crash at every %s for a while', async (_, step, mails) => {
      const here = await due();
      const crashing: ReminderStore = {
        ...here.store,
        [step]: async () => {
          throw new Error('the Lambda has died');
        },
      };
      for (let minute = 0; minute < 60; minute += 1) {
        here.setNow(new Date(Date.parse('2026-11-24T13:00:00Z') + minute * 60_000).toISOString());
        await here.sweep();
        const images = await here.rows();
        for (let delivery = 0; delivery < 5; delivery += 1) {
          await here.react('sent', { at: crashing, images }).catch(() => undefined);
        }
      }
      await here.minute('2026-11-24T14:20:00Z');
      expect([here.mails.length, await here.states(here.id), await here.rows()]).toEqual([mails, ['sent'], []]);
    });

    it('with an error of the sender, which says that nothing was sent', async () => {
      const here = await due();
      await here.sweep();
      const refusing = async (): Promise<Sending> => {
        throw new Error('no profile could be read');
      };
      for (const item of await here.rows()) {
        const needs = { store: here.store, send: refusing, clock: { now: () => new Date('2026-11-24T13:00:00Z') } };
        await expect(reactToClaim(needs)(here.owner, item)).rejects.toThrow('no profile');
      }
      await here.minute('2026-11-24T13:01:00Z');
      expect([here.mails.length, await here.states(here.id)]).toEqual([1, ['sent']]);
    });
  });

  it('of two hours of outage, while the clocks go forward, come once each, late, and none of a completed task', async () => {
    const here = await somebody('2027-03-27T20:00:00Z');
    // From 00:30 to 02:30 UTC the sender stands still; at 01:00 Berlin goes from 02:00 to 03:00.
    const instants = ['00:29', '00:31', '00:59', '01:00', '01:30', '02:29', '02:31'].map(
      (time) => `2027-03-28T${time}:00Z`,
    );
    const open = await Promise.all(instants.map((time) => here.create({ title: time, reminders: [at(time)] })));
    const wall = await here.create({ title: 'wall', due_date: '2027-03-28T03:30:00+02:00', reminders: [ahead(15)] });
    const done = await here.create({ title: 'done', reminders: [at('2027-03-28T01:15:00Z')] });
    await here.minute('2027-03-28T00:29:30Z');
    here.setNow('2027-03-28T01:10:00Z');
    await here.complete(done.id);
    for (const time of ['02:30', '02:31', '02:32', '02:45', '03:30']) await here.minute(`2027-03-28T${time}:30Z`);
    expect(here.mails.map(({ title, late }) => [title, late]).sort()).toEqual(
      [...instants.map((time) => [time, !/00:29|02:29|02:31/.test(time)]), ['wall', true]].sort(),
    );
    for (const { id } of [...open, wall]) expect(await here.states(id)).toEqual(['sent']);
    expect(await here.states(done.id)).toEqual(['cancelled']);
  });

  describe('new settings', () => {
    it('plan anew in the same act, and once more a minute later', async () => {
      const here = await somebody();
      const { id } = await here.create({ due_date: '2026-11-26', reminders: [ahead(60)] });
      await here.settings({ timezone: 'America/New_York' });
      expect((await here.task(id))?.reminders[0]?.fires_at).toBe('2026-11-26T13:00:00.000Z');
      expect((await here.rows()).map(({ due_at }) => due_at)).toEqual(['2026-11-26T13:00:00.000Z']);
      const version = (await here.task(id))?.version;
      await here.minute('2026-11-24T12:02:00Z');
      expect((await here.task(id))?.version).toBe(version);
      const left = await itemsOf(table(), userKey(here.owner, '').pk);
      expect(left.filter(({ sk }) => sk === single.replan)).toEqual([]);
    });

    it('reach what somebody wrote at the same time by the old ones', async () => {
      const here = await somebody();
      await here.settings({ timezone: 'America/New_York' });
      await here.begin();
      const { id } = await here.create({ due_date: '2026-11-26', reminders: [ahead(0)] });
      await putItem(table(), { ...profileKey(here.owner), ...defaultProfile(here.owner), timezone: 'Asia/Kathmandu' });
      await here.minute('2026-11-24T12:02:00Z');
      expect((await here.task(id))?.reminders[0]?.fires_at).toBe('2026-11-26T03:15:00.000Z');
    });
  });

  describe('mail that preferences ask for', () => {
    const kinds = ({ mails }: World) => mails.map(({ kind, late }) => (late ? `${kind}, late` : kind));
    const both = { notifications: wanting({ task_due_soon: true, task_overdue: true }) };

    it('is none by default, and nothing waits for it', async () => {
      const here = await somebody();
      await here.create({ due_date: '2026-11-24T13:00:00Z' });
      await here.minute('2026-11-24T13:00:00Z');
      expect(here.mails).toEqual([]);
      const items = await itemsOf(table(), userKey(here.owner, '').pk);
      expect(items.filter(({ due_at }) => due_at !== undefined)).toEqual([]);
    });

    it('covers tasks that were there before it was asked for, and is sent once, without a new version', async () => {
      const here = await somebody();
      const { id } = await here.create({ due_date: '2026-11-24T15:00:00Z' });
      await here.settings(both);
      for (const time of ['13:59', '14:00', '14:01', '14:30', '15:00', '15:01', '16:00']) {
        await here.minute(`2026-11-24T${time}:00Z`);
      }
      expect(kinds(here)).toEqual(['task_due_soon', 'task_overdue']);
      expect((await here.task(id))?.version).toBe(1);
      await here.change(id, { title: 'Water the other trees', due_date: '2026-11-24T15:00:00Z' });
      await here.settings({ timezone: 'UTC' });
      await here.minute('2026-11-24T16:02:00Z');
      expect(kinds(here).length).toBe(2);
    });

    it('follows the lead, the zone and the due date', async () => {
      const here = await somebody();
      await here.settings(both);
      const { id } = await here.create({ due_date: '2026-11-25' });
      await here.settings({
        notifications: wanting({ task_due_soon: true, due_soon_minutes: 120, task_overdue: true }),
      });
      await here.minute('2026-11-25T06:00:00Z');
      await here.settings({ timezone: 'America/New_York' });
      await here.minute('2026-11-25T23:00:00Z');
      expect(kinds(here)).toEqual(['task_due_soon']);
      await here.change(id, { due_date: '2026-11-26' });
      await here.minute('2026-11-26T12:00:00Z');
      await here.minute('2026-11-27T05:00:00Z');
      expect(kinds(here)).toEqual(['task_due_soon', 'task_due_soon', 'task_overdue']);
    });

    it('comes late after an outage, each kind once; not for what is done, off again or long over', async () => {
      const here = await somebody();
      await here.settings(both);
      await here.create({ due_date: '2026-11-24T14:00:00Z' });
      const done = await here.create({ due_date: '2026-11-24T14:00:00Z' });
      await here.create({ title: 'long over', due_date: '2026-11-20' });
      here.setNow('2026-11-24T13:30:00Z');
      await here.complete(done.id);
      for (const time of ['15:30', '15:31', '15:42']) await here.minute(`2026-11-24T${time}:00Z`);
      expect(kinds(here).sort()).toEqual(['task_due_soon, late', 'task_overdue, late']);
      await here.create({ due_date: '2026-11-24T18:00:00Z' });
      await here.settings({ notifications: wanting({}) });
      await here.minute('2026-11-24T19:00:00Z');
      expect(here.mails.length).toBe(2);
    });

    it('is not sent for what is done by the time the claim is seen', async () => {
      const here = await somebody();
      await here.settings(both);
      const { id } = await here.create({ due_date: '2026-11-24T13:00:00Z' });
      here.setNow('2026-11-24T13:00:00Z');
      await here.sweep();
      await here.complete(id);
      await here.react();
      expect([here.mails, await here.rows()]).toEqual([[], []]);
    });

    it('with a crash at every recording for a while: the one repeat', async () => {
      const here = await somebody();
      await here.settings({ notifications: wanting({ task_overdue: true }) });
      await here.create({ due_date: '2026-11-24T13:00:00Z' });
      const crashing: ReminderStore = {
        ...here.store,
        settle: async () => {
          throw new Error('the Lambda has died');
        },
      };
      for (let minute = 0; minute < 40; minute += 1) {
        here.setNow(new Date(Date.parse('2026-11-24T13:00:00Z') + minute * 60_000).toISOString());
        await here.sweep();
        await here.react('sent', { at: crashing }).catch(() => undefined);
      }
      await here.minute('2026-11-24T14:00:00Z');
      expect(here.mails.length).toBe(2);
    });
  });
});
