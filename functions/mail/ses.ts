import { SESv2Client, type SESv2ClientConfig, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { errorOf, log, loggedUser } from '#shared/log.ts';
import { traced } from '#shared/trace.ts';
import type { Post } from './mail.ts';

/** A connection that hangs is given up: what SES has taken by then is taken. */
const patience = { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true };

export interface SesSettings {
  readonly MAIL_FROM: string;
  readonly MAIL_CONFIGURATION_SET: string;
}

/**
 * SES, asked once: a second attempt of the SDK's own might be a second mail. The configuration set reports bounces and complaints, and a tag
 * says whose they are.
 * @param connection where SES is, for those whose environment does not say it
 */
export const sesPost = (
  { MAIL_FROM, MAIL_CONFIGURATION_SET }: SesSettings,
  connection: SESv2ClientConfig = {},
): Post => {
  const client = traced('SES', new SESv2Client({ requestHandler: patience, ...connection, maxAttempts: 1 }));
  return async ({ owner, to, subject, text, html, headers }) => {
    try {
      await client.send(
        new SendEmailCommand({
          FromEmailAddress: MAIL_FROM,
          Destination: { ToAddresses: [to] },
          Content: {
            Simple: {
              Subject: { Data: subject, Charset: 'UTF-8' },
              Body: { Text: { Data: text, Charset: 'UTF-8' }, Html: { Data: html, Charset: 'UTF-8' } },
              Headers: Object.entries(headers).map(([Name, Value]) => ({ Name, Value })),
            },
          },
          ConfigurationSetName: MAIL_CONFIGURATION_SET,
          EmailTags: [{ Name: 'user', Value: owner }],
        }),
      );
      return 'sent';
    } catch (error) {
      const outcome = outcomeOf(error);
      // The name only: SES likes to repeat addresses in its messages.
      log.error('SES did not take a mail', { user: loggedUser(owner), error: errorOf(error).name, outcome });
      return outcome;
    }
  };
};

/** About the message: it would be refused again. All other refusals are about us (our rate, our quota, our settings), and pass. */
const forGood = new Set(['MessageRejected', 'BadRequestException']);

/** No connection ever came about. */
const unreachable = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

const outcomeOf = (error: unknown): 'throttled' | 'unclear' | 'failed' => {
  if (!(error instanceof Error)) return 'unclear';
  const { name, code, $metadata }: { name?: string; code?: string; $metadata?: { httpStatusCode?: number } } = error;
  const status = $metadata?.httpStatusCode;
  if (forGood.has(name ?? '')) return 'failed';
  if (status !== undefined && status >= 400 && status < 500) return 'throttled';
  return unreachable.has(code ?? '') ? 'throttled' : 'unclear';
};
