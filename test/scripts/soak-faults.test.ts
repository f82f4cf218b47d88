import { describe, expect, it } from 'vitest';
import { templatesOf } from '#test/lib/synthesize.ts';
import { type Dice, diceOf } from '../../scripts/soak/dice.ts';
import {
  type DynamoFault,
  deathOf,
  dynamoFault,
  type FaultKind,
  faultKinds,
  faultsNamed,
  redelivered,
} from '../../scripts/soak/faults.ts';

/** Everything happens. */
const always: Dice = { ...diceOf('always'), happens: () => true };

const only = (kind: FaultKind): ReadonlySet<FaultKind> => new Set([kind]);

const transaction = { TransactItems: [{ Put: {} }, { Delete: {} }, { ConditionCheck: {} }] };

const fault = (operation: string, kind: FaultKind, input: Record<string, unknown> = {}, dice = always) =>
  dynamoFault(operation, input, only(kind), dice);

const bodyOf = (found: DynamoFault | null) => (found && 'body' in found ? found.body : null);

describe('chance', () => {
  it('comes out the same for the same seed, and otherwise for another', () => {
    const rolls = (seed: string) =>
      Array.from(
        { length: 20 },
        (
          (dice) => () =>
            dice.roll()
        )(diceOf(seed)),
      );
    expect(rolls('a')).toEqual(rolls('a'));
    expect(rolls('a')).not.toEqual(rolls('b'));
    expect(rolls('a').every((roll) => roll >= 0 && roll < 1)).toBe(true);
  });

  it('is anybody’s own: what one does changes nothing for another', () => {
    const one = diceOf('a');
    one.roll();
    expect(one.apart('b').roll()).toBe(diceOf('a').apart('b').roll());
  });

  it('is fair to heavy and light, and to both ends', () => {
    const dice = diceOf('fair');
    const counts = Map.groupBy(
      Array.from({ length: 2_000 }, () => dice.weighted([{ weight: 3 }, { weight: 1 }]).weight),
      (weight) => weight,
    );
    expect((counts.get(3)?.length ?? 0) / 2_000).toBeCloseTo(0.75, 1);
    expect(new Set(Array.from({ length: 200 }, () => dice.between(1, 3)))).toEqual(new Set([1, 2, 3]));
  });
});

describe('a fault of DynamoDB', () => {
  it('is throttling, as DynamoDB says it', () => {
    expect(bodyOf(fault('Query', 'throttling'))?.__type).toMatch(/#ProvisionedThroughputExceededException$/);
  });

  it('is a conflict of a single write, and of no read', () => {
    expect(bodyOf(fault('PutItem', 'conflicts'))?.__type).toMatch(/#TransactionConflictException$/);
    expect(fault('Query', 'conflicts')).toBeNull();
  });

  it('is a transaction that was cancelled, with a reason for each item and one that counts', () => {
    const dice = diceOf('reasons');
    for (let time = 0; time < 50; time += 1) {
      const body = bodyOf(fault('TransactWriteItems', 'conflicts', transaction, { ...dice, happens: () => true }));
      const reasons = body?.CancellationReasons as readonly { Code: string }[];
      expect(reasons).toHaveLength(3);
      expect(reasons.filter(({ Code }) => Code !== 'None')).toHaveLength(1);
      expect(body?.message).toContain(`[${reasons.map(({ Code }) => Code).join(', ')}]`);
    }
  });

  it('comes before or after, as a cut or as silence', () => {
    const dice = diceOf('ways');
    const ways = Array.from({ length: 100 }, () =>
      fault('PutItem', 'timeouts', {}, { ...dice, roll: () => dice.roll() / 5, happens: () => true }),
    );
    expect(new Set(ways.map((way) => way && 'when' in way && `${way.how} ${way.when}`))).toEqual(
      new Set(['cut before', 'cut after', 'silence before', 'silence after']),
    );
  });

  it('hands back some of a batch, and never loses or repeats any', () => {
    const dice = diceOf('batches');
    const Keys = Array.from({ length: 7 }, (_, n) => ({ pk: { S: `${n}` } }));
    for (let time = 0; time < 50; time += 1) {
      const read = fault(
        'BatchGetItem',
        'unprocessed',
        { RequestItems: { pomona: { Keys, ConsistentRead: true } } },
        { ...dice, happens: () => true },
      );
      if (read?.kind !== 'unprocessed') throw new Error('nothing was handed back');
      const sent = (read.sent as { RequestItems: { pomona: { Keys: object[]; ConsistentRead: boolean } } }).RequestItems
        .pomona;
      const back = read.handedBack.tables.pomona as typeof sent;
      expect([...sent.Keys, ...back.Keys]).toEqual(Keys);
      expect([sent.Keys.length > 0, back.Keys.length > 0]).toEqual([true, true]);
      expect([sent.ConsistentRead, back.ConsistentRead]).toEqual([true, true]);
      expect(read.handedBack.member).toBe('UnprocessedKeys');
    }
    const requests = Keys.map((Key) => ({ DeleteRequest: { Key } }));
    const written = fault('BatchWriteItem', 'unprocessed', { RequestItems: { pomona: requests } });
    expect(written).toMatchObject({ handedBack: { member: 'UnprocessedItems' } });
  });

  it('never hands back all, and nothing of what is no batch', () => {
    expect(fault('BatchGetItem', 'unprocessed', { RequestItems: { pomona: { Keys: [{}] } } })).toBeNull();
    expect(fault('GetItem', 'unprocessed')).toBeNull();
  });

  it('is none of those that nobody asked for', () => {
    for (const operation of ['PutItem', 'TransactWriteItems', 'BatchGetItem']) {
      expect(dynamoFault(operation, transaction, new Set(), always)).toBeNull();
    }
    expect(deathOf(new Set(), always)).toBeNull();
    expect(redelivered([1, 2], new Set(), always)).toEqual([]);
  });
});

describe('a batch of the stream', () => {
  it('comes again with all that came after it, in their order', () => {
    const dice = diceOf('again');
    const lengths = new Set<number>();
    for (let time = 0; time < 200; time += 1) {
      const again = redelivered([1, 2, 3, 4, 5, 6, 7, 8], only('redelivery'), { ...dice, happens: () => true });
      expect(again).toEqual([1, 2, 3, 4, 5, 6, 7, 8].slice(-again.length));
      lengths.add(again.length);
    }
    expect(lengths).toEqual(new Set([1, 2, 3, 4, 5, 6]));
    expect(redelivered([], only('redelivery'), always)).toEqual([]);
  });
});

describe('--faults', () => {
  it('takes none, all, or some by their names', () => {
    expect(faultsNamed('none')).toEqual(new Set());
    expect(faultsNamed('all')).toEqual(new Set(faultKinds));
    expect(faultsNamed('kills, timeouts')).toEqual(new Set(['kills', 'timeouts']));
    expect(() => faultsNamed('lightning')).toThrow('--faults takes none, all, or some of throttling,');
  });
});

describe('what is deployed', () => {
  it.each(['dev', 'prod'] as const)('has no way to be sent by way of the soak: %s', (stage) => {
    const text = JSON.stringify(templatesOf(stage));
    expect(text).not.toMatch(/AWS_ENDPOINT_URL|AWS_LAMBDA_RUNTIME_API|NODE_OPTIONS|AWS_LAMBDA_EXEC_WRAPPER/);
  });
});
