import type { Dice } from './dice.ts';

/** What can be made to go wrong; `--faults` names them. */
export const faultKinds = ['throttling', 'conflicts', 'timeouts', 'unprocessed', 'kills', 'redelivery'] as const;
export type FaultKind = (typeof faultKinds)[number];

/** How often each happens, where it can. Often enough that a minute sees all of them, rare enough that retries come through. */
export const shares = {
  /** Of all requests to DynamoDB. */
  throttling: 0.015,
  /** Of all writes. */
  conflicts: 0.03,
  /** Of all requests to DynamoDB: half of them reach it, half do not. */
  timeouts: 0.012,
  /** Of those, how many are not cut but never answered, which costs the function three seconds. */
  silence: 0.1,
  /** Of all batches of reads or writes. */
  unprocessed: 0.1,
  /** Of all invocations. */
  kills: 0.006,
  /** Of all batches of stream records. */
  redelivery: 0.08,
} as const;

/** An answer that DynamoDB gives instead of doing what it was asked for. */
export interface Refusal {
  readonly kind: 'throttling' | 'conflicts';
  readonly status: 400;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What goes wrong with one request to DynamoDB. */
export type DynamoFault =
  | Refusal
  /** The connection is cut, or nothing is ever answered: before DynamoDB has heard of it, or after it has done it. */
  | { readonly kind: 'timeouts'; readonly when: 'before' | 'after'; readonly how: 'cut' | 'silence' }
  /** Only some of what was asked for is done; the rest is handed back. */
  | { readonly kind: 'unprocessed'; readonly sent: object; readonly handedBack: Handed };

interface Handed {
  readonly member: 'UnprocessedKeys' | 'UnprocessedItems';
  readonly tables: Readonly<Record<string, unknown>>;
}

const singleWrites = ['PutItem', 'UpdateItem', 'DeleteItem'];

/**
 * @param operation as `x-amz-target` names it: `TransactWriteItems`
 * @param input what is asked for, as it goes over the wire
 */
export const dynamoFault = (
  operation: string,
  input: Readonly<Record<string, unknown>>,
  kinds: ReadonlySet<FaultKind>,
  dice: Dice,
): DynamoFault | null => {
  if (kinds.has('timeouts') && dice.happens(shares.timeouts)) {
    return {
      kind: 'timeouts',
      when: dice.pick(['before', 'after']),
      how: dice.roll() < shares.silence ? 'silence' : 'cut',
    };
  }
  if (kinds.has('throttling') && dice.happens(shares.throttling)) return throttled;
  if (kinds.has('conflicts') && dice.happens(shares.conflicts)) {
    if (singleWrites.includes(operation)) return conflicted;
    if (operation === 'TransactWriteItems') return cancelled(itemsIn(input).length, dice);
  }
  if (kinds.has('unprocessed') && dice.happens(shares.unprocessed)) return partly(operation, input, dice);
  return null;
};

const errorType = (name: string): string => `com.amazonaws.dynamodb.v20120810#${name}`;

const throttled: Refusal = {
  kind: 'throttling',
  status: 400,
  body: {
    __type: errorType('ProvisionedThroughputExceededException'),
    message:
      'The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.',
  },
};

const conflicted: Refusal = {
  kind: 'conflicts',
  status: 400,
  body: {
    __type: errorType('TransactionConflictException'),
    message: 'Transaction is ongoing for the item',
  },
};

/** Why one item of a transaction stood in its way; the others have no reason. */
const reasons = [
  { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' },
  { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' },
  { Code: 'ThrottlingError', Message: 'Throughput exceeds the current capacity of your table or index.' },
  { Code: 'ProvisionedThroughputExceeded', Message: 'The level of configured provisioned throughput was exceeded.' },
];

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
const cancelled = (items: number, dice: Dice): Refusal => {
  const [at, reason] = [dice.between(0, items - 1), dice.pick(reasons)];
  const all = Array.from({ length: items }, (_, index) => (index === at ? reason : { Code: 'None' }));
  const codes = all.map(({ Code }) => Code).join(', ');
  return {
    kind: 'conflicts',
    status: 400,
    body: {
      __type: errorType('TransactionCanceledException'),
      message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
      CancellationReasons: all,
    },
  };
};

const itemsIn = ({ TransactItems }: Readonly<Record<string, unknown>>): readonly unknown[] =>
  Array.isArray(TransactItems) ? TransactItems : [];

/** @returns null for what is no batch, and for a batch of one: DynamoDB hands back something, not everything */
const partly = (operation: string, input: Readonly<Record<string, unknown>>, dice: Dice): DynamoFault | null => {
  const reads = operation === 'BatchGetItem';
  if (!reads && operation !== 'BatchWriteItem') return null;
  const requested = Object.entries(input.RequestItems ?? {}) as [string, unknown][];
  const [table, asked] = requested[0] ?? [];
  if (table === undefined || requested.length > 1) return null;
  const all = (reads ? (asked as { Keys: readonly unknown[] }).Keys : asked) as readonly unknown[];
  if (all.length < 2) return null;
  const kept = dice.between(1, all.length - 1);
  const holding = (some: readonly unknown[]): unknown => (reads ? { ...(asked as object), Keys: some } : some);
  return {
    kind: 'unprocessed',
    sent: { ...input, RequestItems: { [table]: holding(all.slice(0, kept)) } },
    handedBack: {
      member: reads ? 'UnprocessedKeys' : 'UnprocessedItems',
      tables: { [table]: holding(all.slice(kept)) },
    },
  };
};

/** Where in an invocation its process dies. */
export type Death = { readonly at: 'work'; readonly afterMilliseconds: number } | { readonly at: 'answer' };

/** @returns null for a process that lives */
export const deathOf = (kinds: ReadonlySet<FaultKind>, dice: Dice): Death | null => {
  if (!kinds.has('kills') || !dice.happens(shares.kills)) return null;
  return dice.roll() < 0.5 ? { at: 'work', afterMilliseconds: dice.between(0, 40) } : { at: 'answer' };
};

/** As many batches as may come again. */
export const rememberedBatches = 6;

/**
 * Which batches of a stream come once more. Lambda delivers at least once: where it stood in a shard may be forgotten, and then everything
 * since comes again, in its order. So it is always the last few, up to the very last.
 *
 * @param delivered in the order in which they came
 */
export const redelivered = <T>(delivered: readonly T[], kinds: ReadonlySet<FaultKind>, dice: Dice): readonly T[] =>
  kinds.has('redelivery') && delivered.length > 0 && dice.happens(shares.redelivery)
    ? delivered.slice(-dice.between(1, Math.min(rememberedBatches, delivered.length)))
    : [];

/** @param text `none`, `all`, or kinds with commas between  @throws Error that names the kinds */
export const faultsNamed = (text: string): ReadonlySet<FaultKind> => {
  if (text === 'none') return new Set();
  if (text === 'all') return new Set(faultKinds);
  return new Set(
    text.split(',').map((name) => {
      const kind = faultKinds.find((known) => known === name.trim());
      if (!kind) throw new Error(`--faults takes none, all, or some of ${faultKinds.join(',')}; not "${name}"`);
      return kind;
    }),
  );
};
