import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultProfile, type Profile } from '#functions/accounts/profile.ts';
import type { MailState, Message } from '#functions/mail/mail.ts';
import { type Notice, type NoticeKind, noticeKinds, type Sending } from '#functions/mail/notice.ts';
import { type MailPreference, preferenceOf } from '#functions/mail/preference.ts';
import { sendNotice } from '#functions/mail/send-notice.ts';
import { hashOf, userId } from '#shared/ids.ts';
import { log } from '#shared/log.ts';

log.setLogLevel('SILENT');

const now = new Date('2026-11-24T12:00:00Z');
const owner = userId('ada');
const email = 'ada@pomona.example';

const everything: Record<MailPreference, boolean> = {
  task_reminders: true,
  task_due_soon: true,
  task_overdue: true,
  pomodoro_finished: true,
};

const ada = (facts: Partial<Profile> = {}, wanted: Partial<typeof everything> = {}): Profile => ({
  ...defaultProfile(owner),
  email,
  is_verified: true,
  timezone: 'Europe/Berlin',
  notifications: { due_soon_minutes: 60, ...everything, ...wanted },
  ...facts,
});

const notice = (kind: NoticeKind = 'task_reminder'): Notice => ({
  kind,
  owner,
  title: 'Water the trees',
  due: '2026-11-24T13:00:00Z',
  at: now,
  late: false,
});

interface Given {
  readonly profile?: Profile | null;
  readonly state?: Partial<MailState>;
  readonly perDay?: number;
  readonly outcome?: 'sent' | 'throttled' | 'unclear' | 'failed';
}

/** Mail with its store in memory, and a post that keeps what it is given. */
const room = ({ profile = ada(), state = {}, perDay = 10, outcome = 'sent' }: Given = {}) => {
  const messages: Message[] = [];
  const reads: string[] = [];
  let places = 0;
  let tokens = 0;
  const kept: Partial<Record<MailPreference, string>> = { ...state.tokens };
  const send = sendNotice({
    profileOf: async () => {
      reads.push('profile');
      return profile;
    },
    mail: {
      stateOf: async () => {
        reads.push('state');
        return { suppressed: state.suppressed ?? null, tokens: { ...kept } };
      },
      keepToken: async ({ preference }, token) => {
        kept[preference] ??= token;
        return kept[preference];
      },
      subscriptionOf: async () => null,
      takePlace: async () => {
        if (places >= perDay) return false;
        places += 1;
        return true;
      },
      giveBack: async () => {
        places -= 1;
      },
      suppress: async () => true,
    },
    post: async (message) => {
      messages.push(message);
      return outcome;
    },
    perDay,
    newToken: () => {
      tokens += 1;
      return `token-${tokens}`;
    },
    apiUrl: 'https://api.pomona.example',
  });
  return { send, messages, reads, places: () => places };
};

describe('mail', () => {
  it('goes to the account’s own verified address, with a link that a mail program can post to', async () => {
    const { send, messages } = room();
    expect(await send(notice(), now)).toBe('sent');
    const [message, ...others] = messages;
    expect(others).toEqual([]);
    expect(message).toMatchObject({ to: email, owner, subject: 'Reminder: Water the trees' });
    // RFC 2369 §3.2, RFC 8058 §3.1.
    expect(message?.headers).toEqual({
      'List-Unsubscribe': '<https://api.pomona.example/unsubscribe/token-1>',
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      'Auto-Submitted': 'auto-generated',
    });
    for (const part of [message?.text, message?.html]) {
      expect(part).toContain('https://api.pomona.example/unsubscribe/token-1');
      expect(part).toContain('14:00 (Europe/Berlin)');
    }
  });

  it('has one link for each preference, and keeps it', async () => {
    const { send, messages } = room();
    for (const kind of [...noticeKinds, ...noticeKinds]) await send(notice(kind), now);
    const links = messages.map(({ headers }) => headers['List-Unsubscribe']);
    expect(new Set(links).size).toBe(4);
    expect(links.slice(4)).toEqual(links.slice(0, 4));
  });

  it.each<[string, Given]>([
    ['there is no account', { profile: null }],
    ['the account is not active', { profile: ada({ is_active: false }) }],
    ['it has no address', { profile: ada({ email: null }) }],
    ['its address is not verified', { profile: ada({ is_verified: false }) }],
    ['mail to it bounced', { state: { suppressed: suppressed('bounce') } }],
    ['its owner complained', { state: { suppressed: suppressed('complaint') } }],
    ['the day has had its share', { perDay: 0 }],
  ])('is not sent when %s', async (_, given) => {
    const { send, messages, places } = room(given);
    expect(await send(notice(), now)).toBe('unwanted');
    expect(messages).toEqual([]);
    expect(places()).toBe(0);
  });

  it('is sent again when the account has another address than the one that bounced', async () => {
    const { send } = room({ state: { suppressed: suppressed('bounce', 'old@pomona.example') } });
    expect(await send(notice(), now)).toBe('sent');
  });

  describe('to somebody whom its caller has read', () => {
    const state: MailState = { suppressed: null, tokens: { task_reminders: 'kept' } };

    it('goes by that', async () => {
      const { send, messages, reads } = room({ profile: null });
      expect(await send(notice(), now, { profile: ada(), state })).toBe('sent');
      expect([messages[0]?.to, messages[0]?.headers['List-Unsubscribe']]).toEqual([
        email,
        '<https://api.pomona.example/unsubscribe/kept>',
      ]);
      expect(reads).toEqual([]);
    });

    it.each<[string, Profile | null]>([
      ['there was none', null],
      ['nobody has asked for the address yet', ada({ email: null, is_verified: false })],
    ])('asks for the profile where %s', async (_, profile) => {
      const { send, messages, reads } = room();
      expect(await send(notice(), now, { profile, state })).toBe('sent');
      expect([messages[0]?.to, reads]).toEqual([email, ['profile']]);
    });

    it('is not sent when that says so', async () => {
      const off = ada({}, { task_reminders: false });
      const bounced = { ...state, suppressed: suppressed('bounce') };
      const { send, messages } = room();
      expect(await send(notice(), now, { profile: off, state })).toBe('unwanted');
      expect(await send(notice(), now, { profile: ada(), state: bounced })).toBe('unwanted');
      expect(messages).toEqual([]);
    });
  });

  describe.each(noticeKinds)('of kind %s', (kind) => {
    const preference = preferenceOf[kind];

    it('is not sent when its preference is off', async () => {
      const { send, messages } = room({ profile: ada({}, { [preference]: false }) });
      expect(await send(notice(kind), now)).toBe('unwanted');
      expect(messages).toEqual([]);
    });

    it('is sent when all others are off', async () => {
      const off = { task_reminders: false, task_due_soon: false, task_overdue: false, pomodoro_finished: false };
      const { send } = room({ profile: ada({}, { ...off, [preference]: true }) });
      expect(await send(notice(kind), now)).toBe('sent');
    });
  });
});

const suppressed = (reason: 'bounce' | 'complaint', address = email) =>
  ({ reason, at: '2026-11-20T00:00:00Z', address_hash: hashOf(address) }) as const;

describe('the day’s share', () => {
  it.each<['sent' | 'throttled' | 'unclear' | 'failed', number]>([
    ['sent', 1],
    ['unclear', 1],
    ['failed', 1],
    ['throttled', 0],
  ])('of a mail that is %s: %i', async (outcome, taken) => {
    const { send, places } = room({ outcome });
    expect(await send(notice(), now)).toBe(outcome satisfies Sending);
    expect(places()).toBe(taken);
  });
});

describe('the log', () => {
  const lines: unknown[] = [];
  beforeEach(() => {
    lines.length = 0;
    for (const level of ['info', 'warn', 'error'] as const) {
      vi.spyOn(log, level).mockImplementation((...line) => {
        lines.push(line);
      });
    }
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('says what became of a mail, and neither to whom nor about what nor its token', async () => {
    const { send } = room();
    await send(notice(), now);
    const { send: keepBack } = room({ state: { suppressed: suppressed('bounce') } });
    await keepBack(notice(), now);
    const written = JSON.stringify(lines);
    expect(written).toContain('"sending":"sent"');
    expect(written).toContain('"why":"bounce"');
    for (const secret of [email, owner, 'Water', 'token-1']) expect(written).not.toContain(secret);
  });
});
