import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { applyEdits } from '#functions/sync/apply-edits.ts';
import type { Edit } from '#functions/sync/edit.ts';
import { dynamoEditStore } from '#functions/sync/edit-store.ts';
import { restoreConflict } from '#functions/sync/restore-conflict.ts';
import { taskActs } from '#functions/tasks/acts.ts';
import { dynamoJobStore } from '#functions/tasks/job-store.ts';
import { performTask } from '#functions/tasks/operations.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import type { Act } from '#functions/tasks/task.ts';
import type { Clock } from '#shared/clock.ts';
import { newId, userId } from '#shared/ids.ts';
import type { Table } from '#shared/table.ts';
import { slowClock } from '#test/support/clock.ts';
import { describeOnEngines, ownTable } from '#test/support/table.ts';

const start = Date.parse('2026-11-24T12:00:00Z');

const world = (table: Table) => {
  const owner = userId(randomUUID());
  const tasks = dynamoTaskStore(table, 1);
  const edits = dynamoEditStore(table);
  const perform = performTask(taskActs({ tasks, jobs: dynamoJobStore(table, 1), newId }));
  let seconds = 0;
  const act = (): Act => {
    seconds += 1;
    return { now: new Date(start + seconds * 1000), clientId: null };
  };
  const apply = (...queue: readonly Partial<Edit>[]) => applyWith({ now: () => new Date(start) }, ...queue);
  const applyWith = (clock: Clock, ...queue: readonly Partial<Edit>[]) =>
    applyEdits({ edits, perform, clock })(
      owner,
      queue.map((edit) => ({ edit_id: randomUUID(), entity: 'task', op: 'update', ...edit }) as Edit),
      act(),
      'request',
    );
  const get = async (id: string) => (await tasks.get(owner, id, new Date(start)))?.task;
  const conflicts = async () => (await edits.conflicts(owner, { limit: 1000, after: null }, act().now)).items;
  const restore = async (id: string) => {
    const conflict = await edits.conflict(owner, id, act().now);
    if (!conflict) throw new Error('there is no such conflict');
    return restoreConflict({ edits, perform })(owner, conflict, act());
  };
  return { owner, tasks, apply, applyWith, get, conflicts, restore };
};

describeOnEngines('edits made offline', (table) => {
  const withTask = async () => {
    const here = world(table());
    const [made] = await here.apply({ op: 'create', data: { title: 'Milk' } });
    return { ...here, id: made?.id ?? '' };
  };

  it('are carried out in order, and may name what an earlier one made', async () => {
    const { apply, get } = world(table());
    const results = await apply(
      { op: 'create', temp_id: 'a', data: { title: 'Parent' } },
      { op: 'create', temp_id: 'b', data: { title: 'Child', parent_id: 'a' } },
      { op: 'update', id: 'b', base_version: 1, data: { title: 'Renamed' } },
      { op: 'update', id: 'b', base_version: 1, data: { title: 'Renamed again' } },
      { op: 'complete', id: 'a', base_version: 1 },
    );
    expect(results.map(({ status }) => status)).toEqual(Array(5).fill('applied'));
    const child = await get(results[1]?.id ?? '');
    expect(child).toMatchObject({ title: 'Renamed again', parent_id: results[0]?.id, status: 'done' });
  });

  it('are remembered as far as there was time for them', async () => {
    const { applyWith, apply } = world(table());
    const queue = ['a', 'b', 'c'].map((title) => ({ edit_id: randomUUID(), op: 'create' as const, data: { title } }));
    await expect(applyWith(slowClock(new Date(start), 9), ...queue)).rejects.toMatchObject({ type: 'busy' });
    expect((await apply(...queue)).map(({ status }) => status)).toEqual(['duplicate', 'duplicate', 'applied']);
  });

  it('merge with what others have set of other fields', async () => {
    const { apply, get, conflicts, id } = await withTask();
    await apply({ id, data: { priority: 'high' } });
    const [result] = await apply({ id, base_version: 1, data: { title: 'Oat milk' } });
    expect(result).toMatchObject({ status: 'merged', version: 3 });
    expect(await get(id)).toMatchObject({ title: 'Oat milk', priority: 'high' });
    expect(await conflicts()).toEqual([]);
  });

  it('merge reminders as any other field, and give back the lost ones', async () => {
    const { apply, get, conflicts, restore, id } = await withTask();
    const [ten, twenty] = [{ minutes_before: 10 }, { minutes_before: 20 }];
    await apply({ id, data: { reminders: [ten] } });
    const results = await apply(
      { id, base_version: 1, data: { title: 'Oat milk' } },
      { id, base_version: 1, data: { reminders: [ten] } },
    );
    expect(results.map(({ status }) => status)).toEqual(['merged', 'merged']);
    const [result] = await apply({ id, base_version: 1, data: { reminders: [twenty] } });
    expect(result).toMatchObject({ status: 'conflict', lost: [{ field: 'reminders', kept: [twenty], lost: [ten] }] });
    expect((await get(id))?.reminders).toMatchObject([twenty]);
    const [conflict] = await conflicts();
    await restore(conflict?.id ?? '');
    expect((await get(id))?.reminders).toMatchObject([ten]);
  });

  it('stand where others have set the same field, whose value is told, kept, and can be restored', async () => {
    const { apply, get, conflicts, restore, id } = await withTask();
    await apply({ id, data: { title: 'Soy milk' } });
    const [result] = await apply({ id, base_version: 1, data: { title: 'Oat milk' } });
    const lost = [{ field: 'title', kept: 'Oat milk', lost: 'Soy milk' }];
    expect(result).toMatchObject({ status: 'conflict', version: 3, lost });
    const [conflict] = await conflicts();
    expect(conflict).toMatchObject({ task_id: id, lost });
    await restore(conflict?.id ?? '');
    expect(await get(id)).toMatchObject({ title: 'Soy milk', version: 4 });
    expect(await conflicts()).toEqual([]);
  });

  it('are no conflict where both wanted the same', async () => {
    const { apply, id } = await withTask();
    await apply({ id, data: { title: 'Oat milk' } });
    expect(await apply({ id, base_version: 1, data: { title: 'Oat milk' } })).toMatchObject([{ status: 'merged' }]);
  });

  it('that delete keep what others had set meanwhile', async () => {
    const { apply, get, conflicts, restore, id } = await withTask();
    await apply({ id, data: { title: 'Oat milk', tags: ['home'] } });
    const [result] = await apply({ op: 'delete', id, base_version: 1 });
    expect(result).toMatchObject({ status: 'conflict', version: 3 });
    expect(await get(id)).toBeUndefined();
    const [conflict] = await conflicts();
    const restored = await restore(conflict?.id ?? '');
    expect(restored.task).toMatchObject({ title: 'Oat milk', tags: ['home'] });
  });

  it('of what is deleted are rejected, and hold up no other', async () => {
    const { apply, id } = await withTask();
    await apply({ op: 'delete', id });
    const results = await apply(
      { id, base_version: 1, data: { title: 'Oat milk' } },
      { op: 'create', data: { title: '' } },
      { op: 'create', data: { title: 'Next' } },
    );
    expect(results.map(({ status, problem }) => [status, problem?.type])).toEqual([
      ['rejected', 'not-found'],
      ['rejected', 'invalid-request'],
      ['applied', undefined],
    ]);
  });

  it('sent again, even at the same time, are carried out once', async () => {
    const { apply, get, tasks, owner, id } = await withTask();
    const queue: Partial<Edit>[] = [
      { edit_id: 'one', id, base_version: 1, data: { title: 'Oat milk' } },
      { edit_id: 'two', op: 'create', temp_id: 'new', data: { title: 'Bread' } },
      { edit_id: 'three', id: 'new', data: { priority: 'high' } },
    ];
    const all = await Promise.all(Array.from({ length: 5 }, () => apply(...queue)));
    for (const results of [...all, await apply(...queue)]) {
      expect(results.map(({ edit_id, version }) => [edit_id, version])).toEqual([
        ['one', 2],
        ['two', 1],
        ['three', 2],
      ]);
    }
    expect(await get(id)).toMatchObject({ title: 'Oat milk', version: 2 });
    expect(await tasks.all(owner, 'any')).toHaveLength(2);
  });
});

describe.skipIf(!inject('engines').includes('dynoxide'))('three devices on a bad network', () => {
  const step = fc.record({
    device: fc.nat(2),
    task: fc.nat(2),
    field: fc.constantFrom('title', 'description'),
    /** What becomes of what the device sends then: it arrives, it does not, its answer does not, it arrives twice. */
    network: fc.constantFrom('offline', 'fine', 'lost', 'unanswered', 'twice'),
  });

  it('lose no edit: each value stands, was seen by whoever replaced it, or can be listed', {
    timeout: 600_000,
  }, async () => {
    const { table, close } = await ownTable();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        const here = world(table);
        const made = await here.apply(...[0, 1, 2].map(() => ({ op: 'create' as const, data: { title: 'start' } })));
        const ids = made.map(({ id }) => id ?? '');
        const devices = [0, 1, 2].map(() => ({ queue: [] as Edit[], versions: new Map(ids.map((id) => [id, 1])) }));
        /** Every value with the version that set it, and the version that its device had seen. */
        const written: { id: string; field: string; value: string; device: number; base: number; version: number }[] =
          [];

        const flush = async (number: number, network: string): Promise<void> => {
          const device = devices[number];
          if (!device || network === 'offline' || device.queue.length === 0) return;
          if (network === 'lost') return;
          const results = await here.apply(...device.queue);
          if (network === 'twice') await here.apply(...device.queue);
          for (const { edit_id, version } of results) {
            const edit = device.queue.find((queued) => queued.edit_id === edit_id);
            const known = written.find(({ value }) => Object.values(edit?.data ?? {}).includes(value));
            if (known && version !== null) known.version = version;
          }
          if (network === 'unanswered') return;
          device.queue = [];
          // It pulls: from now on it has seen everything.
          for (const id of ids) device.versions.set(id, (await here.get(id))?.version ?? 0);
        };

        for (const [index, { device, task, field, network }] of steps.entries()) {
          const id = ids[task] ?? '';
          const base = devices[device]?.versions.get(id) ?? 0;
          const value = `${device}.${index}`;
          devices[device]?.queue.push({
            edit_id: randomUUID(),
            entity: 'task',
            op: 'update',
            id,
            base_version: base,
            data: { [field]: value },
          });
          written.push({ id, field, value, device, base, version: 0 });
          await flush(device, network);
        }
        for (const number of [0, 1, 2]) await flush(number, 'fine');

        const listed = (await here.conflicts()).flatMap(({ task_id, lost }) =>
          lost.map((loss) => `${task_id} ${loss.field} ${loss.lost}`),
        );
        for (const { id, field, value, device, version } of written) {
          const task = await here.get(id);
          const stands = (task as unknown as Record<string, unknown>)[field] === value;
          const seen = written.some(
            (later) =>
              later.id === id &&
              later.field === field &&
              later.version > version &&
              (later.base >= version || later.device === device),
          );
          expect(version).toBeGreaterThan(0);
          expect([value, stands || seen || listed.includes(`${id} ${field} ${value}`)]).toEqual([value, true]);
        }
      }),
      { numRuns: process.env.POMONA_DEEP ? 1_000 : 50 },
    );
    await close();
  });
});
