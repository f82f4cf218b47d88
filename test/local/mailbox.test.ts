import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { suppressionOf } from '#functions/mail/mail-event.ts';
import { startMailbox } from '#local/mailbox.ts';
import type { BusEvent, Part } from '#local/parts.ts';
import { hashOf } from '#shared/ids.ts';
import { assemblyOf } from '#test/support/assembly.ts';
import { freePort } from '#test/support/ports.ts';

const events: BusEvent[] = [];
let mailbox: Part & { readonly url: string };
let ses: SESv2Client;

beforeAll(async () => {
  const destination = (ConfigurationSetName: string, MatchingEventTypes: readonly string[], more: object = {}) => ({
    type: 'AWS::SES::ConfigurationSetEventDestination',
    properties: {
      ConfigurationSetName,
      EventDestination: { Enabled: true, MatchingEventTypes, EventBridgeDestination: { EventBusArn: 'bus' }, ...more },
    },
  });
  const assembly = assemblyOf({
    Both: destination('both', ['bounce', 'complaint']),
    Complaints: destination('complaints', ['complaint']),
    Off: destination('off', ['bounce'], { Enabled: false }),
  });
  mailbox = await startMailbox({
    port: await freePort(),
    events: { assembly, putEvent: (event) => events.push(event) },
  });
  ses = new SESv2Client({
    endpoint: mailbox.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
});
afterAll(async () => {
  ses.destroy();
  await mailbox.stop();
});
beforeEach(() => {
  events.length = 0;
});

const send = (to: string, ConfigurationSetName?: string) =>
  ses.send(
    new SendEmailCommand({
      FromEmailAddress: 'no-reply@pomona.example',
      Destination: { ToAddresses: [to] },
      Content: { Simple: { Subject: { Data: 'Hello' }, Body: { Text: { Data: 'Hello' } } } },
      EmailTags: [{ Name: 'user', Value: 'ada' }],
      ...(ConfigurationSetName && { ConfigurationSetName }),
    }),
  );

describe('mail to the simulator', () => {
  it.each([
    ['bounce@simulator.amazonses.com', 'Email Bounced', 'bounce'],
    ['bounce+ada@simulator.amazonses.com', 'Email Bounced', 'bounce'],
    ['complaint+ada@simulator.amazonses.com', 'Email Complaint Received', 'complaint'],
  ])('to %s is heard of again: %s', async (to, detailType, reason) => {
    await send(to, 'both');
    expect(events).toMatchObject([
      {
        source: 'aws.ses',
        'detail-type': detailType,
        detail: { mail: { tags: { 'ses:configuration-set': ['both'] } } },
      },
    ]);
    // What it says is what our own function reads.
    expect(suppressionOf(events[0]?.detail)).toMatchObject({
      owner: 'ada',
      suppression: { reason, address_hash: hashOf(to) },
    });
  });

  it.each([
    ['success@simulator.amazonses.com', 'both'],
    ['bounce@pomona.example', 'both'],
    ['bounce@simulator.amazonses.com', 'complaints'],
    ['bounce@simulator.amazonses.com', 'off'],
    ['bounce@simulator.amazonses.com', undefined],
  ])('is not heard of where nobody asks: %s, %s', async (to, configurationSet) => {
    await send(to, configurationSet);
    expect(events).toEqual([]);
  });
});
