import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Client,
  codeFor,
  expectData,
  expectNothing,
  expectProblem,
  expectStatus,
  mailTo,
  signIn,
  signUp,
} from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import { anyone, goodPassword, needs, newAddress, somebody } from './support.ts';

const newName = (): string => `u${crypto.randomUUID().slice(0, 12)}`;

describe('an account', () => {
  let nobody: Client;
  beforeAll(async () => {
    nobody = await anyone();
  });

  const enter = (login: string, password: string) =>
    nobody.api.POST('/token', { body: { grant_type: 'password', login, password } });
  const refresh = (refresh_token: string) =>
    nobody.api.POST('/token', { body: { grant_type: 'refresh_token', refresh_token } });

  it('is registered, confirmed by mail, signed in to, refreshed, and has a profile', needs('sign-up'), async () => {
    const [email, username] = [newAddress(), newName()];
    const registered = await nobody.api.POST('/register', {
      body: { email, username, password: goodPassword, timezone: 'Europe/Berlin' },
    });
    expect(expectData(registered, 202)).toEqual({ status: 'confirmation_sent' });
    expect(expectProblem(await enter(email, goodPassword), 403).type).toBe('not-confirmed');

    const code = await codeFor(nobody.target, email);
    expectNothing(await nobody.api.POST('/register/confirm', { body: { email, code } }));
    const byMail = await signIn(nobody, email, goodPassword);
    const byName = await signIn(nobody, username.toUpperCase(), goodPassword);
    expect(byName.tokens).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
    expect(expectData(await byMail.client.api.GET('/me'), 200)).toMatchObject({
      email,
      username,
      is_verified: true,
      timezone: 'Europe/Berlin',
      day_start: '00:00',
      pomodoro: { focus_minutes: 25, short_break_minutes: 5, long_break_minutes: 15 },
      notifications: { task_due_soon: false, due_soon_minutes: 60 },
    });

    const { refresh_token } = byMail.tokens;
    const refreshed = expectData(await refresh(refresh_token), 200);
    expectData(await nobody.withToken(refreshed.access_token).api.GET('/me'), 200);
    expectNothing(await nobody.api.POST('/token/revoke', { body: { refresh_token } }));
    expectStatus(await refresh(refresh_token), 401);
  });

  it('has a username of its own', async () => {
    const username = newName();
    await somebody({ username });
    const second = await nobody.api.POST('/register', {
      body: { email: newAddress(), username: username.toUpperCase(), password: goodPassword },
    });
    expect(expectProblem(second, 409).type).toBe('username-taken');
  });

  it('is not given away by any route', needs('mailbox'), async () => {
    const ada = await somebody();
    const before = (await mailTo(nobody.target, ada.email)).length;
    const register = async (email: string) =>
      expectData(await nobody.api.POST('/register', { body: { email, password: goodPassword } }), 202);
    expect(await register(ada.email)).toEqual(await register(newAddress()));
    // Its owner is told.
    await expect.poll(async () => (await mailTo(nobody.target, ada.email)).length).toBeGreaterThan(before);

    const wrong = { code: '000000', new_password: goodPassword };
    for (const ask of [
      (email: string) => nobody.api.POST('/password/forgot', { body: { email } }),
      (email: string) => nobody.api.POST('/register/resend', { body: { email } }),
      (email: string) => nobody.api.POST('/password/reset', { body: { email, ...wrong } }),
      (email: string) => nobody.api.POST('/register/confirm', { body: { email, code: wrong.code } }),
    ]) {
      const answers = await Promise.all([ask(ada.email), ask(newAddress())]);
      const [first, second] = answers.map(({ data, error, response }) => [
        response.status,
        { ...(data ?? error), instance: null },
      ]);
      expect(first).toEqual(second);
    }
    for (const login of [ada.email, newAddress(), newName()]) {
      expect(expectProblem(await enter(login, 'wrong password 1'), 401).type).toBe('invalid-credentials');
    }
  });

  it('gets a new password by mail, which ends every session and every socket', needs('mailbox'), async () => {
    const ada = await somebody();
    const device = new Device(ada.client);
    await device.connect();
    const before = (await mailTo(nobody.target, ada.email)).length;
    expectData(await nobody.api.POST('/password/forgot', { body: { email: ada.email } }), 202);
    const code = await codeFor(nobody.target, ada.email, before);
    const reset = (mailed: string) =>
      nobody.api.POST('/password/reset', {
        body: { email: ada.email, code: mailed, new_password: 'a whole new password' },
      });
    expectStatus(await reset('000000'), 400);
    expectNothing(await reset(code));
    expectStatus(await reset(code), 400);

    await device.until(() => !device.connected, 'its socket closed');
    expectStatus(await refresh(ada.tokens.refresh_token), 401);
    await expect(signIn(nobody, ada.email, goodPassword)).rejects.toThrow('401');
    await signIn(nobody, ada.email, 'a whole new password');
  });

  it('changes its password, which signs in anew and ends the rest', async () => {
    const ada = await somebody();
    const change = (current_password: string) =>
      ada.client.api.POST('/password/change', { body: { current_password, new_password: 'a whole new password' } });
    expectStatus(await change('not this one at all'), 401);
    const tokens = expectData(await change(goodPassword), 200);
    expectData(await nobody.withToken(tokens.access_token).api.GET('/me'), 200);
    expectStatus(await refresh(ada.tokens.refresh_token), 401);
    expectData(await refresh(tokens.refresh_token ?? ''), 200);
  });

  it('keeps its settings', async () => {
    const ada = await somebody();
    const before = await ada.client.api.GET('/me');
    const etag = before.response.headers.get('etag') ?? '';
    expectStatus(await ada.client.api.GET('/me', { params: { header: { 'If-None-Match': etag } } }), 304);
    const body = { timezone: 'Pacific/Auckland', pomodoro: { focus_minutes: 50 }, email: 'ignored@pomona.example' };
    const patch = () => ada.client.api.PATCH('/me', { params: { header: { 'If-Match': etag } }, body });
    expect(expectData(await patch(), 200)).toMatchObject({
      email: ada.email,
      timezone: 'Pacific/Auckland',
      pomodoro: { focus_minutes: 50, short_break_minutes: 5 },
    });
    expectStatus(await patch(), 412);
  });

  it.each([
    ['a short password', { password: 'short' }, '#/password'],
    ['no address', { email: 'nobody' }, '#/email'],
    ['a zone that does not exist', { timezone: 'Mars/Olympus' }, '#/timezone'],
    ['a username like an address', { username: 'a@b' }, '#/username'],
    ['something unknown', { colour: 'red' }, '#/colour'],
  ])('cannot be registered with %s', async (_, wrong, pointer) => {
    const body = { email: newAddress(), password: goodPassword, ...wrong };
    const { errors } = expectProblem(await nobody.ask('POST', '/register', { body }), 400);
    expect(errors?.map((fault) => fault.pointer)).toEqual([pointer]);
  });

  it('asks the same person for the code again, and gets it', needs('mailbox'), async () => {
    const email = newAddress();
    expectData(await nobody.api.POST('/register', { body: { email, password: goodPassword } }), 202);
    await codeFor(nobody.target, email);
    expectData(await nobody.api.POST('/register/resend', { body: { email } }), 202);
    const code = await codeFor(nobody.target, email, 1);
    expectNothing(await nobody.api.POST('/register/confirm', { body: { email, code } }));
    await signIn(nobody, email, goodPassword);
  });

  it('is its owner’s however they spell its address', needs('mailbox'), async () => {
    const email = newAddress();
    await signUp(nobody, email.toUpperCase(), goodPassword);
    await signIn(nobody, email, goodPassword);
  });
});
