import nodeIcal, { type DateWithTimeZone, type VEvent } from 'node-ical';
import * as library from 'rrule';
import { convertIcsCalendar } from 'ts-ics';
import { wallClock } from '#shared/days.ts';

/** An event as a program sees it that subscribes to a calendar. */
export interface ReadEvent {
  readonly uid: string;
  readonly summary: string;
  readonly description: string | null;
  readonly categories: readonly string[];
  /** A date, or an instant. */
  readonly start: string;
}

/** Two programs that have nothing in common with each other, or with the one that writes. They throw what they cannot read. */
export const readers: Readonly<Record<string, (text: string) => readonly ReadEvent[]>> = {
  'node-ical': (text) =>
    veventsOf(text).map((event) => ({
      uid: event.uid,
      summary: textOf(event.summary),
      description: event.description === undefined ? null : textOf(event.description),
      categories: event.categories ?? [],
      start: event.datetype === 'date' ? dayOf(event.start) : event.start.toISOString(),
    })),

  'ts-ics': (text) =>
    (convertIcsCalendar(undefined, text).events ?? []).map((event) => ({
      uid: event.uid,
      summary: event.summary,
      description: event.description ?? null,
      categories: event.categories ?? [],
      start: event.start.type === 'DATE' ? event.start.date.toISOString().slice(0, 10) : event.start.date.toISOString(),
    })),
};

/** All events but those that are instead of a date of another. */
export const veventsOf = (text: string): readonly VEvent[] =>
  Object.values(nodeIcal.parseICS(text)).flatMap((component) => (component?.type === 'VEVENT' ? [component] : []));

const textOf = (value: string | { readonly val: string }): string => (typeof value === 'string' ? value : value.val);

/** It shows a day as midnight on the clocks of this machine. */
const dayOf = (date: Date): string =>
  `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`;

/** The first so many dates of a calendar's only event: `2027-03-27`, or `2027-03-27T06:45` on the clocks of a zone. */
export type Expander = (text: string, limit: number, timezone: string) => readonly string[];

/** By rrule-temporal, which node-ical uses: whole, with zones. It knows no RDATE. */
export const expandedByNodeIcal: Expander = (text, limit, timezone) => {
  const [event] = veventsOf(text);
  if (event === undefined) throw new Error('there is no event');
  const dates = event.rrule?.all((_, count) => count < 2 * limit) ?? [event.start];
  // A day that two positions name is one.
  return [
    ...new Set(
      dates.map((date) => (event.datetype === 'date' ? date.toISOString().slice(0, 10) : clockOf(date, timezone))),
    ),
  ].slice(0, limit);
};

const clockOf = (instant: Date | DateWithTimeZone, timezone: string): string => {
  const { date, time } = wallClock(instant, timezone);
  return `${date}T${time.slice(0, 5)}`;
};

const { rrulestr } = 'default' in library ? (library.default as typeof library) : library;

/** By rrule, to which each local time is one in UTC. */
export const expandedByRrule: Expander = (text, limit, timezone) => {
  const lines = eventLinesOf(text).filter((line) => /^(DTSTART|RRULE|RDATE)/.test(line));
  const isDay = lines.some((line) => line.startsWith('DTSTART;VALUE=DATE:'));
  const floating = lines.map((line) =>
    line.replace(/;(TZID=[^:]+|VALUE=DATE)(?=:)/, '').replace(/\b(\d{8})(?=,|$)/g, '$1T000000'),
  );
  const set = rrulestr(
    floating.join('\n').replace(/(?<=UNTIL=)\d{8}T\d{6}Z/, (until) => localOf(until, timezone)),
    { forceset: true },
  );
  const dates: Date[] = [];
  set.all((date) => dates.push(date) < limit);
  return dates.map((date) => date.toISOString().slice(0, isDay ? 10 : 16));
};

/** @param until a time in UTC: `20270101T225959Z` */
const localOf = (until: string, timezone: string): string => {
  const instant = new Date(until.replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:'));
  return `${clockOf(instant, timezone).replace(/[-:]/g, '')}00Z`;
};

/** The lines of a calendar's only event, unfolded. */
export const eventLinesOf = (text: string): readonly string[] => {
  const lines = unfolded(text).split('\r\n');
  return lines.slice(lines.indexOf('BEGIN:VEVENT'), lines.indexOf('END:VEVENT'));
};

/** RFC 5545 §3.1. */
const unfolded = (text: string): string => text.replaceAll('\r\n ', '');
