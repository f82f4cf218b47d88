import { randomBytes, randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { defaultProfile } from '#functions/accounts/profile.ts';
import { claimNotice } from '#functions/mail/claim-store.ts';
import { mailPreferences } from '#functions/mail/preference.ts';
import { sendNotice } from '#functions/mail/send-notice.ts';
import { dynamoMailStore, tokenKey } from '#functions/mail/store.ts';
import { epochSeconds, secondsAfter } from '#shared/clock.ts';
import { hashOf, userId } from '#shared/ids.ts';
import { log } from '#shared/log.ts';
import { getItem } from '#shared/table.ts';
import { describeOnEngines, itemsOf } from '#test/support/table.ts';

log.setLogLevel('SILENT');

const now = new Date('2026-11-24T12:00:00Z');

const somebody = () => userId(randomUUID());
const newToken = () => randomBytes(32).toString('base64url');

describeOnEngines('the tokens of links', (table) => {
  const mail = () => dynamoMailStore(table());

  it('are one for each kind of mail, and lead back to it', async () => {
    const owner = somebody();
    expect(await mail().stateOf(owner)).toEqual({ suppressed: null, tokens: {} });
    const tokens = new Map<string, string>();
    for (const preference of mailPreferences) {
      tokens.set(preference, await mail().keepToken({ owner, preference }, newToken()));
    }
    expect((await mail().stateOf(owner)).tokens).toEqual(Object.fromEntries(tokens));
    for (const [preference, token] of tokens) {
      expect(await mail().subscriptionOf(token)).toEqual({ owner, preference });
    }
    expect(await mail().subscriptionOf(newToken())).toBeNull();
  });

  it('are the same for all who make one at once', async () => {
    const owner = somebody();
    const kept = await Promise.all(
      Array.from({ length: 10 }, () => mail().keepToken({ owner, preference: 'task_reminders' }, newToken())),
    );
    expect(new Set(kept).size).toBe(1);
    expect(await mail().subscriptionOf(kept[0] ?? '')).toEqual({ owner, preference: 'task_reminders' });
  });

  it('are looked up by their hash', async () => {
    const owner = somebody();
    const token = await mail().keepToken({ owner, preference: 'task_overdue' }, newToken());
    const item = await getItem(table(), tokenKey(token));
    expect(item).toEqual({
      pk: `UNSUBSCRIBE#${hashOf(token)}`,
      sk: 'UNSUBSCRIBE',
      user_id: owner,
      preference: 'task_overdue',
    });
  });
});

describeOnEngines('the day’s share of mail', (table) => {
  const mail = () => dynamoMailStore(table());

  it('is exact when fifty are sent at once', async () => {
    const owner = somebody();
    const places = await Promise.all(Array.from({ length: 50 }, () => mail().takePlace(owner, now, 20)));
    expect(places.filter(Boolean)).toHaveLength(20);
  });

  it('is exact also when some of them are throttled, and give their place back', async () => {
    const owner = somebody();
    const profile = { ...defaultProfile(owner), email: 'ada@pomona.example', is_verified: true };
    let sent = 0;
    let asked = 0;
    const send = sendNotice({
      profileOf: async () => profile,
      mail: mail(),
      post: async () => {
        asked += 1;
        if (asked % 3 === 0) return 'throttled';
        sent += 1;
        return 'sent';
      },
      perDay: 20,
      newToken,
      apiUrl: 'https://api.pomona.example',
    });
    const reminder = { kind: 'task_reminder', owner, title: null, due: null, at: now, late: false } as const;
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, async () => {
        for (;;) {
          const outcome = await send(reminder, now);
          if (outcome !== 'throttled') return outcome;
        }
      }),
    );
    expect(sent).toBe(20);
    expect(outcomes.filter((outcome) => outcome === 'sent')).toHaveLength(20);
    expect(outcomes.filter((outcome) => outcome === 'unwanted')).toHaveLength(30);
  });

  it('begins anew each day, is each one’s own, and forgets itself', async () => {
    const [owner, other] = [somebody(), somebody()];
    const last = new Date('2026-11-24T23:59:59Z');
    expect(await mail().takePlace(owner, last, 1)).toBe(true);
    expect(await mail().takePlace(owner, last, 1)).toBe(false);
    expect(await mail().takePlace(other, last, 1)).toBe(true);
    expect(await mail().takePlace(owner, secondsAfter(last, 1), 1)).toBe(true);
    const [item] = await itemsOf(table(), `USER#${owner}`);
    expect(item).toEqual({
      pk: `USER#${owner}`,
      sk: 'MAILED#2026-11-24',
      count: 1,
      ttl: epochSeconds(secondsAfter(last, 2 * 86_400)),
    });
  });

  it('has room again for what was given back', async () => {
    const owner = somebody();
    await mail().takePlace(owner, now, 1);
    await mail().giveBack(owner, now);
    expect(await mail().takePlace(owner, now, 1)).toBe(true);
    expect(await mail().takePlace(owner, now, 1)).toBe(false);
  });
});

describeOnEngines('an address that mail came back from', (table) => {
  const mail = () => dynamoMailStore(table());
  const bounce = {
    reason: 'bounce',
    at: '2026-11-24T12:00:03.000Z',
    address_hash: hashOf('ada@pomona.example'),
  } as const;

  it('is remembered, and so are the tokens', async () => {
    const owner = somebody();
    const token = await mail().keepToken({ owner, preference: 'task_reminders' }, newToken());
    expect(await mail().suppress(owner, bounce)).toBe(true);
    expect(await mail().stateOf(owner)).toEqual({ suppressed: bounce, tokens: { task_reminders: token } });
    const complaint = { ...bounce, reason: 'complaint' } as const;
    await mail().suppress(owner, complaint);
    expect((await mail().stateOf(owner)).suppressed).toEqual(complaint);
  });

  it('leaves no trace of an account that is gone', async () => {
    const owner = somebody();
    expect(await mail().suppress(owner, bounce)).toBe(false);
    expect(await itemsOf(table(), `USER#${owner}`)).toEqual([]);
  });
});

describeOnEngines('the claim of a finished session', (table) => {
  it('is one’s of all who are told of it, for longer than a stream remembers', async () => {
    const owner = somebody();
    const claim = claimNotice(table());
    const claims = await Promise.all(Array.from({ length: 10 }, () => claim(owner, 'session-1', now)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await claim(owner, 'session-1', secondsAfter(now, 86_400))).toBe(false);
    expect(await claim(owner, 'session-2', now)).toBe(true);
    expect(await claim(somebody(), 'session-1', now)).toBe(true);
  });
});
