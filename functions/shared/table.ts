import { isDeepStrictEqual } from 'node:util';
import { type AttributeValue, DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { table as definition, type LocalIndexName } from '#blueprint/table.ts';
import { epochSeconds } from '#shared/clock.ts';
import type { Item, Key } from '#shared/item.ts';
import { busy, pause } from '#shared/retry.ts';
import { traced } from '#shared/trace.ts';

/** The single table and the client that reaches it. */
export interface Table {
  readonly client: DynamoDBDocumentClient;
  readonly name: string;
}

/** Gives up on a hanging connection early enough for a retry to fit into the Lambda's own time. */
const patience = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true };

/** @param connection where DynamoDB is, for those whose environment does not say it */
export const openTable = (
  { TABLE_NAME }: { readonly TABLE_NAME: string },
  connection: DynamoDBClientConfig = {},
): Table => ({
  name: TABLE_NAME,
  client: DynamoDBDocumentClient.from(
    traced('DynamoDB', new DynamoDBClient({ requestHandler: patience, maxAttempts: 4, ...connection })),
    { marshallOptions: { removeUndefinedValues: true } },
  ),
});

/** A condition on the item as it lies there before the write. */
export interface Condition {
  readonly expression: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, unknown>>;
}

/** Nothing lies under the key, not even a tombstone. What has expired does not count: TTL deletes late. */
export const absent = (now: Date): Condition => ({
  expression: 'attribute_not_exists(pk) OR #ttl <= :now',
  names: { '#ttl': 'ttl' },
  values: { ':now': epochSeconds(now) },
});

/** The item lies there, alive, in exactly this version. */
export const atVersion = (version: number): Condition => ({
  expression: '#version = :expected_version AND attribute_not_exists(#deleted)',
  names: { '#version': 'version', '#deleted': 'deleted' },
  values: { ':expected_version': version },
});

/** The item lies there and has not expired: the write's half of {@link isLive}. */
export const unexpired = (now: Date): Condition => ({
  expression: 'attribute_exists(pk) AND (attribute_not_exists(#ttl) OR #ttl > :now)',
  names: { '#ttl': 'ttl' },
  values: { ':now': epochSeconds(now) },
});

/** A write found something else than it expected. `items`: what lay there instead, in the order of the writes. */
export class ConditionFailed extends Error {
  readonly items: readonly (Item | undefined)[];
  /** Whether the SDK had sent it before, and never heard what became of it. */
  readonly resent: boolean;

  constructor(items: readonly (Item | undefined)[], resent = false) {
    super('A write met an item in another state than it expected.');
    this.name = 'ConditionFailed';
    this.items = items;
    this.resent = resent;
  }

  /** The item that lay under the key of the only, or first, write. */
  get item(): Item | undefined {
    return this.items[0];
  }
}

/** What has come due, with its place in the index. */
export interface DueKey extends Key {
  readonly due_shard: string;
  readonly due_at: string;
}

/**
 * What has come due in a shard, the longest overdue first: keys only, and a moment late, as a global index is.
 * @param after where the page before ended
 */
export const queryDue = async (
  table: Table,
  shard: string,
  now: Date,
  limit: number,
  after: DueKey | null = null,
): Promise<readonly DueKey[]> => {
  const { partitionKey, sortKey } = definition.globalIndexes.by_due;
  const { Items = [] } = await table.client.send(
    new QueryCommand({
      TableName: table.name,
      IndexName: 'by_due',
      KeyConditionExpression: '#shard = :shard AND #due_at <= :now',
      ExpressionAttributeNames: { '#shard': partitionKey, '#due_at': sortKey },
      ExpressionAttributeValues: { ':shard': shard, ':now': now.toISOString() },
      Limit: limit,
      ...(after && { ExclusiveStartKey: { ...after } }),
    }),
  );
  return Items.map(({ pk, sk, due_at }) => ({
    pk: String(pk),
    sk: String(sk),
    due_shard: shard,
    due_at: String(due_at),
  }));
};

/** Every page of a range, one after the other. */
export const queryAll = async (table: Table, range: Range): Promise<readonly Item[]> => {
  const items: Item[] = [];
  let startAfter: Item | undefined;
  do {
    const page = await queryPage(table, { ...range, startAfter });
    items.push(...page.items);
    startAfter = page.lastKey;
  } while (startAfter);
  return items;
};

/** Strongly consistent: a device reads what it has just written. */
export const getItem = async (table: Table, key: Key): Promise<Item | undefined> => {
  const { Item } = await table.client.send(new GetCommand({ TableName: table.name, Key: key, ConsistentRead: true }));
  return Item;
};

/**
 * Several items in one round trip, in the order of the keys.
 * @throws Failure `busy` when DynamoDB leaves some unread even after retries
 */
export const getItems = async (table: Table, keys: readonly Key[]): Promise<(Item | undefined)[]> => {
  const found = new Map<string, Item>();
  let pending: Key[] = [...keys];
  for (let attempt = 0; pending.length > 0; attempt += 1) {
    if (attempt === attempts) throw busy();
    if (attempt > 0) await pause(attempt);
    const { Responses, UnprocessedKeys } = await table.client.send(
      new BatchGetCommand({ RequestItems: { [table.name]: { Keys: pending, ConsistentRead: true } } }),
    );
    for (const item of Responses?.[table.name] ?? []) found.set(`${item.pk} ${item.sk}`, item);
    pending = (UnprocessedKeys?.[table.name]?.Keys ?? []).map((key) => ({
      pk: String(key.pk),
      sk: String(key.sk),
    }));
  }
  return keys.map((key) => found.get(`${key.pk} ${key.sk}`));
};

/** @throws ConditionFailed with the item that lay there */
export const putItem = async (table: Table, item: Item, condition?: Condition): Promise<void> => {
  try {
    await write(() =>
      table.client.send(
        new PutCommand({
          TableName: table.name,
          Item: item,
          ...conditionOf(condition),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
    );
  } catch (error) {
    if (!(error instanceof ConditionFailed && metItself(error, item))) throw error;
  }
};

/**
 * DynamoDB knows a transaction again that is sent twice, and no single write: it meets what it has written itself. Only of what has versions
 * this can be told for sure; a claim that looks the same may be another's.
 */
const metItself = ({ resent, item: found }: ConditionFailed, item: Item): boolean =>
  resent && 'version' in item && isDeepStrictEqual(found, unmarshall(marshall(item, { removeUndefinedValues: true })));

/** @returns the item that was deleted, if one was there  @throws ConditionFailed with the item that lay there */
export const deleteItem = async (table: Table, key: Key, condition?: Condition): Promise<Item | undefined> => {
  const { Attributes } = await write(() =>
    table.client.send(
      new DeleteCommand({
        TableName: table.name,
        Key: key,
        ...conditionOf(condition),
        ReturnValues: 'ALL_OLD',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    ),
  );
  return Attributes;
};

/** @returns false when the write's condition did not hold */
export const holds = async (write: Promise<unknown>): Promise<boolean> => {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
};

/** A change of single attributes: `set` replaces, `add` counts up or down from 0, `remove` takes away. */
export interface Change {
  readonly set?: Readonly<Record<string, unknown>>;
  readonly add?: Readonly<Record<string, number>>;
  readonly remove?: readonly string[];
}

/** @returns the item after the change  @throws ConditionFailed with the item that lay there */
export const updateItem = async (table: Table, key: Key, change: Change, condition?: Condition): Promise<Item> => {
  const { Attributes } = await write(() =>
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: key,
        ...updateOf(change, condition),
        ReturnValues: 'ALL_NEW',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    ),
  );
  return Attributes ?? {};
};

/** One write of a transaction. */
export type Write =
  | { readonly put: Item; readonly condition?: Condition | undefined }
  | { readonly update: Key; readonly change: Change; readonly condition?: Condition | undefined }
  | { readonly delete: Key; readonly condition?: Condition | undefined }
  | { readonly check: Key; readonly condition: Condition };

/** DynamoDB's limit for one transaction. */
export const writesPerTransaction = 100;

/**
 * All writes or none. A single one is sent as a plain write, which costs half.
 * @throws ConditionFailed with the items that lay there; Failure `busy` after conflicts with other transactions, retried with jitter
 */
export const writeAll = async (table: Table, writes: readonly Write[]): Promise<void> => {
  const [only, ...others] = writes;
  if (only === undefined) return;
  if (others.length === 0 && 'put' in only) return putItem(table, only.put, only.condition);
  const TransactItems = writes.map((entry) => transactItemOf(table.name, entry));
  await write(() => table.client.send(new TransactWriteCommand({ TransactItems })));
};

export interface Page {
  readonly items: readonly Item[];
  /** Where the next page starts; absent at the end of the range. */
  readonly lastKey?: Item | undefined;
  /** How many items were looked at, before the filter. */
  readonly looked: number;
}

export interface Range {
  readonly pk: string;
  /** The index whose sort key the range is over; the table's own when absent. */
  readonly index?: LocalIndexName;
  readonly beginsWith?: string;
  /** Both ends included. */
  readonly between?: readonly [string, string];
  readonly newestFirst?: boolean;
  readonly limit?: number;
  readonly startAfter?: Item | undefined;
  readonly filter?: Condition;
  /** All attributes, also of an index that holds keys only: a local one fetches them from the table in the same round trip. */
  readonly whole?: boolean;
}

/** One page (at most 1 MB read, DynamoDB's own bound) of one partition, strongly consistent, in one round trip. */
export const queryPage = async (table: Table, range: Range): Promise<Page> => {
  const names: Record<string, string> = { '#pk': 'pk', ...range.filter?.names };
  const values: Record<string, unknown> = { ':pk': range.pk, ...range.filter?.values };
  let where = '#pk = :pk';
  if (range.between || range.beginsWith) names['#range'] = range.index ?? 'sk';
  if (range.between) {
    where += ' AND #range BETWEEN :from AND :to';
    [values[':from'], values[':to']] = range.between;
  } else if (range.beginsWith) {
    where += ' AND begins_with(#range, :prefix)';
    values[':prefix'] = range.beginsWith;
  }
  const input: QueryCommandInput = {
    TableName: table.name,
    ConsistentRead: true,
    KeyConditionExpression: where,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
    ScanIndexForward: range.newestFirst !== true,
    ...(range.index && { IndexName: range.index }),
    ...(range.limit && { Limit: range.limit }),
    ...(range.startAfter && { ExclusiveStartKey: range.startAfter }),
    ...(range.filter && { FilterExpression: range.filter.expression }),
    ...(range.whole && { Select: 'ALL_ATTRIBUTES' }),
  };
  const {
    Items = [],
    LastEvaluatedKey,
    ScannedCount = Items.length,
  } = await table.client.send(new QueryCommand(input));
  return { items: Items, lastKey: LastEvaluatedKey, looked: ScannedCount };
};

const attempts = 8;

const write = async <T>(send: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome instanceof ConditionFailed) throw outcome;
      if (outcome !== 'conflict') throw error;
      if (attempt === attempts) throw busy();
      await pause(attempt);
    }
  }
};

const passing = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

const outcomeOf = (error: unknown): ConditionFailed | 'conflict' | 'other' => {
  if (!(error instanceof Error)) return 'other';
  if (error.name === 'ConditionalCheckFailedException') {
    return new ConditionFailed(['Item' in error ? plain(error.Item) : undefined], wasResent(error));
  }
  if (error.name === 'TransactionConflictException') return 'conflict';
  if (error.name !== 'TransactionCanceledException' || !('CancellationReasons' in error)) return 'other';
  const reasons = Array.isArray(error.CancellationReasons) ? error.CancellationReasons : [];
  // A failed condition is final, whatever else happened beside it.
  if (reasons.some((reason) => reason.Code === 'ConditionalCheckFailed')) {
    return new ConditionFailed(reasons.map((reason) => plain(reason.Item)));
  }
  return reasons.some((reason) => passing.has(reason.Code)) ? 'conflict' : 'other';
};

const wasResent = (error: Error & { readonly $metadata?: { readonly attempts?: number } }): boolean =>
  (error.$metadata?.attempts ?? 1) > 1;

/** Errors carry items as DynamoDB writes them; the document client unfolds only replies. */
const plain = (item: unknown): Item | undefined => (isAttributeMap(item) ? unmarshall(item) : undefined);

const isAttributeMap = (item: unknown): item is Record<string, AttributeValue> =>
  typeof item === 'object' && item !== null && Object.keys(item).length > 0;

const conditionOf = (condition: Condition | undefined) =>
  condition && {
    ConditionExpression: condition.expression,
    ...(condition.names && { ExpressionAttributeNames: { ...condition.names } }),
    ...(condition.values && { ExpressionAttributeValues: { ...condition.values } }),
  };

const updateOf = ({ set = {}, add = {}, remove = [] }: Change, condition: Condition | undefined) => {
  const names: Record<string, string> = { ...condition?.names };
  const values: Record<string, unknown> = { ...condition?.values };
  const nameOf = (attribute: string): string => {
    const name = `#a${Object.keys(names).length}`;
    names[name] = attribute;
    return name;
  };
  const placeholderOf = (value: unknown): string => {
    const name = `:v${Object.keys(values).length}`;
    values[name] = value;
    return name;
  };
  const sets = Object.entries(set).map(([attribute, value]) => `${nameOf(attribute)} = ${placeholderOf(value)}`);
  const adds = Object.entries(add).map(([attribute, value]) => `${nameOf(attribute)} ${placeholderOf(value)}`);
  const removes = remove.map(nameOf);
  return {
    UpdateExpression: [
      ...(sets.length > 0 ? [`SET ${sets.join(', ')}`] : []),
      ...(adds.length > 0 ? [`ADD ${adds.join(', ')}`] : []),
      ...(removes.length > 0 ? [`REMOVE ${removes.join(', ')}`] : []),
    ].join(' '),
    ...(condition && { ConditionExpression: condition.expression }),
    ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
  };
};

const transactItemOf = (
  TableName: string,
  entry: Write,
): NonNullable<TransactWriteCommandInput['TransactItems']>[number] => {
  const onFailure = { TableName, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
  if ('put' in entry) return { Put: { ...onFailure, Item: entry.put, ...conditionOf(entry.condition) } };
  if ('update' in entry) {
    return { Update: { ...onFailure, Key: { ...entry.update }, ...updateOf(entry.change, entry.condition) } };
  }
  if ('delete' in entry) return { Delete: { ...onFailure, Key: { ...entry.delete }, ...conditionOf(entry.condition) } };
  const { expression, names, values } = entry.condition;
  return {
    ConditionCheck: {
      ...onFailure,
      Key: { ...entry.check },
      ConditionExpression: expression,
      ...(names && { ExpressionAttributeNames: { ...names } }),
      ...(values && { ExpressionAttributeValues: { ...values } }),
    },
  };
};
