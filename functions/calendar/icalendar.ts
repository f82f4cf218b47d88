import ICAL from 'ical.js';
import { tzlib_get_ical_block } from 'timezones-ical-library';
import type { Priority } from '#functions/tasks/task.ts';
import { daysAfter } from '#shared/days.ts';
import type { Alarm, CalendarEvent, When } from './event.ts';
import type { Repetition } from './repetition.ts';

/** How long a task takes that is due at a moment: a calendar can hardly show what takes no time. */
const minutesOfTask = 30;

/** What a calendar shows is the beginning of a long description: so many characters. */
const longestDescription = 2_000;

/** How often a calendar need ask (RFC 7986 §5.7). */
const refreshInterval = 'PT1H';

/** Lambda answers with 6 MB at most. What is due last is left out of a calendar that would be larger than this. */
const mostBytes = 4 * 1024 * 1024;

// RFC 5545 §3.1: 75 octets at most, without the break. The library does not count the space that a line goes on with.
ICAL.foldLength = 74;

/** A calendar as an iCalendar stream (RFC 5545), in UTF-8. The same events give the same text. */
export const icalendarOf = (events: readonly CalendarEvent[]): string => {
  const zones = new Map<string, Zone | null>();
  const zoneOf = (timezone: string): Zone | null => {
    const known = zones.get(timezone);
    if (known !== undefined) return known;
    const found = findZone(timezone);
    zones.set(timezone, found);
    return found;
  };
  const written = upToBytes(events.map((event) => () => vevent(event, zoneOf)));
  const definitions = new Map([...zones.values()].flatMap((zone) => (zone?.definition ? [[zone.tzid, zone]] : [])));
  const calendar = new ICAL.Component('vcalendar');
  calendar.addPropertyWithValue('version', '2.0');
  calendar.addPropertyWithValue('prodid', '-//Pomona//Tasks//EN');
  calendar.addPropertyWithValue('name', 'Pomona');
  calendar.addPropertyWithValue('x-wr-calname', 'Pomona');
  calendar.addProperty(property('refresh-interval', ICAL.Duration.fromString(refreshInterval), 'duration'));
  calendar.addPropertyWithValue('x-published-ttl', refreshInterval);
  for (const { definition } of definitions.values()) if (definition) calendar.addSubcomponent(definition);
  for (const event of written) calendar.addSubcomponent(event);
  return `${calendar.toString()}\r\n`;
};

const upToBytes = (events: readonly (() => ICAL.Component)[]): readonly ICAL.Component[] => {
  const written: ICAL.Component[] = [];
  let bytes = 0;
  for (const write of events) {
    const event = write();
    bytes += Buffer.byteLength(event.toString());
    if (bytes > mostBytes) break;
    written.push(event);
  }
  return written;
};

/** `definition`: its VTIMEZONE; UTC has none. */
interface Zone {
  readonly tzid: string;
  readonly definition: ICAL.Component | null;
}

/** `null`: nobody could tell what is meant by it. @param timezone an IANA name, also an old one */
const findZone = (timezone: string): Zone | null => {
  const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: timezone }).resolvedOptions();
  const [block] = tzlib_get_ical_block(timeZone);
  if (!block) return null;
  const definition = new ICAL.Component(ICAL.parse(block));
  const tzid = String(definition.getFirstPropertyValue('tzid'));
  return tzid === 'Etc/UTC' ? { tzid, definition: null } : { tzid, definition };
};

type ZoneOf = (timezone: string) => Zone | null;

const vevent = ({ task, start, repetition, insteadOf, alarms }: CalendarEvent, zoneOf: ZoneOf): ICAL.Component => {
  const event = new ICAL.Component('vevent');
  event.addPropertyWithValue('uid', task.id);
  event.addPropertyWithValue('dtstamp', utc(new Date(task.updated_at)));
  event.addPropertyWithValue('created', utc(new Date(task.created_at)));
  event.addPropertyWithValue('last-modified', utc(new Date(task.updated_at)));
  event.addPropertyWithValue('sequence', task.version);
  event.addProperty(timeProperty('dtstart', start, zoneOf));
  if ('date' in start) event.addPropertyWithValue('dtend', ICAL.Time.fromDateString(daysAfter(start.date, 1)));
  else event.addPropertyWithValue('duration', ICAL.Duration.fromData({ minutes: minutesOfTask }));
  if (insteadOf) event.addProperty(timeProperty('recurrence-id', insteadOf, zoneOf));
  if (repetition) event.addProperty(repetitionProperty(repetition, start, zoneOf));
  event.addPropertyWithValue('summary', oneBreak(task.title));
  if (task.description) event.addPropertyWithValue('description', beginningOf(oneBreak(task.description)));
  if (task.tags.length > 0) {
    const categories = new ICAL.Property('categories');
    categories.setValues(task.tags.map(oneBreak));
    event.addProperty(categories);
  }
  if (task.priority !== 'none') event.addPropertyWithValue('priority', priorityNumbers[task.priority]);
  event.addPropertyWithValue('status', 'CONFIRMED');
  // Who has something to do is not away.
  event.addPropertyWithValue('transp', 'TRANSPARENT');
  for (const alarm of alarms) event.addSubcomponent(valarm(alarm, oneBreak(task.title)));
  return event;
};

/** RFC 5545 §3.8.1.9: 1 is the highest, 5 is in the middle, 9 the lowest. */
const priorityNumbers: Readonly<Record<Exclude<Priority, 'none'>, number>> = { urgent: 1, high: 3, medium: 5, low: 9 };

const valarm = (alarm: Alarm, title: string): ICAL.Component => {
  const component = new ICAL.Component('valarm');
  component.addPropertyWithValue('action', 'DISPLAY');
  component.addPropertyWithValue('description', title);
  component.addProperty(
    'instant' in alarm
      ? property('trigger', utc(alarm.instant), 'date-time')
      : property('trigger', ICAL.Duration.fromSeconds(alarm.minutes * 60), 'duration'),
  );
  return component;
};

const repetitionProperty = (repetition: Repetition, start: When, zoneOf: ZoneOf): ICAL.Property => {
  if ('rrule' in repetition) return property('rrule', ICAL.Recur.fromString(repetition.rrule), 'recur');
  const times = repetition.dates.map((date) => onDate(start, date));
  const [first] = times;
  if (!first) throw new Error('nothing comes again on no date');
  const rdate = timeProperty('rdate', first, zoneOf);
  rdate.setValues(times.map((time) => timeOf(time, zoneOf)));
  return rdate;
};

const onDate = (start: When, date: string): When =>
  'local' in start ? { ...start, local: `${date}${start.local.slice(date.length)}` } : { date };

const timeProperty = (name: string, when: When, zoneOf: ZoneOf): ICAL.Property => {
  const written = property(name, timeOf(when, zoneOf), 'date' in when ? 'date' : 'date-time');
  const zone = 'local' in when ? zoneOf(when.timezone) : null;
  if (zone?.definition) written.setParameter('tzid', zone.tzid);
  return written;
};

const timeOf = (when: When, zoneOf: ZoneOf): ICAL.Time => {
  if ('date' in when) return ICAL.Time.fromDateString(when.date);
  if ('instant' in when) return utc(when.instant);
  const isUtc = zoneOf(when.timezone)?.definition === null;
  return ICAL.Time.fromDateTimeString(`${when.local}:00${isUtc ? 'Z' : ''}`);
};

const property = (name: string, value: ICAL.Time | ICAL.Duration | ICAL.Recur, type: string): ICAL.Property => {
  const made = new ICAL.Property(name);
  made.resetType(type);
  made.setValue(value);
  return made;
};

const utc = (instant: Date): ICAL.Time => ICAL.Time.fromDateTimeString(`${instant.toISOString().slice(0, 19)}Z`);

/** A line break is one character to the library, however it was typed; another would break the line it stands in. */
const oneBreak = (text: string): string => text.replace(/\r\n?/g, '\n');

const beginningOf = (text: string): string => {
  const characters = [...text];
  return characters.length <= longestDescription ? text : `${characters.slice(0, longestDescription - 1).join('')}…`;
};
