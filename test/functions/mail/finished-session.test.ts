import { describe, expect, it } from 'vitest';
import { tellOfFinishedSession } from '#functions/mail/finished-session.ts';
import type { Notice, Sending } from '#functions/mail/notice.ts';
import { userId } from '#shared/ids.ts';
import { log } from '#shared/log.ts';

log.setLogLevel('SILENT');

const owner = userId('ada');

const session = {
  id: 'session-1',
  kind: 'focus',
  status: 'completed',
  early: false,
  end_time: '2026-11-24T12:00:00.000Z',
  task_title: 'Water the trees',
};

/** Whoever sends, and what comes of it, one after the other. */
const room = (now: string, outcomes: readonly Sending[] = []) => {
  const notices: Notice[] = [];
  const claims = new Set<string>();
  const pauses: number[] = [];
  const tell = tellOfFinishedSession({
    send: async (notice) => {
      notices.push(notice);
      return outcomes[notices.length - 1] ?? 'sent';
    },
    claim: async (user, id) => {
      const isNew = !claims.has(`${user} ${id}`);
      claims.add(`${user} ${id}`);
      return isNew;
    },
    now: () => new Date(now),
    pause: async (milliseconds) => pauses.push(milliseconds),
  });
  return { tell, notices, pauses };
};

describe('a focus session that has run its time', () => {
  it('is mailed, with the task it was for', async () => {
    const { tell, notices } = room('2026-11-24T12:00:30Z');
    await tell(owner, null, session);
    expect(notices).toEqual([
      {
        kind: 'pomodoro_finished',
        owner,
        title: 'Water the trees',
        due: session.end_time,
        at: new Date(session.end_time),
        late: false,
      },
    ]);
  });

  it('is mailed once, however often the stream tells of it', async () => {
    const { tell, notices } = room('2026-11-24T12:00:30Z');
    for (let delivery = 0; delivery < 5; delivery += 1) await tell(owner, null, session);
    await tell(owner, session, { ...session, version: 2 });
    expect(notices).toHaveLength(1);
  });

  it.each([
    ['2026-11-24T12:05:00Z', [false]],
    ['2026-11-24T12:05:01Z', [true]],
    ['2026-11-25T12:00:00Z', [true]],
    ['2026-11-25T12:00:01Z', []],
  ])('and is heard of at %s is late: %j', async (now, late) => {
    const { tell, notices } = room(now);
    await tell(owner, null, session);
    expect(notices.map((notice) => notice.late)).toEqual(late);
  });

  it.each<[readonly Sending[], number]>([
    [['throttled', 'sent'], 2],
    [['throttled', 'throttled', 'throttled', 'throttled'], 4],
    [['unclear'], 1],
    [['failed'], 1],
    [['unwanted'], 1],
  ])('is tried again only when SES is throttled: %j', async (outcomes, tries) => {
    const { tell, notices, pauses } = room('2026-11-24T12:00:30Z', outcomes);
    await tell(owner, null, session);
    expect([notices.length, pauses.length]).toEqual([tries, tries - 1]);
  });
});

describe('nothing is mailed of', () => {
  it.each([
    ['an active session', { ...session, status: 'active' }],
    ['a stopped one', { ...session, status: 'stopped' }],
    ['one that was ended early', { ...session, early: true }],
    ['a break', { ...session, kind: 'short_break' }],
    ['one that is gone', null],
    ['what is no session', { id: 'x' }],
  ])('%s', async (_, item) => {
    const { tell, notices } = room('2026-11-24T12:00:30Z');
    await tell(owner, null, item);
    expect(notices).toEqual([]);
  });
});
