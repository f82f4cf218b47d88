import * as z from 'zod/mini';
import { hashOf, type UserId, userId } from '#shared/ids.ts';
import { once } from '#shared/once.ts';
import type { Suppression } from './mail.ts';

const mail = once(() =>
  z.object({
    destination: z.array(z.string()).check(z.minLength(1)),
    tags: z.object({ user: z.array(z.string()).check(z.minLength(1)) }),
  }),
);

/** SES's own events, as far as they are asked for. https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html */
const mailEvent = once(() =>
  z.discriminatedUnion('eventType', [
    z.object({
      eventType: z.literal('Bounce'),
      mail: mail(),
      bounce: z.object({ bounceType: z.string(), timestamp: z.string() }),
    }),
    z.object({
      eventType: z.literal('Complaint'),
      mail: mail(),
      complaint: z.object({ complaintFeedbackType: z.nullish(z.string()), timestamp: z.string() }),
    }),
  ]),
);

/**
 * What an event says about the address that a mail of ours went to.
 * @returns `null` when mail may still go there: a bounce that may pass (a full mailbox), somebody who says that it is no spam
 * @throws ZodError for what is none of these events
 */
export const suppressionOf = (detail: unknown): { owner: UserId; suppression: Suppression } | null => {
  const event = mailEvent().parse(detail);
  const [address = ''] = event.mail.destination;
  const [user = ''] = event.mail.tags.user;
  const about = (reason: Suppression['reason'], at: string) => ({
    owner: userId(user),
    suppression: { reason, at, address_hash: hashOf(address.toLowerCase()) },
  });
  if (event.eventType === 'Complaint') {
    const { complaintFeedbackType, timestamp } = event.complaint;
    return complaintFeedbackType === 'not-spam' ? null : about('complaint', timestamp);
  }
  const { bounceType, timestamp } = event.bounce;
  return bounceType === 'Permanent' ? about('bounce', timestamp) : null;
};
