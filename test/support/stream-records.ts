import { randomUUID } from 'node:crypto';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { moved, newSession } from '#functions/pomodoro/machine.ts';
import { isRunning } from '#functions/pomodoro/session.ts';
import { transitionWrites } from '#functions/pomodoro/writes.ts';
import type { Change } from '#functions/sync/change.ts';
import type { LoggedChange } from '#functions/sync/feed.ts';
import type { Pull } from '#functions/sync/pull.ts';
import { itemOfTask, newTask, type TaskFields, taskKey } from '#functions/tasks/task.ts';
import type { UserId } from '#shared/ids.ts';
import type { Item, Key } from '#shared/item.ts';
import { Failure } from '#shared/problems.ts';

/** A task's item, as the tasks room writes it. */
export const taskItem = (
  owner: UserId,
  {
    id = randomUUID(),
    version = 1,
    clientId = null,
    ...fields
  }: Partial<TaskFields> & { id?: string; version?: number; clientId?: string | null } = {},
): Item & Key => {
  const act = { now: new Date('2026-11-24T12:00:00Z'), clientId };
  const chosen = {
    title: 'Water the trees',
    description: null,
    status: 'todo',
    priority: 'none',
    due_date: null,
  } as const;
  const made = newTask({ id, owner, fields: { ...chosen, tags: [], ...fields }, requestHash: null }, act, {
    timezone: 'UTC',
    day_start: '00:00',
  });
  return { ...taskKey(owner, id), ...itemOfTask({ ...made, task: { ...made.task, version } }) };
};

/** What is left of a task that was deleted. */
export const tombstoneItem = (
  owner: UserId,
  { id, version, clientId = null }: { id: string; version: number; clientId?: string | null },
): Item & Key => ({
  ...taskKey(owner, id),
  id,
  deleted: true,
  version,
  changed_by: clientId,
  ttl: Date.UTC(2026, 11, 24) / 1000,
});

/** What a Pomodoro session that was started and stopped leaves in the table: its seat, and its row in the history. */
export const stoppedSessionItems = (owner: UserId, id: string = randomUUID()): readonly (Item & Key)[] => {
  const days = { timezone: 'UTC', day_start: '00:00' };
  const act = { now: new Date('2026-11-24T12:00:00Z'), clientId: 'phone' };
  const started = { id, owner, kind: 'focus', planned_seconds: 1500, task: null, requestHash: null } as const;
  const before = newSession(started, null, act);
  const after = isRunning(before) && moved(before, 'stop', { ...act, now: new Date('2026-11-24T12:10:00Z') }, days);
  return after
    ? transitionWrites({ before, after }, 1).flatMap((write) => ('put' in write ? [write.put as Item & Key] : []))
    : [];
};

let written = 0;

const record = (eventName: 'INSERT' | 'MODIFY' | 'REMOVE', { pk, sk }: Key, images: object): DynamoDBRecord => {
  written += 1;
  return {
    eventID: randomUUID(),
    eventName,
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    dynamodb: {
      Keys: { pk: { S: pk }, sk: { S: sk } },
      SequenceNumber: String(written).padStart(21, '0'),
      StreamViewType: 'NEW_AND_OLD_IMAGES',
      ApproximateCreationDateTime: 1_795_521_600,
      ...images,
    },
  };
};

/** As the table's client writes it. */
const imageOf = (item: Item) => marshall(item, { removeUndefinedValues: true });

export const inserted = (item: Item & Key): DynamoDBRecord => record('INSERT', item, { NewImage: imageOf(item) });

export const modified = (item: Item & Key, before: Item = item): DynamoDBRecord =>
  record('MODIFY', item, { NewImage: imageOf(item), OldImage: imageOf(before) });

export const removed = (item: Item & Key): DynamoDBRecord => record('REMOVE', item, { OldImage: imageOf(item) });

/** A task by its key, and nothing that could be one by its image. */
export const unreadable = (owner: UserId): DynamoDBRecord => {
  const key = taskKey(owner, randomUUID());
  return inserted({ ...key, title: 7 });
};

export const sequenceNumberOf = ({ dynamodb }: DynamoDBRecord): string => dynamodb?.SequenceNumber ?? '';

/** A change in a log: small, and told from others by its id. */
export const loggedDelete = (id: string, changedBy: string | null = null): LoggedChange => ({
  change: { entity: 'task', op: 'delete', id, version: 1, data: null },
  changedBy,
});

interface ChangesFrame {
  readonly prev: string;
  readonly cursor: string;
  readonly changes?: readonly Change[];
}

/** What the documentation asks of a client, without a network: it applies by version, keeps a cursor, and starts over on a 410. */
export class FeedClient {
  /** The newest change of everything it knows, deletions included. */
  readonly known = new Map<string, Change>();
  cursor: string | null = null;
  /** How often it had to start over. */
  restarts = 0;
  readonly #pull: (cursor: string | null) => Promise<Pull>;

  constructor(pull: (cursor: string | null) => Promise<Pull>) {
    this.#pull = pull;
  }

  /** Id → version of the tasks it holds. */
  get versions(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      [...this.known.values()].flatMap(({ entity, op, id, version }) =>
        entity === 'task' && op === 'put' ? [[id, version]] : [],
      ),
    );
  }

  /** Asks until there is no more. */
  async catchUp(): Promise<void> {
    for (;;) {
      const answer = await this.#pull(this.cursor).catch((error: unknown) => {
        if (error instanceof Failure && error.type === 'cursor-expired') return null;
        throw error;
      });
      if (answer) {
        this.#apply(answer.changes);
        this.cursor = answer.cursor;
        if (!answer.has_more) return;
      } else {
        this.known.clear();
        this.cursor = null;
        this.restarts += 1;
      }
    }
  }

  /** @param text a frame as it was posted */
  async take(text: string): Promise<void> {
    const { prev, cursor, changes }: ChangesFrame = JSON.parse(text);
    if (prev !== this.cursor || !changes) return this.catchUp();
    this.#apply(changes);
    this.cursor = cursor;
  }

  #apply(changes: readonly Change[]): void {
    for (const change of changes) {
      const key = `${change.entity} ${change.id}`;
      if ((this.known.get(key)?.version ?? 0) < change.version) this.known.set(key, change);
    }
  }
}
