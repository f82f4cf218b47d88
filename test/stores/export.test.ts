import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { defaultProfile } from '#functions/accounts/profile.ts';
import { dynamoProfileStore } from '#functions/accounts/store.ts';
import { attachmentKey } from '#functions/attachments/attachment.ts';
import { type Export, exportSchema, inTreeOrder, largestAnswerBytes } from '#functions/export/export.ts';
import { exportOperations } from '#functions/export/operations.ts';
import { dynamoOwnedReader } from '#functions/export/store.ts';
import { dynamoMailStore } from '#functions/mail/store.ts';
import { pomodoroActs } from '#functions/pomodoro/acts.ts';
import { dynamoSessionStore } from '#functions/pomodoro/store.ts';
import { dynamoJobStore } from '#functions/tasks/job-store.ts';
import { taskOperations } from '#functions/tasks/operations.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId, type UserId, userId } from '#shared/ids.ts';
import { userKey } from '#shared/item.ts';
import { log } from '#shared/log.ts';
import { putItem, type Table } from '#shared/table.ts';
import { fakeFiles } from '#test/support/files.ts';
import { callerOf } from '#test/support/http-event.ts';
import { taskItem } from '#test/support/stream-records.ts';
import { describeOnEngines } from '#test/support/table.ts';

const start = new Date('2026-11-24T12:00:00Z');

/** The room on a real table, beside the rooms whose items it reads. */
const room = (table: Table) => {
  let now = start;
  const clock = { now: () => now };
  const kept: { readonly owner: UserId; readonly document: string }[] = [];
  const profiles = dynamoProfileStore(table);
  const ask = callerOf(
    createHttpHandler(
      'export',
      exportOperations({
        profileOf: (owner) => profiles.get(owner),
        owned: dynamoOwnedReader(table, fakeFiles().files),
        exports: {
          keep: async (owner, document) => {
            kept.push({ owner, document });
            return `https://bucket.example/${owner}`;
          },
        },
        clock,
      }),
    ),
  );
  const tasks = { tasks: dynamoTaskStore(table, 1), jobs: dynamoJobStore(table, 1), newId, clock };
  const askTasks = callerOf(createHttpHandler('tasks', taskOperations(tasks)));
  const pomodoro = pomodoroActs({ sessions: dynamoSessionStore(table, 1), clock, newId });

  const somebody = async () => {
    const owner = userId(randomUUID());
    await profiles.create({ ...defaultProfile(owner), email: 'ada@pomona.example', timezone: 'Asia/Tokyo' }, null, now);
    return {
      owner,
      pomodoro,
      export: () => ask('GET /me/export', { user: owner }),
      read: async (): Promise<Export> => exportSchema().parse((await ask('GET /me/export', { user: owner })).body),
      task: async (body: object): Promise<string> => {
        const made = await askTasks('POST /tasks', { user: owner, body });
        return (made.body as { id: string }).id;
      },
      act: (route: string, task_id: string) => askTasks(route, { user: owner, params: { task_id } }),
    };
  };
  return {
    somebody,
    kept,
    clock,
    ask,
    waitSeconds: (seconds: number) => {
      now = new Date(now.getTime() + seconds * 1000);
    },
  };
};

describeOnEngines('an export', (table) => {
  it('of somebody new holds a profile, and nothing else', async () => {
    const ada = await room(table()).somebody();
    expect(await ada.export()).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    expect(await ada.read()).toEqual({
      format: 'pomona-export',
      version: 1,
      exported_at: start.toISOString(),
      profile: { ...defaultProfile(ada.owner), email: 'ada@pomona.example', timezone: 'Asia/Tokyo' },
      tasks: [],
      series: [],
      completions: [],
      pomodoro_sessions: [],
      attachments: [],
      conflicts: [],
    });
  });

  it('of nobody is a 404', async () => {
    expect((await room(table()).ask('GET /me/export', { user: randomUUID() })).status).toBe(404);
  });

  it('holds what was done and is gone, but no tombstone', async () => {
    const ada = await room(table()).somebody();
    const done = await ada.task({ title: 'Done', status: 'done', tags: ['Home'] });
    await ada.act('DELETE /tasks/{task_id}', done);
    const { tasks, completions } = await ada.read();
    expect(tasks).toEqual([]);
    expect(completions).toEqual([
      { task_id: done, completed_at: start.toISOString(), day: '2026-11-24', tags: ['Home'] },
    ]);
  });

  it('holds each session once, also the one that runs', async () => {
    const { somebody, waitSeconds } = room(table());
    const ada = await somebody();
    const act = { clientId: null };
    const begin = { kind: 'focus', planned_seconds: 60, task_id: null, replace: false } as const;
    await ada.pomodoro.start(ada.owner, begin, act.clientId, null);
    waitSeconds(60);
    await ada.pomodoro.finish(ada.owner);
    const over = await ada.read();
    expect(over.pomodoro_sessions).toMatchObject([{ status: 'completed', elapsed_seconds: 60, day: '2026-11-24' }]);
    await ada.pomodoro.start(ada.owner, begin, act.clientId, null);
    const { pomodoro_sessions } = await ada.read();
    expect(pomodoro_sessions.map(({ status }) => status)).toEqual(['completed', 'active']);
  });

  it('holds nothing that is a secret, or that nobody can see', async () => {
    const ada = await room(table()).somebody();
    const secret = randomUUID();
    await dynamoMailStore(table()).keepToken({ owner: ada.owner, preference: 'task_reminders' }, secret);
    const place = { owner: ada.owner, taskId: randomUUID(), id: randomUUID() };
    const file = { id: place.id, task_id: place.taskId, filename: 'a', file_type: 'text/plain', size: 1, version: 2 };
    await putItem(table(), {
      ...attachmentKey(place),
      ...file,
      ...{ status: 'available', upload_date: start.toISOString(), object_key: 'attachments/x' },
      ...{ checksum_sha256: null, etag: secret, changed_by: secret, request_hash: secret },
    });
    await putItem(table(), taskItem(ada.owner, { clientId: secret }));
    const { body } = await ada.export();
    expect(body).toMatchObject({ tasks: [{}], attachments: [{ file_url: 'get:attachments/x' }] });
    expect(JSON.stringify(body)).not.toContain(secret);
  });

  it('is of nobody else', async () => {
    const { somebody } = room(table());
    const [ada, eve] = [await somebody(), await somebody()];
    await ada.task({ title: 'Ada’s own' });
    expect(JSON.stringify(await eve.read())).not.toContain('Ada’s own');
  });

  it('is found elsewhere as soon as it is large, and is the same', async () => {
    const { somebody, kept } = room(table());
    const ada = await somebody();
    for (let count = 0; count < 120; count += 1) await ada.task({ title: `${count}`, description: '"'.repeat(10_000) });
    const answer = await ada.export();
    expect(answer).toMatchObject({
      status: 303,
      headers: { location: `https://bucket.example/${ada.owner}` },
      body: null,
    });
    expect(kept.map(({ owner }) => owner)).toEqual([ada.owner]);
    const document = kept[0]?.document ?? '';
    expect(Buffer.byteLength(document)).toBeGreaterThan(largestAnswerBytes);
    expect(exportSchema().parse(JSON.parse(document)).tasks).toHaveLength(120);
  });

  it('goes on without an item that cannot be read', async () => {
    const ada = await room(table()).somebody();
    await ada.task({ title: 'Whole' });
    await putItem(table(), { ...userKey(ada.owner, `TASK#${randomUUID()}`), title: 'Broken' });
    const complaint = vi.spyOn(log, 'error').mockImplementation(() => undefined);
    expect((await ada.read()).tasks).toMatchObject([{ title: 'Whole' }]);
    expect(complaint).toHaveBeenCalledOnce();
    complaint.mockRestore();
  });
});

describe('the order of a tree', () => {
  type Task = Export['tasks'][number];
  const forest = fc
    .array(fc.record({ parent: fc.option(fc.nat(30), { nil: null }), position: fc.constantFrom('a', 'b', 'c') }))
    .map((drafts) =>
      drafts.map(
        ({ parent, position }, index) =>
          ({
            id: String(index),
            // Above it in the list, somewhere else entirely, or nowhere.
            parent_id: parent === null ? null : parent < index ? String(parent) : `gone ${parent}`,
            position,
          }) as Task,
      ),
    );

  it('has each task once, behind what it is below', () => {
    fc.assert(
      fc.property(forest, (tasks) => {
        const ordered = inTreeOrder(tasks).map(({ id }) => id);
        expect([...ordered].sort()).toEqual(tasks.map(({ id }) => id).sort());
        for (const { id, parent_id } of tasks) {
          if (parent_id === null || parent_id.startsWith('gone')) continue;
          expect(ordered.indexOf(parent_id)).toBeLessThan(ordered.indexOf(id));
        }
      }),
    );
  });

  it('has siblings as their places say', () => {
    fc.assert(
      fc.property(forest, (tasks) => {
        const ordered = inTreeOrder(tasks);
        for (const { parent_id } of tasks) {
          if (parent_id?.startsWith('gone')) continue;
          const places = ordered.filter((task) => task.parent_id === parent_id && parent_id !== null);
          expect(places.map(({ position }) => position)).toEqual(places.map(({ position }) => position).sort());
        }
      }),
    );
  });
});
