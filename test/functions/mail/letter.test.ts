import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { letterOf } from '#functions/mail/letter.ts';
import { type Notice, noticeKinds } from '#functions/mail/notice.ts';
import { userId } from '#shared/ids.ts';

const link = 'https://api.pomona.example/unsubscribe/a-token';

const notice = (facts: Partial<Notice> = {}): Notice => ({
  kind: 'task_reminder',
  owner: userId('ada'),
  title: 'Water the trees',
  due: '2026-11-24T13:25:00Z',
  at: new Date('2026-11-24T13:10:00Z'),
  late: false,
  ...facts,
});

const letter = (facts: Partial<Notice> = {}, timezone = 'Europe/Berlin') => letterOf(notice(facts), timezone, link);

/** What a browser shows of some HTML, as far as escapes go. */
const unescaped = (html: string): string =>
  html.replace(
    /&(amp|lt|gt|quot|#39);/g,
    (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"' })[name] ?? "'",
  );

describe('a reminder', () => {
  it('says what is due and when, in the user’s zone, and how to stop it', () => {
    const { subject, text } = letter();
    expect(subject).toBe('Reminder: Water the trees');
    expect(text).toBe(`Water the trees

Due on Tuesday, 24 November 2026 at 14:25 (Europe/Berlin).


You get this mail because you set a reminder for this task in Pomona.
Stop these mails: https://api.pomona.example/unsubscribe/a-token
`);
  });

  it('is the same in HTML', async () => {
    await expect(letter().html).toMatchFileSnapshot(join(import.meta.dirname, 'reminder.html'));
  });

  it('that is late says so, and when it was meant for', () => {
    expect(letter({ late: true }).text).toContain(
      'This mail is late: it was meant for Tuesday, 24 November 2026 at 14:10 (Europe/Berlin).',
    );
    expect(letter().text).not.toContain('late');
  });

  it('of what is due soon does not say so when it is late: it may be due already', () => {
    expect(letter({ kind: 'task_due_soon' }).subject).toBe('Due soon: Water the trees');
    expect(letter({ kind: 'task_due_soon', late: true }).subject).toBe('Due: Water the trees');
  });

  it.each([
    ['2026-11-24T13:25:00Z', 'Asia/Kathmandu', 'Due on Tuesday, 24 November 2026 at 19:10 (Asia/Kathmandu).'],
    ['2026-11-24T23:30:00-05:00', 'America/New_York', 'Due on Tuesday, 24 November 2026 at 23:30 (America/New_York).'],
    // The night in which the clocks of Berlin go back: 02:30 comes twice.
    ['2026-10-25T00:30:00Z', 'Europe/Berlin', 'Due on Sunday, 25 October 2026 at 02:30 (Europe/Berlin).'],
    ['2026-10-25T01:30:00Z', 'Europe/Berlin', 'Due on Sunday, 25 October 2026 at 02:30 (Europe/Berlin).'],
    ['2026-11-24T23:00:00Z', 'Europe/Berlin', 'Due on Wednesday, 25 November 2026 at 00:00 (Europe/Berlin).'],
    // A date is that date, wherever one is.
    ['2026-11-24', 'Pacific/Auckland', 'Due on Tuesday, 24 November 2026.'],
    ['2026-11-24', 'America/Los_Angeles', 'Due on Tuesday, 24 November 2026.'],
  ])('for %s in %s says: %s', (due, timezone, sentence) => {
    expect(letter({ due }, timezone).text).toContain(`\n${sentence}\n`);
  });
});

describe('each kind of mail', () => {
  it.each([
    ['task_reminder', 'Reminder: Water the trees', 'Due on Tuesday', 'you set a reminder'],
    ['task_due_soon', 'Due soon: Water the trees', 'Due on Tuesday', 'when a task is due soon'],
    ['task_overdue', 'Overdue: Water the trees', 'It was due on Tuesday', 'when a task is overdue'],
    [
      'pomodoro_finished',
      'Pomodoro finished: Water the trees',
      'Your focus session ended on Tuesday, 24 November 2026 at 14:25',
      'when a Pomodoro is finished',
    ],
  ] as const)('%s says what it is about and why it came', (kind, subject, sentence, reason) => {
    const written = letter({ kind });
    expect(written.subject).toBe(subject);
    expect(written.text).toContain(sentence);
    expect(written.text).toContain(reason);
  });

  it.each(noticeKinds)('%s can do without a title and a date', (kind) => {
    const { subject, text, html } = letter({ kind, title: null, due: null });
    for (const part of [subject, text, html]) expect(part).not.toMatch(/null|undefined|Invalid/);
  });
});

const hostile: readonly string[] = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '</h1></main></body></html>',
  '<%= it.unsubscribe %> <% process.exit() %>',
  '{{title}} #{title} $& $1',
  'Trees\r\nBcc: eve@pomona.example',
  'Trees\u2028Bcc: eve@pomona.example\u0085x',
  '\u202Egnp.exe',
  'לקנות חלב',
  '👩‍👩‍👧‍👦🏳️‍🌈'.repeat(40),
  'a'.repeat(500),
  '=?utf-8?q?spoofed?=',
  '&lt;b&gt;',
];

describe('a title', () => {
  it.each(hostile)('is data, whatever it looks like: %j', (title) => {
    const { subject, text, html } = letter({ title });
    expect(text.startsWith(`${title}\n\nDue`)).toBe(true);
    const [, heading = ''] = /<h1 dir="auto">([^<]*)<\/h1>/.exec(html) ?? [];
    expect(unescaped(heading)).toBe(title);
    expect(html.match(/<(script|img|%)/g)).toBeNull();
    expect(html.match(/<\/body>/g)).toHaveLength(1);
    // One line, as RFC 5322 §2.2 wants a header, and short enough for a person.
    expect(subject).toMatch(/^Reminder: [^\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+$/u);
    expect([...new Intl.Segmenter('en').segment(subject)].length).toBeLessThanOrEqual(150);
    expect(subject.isWellFormed()).toBe(true);
  });

  it('of any kind can break nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }), (title) => {
        const { subject, text, html } = letter({ title });
        const [, heading = ''] = /<h1 dir="auto">([^<]*)<\/h1>/.exec(html) ?? [];
        expect(unescaped(heading)).toBe(title);
        expect(text).toContain(title);
        expect(subject).not.toMatch(/[\r\n\0]/);
      }),
    );
  });
});
