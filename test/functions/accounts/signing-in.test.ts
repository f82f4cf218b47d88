import { beforeEach, describe, expect, it } from 'vitest';
import { describeOnEngines } from '#test/support/table.ts';
import { accountsRoom, goodPassword, member, newAddress, newName, type Reply, type Room } from './room.ts';

describeOnEngines('signing in', (table) => {
  let room: Room;
  beforeEach(() => {
    room = accountsRoom(table());
  });

  const signIn = (login: string, password = goodPassword): Promise<Reply> =>
    room.ask('issueToken', { body: { grant_type: 'password', login, password } });
  const refresh = (refresh_token: unknown): Promise<Reply> =>
    room.ask('issueToken', { body: { grant_type: 'refresh_token', refresh_token } });

  it('works by e-mail and by username, however they are spelled', async () => {
    const username = `Zoë${newName()}`;
    const { email, owner } = await member(room, { username });
    for (const login of [
      email,
      email.toUpperCase(),
      ` ${email}`,
      username,
      username.toUpperCase(),
      username.normalize('NFD'),
    ]) {
      expect(await signIn(login)).toMatchObject({
        status: 200,
        headers: { 'cache-control': 'no-store' },
        body: { access_token: `access ${owner}`, token_type: 'Bearer', expires_in: 3600 },
      });
    }
  });

  it('takes a user’s id for no login', async () => {
    const { owner } = await member(room);
    expect((await signIn(owner)).status).toBe(401);
  });

  it.each([
    ['the address of nobody', () => newAddress()],
    ['the name of nobody', () => newName()],
    ['a text that folds to more than a key can hold', () => '\ufdfa'.repeat(254)],
    ['something like an address', () => 'a b@'],
  ])('is a 401 with %s, and asks Cognito all the same', async (_, login) => {
    const asked: string[] = [];
    const { signIn: original } = room.pool;
    room.pool.signIn = (name, password) => {
      asked.push(name);
      return original(name, password);
    };
    expect(await signIn(login())).toMatchObject({ status: 401, body: { type: 'invalid-credentials' } });
    expect(asked).toHaveLength(1);
  });

  it('is a 403 with the right password before the account is confirmed, and a 401 with another', async () => {
    const [email, username] = [newAddress(), newName()];
    await room.ask('register', { body: { email, username, password: goodPassword } });
    for (const login of [email, username]) {
      expect(await signIn(login)).toMatchObject({ status: 403, body: { type: 'not-confirmed' } });
      expect(await signIn(login, 'another password')).toMatchObject({
        status: 401,
        body: { type: 'invalid-credentials' },
      });
    }
  });

  it('goes on with the refresh token until it is revoked', async () => {
    const { email } = await member(room);
    const { refresh_token } = (await signIn(email)).body ?? {};
    const refreshed = await refresh(refresh_token);
    expect(refreshed.status).toBe(200);
    expect(Object.keys(refreshed.body ?? {}).sort()).toEqual(['access_token', 'expires_in', 'id_token', 'token_type']);
    expect(await room.ask('revokeToken', { body: { refresh_token } })).toMatchObject({ status: 204, body: null });
    expect(await refresh(refresh_token)).toMatchObject({ status: 401, body: { type: 'invalid-credentials' } });
  });

  it('has revoked a token that is none', async () => {
    expect((await room.ask('revokeToken', { body: { refresh_token: 'nonsense' } })).status).toBe(204);
  });

  it.each([
    ['no kind of grant', { login: 'a', password: 'b' }, '#/grant_type'],
    ['an unknown kind', { grant_type: 'magic' }, '#/grant_type'],
    ['no password', { grant_type: 'password', login: 'a' }, '#/password'],
    ['another kind’s members', { grant_type: 'refresh_token', refresh_token: 'a', login: 'b' }, '#/login'],
    ['an empty token', { grant_type: 'refresh_token', refresh_token: '' }, '#/refresh_token'],
  ])('is a 400 with %s', async (_, body, pointer) => {
    expect(await room.ask('issueToken', { body })).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
  });

  describe('with a forgotten password', () => {
    const reset = (email: string, code: string, new_password = 'a whole new password'): Promise<Reply> =>
      room.ask('resetPassword', { body: { email, code, new_password } });

    it('works anew with the mailed code, which ends every session and every socket', async () => {
      const { email, owner } = await member(room);
      const { refresh_token } = (await signIn(email)).body ?? {};
      expect((await room.ask('forgotPassword', { body: { email } })).status).toBe(202);
      expect((await reset(email, room.pool.codeOf(email))).status).toBe(204);
      expect((await refresh(refresh_token)).status).toBe(401);
      expect(room.socketsEnded).toEqual([owner]);
      expect((await signIn(email)).status).toBe(401);
      expect((await signIn(email, 'a whole new password')).status).toBe(200);
    });

    it('ends nothing with a code that is wrong, old, spent or for something else', async () => {
      const { email } = await member(room);
      const confirmation = room.pool.codeOf(email);
      const { refresh_token } = (await signIn(email)).body ?? {};
      await room.ask('forgotPassword', { body: { email } });
      const code = room.pool.codeOf(email);
      for (const wrong of ['000000', confirmation, 'x y']) {
        expect(await reset(email, wrong)).toMatchObject({ status: 400, body: { type: 'wrong-code' } });
      }
      room.clock.pass(60 * 60);
      expect((await reset(email, code)).status).toBe(400);
      expect(room.socketsEnded).toEqual([]);
      expect((await refresh(refresh_token)).status).toBe(200);
    });

    it('says where a new password is no password', async () => {
      expect(await reset(newAddress(), '123456', 'short')).toMatchObject({
        status: 400,
        body: { type: 'invalid-request', errors: [{ pointer: '#/new_password' }] },
      });
    });

    it('makes the profile of an account that never had one', async () => {
      const email = newAddress();
      const owner = room.pool.add({ email, password: goodPassword });
      await room.ask('forgotPassword', { body: { email } });
      await reset(email, room.pool.codeOf(email));
      expect(await room.profiles.get(owner)).toMatchObject({ email, version: 1 });
    });

    it('leaves a profile as it is', async () => {
      const { email, owner } = await member(room);
      await room.ask('updateProfile', { owner, body: { day_start: '04:00' } });
      await room.ask('forgotPassword', { body: { email } });
      await reset(email, room.pool.codeOf(email));
      expect(await room.profiles.get(owner)).toMatchObject({ day_start: '04:00', version: 2 });
    });
  });

  describe('with a changed password', () => {
    const change = { current_password: goodPassword, new_password: 'a whole new password' };

    it('goes on with new tokens, and with none of the old ones', async () => {
      const { email, owner } = await member(room);
      const { refresh_token } = (await signIn(email)).body ?? {};
      const changed = await room.ask('changePassword', { owner, body: change });
      expect(changed).toMatchObject({ status: 200, body: { access_token: `access ${owner}` } });
      expect((await refresh(refresh_token)).status).toBe(401);
      expect((await refresh(changed.body?.refresh_token)).status).toBe(200);
      expect(room.socketsEnded).toEqual([owner]);
      expect((await signIn(email)).status).toBe(401);
    });

    it('goes on as before when the current one was wrong', async () => {
      const { email, owner } = await member(room);
      const { refresh_token } = (await signIn(email)).body ?? {};
      const body = { ...change, current_password: 'not this one' };
      expect(await room.ask('changePassword', { owner, body })).toMatchObject({
        status: 401,
        body: { type: 'invalid-credentials' },
      });
      expect((await refresh(refresh_token)).status).toBe(200);
      expect(room.socketsEnded).toEqual([]);
      expect((await signIn(email)).status).toBe(200);
    });
  });
});
