import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { usersOf } from '#functions/sync/feed-repair.ts';
import { userId } from '#shared/ids.ts';
import { inserted, modified, removed, taskItem, unreadable } from '#test/support/stream-records.ts';

const [ada, grace] = [userId(randomUUID()), userId(randomUUID())];

/** As Lambda puts it into the failure bucket. */
const invocationRecord = (payload: unknown): string =>
  JSON.stringify({
    requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 4 },
    DDBStreamBatchInfo: { shardId: 'shardId-1', batchSize: 2 },
    payload,
  });

const batch = {
  Records: [
    inserted(taskItem(ada)),
    modified(taskItem(ada, { version: 2 })),
    unreadable(grace),
    removed(taskItem(userId('of a tombstone that was swept'))),
    inserted({ pk: 'USER#of-a-connection', sk: 'CONNECTION#1' }),
    inserted({ pk: 'GUEST#1', sk: 'TASK#1' }),
  ],
};

describe('a batch that was given up', () => {
  it.each([
    ['as JSON', batch],
    ['as its text', JSON.stringify(batch)],
  ])('names each of its users once, whether or not their records can be read (%s)', (_, payload) => {
    expect(usersOf(invocationRecord(payload))).toEqual([ada, grace]);
  });

  it.each([
    ['no JSON', 'nonsense'],
    ['another object of the bucket', '{}'],
    ['a payload that is no batch', invocationRecord('"text"')],
  ])('is not guessed at: %s', (_, text) => {
    expect(() => usersOf(text)).toThrow();
  });
});
