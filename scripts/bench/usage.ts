/**
 * What people do in a month, as far as nobody knows it: assumptions, each with its reason, so that whoever knows better changes a number. What
 * each act asks of AWS is measured, and not assumed.
 */
export interface Assumption {
  readonly value: number;
  readonly unit: string;
  readonly because: string;
}

const daily = 'of somebody, on a day on which they use it';
const monthly = 'of somebody, in a month';

export const assumptions = {
  users: { value: 1_000_000, unit: 'people who use it in a month', because: 'the question' },
  activeDays: {
    value: 10,
    unit: `days ${monthly}`,
    because: 'a third of a month’s users on a day: what is called sticky for a tool that is not a messenger',
  },

  openings: {
    value: 5,
    unit: `times ${daily}`,
    because: 'a glance in the morning, at noon and in the evening, on two devices',
  },
  onlineMinutes: {
    value: 120,
    unit: `minutes with a socket, all devices together, ${daily}`,
    because: 'a phone for a few minutes each time, and a window on a desk for a part of the day',
  },
  minutesBetweenPings: { value: 5, unit: 'minutes', because: 'API Gateway closes a socket that is silent for ten' },
  devicesOnline: {
    value: 1.5,
    unit: 'sockets open when something changes',
    because: 'the device that makes the change, and every other time another one',
  },
  tokens: {
    value: 3,
    unit: `renewed access tokens ${daily}`,
    because: 'one is good for an hour, and is renewed when it is needed',
  },

  created: { value: 4, unit: `tasks ${daily}`, because: 'forty a month' },
  withReminder: { value: 0.25, unit: 'of the tasks that are created', because: 'most tasks have no time' },
  below: { value: 0.2, unit: 'of the tasks that are created', because: 'lists within lists are for some' },
  edited: { value: 4, unit: `edits ${daily}`, because: 'each task once: its text, its date, its tags' },
  completed: { value: 3, unit: `tasks ${daily}`, because: 'three of four tasks are done one day' },
  recurring: { value: 0.2, unit: 'of the tasks that are completed', because: 'habits, chores and bills' },
  deleted: { value: 0.5, unit: `tasks ${daily}`, because: 'what is left of four' },
  moved: { value: 0.5, unit: `tasks ${daily}`, because: 'sorting is done once in a while' },
  lists: {
    value: 5,
    unit: `pages ${daily}`,
    because: 'devices hold their own copy; scripts, searches and browsers do not',
  },
  reads: { value: 2, unit: `single tasks ${daily}`, because: 'what a link or a notice leads to' },
  snapshots: { value: 0.1, unit: `times ${daily}`, because: 'a new device, a browser that forgot' },
  offlineEdits: { value: 0.3, unit: `edits ${daily}`, because: 'a tunnel, a cellar, a plane' },

  sessions: { value: 1, unit: `Pomodoro sessions ${daily}`, because: 'four for one in four' },
  sessionLooks: { value: 2, unit: 'looks at each session', because: 'its beginning and its end, on another device' },
  sessionCommands: { value: 0.6, unit: 'pauses and as many resumptions of each', because: 'somebody comes in' },
  reports: { value: 0.5, unit: `reports ${daily}`, because: 'the evening, every other day' },

  uploads: { value: 0.1, unit: `files ${daily}`, because: 'one a month' },
  downloads: { value: 0.2, unit: `files ${daily}`, because: 'each looked at twice' },
  fileMegabytes: { value: 0.7, unit: 'MB a file', because: 'photographs that apps have made small, and PDFs' },

  joining: { value: 0.05, unit: 'of the users join in this month', because: 'half of them again in a year' },
  guests: { value: 0.1, unit: 'guests for each user', because: 'two try for one who joins' },
  guestNotes: { value: 5, unit: 'notes of each guest', because: 'trying takes a handful' },
  calendars: { value: 0.05, unit: 'of the users have a link in a calendar', because: 'a feature that has to be found' },
  calendarLooks: {
    value: 8,
    unit: 'times a day that a calendar asks',
    because: 'Google every few hours, Apple as it is told',
  },

  keptTasks: { value: 400, unit: 'tasks of each user', because: 'a year’s, open and done' },
  keptRows: { value: 500, unit: 'completions and sessions of each user', because: 'each of a year’s' },
  taskBytes: {
    value: 2_000,
    unit: 'bytes of each kept task',
    because: 'an item of 750, its copy in by_state, its keys in by_path, and the 100 that DynamoDB adds to each',
  },
  rowBytes: {
    value: 400,
    unit: 'bytes of each other kept row',
    because: 'a completion or a session, and the 100 that are added',
  },
  logRowBytes: {
    value: 1_100,
    unit: 'bytes of each row of the change log',
    because: 'a task of 750 as JSON, the cursors around it, and the 100 that are added',
  },
  keptFiles: { value: 6, unit: 'files of each user', because: 'half of a year’s' },

  tableMilliseconds: {
    value: 4,
    unit: 'ms a round trip to DynamoDB',
    because: 'DynamoDB promises single digits; within a region it is four',
  },
  serviceMilliseconds: {
    value: 15,
    unit: 'ms a call of another service',
    because: 'of API Gateway’s connections, SES and S3',
  },
  cpuFactor: {
    value: 2,
    unit: '× the CPU measured here',
    because: 'a function of 1,024 MB has 0.58 of a core, and TLS and the runtime’s own work are not measured',
  },
  reactionMilliseconds: {
    value: 3,
    unit: 'ms of a reaction to something that nobody is told of by mail',
    because: 'it unmarshals the change, looks at it, and asks nobody anything',
  },
  memoryGigabytes: { value: 1, unit: 'GB of a function', because: 'as lib/config.ts says for nearly all' },
  coldStarts: { value: 0.01, unit: 'of invocations', because: 'AWS says less than one in a hundred' },
  coldMilliseconds: { value: 350, unit: 'ms', because: 'a runtime of Node.js and a bundle of about a megabyte' },
  recordsTogether: {
    value: 1,
    unit: 'changes in a batch of the stream',
    because: 'with no batching window the stream is read at once; more would be cheaper',
  },
  functionLogBytes: {
    value: 1_000,
    unit: 'bytes of log an invocation',
    because: 'Lambda’s own lines of its start and its end, one of ours, and 26 bytes that each line counts for',
  },
  accessLogBytes: { value: 350, unit: 'bytes of log a request', because: 'one line of nine fields' },
  logMonths: { value: 3, unit: 'months that logs are kept', because: 'as lib/config.ts says for prod' },
  logCompression: {
    value: 0.15,
    unit: 'of a log is left when it is stored',
    because: 'JSON lines; what CloudWatch itself counts with',
  },
  traced: {
    value: 0.05,
    unit: 'of invocations',
    because: 'X-Ray’s own rule: one a second, and a twentieth of the rest',
  },
  alarms: { value: 14, unit: 'alarms', because: 'one for each thing that may go wrong (lib/)' },
  metrics: { value: 50, unit: 'metrics', because: 'business counts by function' },
} as const satisfies Record<string, Assumption>;

export type AssumptionName = keyof typeof assumptions;

/** A number for each, as they stand above or as somebody else has them. */
export type Usage = Readonly<Record<AssumptionName, number>>;

export const usageAsAssumed: Usage = Object.fromEntries(
  Object.entries(assumptions).map(([name, { value }]) => [name, value]),
) as Record<AssumptionName, number>;
