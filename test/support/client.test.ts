import { describe, expect, it } from 'vitest';
import { Client } from './client.ts';

const target = { HttpApiUrl: 'http://api', WebSocketUrl: 'ws://api', MailboxUrl: 'http://mail' };

const answering = (response: () => Response): Client => new Client(target, {}, async () => response());

describe('a request past the generated client', () => {
  it('tells what it was refused with', async () => {
    const client = answering(() => Response.json({ message: 'Unauthorized' }, { status: 401 }));
    const { error, response } = await client.ask('POST', '/tasks', { body: '{"title":' });
    expect([response.status, error]).toEqual([401, { message: 'Unauthorized' }]);
  });

  it('is an error when it succeeds: a good one goes by the generated client', async () => {
    const client = answering(() => Response.json({ items: [] }));
    await expect(client.ask('GET', '/tasks')).rejects.toThrow('GET /tasks was not refused: 200 came');
  });
});
