import type { APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { authorizeConnection } from '#functions/sync/authorize-connection.ts';
import type { TicketHolder, TicketStore } from '#functions/sync/ticket.ts';
import { secondsAfter } from '#shared/clock.ts';
import { userId } from '#shared/ids.ts';

const start = new Date('2026-11-24T12:00:00Z');
const ada = userId('ada');
const tokenExpiresAt = secondsAfter(start, 3600).getTime() / 1000;
const methodArn = 'arn:aws:execute-api:eu-central-1:111122223333:abc/live/$connect';

/** A door, with one ticket that waits for thirty seconds, and one good token. */
const door = (holder: Partial<TicketHolder> = {}) => {
  let now = start;
  const waiting = new Map([['ticket', { owner: ada, clientId: 'phone', tokenExpiresAt, ...holder }]]);
  const tickets: TicketStore = {
    keep: async () => undefined,
    spend: async (ticket, at) => {
      const found = waiting.get(ticket);
      waiting.delete(ticket);
      return found && at < secondsAfter(start, 30) ? found : null;
    },
  };
  const authorize = authorizeConnection({
    clock: { now: () => now },
    tickets,
    verifyAccessToken: async (token) => (token === 'good' ? { owner: userId('grace'), tokenExpiresAt } : null),
  });
  return {
    waitSeconds: (seconds: number) => {
      now = secondsAfter(now, seconds);
    },
    knock: (brought: { ticket?: string; headers?: Record<string, string> }) =>
      authorize({
        type: 'REQUEST',
        methodArn,
        headers: brought.headers ?? null,
        queryStringParameters: brought.ticket === undefined ? null : { ticket: brought.ticket },
      } as unknown as APIGatewayRequestAuthorizerEvent),
  };
};

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

describe('connecting with a ticket', () => {
  it('lets its holder in, on this connection alone, and says who it is', async () => {
    expect(await door().knock({ ticket: 'ticket' })).toEqual({
      principalId: 'ada',
      policyDocument: {
        Version: '2012-10-17',
        Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: methodArn }],
      },
      context: { user_id: 'ada', token_expires_at: tokenExpiresAt, client_id: 'phone' },
    });
  });

  it('says no client_id where none was given: the context holds no null', async () => {
    const { context } = await door({ clientId: null }).knock({ ticket: 'ticket' });
    expect(context).toEqual({ user_id: 'ada', token_expires_at: tokenExpiresAt });
  });

  it('works once', async () => {
    const { knock } = door();
    await knock({ ticket: 'ticket' });
    await expect(knock({ ticket: 'ticket' })).rejects.toThrow(/^Unauthorized$/);
  });

  it('works in time', async () => {
    const { knock, waitSeconds } = door();
    waitSeconds(30);
    await expect(knock({ ticket: 'ticket' })).rejects.toThrow(/^Unauthorized$/);
  });

  it('does not work when the token behind it has run out', async () => {
    const { knock } = door({ tokenExpiresAt: start.getTime() / 1000 });
    await expect(knock({ ticket: 'ticket' })).rejects.toThrow(/^Unauthorized$/);
  });

  it('decides alone when a token comes along', async () => {
    const both = door();
    expect(await both.knock({ ticket: 'ticket', ...bearer('good') })).toMatchObject({ principalId: 'ada' });
    await expect(both.knock({ ticket: 'ticket', ...bearer('good') })).rejects.toThrow(/^Unauthorized$/);
  });
});

describe('connecting with an access token', () => {
  it('lets its owner in', async () => {
    expect(await door().knock(bearer('good'))).toMatchObject({
      principalId: 'grace',
      context: { user_id: 'grace', token_expires_at: tokenExpiresAt },
    });
  });

  it.each(['Authorization', 'authorization'])('finds it in %s, whatever the case of its scheme', async (name) => {
    expect(await door().knock({ headers: { [name]: 'bEARER good' } })).toMatchObject({ principalId: 'grace' });
  });

  it('takes the device’s name from X-Client-Id, if it is one', async () => {
    const contextWith = async (id: string) =>
      (await door().knock({ headers: { ...bearer('good').headers, 'X-Client-Id': id } })).context;
    expect(await contextWith('laptop')).toMatchObject({ client_id: 'laptop' });
    for (const none of ['', 'two words', 'x'.repeat(65)])
      expect(await contextWith(none)).not.toHaveProperty('client_id');
  });

  it('does not work once it has run out, even if its signature was good', async () => {
    const { knock, waitSeconds } = door();
    waitSeconds(3600);
    await expect(knock(bearer('good'))).rejects.toThrow(/^Unauthorized$/);
  });
});

it.each([
  ['neither ticket nor token', {}],
  ['an empty ticket', { ticket: '' }],
  ['a made-up ticket', { ticket: 'another' }],
  ['a forged token', bearer('forged')],
  ['a token without its scheme', { headers: { Authorization: 'good' } }],
  ['a token as a ticket', { ticket: 'good' }],
])('refuses %s', async (_, brought) => {
  await expect(door().knock(brought)).rejects.toThrow(/^Unauthorized$/);
});
