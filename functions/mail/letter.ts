import { isLocalDate } from '#shared/days.ts';
import type { Notice } from './notice.ts';
import { type MailPreference, preferenceOf } from './preference.ts';
import { pageOf, templateOf } from './template.ts';

/** A mail, before it is addressed. */
export interface Letter {
  /** One line, of 150 characters at most. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/**
 * What a notice says to a person.
 * @param timezone an IANA name: the zone that times are shown in
 * @param unsubscribe where the link leads that turns such mail off
 */
export const letterOf = (notice: Notice, timezone: string, unsubscribe: string): Letter => {
  const { at, late } = notice;
  const subject = oneLine(subjectOf(notice));
  const data: LetterData = {
    heading: notice.title ?? untitled[notice.kind],
    lines: [
      ...sentences[notice.kind](notice, timezone),
      ...(late ? [`This mail is late: it was meant for ${instantText(at, timezone)}.`] : []),
    ],
    why: `You get this mail because ${reasons[preferenceOf[notice.kind]]}.`,
    unsubscribe,
  };
  return { subject, text: letter.text(data), html: pageOf(subject, letter.html(data)) };
};

interface LetterData {
  readonly heading: string;
  readonly lines: readonly string[];
  readonly why: string;
  readonly unsubscribe: string;
}

/** A title is set apart from what surrounds it, so that one from right to left turns nothing else around. */
const letter = templateOf<LetterData>(`<h1 dir="auto"><%= it.heading %></h1>

<% for (const line of it.lines) { %><p><%= line %></p>

<% } %><hr>
<p><small><%= it.why %>
<a href="<%= it.unsubscribe %>">Stop these mails</a><% if (it.plain) { %>: <%= it.unsubscribe %><% } %></small></p>
`);

const untitled: Readonly<Record<Notice['kind'], string>> = {
  task_reminder: 'A task',
  task_due_soon: 'A task',
  task_overdue: 'A task',
  pomodoro_finished: 'A focus session',
};

const subjectOf = ({ kind, title, late }: Notice): string => {
  const what = title ?? untitled[kind];
  switch (kind) {
    case 'task_reminder':
      return `Reminder: ${what}`;
    case 'task_due_soon':
      // By the time that a late one is written it may be due already.
      return `${late ? 'Due' : 'Due soon'}: ${what}`;
    case 'task_overdue':
      return `Overdue: ${what}`;
    case 'pomodoro_finished':
      return title === null ? 'Pomodoro finished' : `Pomodoro finished: ${title}`;
  }
};

type Sentences = (notice: Notice, timezone: string) => readonly string[];

const sentences: Readonly<Record<Notice['kind'], Sentences>> = {
  task_reminder: ({ due }, timezone) =>
    due === null ? ['You asked to be reminded of this task.'] : [`Due ${dueText(due, timezone)}.`],
  task_due_soon: ({ due }, timezone) =>
    due === null ? ['This task is due soon.'] : [`Due ${dueText(due, timezone)}.`],
  task_overdue: ({ due }, timezone) =>
    due === null ? ['This task is overdue.'] : [`It was due ${dueText(due, timezone)}.`],
  pomodoro_finished: ({ due, at }, timezone) => [
    `Your focus session ended ${dueText(due ?? at.toISOString(), timezone)}. Time for a break.`,
  ],
};

const reasons: Readonly<Record<MailPreference, string>> = {
  task_reminders: 'you set a reminder for this task in Pomona',
  task_due_soon: 'your Pomona settings ask for mail when a task is due soon',
  task_overdue: 'your Pomona settings ask for mail when a task is overdue',
  pomodoro_finished: 'your Pomona settings ask for mail when a Pomodoro is finished',
};

/** A date stays the date it is; an instant is shown as the clocks of the zone show it. */
const dueText = (due: string, timezone: string): string =>
  isLocalDate(due)
    ? `on ${dateText(new Date(`${due}T00:00:00Z`), 'UTC')}`
    : `on ${instantText(new Date(due), timezone)}`;

/** `Tuesday, 24 November 2026` */
const dateText = (instant: Date, timezone: string): string => {
  const { weekday, day, month, year } = partsOf(instant, timezone);
  return `${weekday}, ${day} ${month} ${year}`;
};

/** `Tuesday, 24 November 2026 at 14:25 (Europe/Berlin)` */
const instantText = (instant: Date, timezone: string): string => {
  const { hour, minute } = partsOf(instant, timezone);
  return `${dateText(instant, timezone)} at ${hour}:${minute} (${timezone})`;
};

const partsOf = (instant: Date, timeZone: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'long',
      day: 'numeric',
      month: 'long',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
      .formatToParts(instant)
      .map(({ type, value }) => [type, value]),
  );

const maxSubjectCharacters = 150;

/** Line breaks would begin another header, and marks that turn the direction of text around would turn the rest of the line with it. */
const oneLine = (text: string): string => {
  const line = text
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  const characters = [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(line)];
  return characters.length <= maxSubjectCharacters
    ? line
    : `${characters
        .slice(0, maxSubjectCharacters - 1)
        .map(({ segment }) => segment)
        .join('')}…`;
};
