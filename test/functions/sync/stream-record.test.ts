import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { defaultProfile, profileKey } from '#functions/accounts/profile.ts';
import { readRecord } from '#functions/sync/stream-record.ts';
import { userId } from '#shared/ids.ts';
import { userKey } from '#shared/item.ts';
import {
  inserted,
  modified,
  removed,
  stoppedSessionItems,
  taskItem,
  tombstoneItem,
  unreadable,
} from '#test/support/stream-records.ts';

const owner = userId(randomUUID());

const withImage = (image: object) => {
  const record = inserted(taskItem(owner));
  return { ...record, dynamodb: { ...record.dynamodb, NewImage: { ...record.dynamodb?.NewImage, ...image } } };
};

describe('a record of the stream', () => {
  it('tells a new task, exactly as it goes over the wire, with the device that made it', () => {
    const item = taskItem(owner, { clientId: 'phone', title: 'Prune' });
    const reading = readRecord(inserted(item));
    expect(reading).toMatchObject({
      kind: 'change',
      owner,
      logged: { changedBy: 'phone', change: { entity: 'task', op: 'put', id: item.id, version: 1 } },
    });
    const data = reading.kind === 'change' ? reading.logged.change.data : null;
    expect(data).toMatchObject({ title: 'Prune' });
    for (const kept of ['pk', 'sk', 'by_state', 'field_versions', 'changed_by', 'request_hash', 'closed']) {
      expect(data).not.toHaveProperty(kept);
    }
  });

  it('tells a deletion', () => {
    const id = randomUUID();
    const tombstone = tombstoneItem(owner, { id, version: 3, clientId: 'phone' });
    expect(readRecord(modified(tombstone, taskItem(owner, { id, version: 2 })))).toEqual({
      kind: 'change',
      owner,
      logged: { changedBy: 'phone', change: { entity: 'task', op: 'delete', id, version: 3, data: null } },
    });
  });

  it('tells a profile', () => {
    const item = { ...profileKey(owner), ...defaultProfile(owner) };
    expect(readRecord(modified(item))).toMatchObject({
      kind: 'change',
      logged: { changedBy: null, change: { entity: 'profile', op: 'put', id: owner, version: 1 } },
    });
  });

  it('tells a Pomodoro session from its seat, and not once more from its row in the history', () => {
    const id = randomUUID();
    const readings = stoppedSessionItems(owner, id).map((item) => readRecord(inserted(item)));
    expect(readings).toEqual([
      {
        kind: 'change',
        owner,
        logged: {
          changedBy: 'phone',
          change: {
            entity: 'pomodoro',
            op: 'put',
            id,
            version: 2,
            data: {
              id,
              kind: 'focus',
              status: 'stopped',
              planned_seconds: 1500,
              elapsed_seconds: 600,
              remaining_seconds: 0,
              anchor: null,
              start_time: '2026-11-24T12:00:00.000Z',
              ends_at: null,
              end_time: '2026-11-24T12:10:00.000Z',
              early: false,
              task_id: null,
              task_title: null,
              interruptions: { internal: 0, external: 0 },
              version: 2,
            },
          },
        },
      },
      { kind: 'other' },
    ]);
  });

  it('tells nobody that a task is looked at another time, unless it has a new version', () => {
    const [item, dueAt] = [taskItem(owner), { due_shard: 'DUE#0', due_at: '2026-11-24T12:00:00.000Z' }];
    expect(readRecord(modified(item, { ...item, ...dueAt }))).toEqual({ kind: 'other' });
    expect(readRecord(modified({ ...item, ...dueAt }, item))).toEqual({ kind: 'other' });
    expect(readRecord(modified({ ...item, ...dueAt, version: 2 }, item))).toMatchObject({ kind: 'change' });
  });

  it.each([
    ['a tombstone that was swept', removed(tombstoneItem(owner, { id: randomUUID(), version: 2 }))],
    ['the log itself', inserted({ ...userKey(owner, 'CHANGE#0000000001#000000000001'), changes: '[]' })],
    ['its head', modified({ ...userKey(owner, 'CHANGE#HEAD'), epoch: 1, seq: 1 })],
    ['a connection', inserted({ ...userKey(owner, 'CONNECTION#1') })],
    ['a completion', inserted({ ...userKey(owner, 'COMPLETION#2026-11-24#1') })],
    ['how much a person keeps', modified({ ...userKey(owner, 'STORAGE'), bytes: 1 })],
    ['an object that has to go', inserted({ ...userKey(owner, 'DISCARD#1'), object_key: 'attachments/1' })],
    ['a ticket', inserted({ pk: 'TICKET#1', sk: 'TICKET' })],
    ['a guest’s note', inserted({ pk: 'GUEST#1', sk: 'NOTE#1' })],
    ['what calls itself a task outside a user’s partition', inserted({ pk: 'GUEST#1', sk: 'TASK#1' })],
    ['nothing at all', { eventName: 'INSERT' as const }],
  ])('tells nobody of %s', (_, record) => {
    expect(readRecord(record)).toEqual({ kind: 'other' });
  });

  it.each([
    ['an image of another shape', unreadable(owner)],
    ['no image', { ...inserted(taskItem(owner)), dynamodb: { Keys: inserted(taskItem(owner)).dynamodb?.Keys ?? {} } }],
    ['a kind of value that there is not', withImage({ title: { X: 'x' } })],
    ['a tombstone without its version', inserted({ ...taskItem(owner), deleted: true, version: null })],
  ])('says whose it is when it cannot be read: %s', (_, record) => {
    expect(readRecord(record)).toMatchObject({ kind: 'unreadable', owner });
  });
});
