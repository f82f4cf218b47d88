import { describe, expect, it } from 'vitest';
import { type ChangeFeedNeeds, consumeChanges } from '#functions/sync/change-feed.ts';
import type { Head } from '#functions/sync/feed.ts';
import type { Frame } from '#functions/sync/push.ts';
import { secondsAfter } from '#shared/clock.ts';
import { type UserId, userId } from '#shared/ids.ts';
import { inserted, removed, sequenceNumberOf, taskItem, unreadable } from '#test/support/stream-records.ts';

const now = new Date('2026-11-24T12:00:00Z');
const [ada, eve] = [userId('ada'), userId('eve')];

/** A consumer whose neighbours write down what they are asked for. */
const consumer = (needs: Partial<ChangeFeedNeeds> = {}) => {
  const asked: string[] = [];
  const frames = new Map<UserId, readonly Frame[]>();
  const heads = new Map<UserId, Head>();
  const consume = consumeChanges({
    clock: { now: () => now },
    append: async (owner, rows) => {
      if (rows.length === 0) return [];
      const { epoch, seq } = heads.get(owner) ?? { epoch: 1, seq: 0 };
      heads.set(owner, { epoch, seq: seq + rows.length });
      asked.push(`append ${owner}`);
      return rows.map((_, index) => ({ epoch, seq: seq + index }));
    },
    raiseEpoch: async (owner) => {
      const raised = { epoch: (heads.get(owner)?.epoch ?? 1) + 1, seq: 0 };
      heads.set(owner, raised);
      asked.push(`raise ${owner}`);
      return raised;
    },
    push: async (owner, sent) => {
      asked.push(`push ${owner}`);
      frames.set(owner, sent);
      return sent.length;
    },
    ...needs,
  });
  return { consume, asked, frames };
};

describe('a batch of the stream', () => {
  it('is written for all its users before anything is pushed', async () => {
    const { consume, asked } = consumer();
    await consume([inserted(taskItem(ada)), inserted(taskItem(eve)), inserted(taskItem(ada))]);
    expect(asked).toEqual(['append ada', 'append eve', 'push ada', 'push eve']);
  });

  it('becomes frames that join: each leads to where the next goes on from', async () => {
    const { consume, frames } = consumer();
    const large = Array.from({ length: 10 }, () => inserted(taskItem(ada, { description: 'x'.repeat(20_000) })));
    await consume(large);
    const sent = frames.get(ada) ?? [];
    expect(sent.map(({ before, after }) => [before.seq, after.seq])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    expect(sent.flatMap(({ changes }) => changes)).toHaveLength(10);
  });

  it('tells devices of a new epoch by an empty frame, before what is in it', async () => {
    const { consume, asked, frames } = consumer();
    await consume([inserted(taskItem(ada)), unreadable(ada)]);
    expect(asked).toEqual(['raise ada', 'append ada', 'push ada']);
    expect(frames.get(ada)).toMatchObject([
      { before: { epoch: 2, seq: 0 }, after: { epoch: 2, seq: 0 }, changes: [] },
      { before: { epoch: 2, seq: 0 }, after: { epoch: 2, seq: 1 } },
    ]);
  });

  it('writes nothing when nothing in it can be seen by devices', async () => {
    const { consume, asked } = consumer();
    expect(await consume([removed(taskItem(ada)), inserted({ pk: 'USER#ada', sk: 'CONNECTION#1' })])).toEqual({
      batchItemFailures: [],
    });
    expect(asked).toEqual([]);
  });

  it('comes again only for those whose log could not be written', async () => {
    const records = [inserted(taskItem(ada)), inserted(taskItem(eve)), unreadable(eve), inserted(taskItem(ada))];
    const away = () => Promise.reject(new Error('the table is away'));
    const { consume, frames } = consumer({
      append: async (owner) => (owner === eve ? away() : [{ epoch: 1, seq: 0 }]),
    });
    expect(await consume(records)).toEqual({
      batchItemFailures: records.slice(1, 3).map((record) => ({ itemIdentifier: sequenceNumberOf(record) })),
    });
    expect([...frames.keys()]).toEqual([ada]);
    const { consume: consumeToo } = consumer({ raiseEpoch: away });
    expect((await consumeToo(records)).batchItemFailures).toHaveLength(2);
  });

  it('does not fail when devices cannot be told, and gives them half of its time', async () => {
    const untils: Date[] = [];
    const { consume } = consumer({
      push: async (_, _frames, until) => {
        untils.push(until);
        throw new Error('the gateway is away');
      },
    });
    expect(await consume([inserted(taskItem(ada))])).toEqual({ batchItemFailures: [] });
    expect(untils).toEqual([secondsAfter(now, 30)]);
  });
});
