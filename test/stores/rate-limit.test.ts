import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { hashOf } from '#shared/ids.ts';
import type { HttpEvent, Operation } from '#shared/operation.ts';
import { limitPerSource } from '#shared/rate-limit.ts';
import { describeOnEngines, itemsOf } from '#test/support/table.ts';

describeOnEngines('the limit per source address', (table) => {
  const at = (time: string) => ({ now: () => new Date(`2026-11-24T${time}Z`) });

  const from = (sourceIp: string) => ({ requestContext: { http: { sourceIp } } }) as HttpEvent;

  /** An operation that counts how often it was reached. */
  const counting = () => {
    let reached = 0;
    const operation: Operation<'public'> = {
      auth: 'public',
      answer: async () => {
        reached += 1;
        return { status: 204, headers: {} };
      },
    };
    return { operation, reached: () => reached };
  };

  const limited = (time: string, operation: Operation<'public'>, name = 'register', perMinute = 3) =>
    limitPerSource({ table: table(), clock: at(time), perMinute })(name, operation);

  it('lets through so many a minute, and says when the next may come', async () => {
    const source = randomUUID();
    const { operation, reached } = counting();
    for (let count = 1; count <= 3; count += 1) await limited('12:00:10', operation).answer(from(source));
    await expect(limited('12:00:48', operation).answer(from(source))).rejects.toMatchObject({
      type: 'too-many-requests',
      facts: { retryAfterSeconds: 12 },
    });
    expect(reached()).toBe(3);
    await limited('12:01:00', operation).answer(from(source));
    expect(reached()).toBe(4);
  });

  it('counts each source and each route by itself', async () => {
    const source = randomUUID();
    const { operation, reached } = counting();
    await limited('12:00:00', operation, 'register', 1).answer(from(source));
    await limited('12:00:00', operation, 'forgotPassword', 1).answer(from(source));
    await limited('12:00:00', operation, 'register', 1).answer(from(randomUUID()));
    await expect(limited('12:00:00', operation, 'register', 1).answer(from(source))).rejects.toThrow();
    expect(reached()).toBe(3);
  });

  it('lets through no more when they all come at once', async () => {
    const source = randomUUID();
    const { operation, reached } = counting();
    const operationLimited = limited('12:00:00', operation);
    await Promise.allSettled(Array.from({ length: 20 }, () => operationLimited.answer(from(source))));
    expect(reached()).toBe(3);
  });

  it('keeps a hash of the address, and not for long', async () => {
    const source = randomUUID();
    await limited('12:00:10', counting().operation).answer(from(source));
    const items = await itemsOf(table(), `RATE#${hashOf(`register ${source}`)}`);
    const minute = Date.parse('2026-11-24T12:00:00Z') / 60_000;
    expect(items).toEqual([
      { pk: items[0]?.pk, sk: String(minute), count: 1, ttl: Date.parse('2026-11-24T12:02:00Z') / 1000 },
    ]);
    expect(JSON.stringify(items)).not.toContain(source);
  });
});
