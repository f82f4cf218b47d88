import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Schemas } from '#client/pomona.ts';
import { dynamoReminderStore } from '#functions/reminders/store.ts';
import { userId } from '#shared/ids.ts';
import { userKey } from '#shared/item.ts';
import { getItem, openTable, putItem, type Table } from '#shared/table.ts';
import { type Account, at, expectData, expectProblem, mailTo, signUp, type Task } from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import { itemsOf } from '#test/support/table.ts';
import { anyone, dynamodb, goodPassword, needs, somebody } from './support.ts';

describe('mail', needs('table', 'mailbox'), () => {
  let table: Table;
  beforeAll(() => {
    table = openTable({ TABLE_NAME: inject('outputs').TableName }, dynamodb());
  });
  afterAll(() => table.client.destroy());

  const profileOf = async ({ client }: Account): Promise<Schemas['Profile']> =>
    expectData(await client.api.GET('/me'), 200);

  const wantMail = async ({ client }: Account): Promise<void> => {
    expectData(await client.api.PATCH('/me', { body: { notifications: { pomodoro_finished: true } } }), 200);
  };

  /** As the table has it when a session's time is over. */
  const finish = async (ada: Account, task_title: string): Promise<void> => {
    const { user_id } = await profileOf(ada);
    const [id, end_time] = [randomUUID(), new Date().toISOString()];
    await putItem(table, {
      ...userKey(userId(user_id), `POMODORO#${end_time}#${id}`),
      id,
      kind: 'focus',
      status: 'completed',
      planned_seconds: 1_500,
      elapsed_seconds: 1_500,
      start_time: end_time,
      end_time,
      early: false,
      task_id: null,
      task_title,
      interruptions: { internal: 0, external: 0 },
      version: 2,
    });
  };

  const suppressedBy = async (ada: Account, reason: string): Promise<void> => {
    const { user_id } = await profileOf(ada);
    await expect
      .poll(() => getItem(table, userKey(userId(user_id), 'MAIL')), { timeout: 10_000 })
      .toMatchObject({ suppressed: { reason } });
  };

  const mailAbout = async ({ email, client }: Account, title: string) =>
    (await mailTo(client.target, email)).find(({ subject }) => subject.includes(title));

  const arrived = async (ada: Account, title: string) => {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const mail = await mailAbout(ada, title);
      if (mail) return mail;
      await wait(50);
    }
    throw new Error(`no mail about ${title} came`);
  };

  const wanting = async (): Promise<Account> => {
    const account = await somebody({ timezone: 'Europe/Berlin' });
    await wantMail(account);
    return account;
  };

  /** The stream has an order: once this has come, what was written before has been dealt with. */
  const dealtWith = async (): Promise<void> => {
    const last = await wanting();
    await finish(last, 'The last');
    await arrived(last, 'The last');
  };

  it('about a finished session comes to whoever wants it, and to nobody else', async () => {
    const [ada, eve] = [await wanting(), await somebody()];
    await finish(eve, 'Not asked for');
    await finish(ada, 'Water the trees');
    const mail = await arrived(ada, 'Water the trees');
    expect(mail.subject).toBe('Pomodoro finished: Water the trees');
    expect(mail.body.text).toContain('(Europe/Berlin)');
    expect(mail.body.html).toContain('<h1 dir="auto">Water the trees</h1>');
    await dealtWith();
    expect(await mailAbout(eve, 'Not asked for')).toBeUndefined();
  });

  it(
    'comes no more once a mail program has posted to its link, which every device sees',
    needs('mail headers'),
    async () => {
      const ada = await wanting();
      const phone = new Device(ada.client);
      await phone.connect();
      await finish(ada, 'Water the trees');
      const { headers = [], body } = await arrived(ada, 'Water the trees');
      const header = (name: string) => headers.find((candidate) => candidate.name === name)?.value ?? '';
      expect(header('List-Unsubscribe-Post')).toBe('List-Unsubscribe=One-Click');
      const link = header('List-Unsubscribe').replace(/^<|>$/g, '');
      expect(link).toMatch(/\/unsubscribe\/[\w-]{43}$/);
      expect(body.text).toContain(link);

      // Whoever only looks, as a filter for spam does, changes nothing.
      const page = await fetch(link);
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      const before = await profileOf(ada);
      expect(before.notifications.pomodoro_finished).toBe(true);

      const posted = await fetch(link, {
        method: 'POST',
        body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
      });
      expect(posted.status).toBe(204);
      const after = { version: before.version + 1, notifications: { pomodoro_finished: false } };
      expect(await profileOf(ada)).toMatchObject(after);
      await phone.until(() => phone.known.get(`profile ${before.user_id}`)?.version === after.version);

      await finish(ada, 'After that');
      await dealtWith();
      expect(await mailAbout(ada, 'After that')).toBeUndefined();
      phone.drop();
    },
  );

  it.each(['bounce', 'complaint'])(
    'comes no more to an address that a %s came from',
    needs('bounces'),
    async (kind) => {
      const address = `${kind}+${randomUUID()}@simulator.amazonses.com`;
      const ada = await signUp(await anyone(), address, goodPassword);
      await wantMail(ada);
      await finish(ada, 'The first');
      await arrived(ada, 'The first');
      await suppressedBy(ada, kind);
      await finish(ada, 'The second');
      await dealtWith();
      expect(await mailAbout(ada, 'The second')).toBeUndefined();
    },
  );

  it(
    'reminds of a task once, shows on the task that it did, and comes no more once it was stopped',
    needs('mail headers'),
    async () => {
      const ada = await somebody({ timezone: 'Europe/Berlin' });
      const { user_id } = await profileOf(ada);
      /** What the minute's sweep does, without waiting for the minute. */
      const remind = async (title: string): Promise<Task> => {
        const reminders = [{ at: new Date(Date.now() - 1_000).toISOString() }];
        const task = expectData(await ada.client.api.POST('/tasks', { body: { title, reminders } }), 201);
        const rows = await itemsOf(table, userKey(userId(user_id), '').pk);
        const row = rows.find(({ sk }) => String(sk).startsWith(`REMINDER#${task.id}`));
        await dynamoReminderStore(table, 1).claim(userId(user_id), String(row?.sk), new Date());
        return task;
      };
      const stateOf = async ({ id }: Task) =>
        expectData(await ada.client.api.GET('/tasks/{task_id}', at(id)), 200).reminders[0]?.state;

      const watered = await remind('Water the trees');
      const { subject, headers = [] } = await arrived(ada, 'Water the trees');
      expect(subject).toBe('Reminder: Water the trees');
      await expect.poll(() => stateOf(watered), { timeout: 10_000 }).toBe('sent');

      const link = headers.find(({ name }) => name === 'List-Unsubscribe')?.value.replace(/^<|>$/g, '') ?? '';
      expect((await fetch(link, { method: 'POST' })).status).toBe(204);
      const fed = await remind('Feed the cat');
      await expect.poll(() => stateOf(fed), { timeout: 10_000 }).not.toBe('scheduled');
      expect(await mailAbout(ada, 'Feed the cat')).toBeUndefined();
      expect((await mailTo(ada.client.target, ada.email)).filter((mail) => mail.subject === subject)).toHaveLength(1);
    },
  );

  it('can be stopped by nobody who has no link', async () => {
    const ada = await somebody();
    const path = { token: '0123456789012345678901234567890123456789012' };
    expectProblem(await ada.client.api.POST('/unsubscribe/{token}', { params: { path } }), 404);
  });
});
