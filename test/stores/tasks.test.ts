import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { prefix } from '#blueprint/table.ts';
import { defaultProfile, profileKey } from '#functions/accounts/profile.ts';
import { dynamoJobStore } from '#functions/tasks/job-store.ts';
import { taskOperations } from '#functions/tasks/operations.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import { type Status, statuses, taskKey, taskSchema } from '#functions/tasks/task.ts';
import { encodeCursor } from '#shared/cursors.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId, userId } from '#shared/ids.ts';
import { userKey } from '#shared/item.ts';
import { getItem, putItem, type Table } from '#shared/table.ts';
import { type Answered, type Asked, callerOf, pointersIn } from '#test/support/http-event.ts';
import { roundTripsOf } from '#test/support/round-trips.ts';
import { describeOnEngines, itemsOf } from '#test/support/table.ts';

type Task = z.output<ReturnType<typeof taskSchema>>;

const task = z.strictObject(taskSchema().shape);
const page = z.strictObject({ items: z.array(task), next_cursor: z.nullable(z.string()) });

/** The task in an answer. */
const taskIn = ({ status, body }: Answered): Task => {
  expect([200, 201], JSON.stringify(body)).toContain(status);
  return task.parse(body);
};

/** Everything that can be done with one task, but for reading it. */
const changes: readonly [string, Asked][] = [
  ['PUT /tasks/{task_id}', { body: { title: 'Changed' } }],
  ['PATCH /tasks/{task_id}', { body: { title: 'Changed' } }],
  ['DELETE /tasks/{task_id}', {}],
  ['POST /tasks/{task_id}/complete', {}],
  ['POST /tasks/{task_id}/reopen', {}],
];

const apples = (count: number): string => '🍎'.repeat(count);

const timesAtOnce = <T>(times: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: times }, (_, index) => work(index)));

describeOnEngines('tasks', (table) => {
  describe('creating', () => {
    it('needs a title and gives everything else its default: nothing is missing, what is absent is null', async () => {
      const ada = somebody(table());
      const answered = await ada.ask('POST /tasks', { body: { title: 'Pay the rent' } });
      const made = taskIn(answered);
      expect(made).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
        user_id: ada.user,
        title: 'Pay the rent',
        description: null,
        status: 'todo',
        priority: 'none',
        due_date: null,
        tags: [],
        parent_id: null,
        position: expect.any(String),
        recurrence: null,
        series_id: null,
        occurrence_date: null,
        reminders: [],
        version: 1,
        created_at: '2026-11-24T12:00:00.000Z',
        updated_at: '2026-11-24T12:00:00.000Z',
        completed_at: null,
      });
      expect(answered).toMatchObject({ status: 201, headers: { location: `/tasks/${made.id}`, etag: '"1"' } });
      expect(await ada.get(made.id)).toEqual(made);
    });

    it('keeps every field as it was given', async () => {
      const ada = somebody(table());
      const fields = {
        title: '  Zürich → Genève 🚂  ',
        description: 'line\n\ttab\r\n"quotes" \\ \u2028 👩‍👩‍👧',
        status: 'in_progress',
        priority: 'urgent',
        due_date: '2026-11-24T18:00:00.5+01:00',
        tags: ['Home', 'work'],
      };
      expect(await ada.get((await ada.create(fields)).id)).toMatchObject(fields);
    });

    it('takes the absent values that a task shows', async () => {
      const ada = somebody(table());
      const absent = { description: null, due_date: null, parent_id: null, recurrence: null, reminders: [] };
      expect(await ada.create(absent)).toMatchObject(absent);
    });

    it('tidies the tags', async () => {
      const ada = somebody(table());
      const { tags } = await ada.create({ tags: [' Home ', 'HOME', 'caf\u0065\u0301', 'Caf\u00e9'] });
      expect(tags).toEqual(['Home', 'caf\u00e9']);
    });

    it('takes everything up to the limits, counted in characters', async () => {
      const ada = somebody(table());
      const fields = {
        title: apples(500),
        description: apples(20_000),
        tags: Array.from({ length: 20 }, (_, index) => apples(48) + String(index).padStart(2, '0')),
        due_date: '9999-12-31T23:59:59.999999999-00:00',
      };
      const { id } = await ada.create({ ...fields, status: 'done' });
      expect(await ada.get(id)).toMatchObject(fields);
      expect((await ada.reports()).counted).toEqual({ '2026-11-24': { completed: 1 } });
    });

    it('keeps 50 that are created at once, each with its own place', async () => {
      const ada = somebody(table());
      const made = await timesAtOnce(50, () => ada.create());
      expect((await ada.list('limit=100')).map(({ id }) => id)).toEqual(made.map(({ id }) => id).sort());
      expect(new Set(made.map(({ position }) => position)).size).toBe(50);
    });
  });

  describe('reminders', () => {
    const draft = { due_date: '2026-11-26', reminders: [{ minutes_before: 30 }, { at: '2026-11-25T18:00:00+01:00' }] };

    it('are shown with their times and states, and put back as they were got', async () => {
      const ada = somebody(table(), { timezone: 'Europe/Berlin' });
      await ada.keepProfile();
      const made = await ada.create(draft);
      const [first, second] = [
        { minutes_before: 30, at: null, fires_at: '2026-11-26T07:30:00.000Z', state: 'scheduled' },
        {
          minutes_before: null,
          at: '2026-11-25T18:00:00+01:00',
          fires_at: '2026-11-25T17:00:00.000Z',
          state: 'scheduled',
        },
      ];
      expect(made.reminders).toEqual([
        { id: expect.any(String), ...first },
        { id: expect.any(String), ...second },
      ]);
      const { children: _, ...got } = { children: null, ...(await ada.get(made.id)) };
      expect(taskIn(await ada.put(made.id, got)).reminders).toEqual(made.reminders);
      expect(taskIn(await ada.patch(made.id, { reminders: draft.reminders })).reminders).toEqual(made.reminders);
      expect(taskIn(await ada.patch(made.id, { title: 'Changed' })).reminders).toEqual(made.reminders);
      expect(taskIn(await ada.put(made.id, { title: 'Changed' })).reminders).toEqual([]);
    });

    it.each([
      ['eleven', Array.from({ length: 11 }, () => ({ minutes_before: 1 })), '#/reminders'],
      ['neither', [{}], '#/reminders/0'],
      ['both', [{ minutes_before: 1, at: '2026-11-25T18:00:00Z' }], '#/reminders/0'],
      ['before zero', [{ minutes_before: -1 }], '#/reminders/0/minutes_before'],
      ['half a minute', [{ minutes_before: 0.5 }], '#/reminders/0/minutes_before'],
      ['more than four weeks', [{ minutes_before: 40_321 }], '#/reminders/0/minutes_before'],
      ['a date', [{ at: '2026-11-25' }], '#/reminders/0/at'],
      ['a time without offset', [{ at: '2026-11-25T18:00:00' }], '#/reminders/0/at'],
      ['an id that is none', [{ id: 'x', minutes_before: 1 }], '#/reminders/0/id'],
      ['one id twice', Array(2).fill({ id: '0b7cbfd5-3e0c-4b62-9f12-6d0f3b1a2c11', minutes_before: 1 }), '#/reminders'],
      ['an unknown field', [{ minutes_before: 1, sound: 'ping' }], '#/reminders/0/sound'],
      ['nothing', null, '#/reminders'],
    ])('are refused: %s', async (_, reminders, pointer) => {
      const ada = somebody(table());
      const { id } = await ada.create();
      const body = { title: 'Pay the rent', reminders };
      for (const answered of [
        await ada.ask('POST /tasks', { body }),
        await ada.put(id, body),
        await ada.patch(id, { reminders }),
      ]) {
        expect(pointersIn(answered, 400)).toEqual([pointer]);
      }
    });
  });

  describe('an Idempotency-Key', () => {
    const withKey = (body: unknown, key = 'k1'): Asked => ({ body, headers: { 'Idempotency-Key': key } });

    it('sent 20 times at once makes one task, and all 20 answers are it', async () => {
      const ada = somebody(table());
      for (const status of ['todo', 'done']) {
        const answers = await timesAtOnce(20, () =>
          ada.ask('POST /tasks', withKey({ title: 'Once', status, tags: ['a'] }, status)),
        );
        const [first] = answers;
        for (const answer of answers) {
          expect(answer).toMatchObject({ status: 201, headers: { location: first?.headers.location, etag: '"1"' } });
          expect(answer.body).toEqual(first?.body);
        }
      }
      expect((await ada.list()).map(({ status }) => status)).toEqual(['todo', 'done']);
      expect(await ada.reports()).toMatchObject({ counted: { '2026-11-24': { completed: 1 } } });
    });

    it('is answered with the task as it is now', async () => {
      const ada = somebody(table());
      const made = taskIn(await ada.ask('POST /tasks', withKey({ title: 'One' })));
      await ada.patch(made.id, { title: 'Two' });
      const again = await ada.ask('POST /tasks', withKey({ title: 'One' }));
      expect(again).toMatchObject({ status: 201, headers: { etag: '"2"' }, body: { id: made.id, title: 'Two' } });
    });

    it('may come with the same body in another spelling', async () => {
      const ada = somebody(table());
      const first = await ada.ask('POST /tasks', withKey('{"title":"One","priority":"low"}'));
      const second = await ada.ask('POST /tasks', withKey('{ "priority": "low", "title": "\\u004fne" }'));
      expect(second.body).toEqual(first.body);
    });

    it('with another body is a 422', async () => {
      const ada = somebody(table());
      await ada.ask('POST /tasks', withKey({ title: 'One' }));
      const other = await ada.ask('POST /tasks', withKey({ title: 'Two' }));
      pointersIn(other, 422);
      expect(other.body).toMatchObject({ type: 'idempotency-key-reused' });
      expect((await ada.list()).map(({ title }) => title)).toEqual(['One']);
    });

    it('is each person’s own', async () => {
      const [ada, eve] = [somebody(table()), somebody(table())];
      const [hers, others] = await Promise.all(
        [ada, eve].map(async (person) => taskIn(await person.ask('POST /tasks', withKey({ title: 'One' })))),
      );
      expect(hers?.id).not.toBe(others?.id);
    });

    it('does not bring back what has been deleted since', async () => {
      const ada = somebody(table());
      const { id } = taskIn(await ada.ask('POST /tasks', withKey({ title: 'One' })));
      await ada.delete(id);
      pointersIn(await ada.ask('POST /tasks', withKey({ title: 'One' })), 404);
      pointersIn(await ada.ask('POST /tasks', withKey({ title: 'Two' })), 422);
      expect(await ada.list()).toEqual([]);
    });

    it('is forgotten after 30 days, whether or not its tombstone has been swept', async () => {
      const ada = somebody(table());
      const { id } = taskIn(await ada.ask('POST /tasks', withKey({ title: 'One' })));
      await ada.delete(id);
      const deletedAt = ada.now().getTime();
      ada.setNow(deletedAt + 30 * 86_400_000 - 1000);
      pointersIn(await ada.ask('POST /tasks', withKey({ title: 'One' })), 404);
      ada.setNow(deletedAt + 30 * 86_400_000);
      expect(taskIn(await ada.ask('POST /tasks', withKey({ title: 'Anew' })))).toMatchObject({ id, title: 'Anew' });
      expect((await ada.list()).map(({ title }) => title)).toEqual(['Anew']);
    });

    it('must be visible ASCII', async () => {
      const ada = somebody(table());
      for (const key of ['', 'ä', 'a b', 'x'.repeat(256)]) {
        expect(pointersIn(await ada.ask('POST /tasks', withKey({ title: 'One' }, key)), 400)).toEqual([
          '#/headers/Idempotency-Key',
        ]);
      }
    });
  });

  describe('getting', () => {
    it('answers 304 to who has that version already', async () => {
      const ada = somebody(table());
      const { id } = await ada.create();
      const ask = (tag: string) =>
        ada.ask('GET /tasks/{task_id}', { params: { task_id: id }, headers: { 'If-None-Match': tag } });
      expect(await ask('"1"')).toMatchObject({ status: 304, headers: { etag: '"1"' }, body: null });
      await ada.patch(id, { title: 'Changed' });
      expect(await ask('"1"')).toMatchObject({ status: 200, headers: { etag: '"2"' }, body: { title: 'Changed' } });
    });
  });

  describe('a task of somebody else, or of nobody', () => {
    it.each([['GET /tasks/{task_id}', {}] as const, ...changes])('is a 404: %s', async (routeKey, asked) => {
      const [ada, eve] = [somebody(table()), somebody(table())];
      const hers = await ada.create();
      const before = await itemsOf(table(), userKey(userId(ada.user), '').pk);
      const deleted = await eve.create();
      await eve.delete(deleted.id);
      for (const task_id of [hers.id, randomUUID(), deleted.id, hers.id.toUpperCase()]) {
        const answered = await eve.ask(routeKey, { ...asked, params: { task_id } });
        pointersIn(answered, 404);
        expect(JSON.stringify(answered.body)).not.toContain('Pay the rent');
      }
      expect(await itemsOf(table(), userKey(userId(ada.user), '').pk)).toEqual(before);
      expect(await eve.list()).toEqual([]);
    });
  });

  describe('replacing (PUT)', () => {
    it('gives what is left out its default, and keeps what the server decides', async () => {
      const ada = somebody(table());
      const made = await ada.create({ description: 'x', priority: 'high', due_date: '2026-11-25', tags: ['a'] });
      ada.setNow(ada.now().getTime() + 1000);
      const replaced = taskIn(await ada.put(made.id, { title: 'Only this' }));
      expect(replaced).toEqual({
        ...made,
        title: 'Only this',
        description: null,
        priority: 'none',
        due_date: null,
        tags: [],
        version: 2,
        updated_at: '2026-11-24T12:00:01.000Z',
      });
      expect(await ada.get(made.id)).toEqual(replaced);
    });

    it('takes back what was got and edited, read-only fields and all', async () => {
      const ada = somebody(table());
      const made = await ada.create({ tags: ['a'], due_date: '2026-11-25' });
      const answered = await ada.put(made.id, { ...made, title: 'Edited', id: 'other', version: 99, created_at: 7 });
      expect(answered.headers.etag).toBe('"2"');
      expect(taskIn(answered)).toEqual({ ...made, title: 'Edited', version: 2 });
    });

    it('completes and reopens through the status', async () => {
      const ada = somebody(table());
      const { id } = await ada.create();
      expect(taskIn(await ada.put(id, { title: 'Done', status: 'done' })).completed_at).toBe(
        '2026-11-24T12:00:00.000Z',
      );
      expect(await ada.reports()).toMatchObject({ counted: { '2026-11-24': { completed: 1 } } });
      expect(taskIn(await ada.put(id, { title: 'Left out' }))).toMatchObject({ status: 'todo', completed_at: null });
      expect(await ada.reports()).toMatchObject({ rows: [], counted: { '2026-11-24': { completed: 0 } } });
    });
  });

  describe('patching', () => {
    it('sets what it names, and nothing else', async () => {
      const ada = somebody(table());
      const made = await ada.create({ description: 'x', due_date: '2026-11-25', tags: ['a'] });
      expect(taskIn(await ada.patch(made.id, { priority: 'low' }))).toEqual({ ...made, priority: 'low', version: 2 });
    });

    it('clears with null what may be absent', async () => {
      const ada = somebody(table());
      const { id } = await ada.create({ description: 'x', due_date: '2026-11-25' });
      const cleared = taskIn(await ada.patch(id, { description: null, due_date: null }));
      expect(cleared).toMatchObject({ description: null, due_date: null });
      for (const field of ['title', 'status', 'priority', 'tags']) {
        expect(pointersIn(await ada.patch(id, { [field]: null }), 400)).toEqual([`#/${field}`]);
      }
    });

    it('ignores read-only fields, and takes a merge patch by its own name', async () => {
      const ada = somebody(table());
      const made = await ada.create();
      const decided = { id: 'x', user_id: 'eve', version: 9, position: '0', created_at: null, completed_at: 'now' };
      const readOnly = { ...decided, updated_at: {}, series_id: 's', occurrence_date: 'd' };
      const patched = await ada.ask('PATCH /tasks/{task_id}', {
        params: { task_id: made.id },
        headers: { 'Content-Type': 'application/merge-patch+json; charset=utf-8' },
        body: { ...readOnly, title: 'Patched' },
      });
      expect(taskIn(patched)).toEqual({ ...made, title: 'Patched', version: 2 });
    });

    it('lands 50 patches of different fields that come at once', async () => {
      const ada = somebody(table());
      const { id } = await ada.create();
      const values = [
        (index: number) => ({ title: `title ${index}` }),
        (index: number) => ({ description: `description ${index}` }),
        (index: number) => ({ priority: index % 2 === 0 ? 'high' : 'low' }),
        (index: number) => ({ due_date: `2027-01-${String((index % 28) + 1).padStart(2, '0')}` }),
        (index: number) => ({ tags: [`tag ${index}`] }),
      ];
      const patched = await timesAtOnce(50, async (index) => {
        const change = values[index % values.length]?.(index);
        return { change, after: taskIn(await ada.patch(id, change)) };
      });
      patched.sort((a, b) => a.after.version - b.after.version);
      expect(patched.map(({ after }) => after.version)).toEqual(Array.from({ length: 50 }, (_, index) => index + 2));
      // Applied one after the other, in the order of their versions, they make exactly what lies there.
      expect(await ada.get(id)).toMatchObject(Object.assign({}, ...patched.map(({ change }) => change)));
    }, 60_000);
  });

  describe('If-Match', () => {
    it.each([
      ['PATCH /tasks/{task_id}', { title: 'Mine' }, 200, 412],
      ['PUT /tasks/{task_id}', { title: 'Mine' }, 200, 412],
      ['POST /tasks/{task_id}/complete', undefined, 200, 412],
      ['DELETE /tasks/{task_id}', undefined, 204, 404],
    ])('lets exactly one of two devices write that saw the same version: %s', async (routeKey, body, won, lost) => {
      const ada = somebody(table());
      for (let round = 0; round < 3; round += 1) {
        const params = { task_id: (await ada.create()).id };
        const answers = await timesAtOnce(2, () => ada.ask(routeKey, { params, body, headers: { 'If-Match': '"1"' } }));
        expect(answers.map(({ status }) => status).sort()).toEqual([won, lost]);
      }
    });

    it.each(changes)('is a 412 where the version is another, and changes nothing: %s', async (routeKey, asked) => {
      const ada = somebody(table());
      const made = await ada.create();
      for (const tag of ['"2"', 'W/"1"', '1']) {
        const headers = { 'If-Match': tag };
        pointersIn(await ada.ask(routeKey, { ...asked, headers, params: { task_id: made.id } }), 412);
      }
      expect(await ada.get(made.id)).toEqual(made);
    });

    it('may name several versions, or any', async () => {
      const ada = somebody(table());
      const { id } = await ada.create();
      for (const tag of ['"7", "1"', '*']) {
        const answered = await ada.ask('PATCH /tasks/{task_id}', {
          params: { task_id: id },
          headers: { 'If-Match': tag },
          body: { title: 'Changed' },
        });
        expect(answered.status).toBe(200);
      }
    });
  });

  describe('completing and reopening', () => {
    it('keeps a row of its own, and the day’s counters, in the same act', async () => {
      const ada = somebody(table(), { timezone: 'Pacific/Auckland', day_start: '04:00' });
      await ada.keepProfile();
      const { id } = await ada.create({ tags: ['Home', 'ÄRGER'] });
      expect(taskIn(await ada.complete(id))).toMatchObject({ status: 'done', version: 2 });
      expect(await ada.reports()).toEqual({
        rows: [{ task_id: id, completed_at: '2026-11-24T12:00:00.000Z', day: '2026-11-24', tags: ['Home', 'ÄRGER'] }],
        counted: { '2026-11-24': { completed: 1 } },
      });

      expect(taskIn(await ada.reopen(id))).toMatchObject({ status: 'todo', completed_at: null, version: 3 });
      expect(await ada.reports()).toEqual({
        rows: [],
        counted: { '2026-11-24': { completed: 0 } },
      });

      ada.setNow(Date.parse('2026-11-24T15:30:00Z'));
      await ada.complete(id);
      expect((await ada.reports()).counted).toMatchObject({
        '2026-11-25': { completed: 1 },
      });
    });

    it('undoes what was counted, whatever was edited or chosen in between', async () => {
      const ada = somebody(table());
      const { id } = await ada.create({ tags: ['old'] });
      await ada.complete(id);
      await ada.patch(id, { tags: ['new'] });
      await ada.keepProfile({ timezone: 'Pacific/Kiritimati' });
      await ada.reopen(id);
      expect(await ada.reports()).toEqual({ rows: [], counted: { '2026-11-24': { completed: 0 } } });
      await ada.complete(id);
      expect((await ada.reports()).counted).toMatchObject({ '2026-11-25': { completed: 1 } });
    });

    it('again changes nothing', async () => {
      const ada = somebody(table());
      const { id } = await ada.create({ status: 'in_progress' });
      const open = await ada.reopen(id);
      expect(open).toMatchObject({ status: 200, headers: { etag: '"1"' } });
      const done = await ada.complete(id);
      ada.setNow(ada.now().getTime() + 60_000);
      const again = await ada.complete(id);
      expect([again.body, again.headers.etag]).toEqual([done.body, '"2"']);
      expect(taskIn(await ada.reopen(id)).status).toBe('in_progress');
    });

    it('counts a cancelled task in no report', async () => {
      const ada = somebody(table());
      const { id } = await ada.create();
      await ada.complete(id);
      expect(taskIn(await ada.patch(id, { status: 'cancelled' }))).toMatchObject({ completed_at: null });
      expect(await ada.reports()).toEqual({ rows: [], counted: { '2026-11-24': { completed: 0 } } });
    });

    it('counts one task once, when 20 devices complete it at once', async () => {
      const ada = somebody(table());
      const { id } = await ada.create();
      const answers = await timesAtOnce(20, () => ada.complete(id));
      expect(new Set(answers.map((answer) => taskIn(answer).version))).toEqual(new Set([2]));
      expect((await ada.reports()).rows).toHaveLength(1);
      expect((await ada.reports()).counted).toEqual({ '2026-11-24': { completed: 1 } });
    });

    it('counts 15 tasks 15 times, when they are completed at once', async () => {
      const ada = somebody(table());
      const ids = await timesAtOnce(15, async () => (await ada.create({ tags: ['all'] })).id);
      await timesAtOnce(15, async (index) => taskIn(await ada.complete(ids[index] ?? '')));
      expect((await ada.reports()).rows).toHaveLength(15);
      expect((await ada.reports()).counted).toEqual({ '2026-11-24': { completed: 15 } });
    });

    it('leaves counters that always equal a recount of the rows', async () => {
      const acts = fc.record({
        act: fc.constantFrom('create', 'complete', 'reopen', 'tag', 'cancel', 'start', 'delete', 'wait'),
        which: fc.nat(5),
        tags: fc.subarray(['Home', 'work', 'ÄRGER']),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(acts, { minLength: 5, maxLength: 15 }), async (steps) => {
          const ada = somebody(table());
          const ids: string[] = [];
          for (const { act, which, tags } of steps) {
            const id = ids[which % ids.length];
            if (act === 'wait') ada.setNow(ada.now().getTime() + 9 * 3_600_000);
            else if (act === 'create' || id === undefined) {
              ids.push((await ada.create({ tags, status: tags.length > 1 ? 'done' : 'todo' })).id);
            } else if (act === 'complete') await ada.complete(id);
            else if (act === 'reopen') await ada.reopen(id);
            else if (act === 'tag') await ada.patch(id, { tags });
            else if (act === 'cancel') await ada.patch(id, { status: 'cancelled' });
            else if (act === 'start') await ada.patch(id, { status: 'in_progress' });
            else await ada.delete(id);
          }
          const { rows, counted } = await ada.reports();
          const recount: Record<string, Record<string, number>> = {};
          for (const { day } of rows) {
            const counters = recount[day] ?? {};
            recount[day] = counters;
            counters.completed = (counters.completed ?? 0) + 1;
          }
          const nonZero = Object.entries(counted).map(([day, counters]) => [
            day,
            Object.fromEntries(Object.entries(counters).filter(([, count]) => count !== 0)),
          ]);
          expect(Object.fromEntries(nonZero.filter(([, counters]) => Object.keys(counters ?? {}).length > 0))).toEqual(
            recount,
          );
          const done = (await ada.list('status=done')).map(({ id }) => id);
          expect(rows.map(({ task_id }) => task_id)).toEqual(expect.arrayContaining(done));
        }),
        { numRuns: 6 },
      );
    });
  });

  describe('deleting', () => {
    it('makes a task absent everywhere', async () => {
      const ada = somebody(table());
      const { id } = await ada.create();
      const kept = await ada.create();
      expect(await ada.delete(id)).toMatchObject({ status: 204, body: null });
      pointersIn(await ada.delete(id), 404);
      pointersIn(await ada.ask('GET /tasks/{task_id}', { params: { task_id: id } }), 404);
      expect((await ada.list()).map((task) => task.id)).toEqual([kept.id]);
      expect((await ada.list('status=open')).map((task) => task.id)).toEqual([kept.id]);
    });

    it('asks nothing of its owner’s rules, not even that they are there', async () => {
      const ada = somebody(table());
      await ada.delete((await ada.create()).id);
      expect(await getItem(table(), profileKey(userId(ada.user)))).toBeUndefined();
    });

    it('leaves a tombstone for 30 days: no field, no index key, the next version and who it was', async () => {
      const ada = somebody(table());
      const { id } = await ada.create({ description: 'private', tags: ['private'] });
      await ada.patch(id, { title: 'Also private' });
      await ada.ask('DELETE /tasks/{task_id}', { params: { task_id: id }, headers: { 'X-Client-Id': 'phone' } });
      const key = taskKey(userId(ada.user), id);
      expect(await getItem(table(), key)).toEqual({
        ...key,
        id,
        deleted: true,
        version: 3,
        changed_by: 'phone',
        request_hash: null,
        ttl: Date.parse('2026-12-24T12:00:00Z') / 1000,
      });
    });

    it('keeps the completion', async () => {
      const ada = somebody(table());
      const { id } = await ada.create({ tags: ['a'] });
      await ada.complete(id);
      await ada.delete(id);
      expect(await ada.reports()).toMatchObject({
        rows: [{ task_id: id }],
        counted: { '2026-11-24': { completed: 1 } },
      });
    });

    it('and completing at once leave one or the other, never half of both', async () => {
      const ada = somebody(table());
      for (let round = 0; round < 5; round += 1) {
        const { id } = await ada.create();
        const { counted: before } = await ada.reports();
        const [deleted, completed] = await Promise.all([ada.delete(id), ada.complete(id)]);
        const { counted, rows } = await ada.reports();
        expect(deleted?.status).toBe(204);
        expect([200, 404]).toContain(completed?.status);
        const more = completed?.status === 200 ? 1 : 0;
        expect(counted['2026-11-24']?.completed ?? 0).toBe((before['2026-11-24']?.completed ?? 0) + more);
        expect(rows.filter(({ task_id }) => task_id === id)).toHaveLength(more);
      }
    });
  });

  describe('listing', () => {
    /** Tasks of every status, closed at different times, in a shuffled order. */
    const many = async (ada: Person): Promise<void> => {
      const dues = ['2026-12-01', '2026-11-24T23:00:00-02:00', null, '2026-11-25', '2026-11-24T12:00:00Z', null];
      for (const [index, due_date] of [...dues, ...dues, ...dues].entries()) {
        const { id } = await ada.create({ title: `Task ${index}`, due_date });
        const status: Status = statuses[index % 4] ?? 'todo';
        ada.setNow(ada.now().getTime() + 1000);
        if (status !== 'todo') await ada.patch(id, { status });
      }
    };

    it('gives the open ones by due date, undated last, then the closed ones, newest first', async () => {
      const ada = somebody(table());
      const make = async (title: string, due_date: string | null): Promise<string> =>
        (await ada.create({ title, due_date })).id;
      const closed = [await make('closed first', '2026-11-01'), await make('closed last', null)];
      await make('undated', null);
      await make('tomorrow', '2026-11-25');
      await make('today at 18:00 in Berlin', '2026-11-24T18:00:00+01:00');
      await make('today', '2026-11-24');
      await make('today at 16:00 in London', '2026-11-24T16:00:00Z');
      for (const id of closed) {
        ada.setNow(ada.now().getTime() + 1);
        await ada.complete(id);
      }
      expect((await ada.list()).map(({ title }) => title)).toEqual([
        'today',
        'today at 16:00 in London',
        'today at 18:00 in Berlin',
        'tomorrow',
        'undated',
        'closed last',
        'closed first',
      ]);
    });

    it('shows a write at once, in its new place', async () => {
      const ada = somebody(table());
      const [first, second] = [
        await ada.create({ due_date: '2026-11-24' }),
        await ada.create({ due_date: '2026-11-25' }),
      ];
      await ada.patch(first.id, { due_date: '2026-11-26' });
      expect((await ada.list()).map(({ id }) => id)).toEqual([second.id, first.id]);
    });

    it('gives pages that joined equal the whole, for every status and size of page', async () => {
      const ada = somebody(table());
      await many(ada);
      const whole = await ada.list('limit=100');
      expect(whole).toHaveLength(18);
      for (const status of [null, 'open', ...statuses]) {
        const expected = whole.filter(
          (task) =>
            status === null ||
            task.status === status ||
            (status === 'open' && task.completed_at === null && task.status !== 'cancelled'),
        );
        for (const limit of [1, 6, 17, 18]) {
          const pages = await ada.pages(`limit=${limit}${status === null ? '' : `&status=${status}`}`);
          expect(pages.flat()).toEqual(expected);
          expect(Math.max(...pages.map(({ length }) => length))).toBeLessThanOrEqual(limit);
        }
      }
    });

    it('finds the one of its status among many', async () => {
      const ada = somebody(table());
      await timesAtOnce(40, (index) => ada.create({ status: index === 39 ? 'done' : 'cancelled' }));
      const pages = await ada.pages('status=done&limit=2');
      expect(pages.flat()).toHaveLength(1);
    });

    it('ends a page at 1 MB, and goes on', async () => {
      const ada = somebody(table());
      const description = apples(20_000);
      await timesAtOnce(20, (index) => ada.create({ title: `Task ${index}`, description }));
      const pages = await ada.pages('limit=100');
      expect(pages.length).toBeGreaterThan(1);
      expect(
        pages
          .flat()
          .map(({ title }) => title)
          .sort(),
      ).toEqual(Array.from({ length: 20 }, (_, index) => `Task ${index}`).sort());
    });

    it('gives what does not move exactly once, while other things change under the reader', async () => {
      const ada = somebody(table());
      const made: Task[] = [];
      for (let day = 1; day <= 20; day += 1)
        made.push(await ada.create({ due_date: `2027-01-${String(day).padStart(2, '0')}` }));
      const seen: string[] = [];
      const changed = new Set<string>();
      await ada.pages('limit=4', async (items) => {
        seen.push(...items.map(({ id }) => id));
        // The page's last task, which the cursor stands at, goes; so does one that is still to come; one is edited, one is new on either side.
        const toCome = made.filter(({ id }) => !seen.includes(id) && !changed.has(id));
        for (const id of [items.at(-1)?.id, toCome[1]?.id]) {
          if (id === undefined) continue;
          changed.add(id);
          await ada.delete(id);
        }
        if (toCome[2]) await ada.patch(toCome[2].id, { title: 'Edited in place' });
        if (seen.length < 12) {
          await ada.create({ title: 'before', due_date: '2026-12-31' });
          await ada.create({ title: 'behind', due_date: '2027-02-01' });
        }
      });
      const still = made.filter(({ id }) => !changed.has(id)).map(({ id }) => id);
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.filter((id) => still.includes(id))).toEqual(still);
    });

    it('goes on only with a cursor of its own', async () => {
      const [ada, eve] = [somebody(table()), somebody(table())];
      await timesAtOnce(3, () => ada.create());
      await eve.create();
      const cursorOf = async (query: string) =>
        page.parse((await ada.ask('GET /tasks', { query })).body).next_cursor ?? '';
      const [all, open] = [await cursorOf('limit=1'), await cursorOf('limit=1&status=open')];
      expect(pointersIn(await eve.ask('GET /tasks', { query: { cursor: all } }), 400)).toEqual(['#/cursor']);
      expect(pointersIn(await ada.ask('GET /tasks', { query: { cursor: open } }), 400)).toEqual(['#/cursor']);
      expect(pointersIn(await ada.ask('GET /tasks', { query: { cursor: all, status: 'open' } }), 400)).toEqual([
        '#/cursor',
      ]);
      expect(pointersIn(await ada.ask('GET /tasks', { query: { cursor: all.slice(0, -4) } }), 400)).toEqual([
        '#/cursor',
      ]);
    });

    it('refuses a cursor that somebody has made up well', async () => {
      const ada = somebody(table());
      await ada.create();
      const id = randomUUID();
      for (const [status, place] of [
        [null, ''],
        [null, '1#'],
        [null, `3#~#${id}`],
        [null, `1#${'x'.repeat(2000)}#${id}`],
        ['open', `2#000000000000000#${id}`],
        ['done', `1#~#${id}`],
      ] as const) {
        const cursor = encodeCursor(userId(ada.user), `tasks ${status}`, place);
        const query = { cursor, ...(status && { status }) };
        expect(pointersIn(await ada.ask('GET /tasks', { query }), 400)).toEqual(['#/cursor']);
      }
    });
  });

  describe('round trips to DynamoDB', () => {
    it('are 1 for a create, a get and a page of the list, 2 for a change, 3 for one that concerns what is below', async () => {
      const ada = somebody(table());
      await ada.keepProfile();
      const count = (work: () => Promise<unknown>): Promise<number> => roundTripsOf(table(), work);
      let id = '';
      const counts = {
        create: await count(async () => {
          ({ id } = await ada.create());
        }),
        'create once more with its key': await count(() =>
          ada.ask('POST /tasks', { body: { title: 'a' }, headers: { 'Idempotency-Key': 'k' } }),
        ),
        get: await count(() => ada.get(id)),
        'list page': await count(() => ada.list()),
        patch: await count(() => ada.patch(id, { title: 'b' })),
        put: await count(() => ada.put(id, { title: 'c' })),
        complete: await count(() => ada.complete(id)),
        'complete again': await count(() => ada.complete(id)),
        reopen: await count(() => ada.reopen(id)),
        delete: await count(() => ada.delete(id)),
      };
      expect(counts).toEqual({
        create: 1,
        'create once more with its key': 1,
        get: 1,
        'list page': 1,
        patch: 2,
        put: 2,
        complete: 3,
        'complete again': 1,
        reopen: 3,
        delete: 3,
      });
    });
  });
});

type Person = ReturnType<typeof somebody>;

/** A new person with tasks of their own, and a clock that stands still until it is set. */
const somebody = (table: Table, days: { timezone?: string; day_start?: string } = {}) => {
  const user = randomUUID();
  let now = new Date('2026-11-24T12:00:00Z');
  const clock = { now: () => now };
  const call = callerOf(
    createHttpHandler(
      'tasks',
      taskOperations({ tasks: dynamoTaskStore(table, 1), jobs: dynamoJobStore(table, 1), clock, newId }),
    ),
  );
  const ask = (routeKey: string, asked: Asked = {}): Promise<Answered> => call(routeKey, { user, ...asked });
  const on =
    (routeKey: string) =>
    (id: string, body?: unknown): Promise<Answered> =>
      ask(routeKey, { params: { task_id: id }, body });

  /** Every page from the first on; `between` may change things before the next is read. */
  const pages = async (query: string, between?: (items: readonly Task[]) => Promise<void>): Promise<Task[][]> => {
    const read: Task[][] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const answered = await ask('GET /tasks', { query: cursor === '' ? query : `${query}&cursor=${cursor}` });
      expect(answered.status).toBe(200);
      const { items, next_cursor } = page.parse(answered.body);
      read.push(items);
      await between?.(items);
      cursor = next_cursor;
    }
    return read;
  };

  return {
    user,
    ask,
    pages,
    now: () => now,
    setNow: (epochMilliseconds: number): void => {
      now = new Date(epochMilliseconds);
    },
    create: async (fields: Readonly<Record<string, unknown>> = {}): Promise<Task> =>
      taskIn(await ask('POST /tasks', { body: { title: 'Pay the rent', ...fields } })),
    get: async (id: string): Promise<Task> => taskIn(await ask('GET /tasks/{task_id}', { params: { task_id: id } })),
    put: on('PUT /tasks/{task_id}'),
    patch: on('PATCH /tasks/{task_id}'),
    delete: on('DELETE /tasks/{task_id}'),
    complete: on('POST /tasks/{task_id}/complete'),
    reopen: on('POST /tasks/{task_id}/reopen'),
    list: async (query = ''): Promise<Task[]> => (await pages(query)).flat(),
    keepProfile: (chosen: { timezone?: string; day_start?: string } = days): Promise<void> =>
      putItem(table, { ...profileKey(userId(user)), ...defaultProfile(userId(user)), ...chosen }),
    /** What reports will be made of. */
    reports: async () => {
      const items = await itemsOf(table, userKey(userId(user), '').pk);
      const ofKind = (kind: string) => items.filter(({ sk }) => String(sk).startsWith(kind));
      return {
        rows: ofKind(prefix.completion).map((item) => completionRow.parse(item)),
        counted: Object.fromEntries(
          ofKind(prefix.day).map(({ pk, sk, ...counters }) => [
            String(sk).slice(prefix.day.length),
            z.record(z.string(), z.number()).parse(counters),
          ]),
        ),
      };
    },
  };
};

const completionRow = z.object({
  task_id: z.string(),
  completed_at: z.string(),
  day: z.string(),
  tags: z.array(z.string()),
});
