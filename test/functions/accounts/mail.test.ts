import { SESClient, SendEmailCommand } from '@aws-sdk/client-ses';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { sesTellOwner } from '#functions/accounts/mail.ts';
import { log } from '#shared/log.ts';

log.setLogLevel('SILENT');

describe('the note to the owner of a known address', () => {
  const client = new SESClient({ region: 'us-east-1' });
  const ses = mockClient(client);
  const tellOwner = sesTellOwner('pomona@pomona.example', client);
  beforeEach(() => {
    ses.reset();
  });

  it('goes to that address alone, and carries nothing that whoever tried has written', async () => {
    await tellOwner('ada@pomona.example');
    const { input } = ses.commandCalls(SendEmailCommand)[0]?.args[0] ?? {};
    expect(input).toMatchObject({
      Source: 'pomona@pomona.example',
      Destination: { ToAddresses: ['ada@pomona.example'] },
    });
    expect(input?.Message?.Body?.Text?.Data).toContain('ask for a new password');
  });

  it('is missed by nobody who must not know of it', async () => {
    ses.rejects(Object.assign(new Error('ada@pomona.example is not verified'), { name: 'MessageRejected' }));
    await expect(tellOwner('ada@pomona.example')).resolves.toBeUndefined();
  });
});
