/**
 * What a month of a million people costs: the counts that are measured here, times what people are assumed to do, times the price list.
 */
import type { Measured } from './operations.ts';
import { measureOperations } from './operations.ts';
import { billOf, type Priced, prices, type Quantities, totalOf } from './prices.ts';
import { type Figure, rounded, type Section } from './section.ts';
import { type AssumptionName, assumptions, type Usage, usageAsAssumed } from './usage.ts';

/** How a function is asked, which is priced differently each. */
type Way = 'http' | 'socket' | 'connection' | 'event';

/** Something that happens so many times in a month; `name` is what was measured of it. */
interface Act {
  readonly name: string;
  readonly way: Way;
  readonly times: number;
}

const daysOfMonth = 30;
const minutesOfMonth = daysOfMonth * 24 * 60;
const gigabyte = 1_000_000_000;

/** Everything that people, and the clock, ask of the functions in a month. */
export const actsOf = (usage: Usage): readonly Act[] => {
  const days = usage.users * usage.activeDays;
  const completions = days * usage.completed;
  const sessions = days * usage.sessions;
  const reminders = days * usage.created * usage.withReminder;
  const joining = usage.users * usage.joining;
  const guests = usage.users * usage.guests;
  const http = (name: string, times: number): Act => ({ name, way: 'http', times });
  return [
    http('issueToken', days * usage.tokens),
    http('createTicket', days * usage.openings),
    http('pullChanges, a delta', days * usage.openings),
    http('pullChanges, a snapshot', days * usage.snapshots),
    http('createTask', days * usage.created * (1 - usage.withReminder - usage.below)),
    http('createTask, due, with a reminder', reminders),
    http('createTask, below another', days * usage.created * usage.below),
    http('updateTask', days * usage.edited),
    http('completeTask', completions * (1 - usage.recurring)),
    http('completeTask, an occurrence', completions * usage.recurring),
    http('deleteTask', days * usage.deleted),
    http('moveTask', days * usage.moved),
    http('listTasks, a page of 50', days * usage.lists),
    http('getTask', days * usage.reads),
    http('applyEdits, 1 edit', days * usage.offlineEdits),
    http('startSession', sessions),
    http('getActiveSession', sessions * usage.sessionLooks),
    http('pauseSession', sessions * usage.sessionCommands),
    http('resumeSession', sessions * usage.sessionCommands),
    // The sweep ends it, by the same writes: nobody asks the API for it.
    { name: 'stopSession', way: 'event', times: sessions },
    http('reportTasksCompleted', days * usage.reports),
    http('uploadAttachment', days * usage.uploads),
    http('getAttachment', days * usage.downloads),
    http('register', joining),
    http('confirmRegistration', joining),
    http('getProfile', joining + days),
    http('createGuest', guests),
    http('createGuestTask', guests * usage.guestNotes),
    http('listGuestTasks', guests),
    http('claimGuestTasks, 5 notes', joining),
    http('getCalendar', usage.users * usage.calendars * usage.calendarLooks * daysOfMonth),
    { name: 'a device connects: its ticket', way: 'connection', times: days * usage.openings },
    { name: 'a device connects: its row', way: 'connection', times: days * usage.openings },
    { name: 'a device disconnects', way: 'connection', times: days * usage.openings },
    { name: 'a device pings', way: 'socket', times: (days * usage.onlineMinutes) / usage.minutesBetweenPings },
    { name: 'a minute in which nothing is due', way: 'event', times: minutesOfMonth },
    { name: 'a reminder is claimed', way: 'event', times: reminders },
    { name: 'a reminder is mailed', way: 'event', times: reminders },
  ];
};

/**
 * What a month uses of everything that has a price.
 * @param measured what each act has asked of AWS
 * @throws Error for an act that nobody has measured
 */
export const monthOf = (measured: readonly Measured[], usage: Usage): Quantities => {
  const known = new Map(measured.map((each) => [each.name, each]));
  const costOf = (name: string): Measured => {
    const found = known.get(name);
    if (!found) throw new Error(`nobody has measured "${name}"`);
    return found;
  };
  const people = actsOf(usage);
  const told = sum(people.map(({ name, times }) => times * costOf(name).told));
  const reacted = sum(people.map(({ name, times }) => times * costOf(name).reacted));
  const feed: Act = { name: 'the feed: 1 change, 2 devices', way: 'event', times: told / usage.recordsTogether };
  const acts = [...people, feed];
  const total = (of: (cost: Measured) => number): number =>
    sum(acts.map(({ name, times }) => times * of(costOf(name))));
  const timesOf = (...ways: readonly Way[]): number =>
    sum(acts.filter(({ way }) => ways.includes(way)).map(({ times }) => times));

  const invocations = sum(acts.map(({ times }) => times)) + reacted / usage.recordsTogether;
  const inActs = total(({ invocation: { cpuMilliseconds, roundTrips, others } }) => {
    const calls = sum(Object.values(others));
    return cpuMilliseconds * usage.cpuFactor + roundTrips * usage.tableMilliseconds + calls * usage.serviceMilliseconds;
  });
  const milliseconds = inActs + (reacted / usage.recordsTogether) * usage.reactionMilliseconds;
  const days = usage.users * usage.activeDays;
  const files = days * usage.uploads;
  const ofEach = usage.keptTasks * usage.taskBytes + usage.keptRows * usage.rowBytes;
  // The change log keeps a month: as much as is told in one.
  const kept = (usage.users * ofEach + (told / usage.recordsTogether) * usage.logRowBytes) / gigabyte;
  const functionLogs = (invocations * usage.functionLogBytes) / gigabyte;
  const accessLogs = (timesOf('http', 'socket', 'connection') * usage.accessLogBytes) / gigabyte;
  const frames = told * usage.devicesOnline;
  const pings = timesOf('socket');
  return {
    writeUnits: total(({ invocation }) => invocation.writeUnits),
    readUnits: total(({ invocation }) => invocation.readUnits),
    tableStorage: kept,
    tableBackup: kept,
    httpRequests: timesOf('http'),
    // A ping is one, and its answer another.
    socketMessages: frames + 2 * pings,
    socketMinutes: days * usage.onlineMinutes,
    invocations,
    gigabyteSeconds:
      ((milliseconds + invocations * usage.coldStarts * usage.coldMilliseconds) / 1000) * usage.memoryGigabytes,
    streamReads: (told + reacted) / usage.recordsTogether,
    monthlyUsers: usage.users,
    // One to whoever registers: their code.
    mails: total(({ invocation }) => invocation.others.ses ?? 0) + usage.users * usage.joining,
    objectWrites: files,
    objectReads: days * usage.downloads,
    objectStorage: (usage.users * usage.keptFiles * usage.fileMegabytes) / 1000,
    functionLogs,
    accessLogs,
    logStorage: (functionLogs + accessLogs) * usage.logMonths * usage.logCompression,
    alarms: usage.alarms,
    customMetrics: usage.metrics,
    traces: invocations * usage.traced,
    transfer:
      (sum(
        acts.filter(({ way }) => way === 'http').map(({ name, times }) => times * costOf(name).invocation.answerBytes),
      ) +
        (frames + pings) * 1_000) /
        gigabyte +
      (days * usage.downloads * usage.fileMegabytes) / 1000,
  };
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** How much of the bill, in hundredths, a tenth more of each assumption adds; the largest first. */
export const sensitivities = (
  measured: readonly Measured[],
  usage: Usage,
): readonly { readonly name: AssumptionName; readonly percent: number }[] => {
  const now = totalOf(monthOf(measured, usage));
  return (Object.keys(assumptions) as AssumptionName[])
    .filter((name) => name !== 'users')
    .map((name) => {
      const then = totalOf(monthOf(measured, { ...usage, [name]: usage[name] * 1.1 }));
      return { name, percent: (then / now - 1) * 100 };
    })
    .sort((a, b) => Math.abs(b.percent) - Math.abs(a.percent));
};

/** Guards against what makes every month dearer without anybody noticing; it moves when prices or assumptions do. */
const dollarLimit = 12_500;

export const month = async (): Promise<Section> => {
  const measured = await measureOperations();
  const quantities = monthOf(measured, usageAsAssumed);
  const bill = billOf(quantities);
  const services = Map.groupBy(Object.entries(bill), ([name]) => prices[name as Priced].service);
  const total = totalOf(quantities);
  const dollars = (name: string, value: number, limit: number | null = null): Figure => ({
    name,
    value: Math.round(value),
    unit: '$',
    limit,
  });
  const [first, second, third] = Object.entries(bill).sort(([, a], [, b]) => b - a);
  const share = (entry: [string, number] | undefined): string => {
    const [name = '', value = 0] = entry ?? [];
    const { service, unit } = prices[name as Priced];
    return `${service}’s ${unit} (${Math.round((value / total) * 100)} %)`;
  };
  return {
    title: 'A month of a million people',
    how: 'Requests, units, calls, time and bytes of each operation as measured in this run, times what people are assumed to do, times AWS’s prices (scripts/bench/usage.ts and prices.ts, each number with its reason or source).',
    figures: [
      dollars('everything', total, dollarLimit),
      { name: 'of each person', value: rounded((total / usageAsAssumed.users) * 100), unit: '¢', limit: null },
      ...[...services].map(([service, entries]) => dollars(service, sum(entries.map(([, value]) => value)))),
      { name: 'requests', value: rounded(quantities.httpRequests / 1e6), unit: 'million', limit: null },
      { name: 'invocations', value: rounded(quantities.invocations / 1e6), unit: 'million', limit: null },
      { name: 'write units', value: rounded(quantities.writeUnits / 1e6), unit: 'million', limit: null },
      { name: 'read units', value: rounded(quantities.readUnits / 1e6), unit: 'million', limit: null },
    ],
    notes: [
      `The dearest: ${[first, second, third].map(share).join(', ')}.`,
      `A tenth more of an assumption changes the bill by: ${sensitivities(measured, usageAsAssumed)
        .filter(({ percent }) => Math.abs(percent) >= 0.05)
        .map(({ name, percent }) => `${name} ${percent.toFixed(1)} %`)
        .join(', ')}; any other by less than 0.05 %.`,
    ],
  };
};
