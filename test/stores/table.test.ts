import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { userId } from '#shared/ids.ts';
import { userKey } from '#shared/item.ts';
import {
  absent,
  atVersion,
  ConditionFailed,
  getItem,
  getItems,
  putItem,
  queryPage,
  type Table,
  updateItem,
  writeAll,
} from '#shared/table.ts';
import { describeOnEngines } from '#test/support/table.ts';

const now = new Date('2026-11-24T12:00:00Z');

/**
 * Does something whose first answer gets lost on its way back.
 * @returns how often it was sent
 */
const losingTheFirstAnswer = async (table: Table, work: (losing: Table) => Promise<unknown>): Promise<number> => {
  let sent = 0;
  const { middlewareStack } = table.client;
  middlewareStack.add(
    (next) => async (request) => {
      sent += 1;
      if (sent > 1) return next(request);
      // A refusal is an answer as well, and gets lost as well.
      await next(request).catch(() => null);
      throw Object.assign(new Error('lost'), { name: 'TimeoutError' });
    },
    { step: 'deserialize', priority: 'high', name: 'losingTheFirstAnswer' },
  );
  try {
    await work(table);
    return sent;
  } finally {
    middlewareStack.remove('losingTheFirstAnswer');
  }
};

describeOnEngines('the single table', (table) => {
  const owner = userId(randomUUID());
  const key = (sk: string) => userKey(owner, sk);

  it('creates what is absent, and gives what lay there instead', async () => {
    await putItem(table(), { ...key('A'), version: 1 }, absent(now));
    const failed = await putItem(table(), { ...key('A'), version: 9 }, absent(now)).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(ConditionFailed);
    expect(failed instanceof ConditionFailed && failed.item).toMatchObject({ version: 1 });
  });

  it('takes what has expired for absent', async () => {
    await putItem(table(), { ...key('EXPIRED'), ttl: now.getTime() / 1000 });
    await putItem(table(), { ...key('EXPIRED'), version: 2 }, absent(now));
    expect(await getItem(table(), key('EXPIRED'))).toMatchObject({ version: 2 });
  });

  describe('when an answer is lost, and the SDK sends a write again', () => {
    it('knows what it has written itself, all of it or a single item', async () => {
      const once = await losingTheFirstAnswer(table(), (losing) =>
        putItem(losing, { ...key('LOST'), version: 1, note: undefined, tags: [{ a: 1 }] }, absent(now)),
      );
      expect(once).toBe(2);
      await losingTheFirstAnswer(table(), (losing) => putItem(losing, { ...key('LOST'), version: 2 }, atVersion(1)));
      expect(await getItem(table(), key('LOST'))).toMatchObject({ version: 2 });
      await losingTheFirstAnswer(table(), (losing) =>
        writeAll(losing, [
          { put: { ...key('LOST'), version: 3 }, condition: atVersion(2) },
          { put: { ...key('ALSO') } },
        ]),
      );
      expect(await getItem(table(), key('LOST'))).toMatchObject({ version: 3 });
    });

    it('takes nothing of another’s for its own', async () => {
      await putItem(table(), { ...key('THEIRS'), version: 1, title: 'Theirs' });
      const ours = { ...key('THEIRS'), version: 1, title: 'Ours' };
      const failed = losingTheFirstAnswer(table(), (losing) => putItem(losing, ours, absent(now)));
      await expect(failed).rejects.toThrow(ConditionFailed);
      // Two may claim the same at the same time: what has no version says nothing of who it is.
      const claimed = losingTheFirstAnswer(table(), (losing) => putItem(losing, { ...key('CLAIM') }, absent(now)));
      await expect(claimed).rejects.toThrow(ConditionFailed);
    });

    it('tells nobody that sends the same once', async () => {
      await putItem(table(), { ...key('SAME'), version: 1 });
      await expect(putItem(table(), { ...key('SAME'), version: 1 }, absent(now))).rejects.toThrow(ConditionFailed);
    });
  });

  it('writes all or nothing', async () => {
    await putItem(table(), { ...key('B'), version: 1 });
    const failed = await writeAll(table(), [
      { put: { ...key('C') } },
      { put: { ...key('B'), version: 2 }, condition: absent(now) },
    ]).catch((error: unknown) => error);
    expect(failed instanceof ConditionFailed && failed.items[1]).toMatchObject({ version: 1 });
    expect(await getItem(table(), key('C'))).toBeUndefined();
  });

  it('counts from nothing, up and down', async () => {
    await updateItem(table(), key('COUNT'), { add: { completed: 2 } });
    expect(await updateItem(table(), key('COUNT'), { add: { completed: -1 } })).toMatchObject({ completed: 1 });
  });

  it('reads several items in the order of the keys', async () => {
    await putItem(table(), { ...key('M1'), n: 1 });
    await putItem(table(), { ...key('M2'), n: 2 });
    const found = await getItems(table(), [key('M2'), key('MISSING'), key('M1')]);
    expect(found.map((item) => item?.n)).toEqual([2, undefined, 1]);
  });

  describe('a range', () => {
    it('is read a page at a time, in order', async () => {
      for (const n of [1, 2, 3]) await putItem(table(), { ...key(`R#${n}`), n });
      const first = await queryPage(table(), { pk: key('').pk, beginsWith: 'R#', limit: 2 });
      expect(first.items.map(({ n }) => n)).toEqual([1, 2]);
      const second = await queryPage(table(), { pk: key('').pk, beginsWith: 'R#', startAfter: first.lastKey });
      expect(second.items.map(({ n }) => n)).toEqual([3]);
    });
  });
});
