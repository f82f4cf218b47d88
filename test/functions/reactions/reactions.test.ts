import { marshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { consumeReactions, type Reacted } from '#functions/reactions/reactions.ts';
import { log } from '#shared/log.ts';

log.setLogLevel('SILENT');

let written = 0;

/** A change of an item, as the stream tells it. */
const record = (pk: string, sk: string, before: object | null, after: object | null): DynamoDBRecord => {
  written += 1;
  const image = (fields: object) =>
    marshall({ pk, sk, ...fields }) as NonNullable<DynamoDBRecord['dynamodb']>['NewImage'];
  return {
    eventName: before ? (after ? 'MODIFY' : 'REMOVE') : 'INSERT',
    dynamodb: {
      Keys: { pk: { S: pk }, sk: { S: sk } },
      SequenceNumber: String(written),
      ...(before && { OldImage: image(before) as never }),
      ...(after && { NewImage: image(after) as never }),
    },
  };
};

const numberOf = ({ dynamodb }: DynamoDBRecord) => dynamodb?.SequenceNumber;

/** Rooms that remember what they were told, and fail where they are told to. */
const hearing = (fails: (change: Reacted) => boolean = () => false) => {
  const heard: string[] = [];
  const told: Reacted[] = [];
  const room = (name: string) => async (change: Reacted) => {
    if (fails(change)) throw new Error('it cannot');
    heard.push(`${name} ${change.owner} ${change.key.sk}`);
    told.push(change);
  };
  const consume = consumeReactions({
    rooms: { 'REMINDER#': room('reminders'), 'POMODORO#': room('pomodoro') },
  });
  return { consume, heard, told };
};

describe('the reactions', () => {
  it('go to the room that the key names, with the item as it was and as it is', async () => {
    const { consume, heard, told } = hearing();
    const answer = await consume([
      record('USER#ada', 'REMINDER#task#1', { state: 'scheduled' }, { state: 'claimed' }),
      record('USER#eve', 'POMODORO#2026#2', null, { status: 'completed' }),
      record('USER#eve', 'POMODORO#2026#3', { status: 'completed' }, null),
    ]);
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(heard.toSorted()).toEqual([
      'pomodoro eve POMODORO#2026#2',
      'pomodoro eve POMODORO#2026#3',
      'reminders ada REMINDER#task#1',
    ]);
    expect(told.find(({ owner }) => owner === 'ada')).toMatchObject({
      key: { pk: 'USER#ada', sk: 'REMINDER#task#1' },
      before: { state: 'scheduled' },
      after: { state: 'claimed' },
    });
    expect(
      told.filter(({ owner }) => owner === 'eve').map(({ before, after }) => [before === null, after === null]),
    ).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  it.each([
    ['a room that there is none of', 'USER#ada', 'TASK#1'],
    ['nobody’s item', 'GUEST#ada', 'REMINDER#task#1'],
  ])('are none to %s', async (_, pk, sk) => {
    const { consume, heard } = hearing();
    expect(await consume([record(pk, sk, null, {})])).toEqual({ batchItemFailures: [] });
    expect(heard).toEqual([]);
  });

  it('hear one user’s changes in their order', async () => {
    const { consume, heard } = hearing();
    await consume(Array.from({ length: 30 }, (_, n) => record(`USER#${n % 3}`, `REMINDER#${n}`, null, {})));
    for (const user of ['0', '1', '2']) {
      const own = heard
        .filter((line) => line.startsWith(`reminders ${user} `))
        .map((line) => Number(line.split('#')[1]));
      expect(own).toEqual(own.toSorted((a, b) => a - b));
      expect(own).toHaveLength(10);
    }
  });

  it('that fail are that record’s failure, and hold up no other, not even of the same user', async () => {
    const { consume, heard } = hearing(({ key }) => key.sk === 'REMINDER#bad');
    const records = [
      record('USER#ada', 'REMINDER#1', null, {}),
      record('USER#ada', 'REMINDER#bad', null, {}),
      record('USER#ada', 'REMINDER#2', null, {}),
      record('USER#eve', 'REMINDER#3', null, {}),
    ];
    const [, bad] = records;
    expect(await consume(records)).toEqual({
      batchItemFailures: [{ itemIdentifier: bad && numberOf(bad) }],
    });
    expect(heard).toHaveLength(3);
  });

  it('end, as Lambda brings failures again, with the bad record alone given up', async () => {
    const { consume, heard } = hearing(({ key }) => key.sk === 'REMINDER#bad');
    const records = Array.from({ length: 20 }, (_, n) =>
      record('USER#ada', n === 7 ? 'REMINDER#bad' : `REMINDER#${n}`, null, {}),
    );
    const givenUp = await deliver(consume, records, 5);
    expect(givenUp.map(numberOf)).toEqual([records[7] && numberOf(records[7])]);
    // Some came more than once: a room must know what it has dealt with.
    expect(new Set(heard).size).toBe(19);
    expect(heard.length).toBeGreaterThan(19);
  });

  it('an image that cannot be read is that record’s failure', async () => {
    const { consume } = hearing();
    const bad = record('USER#ada', 'REMINDER#1', null, {});
    Object.assign(bad.dynamodb?.NewImage ?? {}, { odd: { X: 'nonsense' } });
    expect(await consume([bad])).toEqual({ batchItemFailures: [{ itemIdentifier: numberOf(bad) }] });
  });
});

/**
 * As Lambda does it with bisect and partial responses: what comes after the first failure comes again, and what is alone and fails too often
 * is given up. @returns what was given up
 */
const deliver = async (
  consume: ReturnType<typeof consumeReactions>,
  records: readonly DynamoDBRecord[],
  retries: number,
): Promise<readonly DynamoDBRecord[]> => {
  if (records.length === 0) return [];
  const { batchItemFailures } = await consume(records);
  const [failure] = batchItemFailures;
  if (!failure) return [];
  const rest = records.slice(records.findIndex((candidate) => numberOf(candidate) === failure.itemIdentifier));
  if (rest.length === 1) return retries === 0 ? rest : deliver(consume, rest, retries - 1);
  const half = Math.ceil(rest.length / 2);
  return [
    ...(await deliver(consume, rest.slice(0, half), retries)),
    ...(await deliver(consume, rest.slice(half), retries)),
  ];
};
