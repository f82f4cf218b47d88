import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { mockClient } from 'aws-sdk-client-mock';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Message } from '#functions/mail/mail.ts';
import { sesPost } from '#functions/mail/ses.ts';
import { startMailbox } from '#local/mailbox.ts';
import type { Part } from '#local/parts.ts';
import { userId } from '#shared/ids.ts';
import { log } from '#shared/log.ts';
import { freePorts } from '#test/support/ports.ts';

log.setLogLevel('SILENT');

const settings = { MAIL_FROM: 'no-reply@pomona.example', MAIL_CONFIGURATION_SET: 'notices' };

const message = (facts: Partial<Message> = {}): Message => ({
  owner: userId('0198b6a1-0000-7000-8000-000000000000'),
  to: 'ada@pomona.example',
  subject: 'Reminder: לקנות חלב 🥛',
  text: 'לקנות חלב 🥛\n',
  html: '<h1 dir="auto">לקנות חלב 🥛</h1>\n',
  headers: {
    'List-Unsubscribe': '<https://api.pomona.example/unsubscribe/a-token>',
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  },
  ...facts,
});

const at = (endpoint: string, requestTimeout = 5_000) => ({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  requestHandler: { requestTimeout, throwOnRequestTimeout: true },
});

describe('a mail in the mailbox', () => {
  let mailbox: Part & { readonly url: string };
  beforeAll(async () => {
    mailbox = await startMailbox({ port: await freePorts() });
  });
  afterAll(() => mailbox.stop());

  /** As a mail program reads it. */
  const received = async (to: string) => {
    const { emails } = (await (await fetch(`${mailbox.url}/store`)).json()) as {
      emails: { messageId: string; destination: { to: string[] } }[];
    };
    const [mail, ...others] = emails.filter(({ destination }) => destination.to.includes(to));
    expect(others).toEqual([]);
    const answer = await fetch(`${mailbox.url}/get-emlContent?messageId=${mail?.messageId}`);
    const { body } = (await answer.json()) as { body: { data: number[] } };
    return PostalMime.parse(Buffer.from(body.data));
  };

  it('is what was sent, to one address, with the headers of RFC 8058', async () => {
    const to = `${randomUUID()}@pomona.example`;
    const sent = message({ to });
    expect(await sesPost(settings, at(mailbox.url))(sent)).toBe('sent');
    const mail = await received(to);
    expect(mail).toMatchObject({
      from: { address: 'no-reply@pomona.example' },
      to: [{ address: to }],
      subject: sent.subject,
      text: sent.text,
      html: sent.html,
    });
    const headers = Object.fromEntries(mail.headers.map(({ key, value }) => [key, value]));
    expect(headers).toMatchObject({
      'list-unsubscribe': '<https://api.pomona.example/unsubscribe/a-token>',
      'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
    });
    expect(headers).not.toHaveProperty('cc');
    expect(headers).not.toHaveProperty('bcc');
  });
});

describe('SES', () => {
  const mocked = () => mockClient(SESv2Client);
  let ses: ReturnType<typeof mocked>;
  beforeAll(() => {
    ses = mocked();
  });
  beforeEach(() => {
    ses.reset();
  });
  afterAll(() => ses.restore());
  const post = sesPost(settings, { region: 'us-east-1' });

  it('is asked with the configuration set, and told whose mail it is', async () => {
    ses.resolves({ MessageId: '1' });
    await post(message());
    expect(ses.commandCalls(SendEmailCommand).map(({ args }) => args[0].input)).toMatchObject([
      {
        FromEmailAddress: 'no-reply@pomona.example',
        Destination: { ToAddresses: ['ada@pomona.example'] },
        ConfigurationSetName: 'notices',
        EmailTags: [{ Name: 'user', Value: '0198b6a1-0000-7000-8000-000000000000' }],
      },
    ]);
  });

  const answered = (name: string, httpStatusCode: number) =>
    Object.assign(new Error(`${name}: ada@pomona.example`), { name, $metadata: { httpStatusCode } });

  it.each([
    ['its rate is reached', answered('TooManyRequestsException', 429), 'throttled'],
    ['our quota is used up', answered('LimitExceededException', 400), 'throttled'],
    ['our sending is paused', answered('SendingPausedException', 400), 'throttled'],
    ['our account is suspended', answered('AccountSuspendedException', 400), 'throttled'],
    ['we may not', answered('AccessDeniedException', 403), 'throttled'],
    ['the configuration set is gone', answered('NotFoundException', 404), 'throttled'],
    ['nobody listens', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'throttled'],
    ['it refuses the message', answered('MessageRejected', 400), 'failed'],
    ['the address is none', answered('BadRequestException', 400), 'failed'],
    ['it stumbles', answered('InternalServiceErrorException', 500), 'unclear'],
    ['it is away for a moment', answered('ServiceUnavailable', 503), 'unclear'],
    ['the connection breaks', Object.assign(new Error('reset'), { code: 'ECONNRESET' }), 'unclear'],
    ['it does not answer in time', Object.assign(new Error('late'), { name: 'TimeoutError' }), 'unclear'],
  ] as const)('when %s', async (_, error, outcome) => {
    ses.rejects(error);
    expect(await post(message())).toBe(outcome);
  });
});

describe('a real connection', () => {
  let asked = 0;
  let server: Server;
  let behave: (respond: { status: (code: number, type: string) => void; destroy: () => void }) => void;
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked += 1;
      request.resume();
      behave({
        status: (code, type) =>
          response
            .writeHead(code, { 'content-type': 'application/json', 'x-amzn-errortype': type })
            .end(JSON.stringify({ message: type })),
        destroy: () => response.destroy(),
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const send = () => {
    asked = 0;
    return sesPost(settings, at(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 300))(message());
  };

  it.each<[string, typeof behave, string]>([
    ['is throttled', ({ status }) => status(429, 'TooManyRequestsException'), 'throttled'],
    ['is refused', ({ status }) => status(400, 'MessageRejected'), 'failed'],
    ['meets an error', ({ status }) => status(500, 'InternalServiceErrorException'), 'unclear'],
    ['breaks', ({ destroy }) => destroy(), 'unclear'],
    ['hangs', () => undefined, 'unclear'],
  ])('that %s is tried once', async (_, how, outcome) => {
    behave = how;
    expect(await send()).toBe(outcome);
    expect(asked).toBe(1);
  });

  it('that nobody takes has sent nothing', async () => {
    const port = await freePorts();
    expect(await sesPost(settings, at(`http://127.0.0.1:${port}`))(message())).toBe('throttled');
  });
});
