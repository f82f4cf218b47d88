import { beforeEach, describe, expect, it } from 'vitest';
import { defaultProfile, profileKey } from '#functions/accounts/profile.ts';
import type { UserId } from '#shared/ids.ts';
import { getItem } from '#shared/table.ts';
import { describeOnEngines } from '#test/support/table.ts';
import { accountsRoom, goodPassword, member, newAddress, newName, type Reply, type Room } from './room.ts';

describeOnEngines('a profile', (table) => {
  let room: Room;
  beforeEach(() => {
    room = accountsRoom(table());
  });

  const get = (owner: UserId, headers: Record<string, string> = {}): Promise<Reply> =>
    room.ask('getProfile', { owner, headers });
  const patch = (owner: UserId, body: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
    room.ask('updateProfile', { owner, body, headers });

  it('shows all settings, and what they are before anybody chose', async () => {
    const username = newName();
    const { email, owner } = await member(room, { username });
    const { status, headers, body } = await get(owner);
    expect([status, headers.etag, headers['cache-control']]).toEqual([200, '"1"', 'private, no-cache']);
    expect(body).toEqual({
      user_id: owner,
      email,
      username,
      is_active: true,
      is_verified: true,
      timezone: 'UTC',
      day_start: '00:00',
      pomodoro: { focus_minutes: 25, short_break_minutes: 5, long_break_minutes: 15, long_break_every: 4 },
      notifications: {
        task_due_soon: false,
        due_soon_minutes: 60,
        task_overdue: false,
        pomodoro_finished: false,
        task_reminders: true,
      },
      version: 1,
    });
  });

  it('is not sent again to whoever has it', async () => {
    const { owner } = await member(room);
    expect(await get(owner, { 'if-none-match': 'W/"1"' })).toMatchObject({ status: 304, body: null });
    expect((await get(owner, { 'if-none-match': '"2"' })).status).toBe(200);
  });

  describe('that is missing', () => {
    it('is made from what Cognito knows, once', async () => {
      const [email, username] = [newAddress(), newName()];
      const owner = room.pool.add({ email, password: goodPassword, username, timezone: 'Asia/Tokyo' });
      const answers = await Promise.all([get(owner), get(owner), get(owner), get(owner)]);
      for (const { status, body } of answers) {
        expect(status).toBe(200);
        expect(body).toMatchObject({ email, username, timezone: 'Asia/Tokyo', is_verified: true, version: 1 });
      }
      expect(
        (await room.ask('register', { body: { email: newAddress(), username, password: goodPassword } })).status,
      ).toBe(409);
    });

    it('takes no name and no zone that are none, whatever Cognito was told', async () => {
      const owner = room.pool.add({
        email: newAddress(),
        password: goodPassword,
        username: 'somebody@else.example',
        timezone: 'Mars/Olympus',
      });
      expect((await get(owner)).body).toMatchObject({ username: null, timezone: 'UTC' });
    });

    it('takes nobody’s name away', async () => {
      const username = newName();
      await member(room, { username });
      const owner = room.pool.add({ email: newAddress(), password: goodPassword, username });
      expect((await get(owner)).body).toMatchObject({ username: null });
    });

    it('is a 404 when there is no account any more', async () => {
      const { email, owner } = await member(room);
      await room.pool.remove(owner);
      expect((await get(owner)).status).toBe(200);
      const gone = room.pool.add({ email, password: goodPassword });
      await room.pool.remove(gone);
      expect(await get(gone)).toMatchObject({ status: 404, body: { type: 'not-found' } });
    });
  });

  it('is filled in when another route has made it without asking Cognito', async () => {
    const [email, username] = [newAddress(), newName()];
    const owner = room.pool.add({ email, password: goodPassword, username });
    await room.profiles.create({ ...defaultProfile(owner), timezone: 'Asia/Tokyo' }, null, room.clock.now());
    expect((await get(owner)).body).toMatchObject({
      email,
      username,
      is_verified: true,
      timezone: 'Asia/Tokyo',
      version: 2,
    });
    expect((await get(owner)).body).toMatchObject({ version: 2 });
  });

  it('has the zone that Cognito knows, also when another route has made it without asking', async () => {
    const owner = room.pool.add({ email: newAddress(), password: goodPassword, timezone: 'Europe/Berlin' });
    await room.profiles.create(defaultProfile(owner), null, room.clock.now());
    expect((await get(owner)).body).toMatchObject({ timezone: 'Europe/Berlin', version: 2 });
  });

  describe('being changed', () => {
    it('keeps what the change does not name, at every depth', async () => {
      const { owner } = await member(room, { timezone: 'Europe/Berlin' });
      const answer = await patch(owner, {
        day_start: '04:30',
        pomodoro: { focus_minutes: 50 },
        notifications: { task_overdue: true },
      });
      expect([answer.status, answer.headers.etag]).toEqual([200, '"2"']);
      expect(answer.body).toMatchObject({
        timezone: 'Europe/Berlin',
        day_start: '04:30',
        pomodoro: { focus_minutes: 50, short_break_minutes: 5, long_break_minutes: 15, long_break_every: 4 },
        notifications: { task_overdue: true, task_reminders: true, due_soon_minutes: 60 },
      });
      expect((await get(owner)).body).toEqual(answer.body);
    });

    it('says which device changed it', async () => {
      const { owner } = await member(room);
      await patch(owner, { day_start: '04:30' }, { 'x-client-id': 'phone' });
      expect(await getItem(table(), profileKey(owner))).toMatchObject({ changed_by: 'phone' });
    });

    it('takes back what it gave: get, edit, put back', async () => {
      const { email, owner } = await member(room, { username: newName() });
      const { body } = await get(owner);
      const edited = {
        ...body,
        timezone: 'Asia/Tokyo',
        email: 'else@pomona.example',
        username: null,
        is_active: false,
      };
      expect((await patch(owner, edited)).body).toEqual({ ...body, email, timezone: 'Asia/Tokyo', version: 2 });
    });

    it('takes a JSON merge patch by that name as well', async () => {
      const { owner } = await member(room);
      const type = { 'content-type': 'application/merge-patch+json' };
      expect((await patch(owner, { day_start: '01:00' }, type)).status).toBe(200);
      expect((await patch(owner, { day_start: '01:00' }, { 'content-type': 'text/plain' })).status).toBe(415);
    });

    it('is a 412 when it has changed since', async () => {
      const { owner } = await member(room);
      expect((await patch(owner, { day_start: '01:00' }, { 'if-match': '"1"' })).status).toBe(200);
      expect(await patch(owner, { day_start: '02:00' }, { 'if-match': '"1"' })).toMatchObject({
        status: 412,
        body: { type: 'stale-version' },
      });
      expect((await get(owner)).body).toMatchObject({ day_start: '01:00', version: 2 });
    });

    it('lets one of two through that expect the same version', async () => {
      const { owner } = await member(room);
      const answers = await Promise.all(
        ['01:00', '02:00'].map((day_start) => patch(owner, { day_start }, { 'if-match': '"1"' })),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    });

    it('loses nothing of changes at once that expect nothing', async () => {
      const { owner } = await member(room);
      const changes = [
        { timezone: 'Asia/Tokyo' },
        { day_start: '03:00' },
        { pomodoro: { focus_minutes: 30 } },
        { pomodoro: { long_break_every: 2 } },
        { notifications: { task_due_soon: true } },
      ];
      const answers = await Promise.all(changes.map((change) => patch(owner, change)));
      expect(answers.map(({ status }) => status)).toEqual(changes.map(() => 200));
      expect((await get(owner)).body).toMatchObject({
        timezone: 'Asia/Tokyo',
        day_start: '03:00',
        pomodoro: { focus_minutes: 30, long_break_every: 2 },
        notifications: { task_due_soon: true },
        version: 6,
      });
    });

    it.each([
      [{ timezone: 'Mars/Olympus' }, '#/timezone'],
      [{ timezone: null }, '#/timezone'],
      [{ day_start: '24:00' }, '#/day_start'],
      [{ day_start: '4:00' }, '#/day_start'],
      [{ pomodoro: null }, '#/pomodoro'],
      [{ pomodoro: { focus_minutes: 0 } }, '#/pomodoro/focus_minutes'],
      [{ pomodoro: { focus_minutes: 241 } }, '#/pomodoro/focus_minutes'],
      [{ pomodoro: { short_break_minutes: 1.5 } }, '#/pomodoro/short_break_minutes'],
      [{ pomodoro: { long_break_minutes: '5' } }, '#/pomodoro/long_break_minutes'],
      [{ pomodoro: { long_break_every: 13 } }, '#/pomodoro/long_break_every'],
      [{ pomodoro: { colour: 'red' } }, '#/pomodoro/colour'],
      [{ notifications: { due_soon_minutes: 10_081 } }, '#/notifications/due_soon_minutes'],
      [{ notifications: { task_overdue: null } }, '#/notifications/task_overdue'],
      [{ colour: 'red' }, '#/colour'],
      [[], '#'],
      ['{', '#'],
    ])('is a 400 with %j, and stays as it is', async (body, pointer) => {
      const { owner } = await member(room);
      expect(await patch(owner, body)).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
      expect((await get(owner)).body).toMatchObject({ version: 1 });
    });
  });
});
