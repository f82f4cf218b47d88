import { beforeEach, expect, it } from 'vitest';
import { describeOnEngines } from '#test/support/table.ts';
import { accountsRoom, goodPassword, member, newName, type Reply, type Room } from './room.ts';

describeOnEngines('leaving', (table) => {
  let room: Room;
  beforeEach(() => {
    room = accountsRoom(table());
  });

  const signIn = (login: string): Promise<Reply> =>
    room.ask('issueToken', { body: { grant_type: 'password', login, password: goodPassword } });

  it('ends every session and every socket, and leaves no account', async () => {
    const username = newName();
    const { email, owner } = await member(room, { username });
    const { refresh_token } = (await signIn(email)).body ?? {};
    const left = await room.ask('deleteAccount', { owner, body: { password: goodPassword } });
    expect(left).toMatchObject({ status: 202, body: null });
    const refreshed = await room.ask('issueToken', { body: { grant_type: 'refresh_token', refresh_token } });
    expect(refreshed.status).toBe(401);
    expect(room.socketsEnded).toEqual([owner]);
    for (const login of [email, username]) {
      expect(await signIn(login)).toMatchObject({ status: 401, body: { type: 'invalid-credentials' } });
    }
  });

  it('is a 401 with another password, and has not happened', async () => {
    const { email, owner } = await member(room);
    const { refresh_token } = (await signIn(email)).body ?? {};
    expect(await room.ask('deleteAccount', { owner, body: { password: 'not this one' } })).toMatchObject({
      status: 401,
      body: { type: 'invalid-credentials' },
    });
    expect(room.socketsEnded).toEqual([]);
    const refreshed = await room.ask('issueToken', { body: { grant_type: 'refresh_token', refresh_token } });
    expect(refreshed.status).toBe(200);
    expect((await room.ask('getProfile', { owner })).status).toBe(200);
  });

  it('needs a password', async () => {
    const { owner } = await member(room);
    expect((await room.ask('deleteAccount', { owner })).status).toBe(400);
    expect((await room.ask('deleteAccount', { owner, body: { password: 1 } })).status).toBe(400);
  });

  it('is a 202 again, and no profile comes back with the access token that is left', async () => {
    const { owner } = await member(room);
    await room.ask('deleteAccount', { owner, body: { password: goodPassword } });
    expect((await room.ask('deleteAccount', { owner, body: { password: 'whatever it was' } })).status).toBe(202);
    expect((await room.ask('getProfile', { owner })).status).toBe(404);
    expect((await room.ask('updateProfile', { owner, body: { day_start: '04:00' } })).status).toBe(404);
    expect(await room.profiles.get(owner)).toBeNull();
  });

  it('frees address and username for whoever registers next', async () => {
    const username = newName();
    const { email, owner } = await member(room, { username });
    await room.ask('deleteAccount', { owner, body: { password: goodPassword } });
    const body = { email, username, password: 'another good password' };
    expect((await room.ask('register', { body })).status).toBe(202);
    await room.ask('confirmRegistration', { body: { email, code: room.pool.codeOf(email) } });
    const again = (await room.pool.find(email))?.owner;
    expect(again).not.toBe(owner);
    expect(await room.usernames.ownerOf(username, room.clock.now())).toBe(again);
  });
});
