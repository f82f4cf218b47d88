import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sweep } from '#functions/due/due-work.ts';
import { type TaskActs, taskActs } from '#functions/tasks/acts.ts';
import { carryOut } from '#functions/tasks/follow-ups.ts';
import { dynamoJobStore } from '#functions/tasks/job-store.ts';
import { depthOf, isWithin, maxDepth } from '#functions/tasks/path.ts';
import type { TaskStore } from '#functions/tasks/ports.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import type { Act, TaskFields } from '#functions/tasks/task.ts';
import { secondsAfter } from '#shared/clock.ts';
import { newId, type UserId, userId } from '#shared/ids.ts';
import { userKey } from '#shared/item.ts';
import { Failure } from '#shared/problems.ts';
import { queryDue, type Table } from '#shared/table.ts';
import { roundTripsOf } from '#test/support/round-trips.ts';
import { describeOnEngines, itemsOf } from '#test/support/table.ts';

const fields = (title: string): TaskFields => ({
  title,
  description: null,
  status: 'todo',
  priority: 'none',
  due_date: null,
  tags: [],
});

const start = Date.parse('2026-11-24T12:00:00Z');

/** One person's tasks on a real engine, with a clock that moves a second with every act. */
const world = (table: Table) => {
  const owner = userId(randomUUID());
  const tasks = dynamoTaskStore(table, 1);
  const jobs = dynamoJobStore(table, 1);
  const acts = taskActs({ tasks, jobs, newId });
  let seconds = 0;
  const act = (): Act => {
    seconds += 1;
    return { now: new Date(start + seconds * 1000), clientId: null };
  };
  const create = async (title: string, parent: string | null = null, place = {}) =>
    (await acts.create(owner, { fields: fields(title), parent_id: parent, ...place }, act(), null)).task.id;
  const all = async () => (await tasks.all(owner, 'any')).map((record) => record);
  const titles = async (parent: string | null) =>
    (await all())
      .filter(({ task }) => task.parent_id === parent)
      .sort((a, b) => (a.task.position < b.task.position ? -1 : 1))
      .map(({ task }) => task.title);
  const statuses = async () => Object.fromEntries((await all()).map(({ task }) => [task.title, task.status]));
  return { owner, tasks, jobs, acts, act, create, all, titles, statuses };
};

type World = ReturnType<typeof world>;

const typeOf = (error: unknown): string => (error instanceof Failure ? error.type : `no failure but ${error}`);

describeOnEngines('the tree of tasks', (table) => {
  it('is eight levels deep', async () => {
    const { create } = world(table());
    let parent: string | null = null;
    for (let level = 1; level <= maxDepth; level += 1) parent = await create(`level ${level}`, parent);
    expect(await create('too deep', parent).catch(typeOf)).toBe('wrong-state');
  });

  it('takes no parent that is missing, deleted or somebody else’s', async () => {
    const [ada, eve] = [world(table()), world(table())];
    const deleted = await ada.create('deleted');
    await ada.acts.remove(ada.owner, deleted, { children: 'delete' }, ada.act(), null);
    for (const parent of [randomUUID(), deleted, await eve.create('hers')]) {
      expect(await ada.create('orphan', parent).catch(typeOf)).toBe('not-found');
    }
  });

  it('shows what is below a task', async () => {
    const { create, owner, tasks } = world(table());
    const root = await create('root');
    const child = await create('child', root);
    await create('grandchild', child);
    await create('other root');
    const record = await tasks.get(owner, root, new Date(start));
    const below = await tasks.below(owner, record?.path ?? '');
    expect(below.map(({ task }) => task.title)).toEqual(['child', 'grandchild']);
  });

  describe('order', () => {
    it('is by creation, and by hand', async () => {
      const { create, titles, acts, owner, act } = world(table());
      const [a, b] = [await create('a'), await create('b')];
      await create('between', null, { after: a });
      await create('first', null, { before: a });
      expect(await titles(null)).toEqual(['first', 'a', 'between', 'b']);
      await acts.move(owner, b, null, { before: a }, act(), null);
      expect(await titles(null)).toEqual(['first', 'b', 'a', 'between']);
      await acts.move(owner, a, undefined, { after: await create('last') }, act(), null);
      expect(await titles(null)).toEqual(['first', 'b', 'between', 'last', 'a']);
    });

    it('holds when hundreds are put into the same gap: places around it are spread anew', async () => {
      const { create, titles, all } = world(table());
      const anchor = await create('anchor');
      await create('end');
      const expected = ['anchor', 'end'];
      for (let count = 0; count < 150; count += 1) {
        await create(`${count}`, null, { after: anchor });
        expected.splice(1, 0, `${count}`);
      }
      expect(await titles(null)).toEqual(expected);
      expect(Math.max(...(await all()).map(({ task }) => task.position.length))).toBeLessThan(60);
    });

    it('takes a sibling only', async () => {
      const { create } = world(table());
      const [a, b] = [await create('a'), await create('b')];
      const child = await create('child', a);
      expect(await create('x', b, { after: child }).catch(typeOf)).toBe('not-found');
      expect(await create('x', null, { after: randomUUID() }).catch(typeOf)).toBe('not-found');
    });
  });

  describe('moving', () => {
    it('takes everything below along', async () => {
      const { create, acts, owner, act, all } = world(table());
      const [a, b] = [await create('a'), await create('b')];
      const child = await create('child', a);
      const grandchild = await create('grandchild', child);
      await acts.move(owner, child, b, {}, act(), null);
      const path = (await all()).find(({ task }) => task.id === grandchild)?.path;
      expect(path).toBe(`${b}/${child}/${grandchild}`);
    });

    it('makes no circle, also when two try at once', async () => {
      const { create, acts, owner, act, all } = world(table());
      const [a, b] = [await create('a'), await create('b')];
      const [belowA, belowB] = [await create('below a', a), await create('below b', b)];
      expect(await acts.move(owner, a, belowA, {}, act(), null).catch(typeOf)).toBe('cycle');
      expect(await acts.move(owner, a, a, {}, act(), null).catch(typeOf)).toBe('cycle');
      const outcomes = await Promise.all([
        acts.move(owner, a, belowB, {}, act(), null).then(() => 'moved', typeOf),
        acts.move(owner, b, belowA, {}, act(), null).then(() => 'moved', typeOf),
      ]);
      expect(outcomes.sort()).toEqual(['cycle', 'moved']);
      for (const record of await all()) expect(record.path.startsWith(a) || record.path.startsWith(b)).toBe(true);
    });

    it('keeps to eight levels', async () => {
      const { create, acts, owner, act } = world(table());
      let parent = await create('1');
      for (let level = 2; level <= 6; level += 1) parent = await create(`${level}`, parent);
      const other = await create('other');
      await create('below', await create('middle', other));
      expect(await acts.move(owner, other, parent, {}, act(), null).catch(typeOf)).toBe('wrong-state');
    });
  });

  describe('moving, overtaken before it writes', () => {
    /** Acts that something else overtakes once. */
    const overtakenBy = ({ tasks, jobs }: World, happens: () => Promise<unknown>): TaskActs => {
      let happened: Promise<unknown> | undefined;
      const commit: TaskStore['commit'] = async (writes) => {
        happened ??= happens();
        await happened;
        return tasks.commit(writes);
      };
      return taskActs({ tasks: { ...tasks, commit }, jobs, newId });
    };
    const placesIn = async ({ all }: World) => {
      const records = await all();
      const titles = new Map(records.map(({ task }) => [task.id, task.title]));
      return records.map(({ path }) => path.split('/').map((id) => titles.get(id))).map((place) => place.join('/'));
    };

    it('takes along what has come below it', async () => {
      const here = world(table());
      const [root, other] = [await here.create('root'), await here.create('other')];
      const child = await here.create('child', root);
      const acts = overtakenBy(here, () => here.create('new', child));
      await acts.move(here.owner, root, other, {}, here.act(), null);
      expect((await placesIn(here)).sort()).toEqual([
        'other',
        'other/root',
        'other/root/child',
        'other/root/child/new',
      ]);
    });

    it('keeps to eight levels with what has come below it', async () => {
      const here = world(table());
      let parent = await here.create('1');
      for (let level = 2; level <= 6; level += 1) parent = await here.create(`${level}`, parent);
      const root = await here.create('root');
      const child = await here.create('child', root);
      const acts = overtakenBy(here, () => here.create('new', child));
      expect(await acts.move(here.owner, root, parent, {}, here.act(), null).catch(typeOf)).toBe('wrong-state');
    });

    it.each<['delete' | 'reparent', string, string[]]>([
      ['delete', 'not-found', []],
      ['reparent', 'moved', ['b', 'a']],
    ])('behind a sibling, by their parent’s end (%s)', async (children, outcome, left) => {
      const here = world(table());
      const parent = await here.create('parent');
      const [a, b] = [await here.create('a', parent), await here.create('b', parent)];
      const acts = overtakenBy(here, () => here.acts.remove(here.owner, parent, { children }, here.act(), null));
      const move = acts.move(here.owner, a, undefined, { after: b }, here.act(), null);
      expect(await move.then(() => 'moved', typeOf)).toBe(outcome);
      expect(await here.titles(null)).toEqual(left);
      expect((await here.all()).length).toBe(left.length);
    });

    it('stays out of what has been moved below it', async () => {
      const here = world(table());
      const [a, b] = [await here.create('a'), await here.create('b')];
      const acts = overtakenBy(here, () => here.acts.move(here.owner, b, a, {}, here.act(), null));
      expect(await acts.move(here.owner, a, b, {}, here.act(), null).catch(typeOf)).toBe('cycle');
      expect((await placesIn(here)).sort()).toEqual(['a', 'a/b']);
    });
  });

  it('is moved with few questions to the table, however deep', async () => {
    const { create, acts, owner, act } = world(table());
    const [root, a, b] = [await create('root'), await create('a'), await create('b')];
    const middle = await create('middle', root);
    const [c, d] = [await create('c', middle), await create('d', middle)];
    const cost = (id: string, ...to: [string | null | undefined, { after?: string }]) =>
      roundTripsOf(table(), () => acts.move(owner, id, ...to, act(), null));
    expect({
      'below a root': await cost(a, root, {}),
      'to the top': await cost(a, null, {}),
      'behind a sibling': await cost(c, undefined, { after: d }),
      // One of them at the same time as another: what is above the parent, and what is below the task.
      'deep down': await cost(b, middle, {}),
    }).toEqual({ 'below a root': 3, 'to the top': 3, 'behind a sibling': 3, 'deep down': 4 });
  });

  describe('completing', () => {
    it('completes what is open below, and reopening opens exactly that', async () => {
      const { create, acts, owner, act, statuses } = world(table());
      const root = await create('root');
      const child = await create('child', root);
      await create('grandchild', child);
      const before = await create('done before', root);
      await acts.complete(owner, before, 'complete', act(), null);
      await acts.complete(owner, root, 'complete', act(), null);
      expect(await statuses()).toEqual({ root: 'done', child: 'done', grandchild: 'done', 'done before': 'done' });
      await acts.reopen(owner, root, act(), null);
      expect(await statuses()).toEqual({ root: 'todo', child: 'todo', grandchild: 'todo', 'done before': 'done' });
    });

    it('leaves or is blocked by what is open below, if asked to', async () => {
      const { create, acts, owner, act, statuses } = world(table());
      const root = await create('root');
      await create('child', root);
      const blocked = await acts.complete(owner, root, 'block', act(), null).catch((error: unknown) => error);
      expect(blocked).toMatchObject({ type: 'wrong-state', facts: { extensions: { open_count: 1 } } });
      await acts.complete(owner, root, 'leave', act(), null);
      expect(await statuses()).toEqual({ root: 'done', child: 'todo' });
    });

    it('counts each, in the day’s counters as in the rows', async () => {
      const { create, acts, owner, act } = world(table());
      const root = await create('root');
      for (let count = 0; count < 5; count += 1) await create(`child ${count}`, root);
      await acts.complete(owner, root, 'complete', act(), null);
      const counted = async () => {
        const items = await itemsOf(table(), userKey(owner, '').pk);
        const rows = items.filter(({ sk }) => String(sk).startsWith('COMPLETION#')).length;
        return [rows, items.find(({ sk }) => String(sk).startsWith('DAY#'))?.completed];
      };
      expect(await counted()).toEqual([6, 6]);
      await acts.reopen(owner, root, act(), null);
      expect(await counted()).toEqual([0, 0]);
    });
  });

  it('opens the completed ancestors of a task that is opened', async () => {
    const { create, acts, owner, act, statuses } = world(table());
    const root = await create('root');
    const child = await create('child', root);
    await create('sibling', root);
    await acts.complete(owner, root, 'complete', act(), null);
    await acts.reopen(owner, child, act(), null);
    expect(await statuses()).toEqual({ root: 'todo', child: 'todo', sibling: 'done' });
  });

  describe('deleting', () => {
    it('takes everything below along, or hands the children to the grandparent', async () => {
      const { create, acts, owner, act, all } = world(table());
      const root = await create('root');
      const middle = await create('middle', root);
      const child = await create('child', middle);
      await create('grandchild', child);
      await acts.remove(owner, middle, { children: 'reparent' }, act(), null);
      const paths = (await all()).map(({ task, path }) => [task.title, task.parent_id, depthOf(path)]);
      expect(paths.sort()).toEqual([
        ['child', root, 2],
        ['grandchild', child, 3],
        ['root', null, 1],
      ]);
      await acts.remove(owner, root, { children: 'delete' }, act(), null);
      expect(await all()).toEqual([]);
    });
  });

  it('leaves no orphans behind, whatever is put below it while it is cut or moved', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { create, acts, owner, act, all } = world(table());
      const [root, other] = [await create('root'), await create('other')];
      const child = await create('child', root);
      await Promise.allSettled([
        ...Array.from({ length: 6 }, () => create('new', round % 2 === 0 ? root : child)),
        round < 3
          ? acts.remove(owner, root, { children: 'delete' }, act(), null)
          : acts.move(owner, root, other, {}, act(), null),
      ]);
      const records = await all();
      const paths = new Map(records.map(({ task, path }) => [task.id, path]));
      for (const { task, path } of records) {
        const above = task.parent_id === null ? null : paths.get(task.parent_id);
        expect([task.title, above === undefined]).toEqual([task.title, false]);
        expect(path).toBe(above === null ? task.id : `${above}/${task.id}`);
      }
    }
  });

  it.each<[string, (acts: TaskActs, owner: UserId, id: string, act: Act) => Promise<unknown>, string[]]>([
    [
      'edited',
      (acts, owner, id, act) => acts.change(owner, id, { fields: { title: 'edited' } }, act, null),
      ['other', 'other/root', 'other/root/edited', 'other/root/edited/grandchild'],
    ],
    [
      'deleted',
      (acts, owner, id, act) => acts.remove(owner, id, { children: 'delete' }, act, null),
      ['other', 'other/root'],
    ],
    [
      'moved',
      (acts, owner, id, act) => acts.move(owner, id, null, {}, act, null),
      ['child', 'child/grandchild', 'other', 'other/root'],
    ],
  ])('keeps its places when a task is %s while that above it is moved', async (_, change, expected) => {
    const { create, tasks, jobs, acts, owner, act, all } = world(table());
    const [root, other] = [await create('root'), await create('other')];
    const child = await create('child', root);
    await create('grandchild', child);
    let moved: Promise<unknown> | undefined;
    const overtaken = async <T>(work: () => Promise<T>): Promise<T> => {
      moved ??= acts.move(owner, root, other, {}, act(), null);
      await moved;
      return work();
    };
    const store: TaskStore = {
      ...tasks,
      below: (...asked) => overtaken(() => tasks.below(...asked)),
      commit: (writes) => overtaken(() => tasks.commit(writes)),
    };
    await change(taskActs({ tasks: store, jobs, newId }), owner, child, act());
    const records = await all();
    const titles = new Map(records.map(({ task }) => [task.id, task.title]));
    const places = records.map(({ path }) => path.split('/').map((id) => titles.get(id)));
    expect(places.map((place) => place.join('/')).sort()).toEqual(expected);
  });

  it('answers a replayed creation also when its parent is gone', async () => {
    const { create, acts, owner, act } = world(table());
    const parent = await create('parent');
    const draft = { fields: fields('child'), parent_id: parent };
    const idempotency = { key: 'k', requestHash: 'h' };
    const first = await acts.create(owner, draft, act(), idempotency);
    await acts.remove(owner, parent, { children: 'reparent' }, act(), null);
    const again = await acts.create(owner, draft, act(), idempotency);
    expect([again.task.id, again.task.parent_id]).toEqual([first.task.id, null]);
  });

  it('is completed whatever tags it has', async () => {
    const { create, acts, owner, act, all } = world(table());
    const root = await create('root');
    for (let count = 0; count < 30; count += 1) {
      const tags = Array.from({ length: 20 }, (_, index) => `tag ${count} ${index} ${'x'.repeat(30)}`);
      await acts.create(owner, { fields: { ...fields('t'), tags }, parent_id: root }, act(), null);
    }
    await acts.complete(owner, root, 'complete', act(), null);
    expect(new Set((await all()).map(({ task }) => task.status))).toEqual(new Set(['done']));
  });

  describe('of 500 tasks', () => {
    const plant = async (here: ReturnType<typeof world>) => {
      const root = await here.create('root');
      const branches = await Promise.all(
        Array.from({ length: 20 }, (_, index) => here.create(`branch ${index}`, root)),
      );
      await Promise.all(
        branches.map(async (branch) => {
          for (let leaf = 0; leaf < 24; leaf += 1) await here.create('leaf', branch);
        }),
      );
      return root;
    };

    /** What the sweep does a minute later, when nobody else has. */
    const minuteLater = (here: ReturnType<typeof world>) =>
      sweep({
        clock: { now: () => secondsAfter(here.act().now, 3600) },
        shards: 1,
        due: (shard, now, limit) => queryDue(table(), shard, now, limit),
        rooms: {
          'JOB#': async ({ pk, sk }, now) => {
            const job = await here.jobs.claim(userId(pk.slice(5)), sk.slice(4), now);
            if (job) await carryOut(here)(job);
          },
        },
      })(new Date(start + 1e9));

    it('is completed, moved, reopened and deleted as a whole', { timeout: 120_000 }, async () => {
      const here = world(table());
      const root = await plant(here);
      await here.acts.complete(here.owner, root, 'complete', here.act(), null);
      expect(new Set((await here.all()).map(({ task }) => task.status))).toEqual(new Set(['done']));
      const house = await here.create('house');
      await here.acts.move(here.owner, root, house, {}, here.act(), null);
      expect((await here.all()).every(({ path }) => isWithin(path, house))).toBe(true);
      await here.acts.reopen(here.owner, root, here.act(), null);
      expect(new Set((await here.all()).map(({ task }) => task.status))).toEqual(new Set(['todo']));
      await here.acts.remove(here.owner, root, { children: 'delete' }, here.act(), null);
      expect((await here.all()).map(({ task }) => task.title)).toEqual(['house']);
      const left = await itemsOf(table(), userKey(here.owner, '').pk);
      expect(left.filter(({ sk }) => String(sk).startsWith('JOB#'))).toEqual([]);
    });

    it('is finished by the sweep when the function dies in the middle', { timeout: 120_000 }, async () => {
      const here = world(table());
      const root = await plant(here);
      let commits = 0;
      const dying = taskActs({
        jobs: here.jobs,
        newId,
        tasks: {
          ...here.tasks,
          commit: async (writes) => {
            commits += 1;
            if (commits === 4) throw new Error('the Lambda has died');
            return here.tasks.commit(writes);
          },
        },
      });
      await expect(dying.remove(here.owner, root, { children: 'delete' }, here.act(), null)).rejects.toThrow('died');
      expect((await here.all()).length).toBeGreaterThan(300);
      await minuteLater(here);
      await minuteLater(here);
      expect(await here.all()).toEqual([]);
    });
  });
});
