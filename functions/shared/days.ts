/** Calendar days as a person means them. A local date is `YYYY-MM-DD`. */

const formatters = new Map<string, Intl.DateTimeFormat>();

const formatterOf = (timezone: string): Intl.DateTimeFormat => {
  const known = formatters.get(timezone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-CA', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  formatters.set(timezone, made);
  return made;
};

/**
 * The day an instant belongs to, on the wall clock of a zone.
 * @param timezone an IANA name
 * @param dayStart `HH:MM`: before it, the day before is not over yet
 */
export const localDay = (instant: Date, timezone: string, dayStart: string): string => {
  const { date, time } = wallClock(instant, timezone);
  return time.slice(0, 5) < dayStart ? daysAfter(date, -1) : date;
};

/** The local date and time (`HH:MM:SS`) that the clocks of a zone show at an instant. @param timezone an IANA name */
export const wallClock = (instant: Date, timezone: string): { readonly date: string; readonly time: string } => {
  const parts = Object.fromEntries(
    formatterOf(timezone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, value]),
  );
  return {
    date: `${parts.year?.padStart(4, '0')}-${parts.month}-${parts.day}`,
    time: `${parts.hour}:${parts.minute}:${parts.second}`,
  };
};

const dayMilliseconds = 86_400_000;

/** A local date so many days later; earlier, when negative. */
export const daysAfter = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * dayMilliseconds).toISOString().slice(0, 10);

/**
 * The instant at which the clocks of a zone show a local date and time. One that they skip moves on by what is skipped (02:30 becomes
 * 03:30 where the hour from 02:00 is); one that they show twice is the first. That is how RFC 5545 §3.3.5 reads them.
 * The result stays within the years that are written with four digits.
 * @param time `HH:MM` or `HH:MM:SS`  @param timezone an IANA name
 */
export const instantOf = (date: string, time: string, timezone: string): Date => {
  const local = Date.parse(`${date}T${time}Z`);
  const before = local - offsetAt(local - dayMilliseconds, timezone);
  const after = local - offsetAt(local + dayMilliseconds, timezone);
  // Clocks put back show it twice, once with either offset: the first is the earlier one.
  const found = [before, after].toSorted((a, b) => a - b).find((instant) => shows(instant, local, timezone));
  return new Date(withinYears(found ?? before));
};

const withinYears = (instant: number): number =>
  Math.min(Math.max(instant, Date.parse('0001-01-03T00:00:00Z')), Date.parse('9999-12-29T00:00:00Z'));

const shows = (instant: number, local: number, timezone: string): boolean =>
  instant + offsetAt(instant, timezone) === local;

/** How far a zone's clocks are ahead of UTC, in milliseconds. */
const offsetAt = (instant: number, timezone: string): number => {
  const whole = Math.floor(withinYears(instant) / 1000) * 1000;
  const { date, time } = wallClock(new Date(whole), timezone);
  return Date.parse(`${date}T${time}Z`) - whole;
};

/** Whether a text is a date that the calendar has: `2026-02-29` is none. */
export const isLocalDate = (text: string): boolean => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const midnight = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(text);
};

/** Whether the runtime knows a zone of this name; `+01:00` is an offset, and no zone. Remembers nothing: anybody may ask. */
export const isTimezone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== null && /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
};
