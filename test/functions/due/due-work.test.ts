import { describe, expect, it } from 'vitest';
import { sweep } from '#functions/due/due-work.ts';
import { log } from '#shared/log.ts';
import type { DueKey } from '#shared/table.ts';

log.setLogLevel('SILENT');

const start = Date.parse('2026-11-24T12:00:00Z');

/** Items of some shards, each with a time, as the index has them; a clock that moves when somebody works. */
const world = (perShard: readonly number[], { millisecondsEach = 0 } = {}) => {
  let milliseconds = 0;
  const clock = { now: () => new Date(start + milliseconds) };
  const items = perShard.map((count, shard) =>
    Array.from(
      { length: count },
      (_, index): DueKey => ({
        pk: `USER#${shard}`,
        sk: `WORK#${String(index).padStart(6, '0')}`,
        due_shard: `DUE#${shard}`,
        due_at: new Date(start - 1).toISOString(),
      }),
    ),
  );
  const taken: string[] = [];
  let queries = 0;
  const run = (work: (sk: string) => void = () => undefined, seconds = 45) =>
    sweep({
      clock,
      shards: perShard.length,
      due: async (shard, _, limit, after) => {
        queries += 1;
        const all = items[Number(shard.slice('DUE#'.length))] ?? [];
        const from = after === null ? 0 : all.findIndex(({ sk }) => sk === after.sk) + 1;
        return all.slice(from, from + limit);
      },
      rooms: {
        'WORK#': async ({ pk, sk }) => {
          milliseconds += millisecondsEach;
          taken.push(`${pk} ${sk}`);
          work(sk);
        },
      },
    })(new Date(start + seconds * 1000));
  return { run, taken, queries: () => queries };
};

describe('the sweep', () => {
  it('takes up everything that has come due, of every shard, each once', async () => {
    const { run, taken } = world([130, 3, 0]);
    expect(await run()).toEqual({ done: 133, failed: 0, lag_ms: 1 });
    expect(new Set(taken).size).toBe(133);
  });

  it('says how late the longest overdue was when it was found, and not what became of it meanwhile', async () => {
    expect(await world([0, 0]).run()).toEqual({ done: 0, failed: 0, lag_ms: 0 });
    const ofShards = { 'DUE#0': start - 2_000, 'DUE#1': start - 90_000 };
    const late = sweep({
      clock: { now: () => new Date(start) },
      shards: 2,
      due: async (due_shard, _, _limit, after) =>
        after
          ? []
          : [{ pk: 'USER#a', sk: 'WORK#1', due_shard, due_at: new Date(ofShards[due_shard as 'DUE#0']).toISOString() }],
      rooms: { 'WORK#': () => Promise.reject(new Error('again and again')) },
    });
    expect(await late(new Date(start + 1_000))).toEqual({ done: 0, failed: 2, lag_ms: 90_000 });
  });

  it('goes on behind what fails', async () => {
    const { run, taken } = world([100]);
    const outcome = await run((sk) => {
      if (sk < 'WORK#000060') throw new Error('again and again');
    });
    expect(outcome).toMatchObject({ done: 40, failed: 60 });
    expect(taken.length).toBe(100);
  });

  it('counts what nobody knows as failed', async () => {
    const { run } = world([1]);
    const unknown = sweep({
      clock: { now: () => new Date(start) },
      shards: 1,
      due: async (_, __, ___, after) =>
        after ? [] : [{ pk: 'USER#1', sk: 'WHAT#1', due_shard: 'DUE#0', due_at: '2026' }],
      rooms: {},
    });
    expect(await unknown(new Date(start + 1000))).toMatchObject({ done: 0, failed: 1 });
    expect(await run()).toMatchObject({ done: 1, failed: 0 });
  });

  it('begins nothing more when its time is over, and lets no long shard take it all', async () => {
    const { run, taken } = world([100_000, 10], { millisecondsEach: 10 });
    const { done } = await run(() => undefined, 30);
    expect(done).toBe(3_000);
    expect(taken.filter((item) => item.startsWith('USER#1')).length).toBe(10);
  });

  it('says when a shard cannot be read, once the others are through', async () => {
    const taken: string[] = [];
    const work = sweep({
      clock: { now: () => new Date(start) },
      shards: 2,
      due: async (shard, _, __, after) => {
        if (shard === 'DUE#0') throw new Error('throttled');
        return after ? [] : [{ pk: 'USER#1', sk: 'WORK#1', due_shard: shard, due_at: '2026' }];
      },
      rooms: {
        'WORK#': async ({ sk }) => {
          taken.push(sk);
        },
      },
    });
    await expect(work(new Date(start + 1000))).rejects.toThrow('throttled');
    expect(taken).toEqual(['WORK#1']);
  });
});
