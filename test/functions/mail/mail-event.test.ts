import { describe, expect, it } from 'vitest';
import { suppressionOf } from '#functions/mail/mail-event.ts';
import { hashOf } from '#shared/ids.ts';

/** As SES publishes them to EventBridge, shortened. */
const mail = {
  timestamp: '2026-11-24T12:00:00.000Z',
  source: 'no-reply@pomona.example',
  messageId: '0100018e-0000',
  destination: ['Ada@Pomona.example'],
  tags: { 'ses:configuration-set': ['notices'], user: ['ada'] },
};

const bounce = (bounceType: string) => ({
  eventType: 'Bounce',
  mail,
  bounce: {
    feedbackId: '1',
    bounceType,
    bounceSubType: 'General',
    bouncedRecipients: [{ emailAddress: 'Ada@Pomona.example', status: '5.1.1' }],
    timestamp: '2026-11-24T12:00:03.000Z',
  },
});

const complaint = (complaintFeedbackType?: string) => ({
  eventType: 'Complaint',
  mail,
  complaint: {
    feedbackId: '2',
    complainedRecipients: [{ emailAddress: 'Ada@Pomona.example' }],
    timestamp: '2026-11-24T13:00:00.000Z',
    ...(complaintFeedbackType && { complaintFeedbackType }),
  },
});

const about = (reason: string, at: string) => ({
  owner: 'ada',
  suppression: { reason, at, address_hash: hashOf('ada@pomona.example') },
});

describe('what SES says of a mail', () => {
  it.each([
    ['a bounce for good', bounce('Permanent'), about('bounce', '2026-11-24T12:00:03.000Z')],
    ['a full mailbox', bounce('Transient'), null],
    ['a bounce that nobody understands', bounce('Undetermined'), null],
    ['a complaint', complaint('abuse'), about('complaint', '2026-11-24T13:00:00.000Z')],
    ['a complaint without a type', complaint(), about('complaint', '2026-11-24T13:00:00.000Z')],
    ['that it is no spam', complaint('not-spam'), null],
  ])('is understood: %s', (_, detail, suppression) => {
    expect(suppressionOf(detail)).toEqual(suppression);
  });

  it('is refused when it is not about mail of ours', () => {
    const { user: _, ...tags } = mail.tags;
    expect(() => suppressionOf({ ...bounce('Permanent'), mail: { ...mail, tags } })).toThrow();
    expect(() => suppressionOf({ eventType: 'Open', mail })).toThrow();
  });
});
