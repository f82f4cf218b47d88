import { beforeEach, expect, it } from 'vitest';
import type { OperationOf } from '#blueprint/routes.ts';
import { logLines } from '#test/support/log-lines.ts';
import { describeOnEngines } from '#test/support/table.ts';
import { accountsRoom, goodPassword, member, newAddress, newName, type Reply, type Room } from './room.ts';

const code = '000000';

describeOnEngines('whether an address has an account', (table) => {
  let room: Room;
  beforeEach(() => {
    room = accountsRoom(table());
  });

  /** Whole answers: status, headers and body. */
  const answers = async (operationId: OperationOf<'accounts'>, bodyOf: (email: string) => object): Promise<Reply[]> => {
    const unconfirmed = newAddress();
    await room.ask('register', { body: { email: unconfirmed, password: goodPassword } });
    const { email: confirmed } = await member(room);
    const { email: withName } = await member(room, { username: newName() });
    const byAdministrator = newAddress();
    room.pool.add({ email: byAdministrator, password: goodPassword });
    const addresses = [newAddress(), unconfirmed, confirmed, withName, byAdministrator];
    return Promise.all(addresses.map((email) => room.ask(operationId, { body: bodyOf(email) })));
  };

  it.each<[OperationOf<'accounts'>, number, (email: string) => object]>([
    ['register', 202, (email) => ({ email, password: 'another good password' })],
    ['register', 202, (email) => ({ email, password: 'another good password', username: newName() })],
    ['register', 400, (email) => ({ email, password: 'short' })],
    ['resendConfirmation', 202, (email) => ({ email })],
    ['confirmRegistration', 400, (email) => ({ email, code })],
    ['forgotPassword', 202, (email) => ({ email })],
    ['resetPassword', 400, (email) => ({ email, code, new_password: 'another good password' })],
    ['issueToken', 401, (email) => ({ grant_type: 'password', login: email, password: 'another good password' })],
  ])('does not show in what %s answers (%i)', async (operationId, status, bodyOf) => {
    const [first, ...others] = await answers(operationId, bodyOf);
    expect(first?.status).toBe(status);
    for (const other of others) expect(other).toEqual(first);
  });

  it('does not show in whether a username is taken', async () => {
    const username = newName();
    await member(room, { username });
    const [first, ...others] = await answers('register', (email) => ({ email, username, password: goodPassword }));
    expect(first?.status).toBe(409);
    for (const other of others) expect(other).toEqual(first);
    expect(room.told).toEqual([]);
  });
});

describeOnEngines('logs', (table) => {
  const lines = logLines();

  it('name no address, password, code, token, username or source', async () => {
    const room = accountsRoom(table());
    const username = newName();
    const { email, owner } = await member(room, { username });
    const password = goodPassword;
    const { body } = await room.ask('issueToken', { body: { grant_type: 'password', login: email, password } });
    const refresh_token = String(body?.refresh_token);
    await room.ask('issueToken', { body: { grant_type: 'password', login: username, password: 'a wrong password' } });
    await room.ask('issueToken', { body: { grant_type: 'refresh_token', refresh_token } });
    await room.ask('register', { body: { email, password, username } });
    await room.ask('register', { body: { email, password: 'short' } });
    await room.ask('forgotPassword', { body: { email } });
    await room.ask('resetPassword', { body: { email, code: '314159', new_password: 'a whole new password' } });
    await room.ask('changePassword', { owner, body: { current_password: password, new_password: 'yet another one' } });
    await room.ask('revokeToken', { body: { refresh_token } });
    await room.ask('getProfile', { owner });

    const secrets = [email, username, password, 'a wrong password', 'a whole new password', 'yet another one'];
    const written = JSON.stringify(lines);
    expect(lines.length).toBeGreaterThan(10);
    for (const secret of [...secrets, refresh_token, '314159', room.pool.codeOf(email), owner, '192.0.2.1']) {
      expect(written).not.toContain(secret);
    }
  });
});
