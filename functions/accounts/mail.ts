import { SESClient, SendEmailCommand } from '@aws-sdk/client-ses';
import { errorOf, log } from '#shared/log.ts';
import { traced } from '#shared/trace.ts';
import type { TellOwner } from './account.ts';

const patience = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true };

const text = `Somebody, perhaps you, tried to register at Pomona with this address. It has an account already.

If it was you: sign in, or ask for a new password if you have forgotten it.
If it was not: you need not do anything. Nobody was told that the account exists.
`;

/** The note to the owner of a known address. It fails silently to the caller, who must not notice a difference, and loudly to the log. */
export const sesTellOwner =
  (
    from: string,
    client: SESClient = traced('SES', new SESClient({ requestHandler: patience, maxAttempts: 1 })),
  ): TellOwner =>
  async (email) => {
    try {
      await client.send(
        new SendEmailCommand({
          Source: from,
          Destination: { ToAddresses: [email] },
          Message: { Subject: { Data: 'You have an account at Pomona' }, Body: { Text: { Data: text } } },
        }),
      );
    } catch (error) {
      log.error('a note to the owner of an address was not sent', { error: errorOf(error).name });
    }
  };
