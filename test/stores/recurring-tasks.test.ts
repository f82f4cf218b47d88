import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { defaultProfile, profileKey } from '#functions/accounts/profile.ts';
import { sweep } from '#functions/due/due-work.ts';
import { taskActs } from '#functions/tasks/acts.ts';
import { carryOut } from '#functions/tasks/follow-ups.ts';
import { dynamoJobStore } from '#functions/tasks/job-store.ts';
import { taskOperations } from '#functions/tasks/operations.ts';
import { pileUp } from '#functions/tasks/pile-up.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId, userId } from '#shared/ids.ts';
import { putItem, queryDue, type Table } from '#shared/table.ts';
import type { Task } from '#test/support/client.ts';
import { type Asked, callerOf, pointersIn } from '#test/support/http-event.ts';
import { roundTripsOf } from '#test/support/round-trips.ts';
import { describeOnEngines, itemsOf } from '#test/support/table.ts';

/** A person in Berlin, at a time that the test sets. */
const world = async (table: Table, at = '2027-03-26T08:00:00Z') => {
  const user = randomUUID();
  const owner = userId(user);
  await putItem(table, { ...profileKey(owner), ...defaultProfile(owner), timezone: 'Europe/Berlin' });
  let now = Date.parse(at);
  const clock = {
    now: () => {
      now += 10;
      return new Date(now);
    },
  };
  const needs = { tasks: dynamoTaskStore(table, 1), jobs: dynamoJobStore(table, 1), clock, newId };
  const ask = callerOf(createHttpHandler('tasks', taskOperations(needs)));
  const call = (routeKey: string, asked: Asked = {}) => ask(routeKey, { user, ...asked });
  const on =
    (routeKey: string) =>
    async (task_id: string, asked: Asked = {}): Promise<Task> => {
      const { status, body } = await call(routeKey, { params: { task_id }, ...asked });
      if (status >= 400) throw new Error(`${status} ${JSON.stringify(body)}`);
      return body as Task;
    };
  const create = async (recurrence: object, more: object = {}): Promise<Task> => {
    const { status, body } = await call('POST /tasks', { body: { title: 'Water the plants', recurrence, ...more } });
    expect(status, JSON.stringify(body)).toBe(201);
    return body as Task;
  };
  const all = async (): Promise<readonly Task[]> => {
    const { body } = await call('GET /tasks', { query: 'sort_by=created_at&limit=100' });
    return (body as { items: Task[] }).items;
  };
  const open = async () => (await all()).filter(({ status }) => status === 'todo' || status === 'in_progress');
  const until = (instant: string) => {
    now = Date.parse(instant);
  };
  const sweepNow = () =>
    sweep({
      clock,
      shards: 1,
      due: (shard, moment, limit, after) => queryDue(table, shard, moment, limit, after),
      rooms: {
        'SERIES#': ({ pk, sk }, moment) => pileUp(needs)(userId(pk.slice(5)), sk.slice(7), moment),
        'JOB#': async ({ pk, sk }, moment) => {
          const job = await needs.jobs.claim(userId(pk.slice(5)), sk.slice(4), moment);
          if (job) await carryOut(needs)(job);
        },
        'TASK#': async () => undefined,
        'REMINDER#': async () => undefined,
      },
    })(new Date(now + 1e9));
  const counted = async () => {
    const items = await itemsOf(table, `USER#${user}`);
    const rows = items.filter(({ sk }) => String(sk).startsWith('COMPLETION#')).length;
    const days = items.filter(({ sk }) => String(sk).startsWith('DAY#'));
    return [rows, days.reduce((sum, { completed }) => sum + Number(completed ?? 0), 0)];
  };
  return {
    owner,
    needs,
    call,
    create,
    all,
    open,
    until,
    sweepNow,
    counted,
    complete: on('POST /tasks/{task_id}/complete'),
    reopen: on('POST /tasks/{task_id}/reopen'),
    skip: on('POST /tasks/{task_id}/skip') as (id: string) => Promise<Task | null>,
    patch: (id: string, body: object, query = '') => on('PATCH /tasks/{task_id}')(id, { body, query }),
    remove: (id: string, query = '') => on('DELETE /tasks/{task_id}')(id, { query }),
    get: on('GET /tasks/{task_id}'),
  };
};

type World = Awaited<ReturnType<typeof world>>;

const daily = { recurrence_pattern: 'daily' };
const at645 = { ...daily, recurrence_start_date: '2027-03-27T06:45' };

const datesOf = (tasks: readonly Task[]) => tasks.map(({ occurrence_date }) => occurrence_date).sort();

describeOnEngines('recurring tasks', (table) => {
  describe('begin', () => {
    it('with their first date, in their owner’s zone', async () => {
      const here = await world(table());
      const task = await here.create(at645);
      expect(task).toMatchObject({
        occurrence_date: '2027-03-27',
        due_date: '2027-03-27T06:45:00+01:00',
        series_id: expect.any(String),
        recurrence: { ...at645, timezone: 'Europe/Berlin', anchor: 'schedule', when_open: 'wait', interval: 1 },
        version: 1,
      });
    });

    it('where they are due, when no start is said; else today', async () => {
      const here = await world(table(), '2027-03-26T23:30:00Z');
      expect(await here.create(daily, { due_date: '2027-05-01' })).toMatchObject({ occurrence_date: '2027-05-01' });
      const moment = await here.create(daily, { due_date: '2027-05-01T22:30:00Z' });
      expect(moment).toMatchObject({ occurrence_date: '2027-05-02', due_date: '2027-05-01T22:30:00Z' });
      expect(await here.create(daily)).toMatchObject({ occurrence_date: '2027-03-27', due_date: '2027-03-27' });
    });

    it('once for each Idempotency-Key', async () => {
      const here = await world(table());
      const request = { headers: { 'idempotency-key': 'once' }, body: { title: 'x', recurrence: daily } };
      const [first, again] = [await here.call('POST /tasks', request), await here.call('POST /tasks', request)];
      expect(again).toMatchObject({ status: 201, body: first.body as object });
      expect(await here.all()).toHaveLength(1);
    });

    it('with a task that is there', async () => {
      const here = await world(table());
      const { body } = await here.call('POST /tasks', { body: { title: 'Rent', due_date: '2027-04-01' } });
      const begun = await here.patch((body as Task).id, { recurrence: { recurrence_pattern: 'monthly' } });
      expect(begun).toMatchObject({ version: 2, due_date: '2027-04-01', occurrence_date: '2027-04-01' });
      await here.complete(begun.id);
      expect(datesOf(await here.open())).toEqual(['2027-05-01']);
    });

    it('not with what makes no rule (422), or is none at all (400)', async () => {
      const here = await world(table());
      const refused = (recurrence: object) => here.call('POST /tasks', { body: { title: 'x', recurrence } });
      const rrule = 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30';
      const unusable = await refused({ recurrence_pattern: 'custom', rrule });
      expect(pointersIn(unusable, 422)).toEqual(['#/recurrence/rrule']);
      expect(unusable.body).toMatchObject({ type: 'unusable-recurrence' });
      expect(pointersIn(await refused({ recurrence_pattern: 'hourly' }), 400)).toEqual([
        '#/recurrence/recurrence_pattern',
      ]);
      expect(pointersIn(await refused({ ...daily, every: 2 }), 400)).toEqual(['#/recurrence/every']);
      expect(await here.all()).toEqual([]);
    });
  });

  describe('completed', () => {
    it('make the next one in the same act, at the same time on the wall, and are counted', async () => {
      const here = await world(table());
      const task = await here.create(at645, { description: 'All of them', priority: 'high', tags: ['Home'] });
      const done = await here.complete(task.id);
      expect(done).toMatchObject({ status: 'done', occurrence_date: '2027-03-27' });
      const [next, ...others] = await here.open();
      expect(others).toEqual([]);
      expect(next).toMatchObject({
        title: 'Water the plants',
        description: 'All of them',
        priority: 'high',
        tags: ['Home'],
        status: 'todo',
        version: 1,
        occurrence_date: '2027-03-28',
        // The night in between had an hour less.
        due_date: '2027-03-28T06:45:00+02:00',
        series_id: task.series_id,
        position: task.position,
      });
      expect(await here.complete(task.id)).toEqual(done);
      expect(await here.open()).toHaveLength(1);
      expect(await here.counted()).toEqual([1, 1]);
    });

    it('are no news to the device that did it; what follows is, the next one and what is below', async () => {
      const here = await world(table());
      const task = await here.create(at645);
      await here.call('POST /tasks', { body: { title: 'Below', parent_id: task.id } });
      await here.complete(task.id, { headers: { 'x-client-id': 'phone' } });
      const items = await itemsOf(table(), `USER#${here.owner}`);
      const changedBy = items
        .filter(({ sk }) => String(sk).startsWith('TASK#'))
        .map(({ title, status, changed_by }) => [title, status, changed_by]);
      expect(changedBy.sort()).toEqual([
        ['Below', 'done', null],
        ['Below', 'todo', null],
        ['Water the plants', 'done', 'phone'],
        ['Water the plants', 'todo', null],
      ]);
    });

    it('also through PATCH, PUT and a batch', async () => {
      const here = await world(table());
      const task = await here.create(at645);
      await here.patch(task.id, { status: 'done' });
      const [second] = await here.open();
      await here.call('PUT /tasks/{task_id}', {
        params: { task_id: second?.id ?? '' },
        body: { ...second, status: 'done' },
      });
      const [third] = await here.open();
      await here.call('POST /tasks/batch', { body: { operations: [{ op: 'complete', id: third?.id }] } });
      expect(datesOf(await here.open())).toEqual(['2027-03-30']);
      expect(await here.all()).toHaveLength(4);
    });

    it('keep to the month’s end, and come back from it', async () => {
      const here = await world(table(), '2027-01-01T00:00:00Z');
      const monthly = { recurrence_pattern: 'monthly', recurrence_start_date: '2027-01-31' };
      let { id } = await here.create(monthly);
      const dates = [];
      for (let month = 0; month < 3; month += 1) {
        await here.complete(id);
        const [next] = await here.open();
        dates.push(next?.due_date);
        id = next?.id ?? '';
      }
      expect(dates).toEqual(['2027-02-28', '2027-03-31', '2027-04-30']);
    });

    it('late, go on in the future', async () => {
      const here = await world(table());
      const task = await here.create(at645);
      here.until('2027-04-10T10:00:00Z');
      await here.complete(task.id);
      expect(datesOf(await here.open())).toEqual(['2027-04-11']);
    });

    it('count from the day they were done, where that is asked for', async () => {
      const here = await world(table());
      const task = await here.create({ ...at645, interval: 3, anchor: 'completion' });
      here.until('2027-04-10T10:00:00Z');
      await here.complete(task.id);
      expect(await here.open()).toMatchObject([
        { occurrence_date: '2027-04-13', due_date: '2027-04-13T06:45:00+02:00' },
      ]);
    });

    it('end with their count', async () => {
      const here = await world(table());
      const task = await here.create({ ...at645, count: 2 });
      await here.complete(task.id);
      const [second] = await here.open();
      await here.complete(second?.id ?? '');
      expect(await here.open()).toEqual([]);
    });

    it('by a hundred at once, make one next occurrence and are counted once', { timeout: 60_000 }, async () => {
      const here = await world(table());
      const task = await here.create(at645);
      const acts = taskActs(here.needs);
      const outcomes = await Promise.allSettled(
        Array.from({ length: 100 }, () =>
          acts.complete(here.owner, task.id, 'complete', { now: here.needs.clock.now(), clientId: null }, null),
        ),
      );
      // Those who are overtaken all the time are told to come again.
      expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(50);
      expect(await here.all()).toHaveLength(2);
      expect(await here.counted()).toEqual([1, 1]);
    });
  });

  describe('taken back', () => {
    it('take the next one with them, and may be completed again', async () => {
      const here = await world(table());
      const task = await here.create(at645);
      await here.complete(task.id);
      const [next] = await here.open();
      expect(await here.reopen(task.id)).toMatchObject({ status: 'todo' });
      expect((await here.open()).map(({ id }) => id)).toEqual([task.id]);
      expect((await here.call('GET /tasks/{task_id}', { params: { task_id: next?.id ?? '' } })).status).toBe(404);
      expect(await here.counted()).toEqual([0, 0]);
      await here.complete(task.id);
      expect(await here.open()).toMatchObject([{ occurrence_date: '2027-03-28', version: 1 }]);
    });

    it.each([
      ['edited', (here: World, id: string) => here.patch(id, { title: 'Mine' })],
      ['done', (here: World, id: string) => here.complete(id)],
      [
        'given a subtask',
        (here: World, id: string) => here.call('POST /tasks', { body: { title: 's', parent_id: id } }),
      ],
    ])('are refused when the next one is %s', async (_, touch) => {
      const here = await world(table());
      const task = await here.create(at645);
      await here.call('POST /tasks', { body: { title: 'Below', parent_id: task.id } });
      await here.complete(task.id);
      const next = (await here.open()).find(({ series_id }) => series_id !== null);
      await touch(here, next?.id ?? '');
      const before = await here.all();
      const refused = await here.call('POST /tasks/{task_id}/reopen', { params: { task_id: task.id } });
      expect(refused).toMatchObject({ status: 409, body: { type: 'wrong-state' } });
      expect(await here.all()).toEqual(before);
    });
  });

  it('are not taken back behind one that was deleted meanwhile', async () => {
    const here = await world(table());
    const task = await here.create(at645);
    await here.complete(task.id);
    const [next] = await here.open();
    await here.remove(next?.id ?? '');
    const refused = await here.call('POST /tasks/{task_id}/reopen', { params: { task_id: task.id } });
    expect(refused).toMatchObject({ status: 409, body: { type: 'wrong-state' } });
    expect(datesOf(await here.open())).toEqual(['2027-03-29']);
  });

  it('come back as they were given, where they begin with that', async () => {
    const here = await world(table());
    for (const due_date of ['2027-03-27T05:45:30Z', '2027-03-27T06:45+01:00', '2027-03-27']) {
      expect(await here.create(daily, { due_date })).toMatchObject({ due_date, occurrence_date: '2027-03-27' });
    }
  });

  describe('skipped', () => {
    it('answer with the next one, again with the same, and count nowhere', async () => {
      const here = await world(table());
      const task = await here.create({ ...at645, count: 2 });
      const next = await here.skip(task.id);
      expect(next).toMatchObject({ occurrence_date: '2027-03-28', status: 'todo' });
      expect(await here.skip(task.id)).toEqual(next);
      expect(await here.get(task.id)).toMatchObject({ status: 'cancelled', completed_at: null });
      expect(await here.skip(next?.id ?? '')).toBe(null);
      expect(await here.counted()).toEqual([0, 0]);
    });

    it('answer with what they have made, without asking for it', async () => {
      const here = await world(table());
      const details = {
        description: 'All of them',
        priority: 'high',
        tags: ['Home'],
        reminders: [{ minutes_before: 15 }],
      };
      const task = await here.create(at645, details);
      await here.call('POST /tasks', { body: { title: 'Below', parent_id: task.id } });
      let next: Task | null = null;
      const trips = await roundTripsOf(table(), async () => {
        next = await here.skip(task.id);
      });
      // The task with its owner's rules, its series, what is below; then all that changes.
      expect(trips).toBe(4);
      const made = (await here.open()).find(({ series_id }) => series_id !== null);
      expect(next).toEqual(await here.get(made?.id ?? ''));
    });

    it('by cancelling or deleting them', async () => {
      const here = await world(table());
      const task = await here.create(at645);
      await here.patch(task.id, { status: 'cancelled' });
      const [second] = await here.open();
      await here.remove(second?.id ?? '');
      expect(datesOf(await here.open())).toEqual(['2027-03-29']);
      expect(datesOf(await here.all())).toEqual(['2027-03-27', '2027-03-29']);
    });

    it.each([
      ['cancelled', (here: World, id: string) => here.patch(id, { status: 'cancelled' })],
      ['deleted', (here: World, id: string) => here.remove(id)],
    ])('when they are %s, plan the next one by their owner’s rules', async (_, end) => {
      const here = await world(table());
      const task = await here.create(
        { ...daily, recurrence_start_date: '2027-03-27' },
        { reminders: [{ minutes_before: 0 }] },
      );
      await end(here, task.id);
      const [next] = await here.open();
      // Nine in the morning in Berlin, by its summer time.
      expect(next?.reminders).toMatchObject([{ fires_at: '2027-03-28T07:00:00.000Z', state: 'scheduled' }]);
    });

    it('are refused where nothing recurs, or it is done', async () => {
      const here = await world(table());
      const { body } = await here.call('POST /tasks', { body: { title: 'Once' } });
      const recurring = await here.create(at645);
      await here.complete(recurring.id);
      for (const { id } of [body as Task, recurring]) {
        const refused = await here.call('POST /tasks/{task_id}/skip', { params: { task_id: id } });
        expect(refused).toMatchObject({ status: 409, body: { type: 'wrong-state' } });
      }
    });
  });

  describe('with subtasks', () => {
    const withSubtasks = async (here: World) => {
      const task = await here.create(at645);
      const add = async (title: string, parent_id: string, more: object = {}) =>
        ((await here.call('POST /tasks', { body: { title, parent_id, ...more } })).body as Task).id;
      const water = await add('Water', task.id, { due_date: '2027-03-26', tags: ['garden'] });
      await add('Fill the can', water);
      await add('Talk to them', task.id);
      await here.complete(water);
      return task;
    };
    const tree = async (here: World, id: string) => {
      const { body } = await here.call('GET /tasks/{task_id}', {
        params: { task_id: id },
        query: 'include=descendants',
      });
      interface Node extends Task {
        children: Node[];
      }
      const drawn = ({ title, status, due_date, children }: Node): unknown => [
        title,
        status,
        due_date,
        children.map(drawn),
      ];
      return (body as Node).children.map(drawn);
    };

    it('have them copied fresh, as many days later', async () => {
      const here = await world(table());
      const task = await withSubtasks(here);
      await here.complete(task.id);
      const next = (await here.open()).find(({ series_id }) => series_id === task.series_id);
      expect(await tree(here, next?.id ?? '')).toEqual([
        ['Water', 'todo', '2027-03-27', [['Fill the can', 'todo', null, []]]],
        ['Talk to them', 'todo', null, []],
      ]);
      expect(await tree(here, task.id)).toMatchObject([
        ['Water', 'done', '2027-03-26', [['Fill the can', 'done', null, []]]],
        ['Talk to them', 'done', null, []],
      ]);
      await here.reopen(task.id);
      expect(await here.all()).toHaveLength(4);
      expect(await tree(here, task.id)).toEqual([
        ['Water', 'done', '2027-03-26', [['Fill the can', 'done', null, []]]],
        ['Talk to them', 'todo', null, []],
      ]);
    });

    it('have all of a large tree copied, though the function dies in the middle', { timeout: 120_000 }, async () => {
      const here = await world(table());
      const task = await here.create(at645);
      const operations = Array.from({ length: 100 }, (_, index) => ({
        op: 'create',
        data: { title: `${index}`, parent_id: task.id },
      }));
      await here.call('POST /tasks/batch', { body: { operations } });
      let commits = 0;
      const dying = taskActs({
        ...here.needs,
        tasks: {
          ...here.needs.tasks,
          commit: async (writes) => {
            commits += 1;
            if (commits > 2) throw new Error('the Lambda has died');
            return here.needs.tasks.commit(writes);
          },
        },
      });
      const act = { now: here.needs.clock.now(), clientId: null };
      await expect(dying.complete(here.owner, task.id, 'complete', act, null)).rejects.toThrow('died');
      here.until('2027-03-26T09:00:00Z');
      await here.sweepNow();
      const next = (await here.needs.tasks.all(here.owner, 'open')).filter(
        ({ task: { parent_id } }) => parent_id !== null,
      );
      expect(next).toHaveLength(100);
      expect(new Set(next.map((record) => record.task.title)).size).toBe(100);
      const closed = await here.needs.tasks.all(here.owner, 'closed');
      expect(closed).toHaveLength(101);
      await here.sweepNow();
      expect(await here.needs.tasks.all(here.owner, 'open')).toHaveLength(101);
    });

    it('hand them up when they are deleted so, and copy none', async () => {
      const here = await world(table());
      const task = await here.create(at645);
      await here.call('POST /tasks', { body: { title: 'Below', parent_id: task.id } });
      await here.remove(task.id, 'children=reparent');
      expect((await here.open()).map(({ title, parent_id }) => [title, parent_id]).sort()).toEqual([
        ['Below', null],
        ['Water the plants', null],
      ]);
    });

    it('rest with the parent that closes above them', async () => {
      const here = await world(table());
      const { body } = await here.call('POST /tasks', { body: { title: 'Garden' } });
      const parent = body as Task;
      await here.create(at645, { parent_id: parent.id });
      await here.complete(parent.id);
      expect(await here.open()).toEqual([]);
      await here.reopen(parent.id);
      const [task] = (await here.open()).filter(({ parent_id }) => parent_id !== null);
      await here.complete(task?.id ?? '');
      expect(await here.open()).toMatchObject([
        { id: parent.id },
        { parent_id: parent.id, occurrence_date: '2027-03-28' },
      ]);
      await here.remove(parent.id);
      expect(await here.all()).toEqual([]);
      const rows = await itemsOf(table(), `USER#${here.owner}`);
      expect(rows.filter(({ sk }) => String(sk).startsWith('SERIES#'))).toEqual([]);
    });
  });

  describe('that pile up', () => {
    const piling = { ...at645, when_open: 'pile_up' };

    it('make a task for every date, once each, also after an outage and by two sweeps at once', async () => {
      const here = await world(table());
      const task = await here.create(piling, { tags: ['pile'] });
      await here.sweepNow();
      expect(await here.open()).toHaveLength(1);
      here.until('2027-03-31T08:00:00Z');
      await Promise.all([here.sweepNow(), here.sweepNow(), here.sweepNow()]);
      const dates = ['2027-03-27', '2027-03-28', '2027-03-29', '2027-03-30', '2027-03-31'];
      expect(datesOf(await here.open())).toEqual(dates);
      expect(
        (await here.all()).every(({ tags, series_id }) => tags[0] === 'pile' && series_id === task.series_id),
      ).toBe(true);
      await here.sweepNow();
      expect(datesOf(await here.open())).toEqual(dates);
    });

    it('make the next one as its day begins where they live', async () => {
      const here = await world(table());
      await here.create(piling);
      here.until('2027-03-27T22:59:00Z');
      await here.sweepNow();
      expect(await here.open()).toHaveLength(1);
      here.until('2027-03-27T23:01:00Z');
      await here.sweepNow();
      expect(datesOf(await here.open())).toEqual(['2027-03-27', '2027-03-28']);
    });

    it('make the next one when the last one is completed, and the sweep no second', async () => {
      const here = await world(table());
      const task = await here.create(piling);
      await here.complete(task.id);
      expect(datesOf(await here.open())).toEqual(['2027-03-28']);
      here.until('2027-03-28T08:00:00Z');
      await here.sweepNow();
      expect(datesOf(await here.open())).toEqual(['2027-03-28']);
    });

    it('that were split are two, each with its own latest', async () => {
      const here = await world(table());
      const first = await here.create({ ...piling, count: 30 });
      here.until('2027-03-31T08:00:00Z');
      await here.sweepNow();
      const third = (await here.open()).find(({ occurrence_date }) => occurrence_date === '2027-03-29');
      await here.patch(third?.id ?? '', { title: 'P2' }, 'scope=following');
      expect(await here.get(first.id)).toMatchObject({
        recurrence: { recurrence_end_date: '2027-03-28', count: null },
      });
      const { body } = await here.call('GET /tasks/{task_id}/occurrences', { params: { task_id: first.id } });
      expect((body as { items: object[] }).items).toHaveLength(2);
      await here.patch(first.id, { recurrence: { interval: 2 } });
      here.until('2027-04-02T08:00:00Z');
      await here.sweepNow();
      const dates = datesOf(await here.open());
      expect(dates).toEqual([...new Set(dates)]);
      expect(dates.slice(-2)).toEqual(['2027-04-01', '2027-04-02']);
    });

    it('by hundreds are ended at once, and follow in parts', { timeout: 120_000 }, async () => {
      const here = await world(table());
      await here.create(piling);
      here.until('2027-06-30T08:00:00Z');
      await here.sweepNow();
      const open = await here.needs.tasks.all(here.owner, 'open');
      expect(open.length).toBeGreaterThan(90);
      await here.remove(open[0]?.task.id ?? '', 'scope=all');
      expect(await here.open()).toEqual([]);
      await here.sweepNow();
      expect(await here.open()).toEqual([]);
    });

    it('are changed and deleted from one on, or all', async () => {
      const here = await world(table());
      await here.create(piling);
      here.until('2027-03-30T08:00:00Z');
      await here.sweepNow();
      const byDate = async (): Promise<Record<string, Task>> =>
        Object.fromEntries((await here.open()).map((task) => [task.occurrence_date ?? '', task]));
      const second = (await byDate())['2027-03-28'];
      await here.patch(second?.id ?? '', { title: 'Only these' }, 'scope=following');
      const split = await byDate();
      expect(
        Object.values(split)
          .map(({ title }) => title)
          .sort(),
      ).toEqual(['Only these', 'Only these', 'Only these', 'Water the plants']);
      expect(new Set(Object.values(split).map(({ series_id }) => series_id)).size).toBe(2);
      here.until('2027-03-31T08:00:00Z');
      await here.sweepNow();
      expect((await byDate())['2027-03-31']).toMatchObject({ title: 'Only these' });
      expect(await here.open()).toHaveLength(5);
      await here.remove((await byDate())['2027-03-30']?.id ?? '', 'scope=following');
      here.until('2027-04-05T08:00:00Z');
      await here.sweepNow();
      expect(datesOf(await here.open())).toEqual(['2027-03-27', '2027-03-28', '2027-03-29']);
      await here.remove((await byDate())['2027-03-29']?.id ?? '', 'scope=all');
      expect(datesOf(await here.open())).toEqual(['2027-03-27']);
    });
  });

  describe('changed', () => {
    it('alone, leave the series as it is', async () => {
      const here = await world(table());
      const task = await here.create(at645);
      await here.patch(task.id, { title: 'Only today', due_date: '2027-03-27T20:00:00Z' });
      await here.complete(task.id);
      expect(await here.open()).toMatchObject([{ title: 'Water the plants', due_date: '2027-03-28T06:45:00+02:00' }]);
    });

    it('with those that follow, or all, at another time of day as well', async () => {
      const here = await world(table());
      for (const scope of ['following', 'all']) {
        const task = await here.create(at645);
        const changes = { title: scope, due_date: '2027-03-27T20:00:00+01:00' };
        const changed = await here.patch(task.id, changes, `scope=${scope}`);
        expect(changed).toMatchObject({ ...changes, recurrence: { recurrence_start_date: '2027-03-27T20:00' } });
        expect(changed.series_id === task.series_id).toBe(scope === 'all');
        await here.complete(task.id);
        const next = (await here.open()).find(({ series_id }) => series_id === changed.series_id);
        expect(next).toMatchObject({ title: scope, due_date: '2027-03-28T20:00:00+02:00' });
      }
    });

    it('to another rule, go on by it from there', async () => {
      const here = await world(table());
      const task = await here.create(at645);
      const changed = await here.patch(task.id, { recurrence: { recurrence_pattern: 'weekly', weekdays: ['MO'] } });
      expect(changed).toMatchObject({ occurrence_date: '2027-03-29', due_date: '2027-03-29T06:45:00+02:00' });
      await here.complete(task.id);
      expect(datesOf(await here.open())).toEqual(['2027-04-05']);
    });

    it('keep the day that their start meant, and what is left of their count', async () => {
      const here = await world(table(), '2027-01-30T08:00:00Z');
      const monthly = { recurrence_pattern: 'monthly', recurrence_start_date: '2027-01-31', count: 4 };
      const task = await here.create(monthly);
      await here.complete(task.id);
      const [second] = await here.open();
      const changed = await here.patch(second?.id ?? '', { recurrence: { when_open: 'pile_up' } });
      expect(changed).toMatchObject({ due_date: '2027-02-28', recurrence: { count: 3 } });
      const { body } = await here.call('GET /tasks/{task_id}/occurrences', { params: { task_id: changed.id } });
      const dates = (body as { items: { occurrence_date: string }[] }).items.map((item) => item.occurrence_date);
      expect(dates).toEqual(['2027-02-28', '2027-03-31', '2027-04-30']);
    });

    it('to another day, take those behind them along, where their start alone says which', async () => {
      const here = await world(table());
      const weekly = await here.create({ recurrence_pattern: 'weekly', recurrence_start_date: '2027-03-29T09:00' });
      const moved = await here.patch(weekly.id, { due_date: '2027-03-30T10:00+02:00' }, 'scope=following');
      expect(moved).toMatchObject({ occurrence_date: '2027-03-30', due_date: '2027-03-30T10:00:00+02:00' });
      await here.complete(moved.id);
      expect((await here.open()).map(({ due_date }) => due_date)).toEqual(['2027-04-06T10:00:00+02:00']);
    });

    it('once they are closed, only begin nothing new', async () => {
      const here = await world(table());
      const task = await here.create(at645);
      const done = await here.complete(task.id);
      const params = { task_id: task.id };
      const body = { recurrence: { recurrence_pattern: 'weekly' } };
      expect((await here.call('PATCH /tasks/{task_id}', { params, body })).status).toBe(409);
      expect(await here.get(task.id)).toEqual(done);
      expect(await here.patch(task.id, { recurrence: null })).toMatchObject({ status: 'done', series_id: null });
      expect(await here.open()).toMatchObject([{ recurrence: { recurrence_pattern: 'daily' } }]);
    });

    it('by what GET gave, stay in their series', async () => {
      const here = await world(table());
      const task = await here.create(at645);
      const params = { task_id: task.id };
      const { body } = await here.call('PUT /tasks/{task_id}', { params, body: { ...task, title: 'New' } });
      expect(body).toMatchObject({ series_id: task.series_id, recurrence: task.recurrence, title: 'New' });
      const sent = await here.call('PUT /tasks/{task_id}', {
        params,
        body: { title: 'x', due_date: task.due_date, recurrence: at645 },
      });
      expect(sent.body).toMatchObject({ series_id: task.series_id, recurrence: task.recurrence });
    });

    it('to no recurrence, are a task like any other', async () => {
      const here = await world(table());
      const task = await here.create(at645);
      const plain = await here.patch(task.id, { recurrence: null });
      expect(plain).toMatchObject({
        recurrence: null,
        series_id: null,
        occurrence_date: null,
        due_date: task.due_date,
      });
      await here.complete(task.id);
      expect(await here.open()).toEqual([]);
      const rows = await itemsOf(table(), `USER#${here.owner}`);
      expect(rows.filter(({ sk }) => String(sk).startsWith('SERIES#'))).toEqual([]);
    });
  });

  it('are deleted with those that follow: nothing comes after', async () => {
    const here = await world(table());
    const task = await here.create(at645);
    await here.complete(task.id);
    const [next] = await here.open();
    await here.remove(next?.id ?? '', 'scope=following');
    expect(await here.all()).toMatchObject([{ id: task.id, status: 'done' }]);
    expect(await here.reopen(task.id)).toMatchObject({ status: 'todo' });
    await here.complete(task.id);
    expect(await here.open()).toEqual([]);
  });

  it('show their next dates, their own first, and make none', async () => {
    const here = await world(table());
    const task = await here.create({ ...at645, count: 4 });
    const preview = async (count: number) =>
      (await here.call('GET /tasks/{task_id}/occurrences', { params: { task_id: task.id }, query: `count=${count}` }))
        .body;
    expect(await preview(2)).toEqual({
      items: [
        { occurrence_date: '2027-03-27', due_date: '2027-03-27T06:45:00+01:00' },
        { occurrence_date: '2027-03-28', due_date: '2027-03-28T06:45:00+02:00' },
      ],
    });
    expect((await preview(100)) as object).toMatchObject({ items: { length: 4 } });
    expect(await here.all()).toHaveLength(1);
  });

  it('keep their reminders, each as many days later', async () => {
    const here = await world(table());
    const reminders = [{ minutes_before: 15 }, { at: '2027-03-26T18:00:00+01:00' }];
    const task = await here.create(at645, { reminders });
    await here.complete(task.id);
    const [next] = await here.open();
    expect(next?.reminders).toMatchObject([
      { minutes_before: 15, fires_at: '2027-03-28T04:30:00.000Z', state: 'scheduled' },
      { minutes_before: null, fires_at: '2027-03-27T17:00:00.000Z', state: 'scheduled' },
    ]);
    expect(next?.reminders.map(({ id }) => id)).not.toContain(task.reminders[0]?.id);
  });
});
