import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { userId } from '#shared/ids.ts';
import { Failure } from '#shared/problems.ts';
import { describeOnEngines } from '#test/support/table.ts';
import { accountsRoom, goodPassword, member, newAddress, newName, type Reply, type Room } from './room.ts';

describeOnEngines('registering', (table) => {
  let room: Room;
  beforeEach(() => {
    room = accountsRoom(table());
  });

  const register = (email: string, extra: object = {}): Promise<Reply> =>
    room.ask('register', { body: { email, password: goodPassword, ...extra } });
  const confirm = (email: string, code: string = room.pool.codeOf(email)): Promise<Reply> =>
    room.ask('confirmRegistration', { body: { email, code } });
  const profileOf = async (email: string) =>
    room.profiles.get((await room.pool.find(email))?.owner ?? userId('nobody'));

  it('mails a code, and makes the profile once it comes back', async () => {
    const [email, username] = [newAddress(), newName()];
    expect(await register(email, { username, timezone: 'Europe/Berlin' })).toMatchObject({
      status: 202,
      body: { status: 'confirmation_sent' },
    });
    expect(room.pool.codesSent(email)).toBe(1);
    expect(await profileOf(email)).toBeNull();

    expect(await confirm(email)).toMatchObject({ status: 204, body: null });
    expect(await profileOf(email)).toMatchObject({ email, username, timezone: 'Europe/Berlin', is_verified: true });
  });

  it('needs neither a username nor a zone', async () => {
    const email = newAddress();
    await register(email);
    await confirm(email);
    expect(await profileOf(email)).toMatchObject({ username: null, timezone: 'UTC', version: 1 });
  });

  it('takes two spellings of an address for one', async () => {
    const email = newAddress();
    await register(` ${email.toUpperCase()} `);
    expect(room.pool.codesSent(email)).toBe(1);
    expect((await confirm(email.toUpperCase(), room.pool.codeOf(email))).status).toBe(204);
  });

  it('takes no long text for an address, whatever its characters are', async () => {
    const { status } = await register('😀'.repeat(200));
    expect(status).toBe(400);
  });

  it('sends the code again', async () => {
    const email = newAddress();
    await register(email);
    expect((await room.ask('resendConfirmation', { body: { email } })).status).toBe(202);
    expect(room.pool.codesSent(email)).toBe(2);
    expect((await confirm(email)).status).toBe(204);
  });

  it('takes no code that is wrong, old or spent', async () => {
    const email = newAddress();
    await register(email);
    const code = room.pool.codeOf(email);
    expect(await confirm(email, '000000')).toMatchObject({ status: 400, body: { type: 'wrong-code' } });
    room.clock.pass(24 * 60 * 60);
    expect(await confirm(email, code)).toMatchObject({ status: 400, body: { type: 'wrong-code' } });
    await room.ask('resendConfirmation', { body: { email } });
    expect((await confirm(email)).status).toBe(204);
    expect(await confirm(email)).toMatchObject({ status: 400, body: { type: 'wrong-code' } });
  });

  describe('with an address that has an account', () => {
    it('tells its owner, and nobody else', async () => {
      const { email } = await member(room);
      expect(await register(email, { username: newName() })).toEqual(await register(newAddress()));
      expect(room.told).toEqual([email]);
      expect(room.pool.codesSent(email)).toBe(1);
    });

    it('keeps no name for whoever tried', async () => {
      const username = newName();
      await register((await member(room)).email, { username });
      expect((await register(newAddress(), { username })).status).toBe(202);
    });

    it('sends the code again while that account waits for it', async () => {
      const email = newAddress();
      await register(email);
      expect((await register(email)).status).toBe(202);
      expect(room.pool.codesSent(email)).toBe(2);
      expect(room.told).toEqual([]);
    });
  });

  it('is as slow whatever is found', async () => {
    const { email } = await member(room);
    const waiting = newAddress();
    await register(waiting);
    room.pauses.length = 0;
    for (const address of [email, waiting, newAddress()]) {
      await register(address);
      await room.ask('resendConfirmation', { body: { email: address } });
      await room.ask('forgotPassword', { body: { email: address } });
    }
    expect(room.pauses).toEqual(Array.from({ length: 9 }, () => 1_000));
  });

  describe('with a username', () => {
    it('is a 409 when the name is somebody’s, however it is spelled', async () => {
      const username = newName();
      await member(room, { username });
      for (const spelling of [username, username.toUpperCase(), username.replace('u', 'ｕ')]) {
        expect(await register(newAddress(), { username: spelling })).toMatchObject({
          status: 409,
          body: { type: 'username-taken' },
        });
      }
    });

    it('keeps the name for a day, and no longer, until it is confirmed', async () => {
      const username = newName();
      await register(newAddress(), { username });
      room.clock.pass(24 * 60 * 60 - 1);
      expect((await register(newAddress(), { username })).status).toBe(409);
      room.clock.pass(1);
      expect((await register(newAddress(), { username })).status).toBe(202);
    });

    it('keeps a confirmed name for good', async () => {
      const username = newName();
      await member(room, { username });
      room.clock.pass(365 * 24 * 60 * 60);
      expect((await register(newAddress(), { username })).status).toBe(409);
    });

    it('lets the same person try again', async () => {
      const [email, username] = [newAddress(), newName()];
      await register(email, { username });
      expect((await register(email, { username })).status).toBe(202);
      await confirm(email);
      expect(await profileOf(email)).toMatchObject({ username });
    });

    it('keeps the name of one who presses the button twice', async () => {
      const [email, username] = [newAddress(), newName()];
      const answers = await Promise.all([register(email, { username }), register(email, { username })]);
      expect(answers.map(({ status }) => status)).toEqual([202, 202]);
      await confirm(email);
      expect(await profileOf(email)).toMatchObject({ username });
    });

    it('gives the name to one of many who want it at once', async () => {
      const username = newName();
      const answers = await Promise.all(Array.from({ length: 10 }, () => register(newAddress(), { username })));
      expect(answers.map(({ status }) => status).sort()).toEqual([202, ...Array.from({ length: 9 }, () => 409)]);
    });

    it('confirms the account also when the name is another’s by then', async () => {
      const [late, username] = [newAddress(), newName()];
      await register(late, { username });
      room.clock.pass(24 * 60 * 60);
      const { email } = await member(room, { username });
      await room.ask('resendConfirmation', { body: { email: late } });
      expect((await confirm(late)).status).toBe(204);
      expect(await profileOf(late)).toMatchObject({ email: late, username: null });
      expect(await profileOf(email)).toMatchObject({ username });
    });

    it('gives the name back when Cognito does not take the account', async () => {
      const username = newName();
      const { signUp } = room.pool;
      room.pool.signUp = () => Promise.reject(new Failure('too-many-requests', 'later'));
      expect((await register(newAddress(), { username })).status).toBe(429);
      room.pool.signUp = signUp;
      expect((await register(newAddress(), { username })).status).toBe(202);
    });
  });

  it.each([
    ['no address', { email: 'nobody' }, '#/email'],
    ['an address without a domain', { email: 'a@b' }, '#/email'],
    ['an address that is too long', { email: `${'a'.repeat(250)}@b.example` }, '#/email'],
    ['an address of 200,000 characters', { email: `a@${'.'.repeat(200_000)}@` }, '#/email'],
    ['a password of 11 characters', { password: 'x'.repeat(11) }, '#/password'],
    ['a password of 257 characters', { password: 'x'.repeat(257) }, '#/password'],
    ['a password that ends with a space', { password: 'twelve letters ' }, '#/password'],
    ['a password of two lines', { password: 'twelve\nletters' }, '#/password'],
    ['a username like an address', { username: 'a@b.example' }, '#/username'],
    ['a username of two letters', { username: 'ab' }, '#/username'],
    ['a username of 31 letters', { username: 'a'.repeat(31) }, '#/username'],
    ['a username with a space', { username: 'a b c' }, '#/username'],
    ['a zone that does not exist', { timezone: 'Mars/Olympus' }, '#/timezone'],
    ['something unknown', { colour: 'red' }, '#/colour'],
  ])('is a 400 with %s, and reaches nobody', async (_, wrong, pointer) => {
    const email = newAddress();
    const answer = await register(email, wrong);
    expect(answer).toMatchObject({ status: 400, body: { type: 'invalid-request', errors: [{ pointer }] } });
    expect(answer.body?.errors).toHaveLength(1);
    expect(await room.pool.find(email)).toBeNull();
  });

  it('takes passwords of any letters, from 12 to 256 of them', async () => {
    for (const password of ['x'.repeat(12), '🔑'.repeat(12), 'x'.repeat(256), 'twelve words']) {
      expect((await register(newAddress(), { password })).status).toBe(202);
    }
  });

  it('is a 429 for a source that tries too often, and for no other', async () => {
    room = accountsRoom(table(), { perMinute: 2 });
    const [abuser, neighbour] = [randomUUID(), randomUUID()];
    const from = (sourceIp: string) =>
      room.ask('register', { body: { email: newAddress(), password: goodPassword }, sourceIp });
    expect([await from(abuser), await from(abuser)].map(({ status }) => status)).toEqual([202, 202]);
    room.clock.pass(20);
    expect(await from(abuser)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '40' },
      body: { type: 'too-many-requests' },
    });
    expect((await from(neighbour)).status).toBe(202);
    expect((await room.ask('forgotPassword', { body: { email: newAddress() }, sourceIp: abuser })).status).toBe(202);
    room.clock.pass(40);
    expect((await from(abuser)).status).toBe(202);
  });
});
