import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import { type Assembly, type BusEvent, localAccount, localRegion } from '#local/parts.ts';

/**
 * SES's own simulator: mail to these addresses comes back, also with a label (`bounce+label@…`).
 * https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html
 */
const simulator = /^(bounce|complaint)(?:\+[^@]*)?@simulator\.amazonses\.com$/i;

/** A sending of SES's second API, as far as it is looked at. */
interface Sending {
  readonly FromEmailAddress?: string;
  readonly Destination?: { readonly ToAddresses?: readonly string[] };
  readonly ConfigurationSetName?: string;
  readonly EmailTags?: readonly { readonly Name: string; readonly Value: string }[];
}

interface DestinationProperties {
  readonly ConfigurationSetName: string;
  readonly EventDestination: {
    readonly Enabled?: boolean;
    readonly MatchingEventTypes: readonly string[];
    readonly EventBridgeDestination?: object;
  };
}

/** Publishes to EventBridge what SES would hear of mail that the mailbox has taken, where the assembly asks for it. */
export const publishMailEvents = (server: Server, assembly: Assembly, putEvent: (event: BusEvent) => void): void => {
  const destinations = assembly
    .resourcesOf('AWS::SES::ConfigurationSetEventDestination')
    .map(({ properties }) => properties as unknown as DestinationProperties)
    .filter(({ EventDestination: { Enabled, EventBridgeDestination } }) => Enabled !== false && EventBridgeDestination);

  server.on('request', (request: IncomingMessage, response) => {
    if (request.url !== '/v2/email/outbound-emails') return;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.once('finish', () => {
      if (response.statusCode !== 200) return;
      const sending: Sending = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      for (const event of eventsOf(sending)) {
        const wanted = destinations.some(
          ({ ConfigurationSetName, EventDestination: { MatchingEventTypes } }) =>
            ConfigurationSetName === sending.ConfigurationSetName &&
            MatchingEventTypes.some((type) => type.toLowerCase() === String(event.detail.eventType).toLowerCase()),
        );
        if (wanted) putEvent(event);
      }
    });
  });
};

const eventsOf = (sending: Sending): readonly BusEvent[] =>
  (sending.Destination?.ToAddresses ?? []).flatMap((address) => {
    const kind = simulator.exec(address)?.[1]?.toLowerCase();
    return kind === 'bounce' || kind === 'complaint' ? [eventOf(kind, address, sending)] : [];
  });

/** https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html */
const eventOf = (kind: 'bounce' | 'complaint', emailAddress: string, sending: Sending): BusEvent => {
  const timestamp = new Date().toISOString();
  const { FromEmailAddress = '', Destination, ConfigurationSetName = '', EmailTags = [] } = sending;
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': kind === 'bounce' ? 'Email Bounced' : 'Email Complaint Received',
    source: 'aws.ses',
    account: localAccount,
    time: timestamp.replace(/\.\d+/, ''),
    region: localRegion,
    resources: [`arn:aws:ses:${localRegion}:${localAccount}:configuration-set/${ConfigurationSetName}`],
    detail: {
      eventType: kind === 'bounce' ? 'Bounce' : 'Complaint',
      mail: {
        timestamp,
        messageId: randomUUID(),
        source: FromEmailAddress,
        sendingAccountId: localAccount,
        destination: Destination?.ToAddresses ?? [],
        tags: {
          'ses:configuration-set': [ConfigurationSetName],
          ...Object.fromEntries(EmailTags.map(({ Name, Value }) => [Name, [Value]])),
        },
      },
      ...(kind === 'bounce'
        ? {
            bounce: {
              feedbackId: randomUUID(),
              bounceType: 'Permanent',
              bounceSubType: 'General',
              bouncedRecipients: [{ emailAddress, action: 'failed', status: '5.1.1' }],
              timestamp,
            },
          }
        : {
            complaint: {
              feedbackId: randomUUID(),
              complainedRecipients: [{ emailAddress }],
              complaintFeedbackType: 'abuse',
              timestamp,
            },
          }),
    },
  };
};
