import { beforeAll, describe, expect, it } from 'vitest';
import { type Client, codeFor, expectStatus, mailTo, signIn, signUp, type Tokens } from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import { anyone, goodPassword, newAddress, somebody } from './support.ts';

interface Profile {
  readonly email: string;
  readonly username: string | null;
  readonly is_verified: boolean;
  readonly timezone: string;
  readonly version: number;
}

interface Problem {
  readonly type: string;
  readonly errors?: readonly { readonly pointer: string }[];
}

const newName = (): string => `u${crypto.randomUUID().slice(0, 12)}`;

describe('an account', () => {
  let nobody: Client;
  beforeAll(async () => {
    nobody = await anyone();
  });

  it('is registered, confirmed by mail, signed in to, refreshed, and has a profile', async () => {
    const [email, username] = [newAddress(), newName()];
    const registered = await nobody.post('/register', {
      email,
      username,
      password: goodPassword,
      timezone: 'Europe/Berlin',
    });
    expect(expectStatus(registered, 202)).toEqual({ status: 'confirmation_sent' });
    const early = await nobody.post<Problem>('/token', {
      grant_type: 'password',
      login: email,
      password: goodPassword,
    });
    expect([early.status, early.body.type]).toEqual([403, 'not-confirmed']);

    expectStatus(await nobody.post('/register/confirm', { email, code: await codeFor(nobody.target, email) }), 204);
    const byMail = await signIn(nobody, email, goodPassword);
    const byName = await signIn(nobody, username.toUpperCase(), goodPassword);
    expect(byName.tokens).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
    expect(expectStatus(await byMail.client.get<Profile>('/me'), 200)).toMatchObject({
      email,
      username,
      is_verified: true,
      timezone: 'Europe/Berlin',
      day_start: '00:00',
      pomodoro: { focus_minutes: 25, short_break_minutes: 5, long_break_minutes: 15 },
      notifications: { task_due_soon: false, due_soon_minutes: 60 },
    });

    const { refresh_token } = byMail.tokens;
    const refreshed = expectStatus(
      await nobody.post<Tokens>('/token', { grant_type: 'refresh_token', refresh_token }),
      200,
    );
    expectStatus(await nobody.withToken(refreshed.access_token).get('/me'), 200);
    expectStatus(await nobody.post('/token/revoke', { refresh_token }), 204);
    expect((await nobody.post('/token', { grant_type: 'refresh_token', refresh_token })).status).toBe(401);
  });

  it('has a username of its own', async () => {
    const username = newName();
    await somebody({ username });
    const second = await nobody.post<Problem>('/register', {
      email: newAddress(),
      username: username.toUpperCase(),
      password: goodPassword,
    });
    expect([second.status, second.body.type]).toEqual([409, 'username-taken']);
  });

  it('is not given away by any route', async () => {
    const ada = await somebody();
    const body = { password: goodPassword };
    const known = await nobody.post('/register', { email: ada.email, ...body });
    const unknown = await nobody.post('/register', { email: newAddress(), ...body });
    expect([known.status, known.body]).toEqual([unknown.status, unknown.body]);
    // Its owner is told.
    await expect.poll(async () => (await mailTo(nobody.target, ada.email)).length).toBeGreaterThan(1);

    for (const [path, rest] of [
      ['/password/forgot', {}],
      ['/register/resend', {}],
      ['/password/reset', { code: '000000', new_password: goodPassword }],
      ['/register/confirm', { code: '000000' }],
    ] as const) {
      const answers = await Promise.all(
        [ada.email, newAddress()].map((email) => nobody.post<object>(path, { email, ...rest })),
      );
      const [first, second] = answers.map(({ status, body: said }) => [status, { ...said, instance: null }]);
      expect(first).toEqual(second);
    }
    for (const login of [ada.email, newAddress(), newName()]) {
      const answer = await nobody.post<Problem>('/token', {
        grant_type: 'password',
        login,
        password: 'wrong password 1',
      });
      expect([answer.status, answer.body.type]).toEqual([401, 'invalid-credentials']);
    }
  });

  it('gets a new password by mail, which ends every session and every socket', async () => {
    const ada = await somebody();
    const device = new Device(ada.client);
    await device.connect();
    const before = (await mailTo(nobody.target, ada.email)).length;
    expectStatus(await nobody.post('/password/forgot', { email: ada.email }), 202);
    const code = await codeFor(nobody.target, ada.email, before);
    const reset = { email: ada.email, code, new_password: 'a whole new password' };
    expect((await nobody.post('/password/reset', { ...reset, code: '000000' })).status).toBe(400);
    expectStatus(await nobody.post('/password/reset', reset), 204);
    expect((await nobody.post('/password/reset', reset)).status).toBe(400);

    await device.until(() => !device.connected, 'its socket closed');
    const { refresh_token } = ada.tokens;
    expect((await nobody.post('/token', { grant_type: 'refresh_token', refresh_token })).status).toBe(401);
    await expect(signIn(nobody, ada.email, goodPassword)).rejects.toThrow('401');
    await signIn(nobody, ada.email, 'a whole new password');
  });

  it('changes its password, which signs in anew and ends the rest', async () => {
    const ada = await somebody();
    const wrong = { current_password: 'not this one at all', new_password: 'a whole new password' };
    expect((await ada.client.post('/password/change', wrong)).status).toBe(401);
    const changed = await ada.client.post<Tokens>('/password/change', { ...wrong, current_password: goodPassword });
    const tokens = expectStatus(changed, 200);
    expectStatus(await nobody.withToken(tokens.access_token).get('/me'), 200);
    const { refresh_token } = ada.tokens;
    expect((await nobody.post('/token', { grant_type: 'refresh_token', refresh_token })).status).toBe(401);
    expectStatus(
      await nobody.post('/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }),
      200,
    );
  });

  it('keeps its settings', async () => {
    const ada = await somebody();
    const before = await ada.client.get<Profile>('/me');
    const etag = before.headers.get('etag') ?? '';
    expect((await ada.client.get('/me', { 'if-none-match': etag })).status).toBe(304);
    const patch = { timezone: 'Pacific/Auckland', pomodoro: { focus_minutes: 50 }, email: 'ignored@pomona.example' };
    const after = expectStatus(await ada.client.patch<Profile>('/me', patch, { 'if-match': etag }), 200);
    expect(after).toMatchObject({
      email: ada.email,
      timezone: 'Pacific/Auckland',
      pomodoro: { focus_minutes: 50, short_break_minutes: 5 },
    });
    expect((await ada.client.patch('/me', patch, { 'if-match': etag })).status).toBe(412);
  });

  it.each([
    ['a short password', { password: 'short' }, '#/password'],
    ['no address', { email: 'nobody' }, '#/email'],
    ['a zone that does not exist', { timezone: 'Mars/Olympus' }, '#/timezone'],
    ['a username like an address', { username: 'a@b' }, '#/username'],
    ['something unknown', { colour: 'red' }, '#/colour'],
  ])('cannot be registered with %s', async (_, wrong, pointer) => {
    const answer = await nobody.post<Problem>('/register', { email: newAddress(), password: goodPassword, ...wrong });
    expect(answer.status).toBe(400);
    expect(answer.body.errors?.map((fault) => fault.pointer)).toEqual([pointer]);
  });

  it('asks the same person for the code again, and gets it', async () => {
    const email = newAddress();
    expectStatus(await nobody.post('/register', { email, password: goodPassword }), 202);
    await codeFor(nobody.target, email);
    expectStatus(await nobody.post('/register/resend', { email }), 202);
    const code = await codeFor(nobody.target, email, 1);
    expectStatus(await nobody.post('/register/confirm', { email, code }), 204);
    await signIn(nobody, email, goodPassword);
  });

  it('is its owner’s however they spell its address', async () => {
    const email = newAddress();
    await signUp(nobody, email.toUpperCase(), goodPassword);
    await signIn(nobody, email, goodPassword);
  });
});
