import { randomBytes, randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { defaultProfile } from '#functions/accounts/profile.ts';
import { dynamoProfileStore } from '#functions/accounts/store.ts';
import { mailOperations } from '#functions/mail/operations.ts';
import { mailPreferences } from '#functions/mail/preference.ts';
import { dynamoMailStore } from '#functions/mail/store.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { userId } from '#shared/ids.ts';
import { log } from '#shared/log.ts';
import { limitPerSource } from '#shared/rate-limit.ts';
import { getItem, type Table } from '#shared/table.ts';
import { context, httpEvent } from '#test/support/http-event.ts';
import { logLines } from '#test/support/log-lines.ts';
import { describeOnEngines } from '#test/support/table.ts';

log.setLogLevel('SILENT');

const now = new Date('2026-11-24T12:00:00Z');
const newToken = () => randomBytes(32).toString('base64url');

/** The mail room over a real table, with somebody who wants all kinds of mail. */
const mailRoom = async (table: Table, { at = now, perMinute = 1_000 } = {}) => {
  const [mail, profiles] = [dynamoMailStore(table), dynamoProfileStore(table)];
  const owner = userId(randomUUID());
  const notifications = {
    due_soon_minutes: 60,
    task_due_soon: true,
    task_overdue: true,
    pomodoro_finished: true,
    task_reminders: true,
  };
  await profiles.create({ ...defaultProfile(owner), notifications }, 'phone', now);
  const handle = createHttpHandler(
    'mail',
    mailOperations({ mail, profiles, limit: limitPerSource({ table, clock: { now: () => at }, perMinute }) }),
  );
  const ask = async (
    method: 'GET' | 'POST',
    token: string,
    { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
  ) => {
    const event = httpEvent(`${method} /unsubscribe/{token}`, { params: { token }, body, headers });
    const { statusCode, body: text, headers: answered } = await handle(event, context);
    return { status: statusCode, headers: answered ?? {}, text };
  };
  return { mail, profiles, owner, ask };
};

describeOnEngines('the link of a mail', (table) => {
  it.each(mailPreferences)('turns off %s, and nothing else, for every device to see', async (preference) => {
    const { mail, profiles, owner, ask } = await mailRoom(table());
    const token = await mail.keepToken({ owner, preference }, newToken());
    const before = await profiles.get(owner);
    expect((await ask('POST', token)).status).toBe(204);
    expect(await profiles.get(owner)).toEqual({
      ...before,
      notifications: { ...before?.notifications, [preference]: false },
      version: 2,
    });
    expect(await getItem(table(), { pk: `USER#${owner}`, sk: 'PROFILE' })).toMatchObject({ changed_by: null });
  });

  it.each([
    ['as RFC 8058 §3.2 has it', 'application/x-www-form-urlencoded', 'List-Unsubscribe=One-Click'],
    ['as a form with parts', 'multipart/form-data; boundary=b', '--b\r\n\r\nOne-Click\r\n--b--'],
    ['as JSON', 'application/json', '{"List-Unsubscribe":"One-Click"}'],
    ['as bytes that are nothing', 'application/octet-stream', new Uint8Array([0, 255, 1])],
    ['as anything', 'nonsense', '{'],
  ])('takes a body %s', async (_, type, body) => {
    const { mail, profiles, owner, ask } = await mailRoom(table());
    const token = await mail.keepToken({ owner, preference: 'task_reminders' }, newToken());
    expect((await ask('POST', token, { body, headers: { 'content-type': type } })).status).toBe(204);
    expect((await profiles.get(owner))?.notifications.task_reminders).toBe(false);
  });

  it('may be followed again, and changes nothing more', async () => {
    const { mail, profiles, owner, ask } = await mailRoom(table());
    const token = await mail.keepToken({ owner, preference: 'task_reminders' }, newToken());
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask('POST', token)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 204));
    expect(await profiles.get(owner)).toMatchObject({ version: 2 });
  });

  it('turns off again what its owner has turned on again', async () => {
    const { mail, profiles, owner, ask } = await mailRoom(table());
    const token = await mail.keepToken({ owner, preference: 'task_overdue' }, newToken());
    const profile = await profiles.get(owner);
    await ask('POST', token);
    if (profile) await profiles.replace({ ...profile, version: 3 }, null);
    await ask('POST', token);
    expect(await profiles.get(owner)).toMatchObject({ version: 4, notifications: { task_overdue: false } });
  });

  it('shows a person a page that asks, and changes nothing: programs follow links as well', async () => {
    const { mail, profiles, owner, ask } = await mailRoom(table());
    const token = await mail.keepToken({ owner, preference: 'task_due_soon' }, newToken());
    const page = await ask('GET', token, { headers: { accept: 'text/html,*/*;q=0.8' } });
    expect(page).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': expect.stringContaining("form-action 'self'"),
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      },
    });
    expect(page.text).toContain('mail about tasks that are due soon');
    expect(page.text).toContain('<form method="post"><button>');
    expect(await profiles.get(owner)).toMatchObject({ version: 1 });

    const after = await ask('POST', token, { body: '', headers: { accept: 'text/html,*/*;q=0.8' } });
    expect(after.status).toBe(200);
    expect(after.text).toContain('<h1>Done</h1>');
    expect(await profiles.get(owner)).toMatchObject({ version: 2, notifications: { task_due_soon: false } });
  });

  it.each(['GET', 'POST'] as const)('that is none is a 404: %s', async (method) => {
    const { mail, ask } = await mailRoom(table());
    const gone = await mail.keepToken({ owner: userId(randomUUID()), preference: 'task_reminders' }, newToken());
    for (const token of [newToken(), newToken().slice(1), `${newToken()}x`, '../PROFILE', 'ö']) {
      expect([token, (await ask(method, token)).status]).toEqual([token, 404]);
    }
    if (method === 'POST') expect((await ask(method, gone)).status).toBe(404);
  });

  it('may be tried so often from one place, and no more', async () => {
    // A minute in which nobody else has asked.
    const { ask } = await mailRoom(table(), { at: new Date('2026-11-24T12:34:00Z'), perMinute: 3 });
    const statuses: (number | undefined)[] = [];
    for (let count = 0; count < 5; count += 1) statuses.push((await ask('POST', newToken())).status);
    expect(statuses).toEqual([404, 404, 404, 429, 429]);
  });
});

describeOnEngines('the log of the mail room', (table) => {
  const lines = logLines();

  it('holds no token', async () => {
    const { mail, owner, ask } = await mailRoom(table());
    const [token, none] = [await mail.keepToken({ owner, preference: 'task_reminders' }, newToken()), newToken()];
    await ask('GET', token);
    await ask('POST', token);
    await ask('POST', none);
    expect(lines).toHaveLength(3);
    const written = JSON.stringify(lines);
    for (const secret of [token, none, owner]) expect(written).not.toContain(secret);
  });
});
