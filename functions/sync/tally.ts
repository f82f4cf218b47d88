import type { AttributeValue, DynamoDBRecord } from 'aws-lambda';
import type { MetricName } from '#blueprint/metrics.ts';
import { prefix, single } from '#blueprint/table.ts';

type Image = Readonly<Record<string, AttributeValue>>;

/** What a write says in numbers, by what its item was and is. */
type Counted = (before: Image | undefined, after: Image) => readonly MetricName[];

const turned = (before: Image | undefined, after: Image, attribute: string, value: string): boolean =>
  after[attribute]?.S === value && before?.[attribute]?.S !== value;

const reminderStates: Readonly<Record<string, MetricName>> = {
  sent: 'RemindersSent',
  expired: 'RemindersExpired',
  failed: 'RemindersFailed',
};

const statesOf = (image: Image | undefined): ReadonlyMap<string, string> =>
  new Map((image?.reminders?.L ?? []).map(({ M }) => [M?.id?.S ?? '', M?.state?.S ?? '']));

const ofTask: Counted = (before, after) => {
  const states = statesOf(before);
  const settled = [...statesOf(after)].flatMap(([id, state]) => {
    const metric = reminderStates[state];
    return metric && states.get(id) === 'scheduled' ? [metric] : [];
  });
  return [
    ...(before === undefined ? (['TasksCreated'] as const) : []),
    ...(turned(before, after, 'status', 'done') ? (['TasksCompleted'] as const) : []),
    ...settled,
  ];
};

/** The seat: who starts takes it from whoever was there. */
const ofSession: Counted = (before, after) => {
  if (after.kind?.S !== 'focus') return [];
  const another = before?.id?.S !== after.id?.S;
  const ranOut = turned(another ? undefined : before, after, 'ended_by', 'time');
  return [...(another ? (['SessionsStarted'] as const) : []), ...(ranOut ? (['SessionsCompleted'] as const) : [])];
};

const ofAttachment: Counted = (before, after) => (turned(before, after, 'status', 'available') ? ['FilesArrived'] : []);

/** By the first letters of a sort key. */
const rooms: Readonly<Record<string, Counted>> = {
  [prefix.task]: ofTask,
  [single.pomodoro]: ofSession,
  [prefix.attachment]: ofAttachment,
};

/**
 * What people have done, by what the stream says of it: whichever route, batch or sweep wrote it. Of what did not happen, nothing. For an
 * operator's eyes: a record that comes twice counts twice; what has to be exact is counted with its cause (docs/decisions/0015-reports.md).
 */
export const tallyOf = (records: readonly DynamoDBRecord[]): Readonly<Partial<Record<MetricName, number>>> => {
  const tally: Partial<Record<MetricName, number>> = {};
  for (const { dynamodb } of records) {
    const { Keys, OldImage, NewImage } = dynamodb ?? {};
    const counted = Object.entries(rooms).find(([start]) => Keys?.sk?.S?.startsWith(start))?.[1];
    if (!counted || !Keys?.pk?.S?.startsWith(prefix.user) || !NewImage || NewImage.deleted?.BOOL === true) continue;
    for (const metric of counted(OldImage, NewImage)) tally[metric] = (tally[metric] ?? 0) + 1;
  }
  return tally;
};

/**
 * When a record's item was written. The stream says so to the second only; an item that says when it was changed says it to the millisecond,
 * but not every write changes that.
 */
export const writtenAt = ({ dynamodb }: DynamoDBRecord): Date => {
  const second = (dynamodb?.ApproximateCreationDateTime ?? 0) * 1000;
  const updatedAt = Date.parse(dynamodb?.NewImage?.updated_at?.S ?? '1970-01-01');
  return new Date(Math.max(updatedAt, second));
};
