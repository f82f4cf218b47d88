import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { concurrently } from '#shared/concurrently.ts';
import { type Item, type Key, userKey } from '#shared/item.ts';
import { busy, pause } from '#shared/retry.ts';
import { deleteItem, queryPage, type Table } from '#shared/table.ts';
import type { Belongings } from './deletion.ts';

/** Keys outside of a user's partition that an item in it leads to. */
export type Leads = (item: Item) => readonly Key[];

/** @param leads by the sort keys of the items that lead elsewhere */
export const belongingsStore = (table: Table, leads: Readonly<Record<string, Leads>>): Belongings => ({
  remove: async (owner, hasTime) => {
    while (hasTime()) {
      // Always the first page: what was removed is not in it any more.
      const { items } = await queryPage(table, { pk: userKey(owner, '').pk });
      if (items.length === 0) return true;
      const plain: Key[] = [];
      for (const item of items) {
        const key = { pk: String(item.pk), sk: String(item.sk) };
        const leadsTo = leads[key.sk];
        if (leadsTo) await removeWithLeads(table, key, item, leadsTo);
        else plain.push(key);
      }
      await deleteItems(table, plain);
    }
    return false;
  },
});

/** What an item leads to goes before the item: whoever is interrupted still finds it. */
const removeWithLeads = async (table: Table, key: Key, item: Item, leadsTo: Leads): Promise<void> => {
  for (const led of leadsTo(item)) await deleteItem(table, led);
  const last = await deleteItem(table, key);
  // It may have led to more by then.
  for (const led of last ? leadsTo(last) : []) await deleteItem(table, led);
};

/** DynamoDB's limit for one BatchWriteItem. */
const keysPerWrite = 25;

/** One person's partition takes a thousand units a second, and a task with its places in the indexes is four or more. */
const writesAtOnce = 4;

const deleteItems = async (table: Table, keys: readonly Key[]): Promise<void> => {
  const batches = Array.from({ length: Math.ceil(keys.length / keysPerWrite) }, (_, index) =>
    keys.slice(index * keysPerWrite, (index + 1) * keysPerWrite),
  );
  const deleted = await concurrently(batches, writesAtOnce, (batch) => deleteBatch(table, batch));
  for (const result of deleted) if (result.status === 'rejected') throw result.reason;
};

const attempts = 8;

/** @throws Failure `busy` when DynamoDB leaves some undone even after retries */
const deleteBatch = async (table: Table, keys: readonly Key[]): Promise<void> => {
  let requests = keys.map(({ pk, sk }) => ({ DeleteRequest: { Key: { pk, sk } as Item } }));
  for (let attempt = 0; requests.length > 0; attempt += 1) {
    if (attempt === attempts) throw busy();
    if (attempt > 0) await pause(attempt);
    const { UnprocessedItems } = await table.client.send(
      new BatchWriteCommand({ RequestItems: { [table.name]: requests } }),
    );
    requests = (UnprocessedItems?.[table.name] ?? []).flatMap(({ DeleteRequest }) =>
      DeleteRequest?.Key ? [{ DeleteRequest: { Key: DeleteRequest.Key } }] : [],
    );
  }
};
