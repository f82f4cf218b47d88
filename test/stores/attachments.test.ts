import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod/mini';
import { giveUp, receive } from '#functions/attachments/arrival.ts';
import { attachmentSchema, bytesKey, patienceSeconds, placeOfKey } from '#functions/attachments/attachment.ts';
import { discard, removeAttachmentsOf } from '#functions/attachments/clean-up.ts';
import { attachmentOperations } from '#functions/attachments/operations.ts';
import { dynamoAttachmentStore } from '#functions/attachments/store.ts';
import { changeOf } from '#functions/sync/change.ts';
import { secondsAfter } from '#shared/clock.ts';
import { dueShard } from '#shared/due.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId, type UserId, userId } from '#shared/ids.ts';
import { isLive, userKey } from '#shared/item.ts';
import { log } from '#shared/log.ts';
import { getItem, putItem, queryDue, type Table } from '#shared/table.ts';
import { fakeFiles } from '#test/support/files.ts';
import { type Answered, callerOf, pointersIn } from '#test/support/http-event.ts';
import { roundTripsOf } from '#test/support/round-trips.ts';
import { taskItem, tombstoneItem } from '#test/support/stream-records.ts';
import { describeOnEngines, itemsOf } from '#test/support/table.ts';

const start = new Date('2026-11-24T12:00:00.700Z');
const megabytes = (count: number): number => count * 1024 * 1024;

const attachment = z.strictObject(attachmentSchema().shape);
const upload = z.strictObject({
  attachment,
  upload: z.nullable(
    z.strictObject({
      method: z.literal('PUT'),
      url: z.string(),
      headers: z.record(z.string(), z.string()),
      expires_at: z.string(),
    }),
  ),
});
const list = z.strictObject({ items: z.array(attachment) });

const timesAtOnce = <T>(times: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: times }, (_, index) => work(index)));

/** The room on a real table, with everything around it: somebody's requests, what arrives, and what comes due. */
const room = (table: Table, { files, objects } = fakeFiles()) => {
  let now = start;
  const clock = { now: () => now };
  const attachments = dynamoAttachmentStore(table, 1);
  const needs = { attachments, files };
  const ask = callerOf(createHttpHandler('attachments', attachmentOperations({ ...needs, newId, clock })));

  const somebody = (owner: UserId = userId(randomUUID())) => {
    const params = (task: string, id?: string) => ({ task_id: task, ...(id && { attachment_id: id }) });
    const person = {
      owner,
      task: async (id: string = randomUUID()): Promise<string> => {
        await putItem(table, taskItem(owner, { id }));
        return id;
      },
      loseTask: (id: string) => putItem(table, { ...tombstoneItem(owner, { id, version: 2 }), ttl: 2 ** 32 }),
      tryUpload: (task_id: string, changed: object = {}, headers: Readonly<Record<string, string>> = {}) =>
        ask('POST /attachments/upload', {
          user: owner,
          headers,
          body: { task_id, filename: 'notes.txt', file_type: 'text/plain', size: 10, ...changed },
        }),
      upload: async (task: string, changed: object = {}, headers: Readonly<Record<string, string>> = {}) =>
        uploadIn(await person.tryUpload(task, changed, headers)),
      list: (task: string) => ask('GET /tasks/{task_id}/attachments', { user: owner, params: params(task) }),
      get: (task: string, id: string) =>
        ask('GET /tasks/{task_id}/attachments/{attachment_id}', { user: owner, params: params(task, id) }),
      delete: (task: string, id: string, headers: Readonly<Record<string, string>> = {}) =>
        ask('DELETE /tasks/{task_id}/attachments/{attachment_id}', { user: owner, params: params(task, id), headers }),
      items: () => itemsOf(table, userKey(owner, '').pk),
      /** What the counters say, and what is there. */
      counts: async () => {
        const items = await person.items();
        const live = items.filter((item) => String(item.sk).startsWith('ATTACHMENT#') && isLive(item, now));
        const counters = items.filter((item) => String(item.sk).startsWith('STORAGE#'));
        return {
          counted: {
            bytes: (await getItem(table, bytesKey(owner)))?.bytes ?? 0,
            tasks: Object.fromEntries(counters.map(({ sk, attachments }) => [String(sk).slice(8), attachments])),
          },
          there: {
            bytes: live.reduce((sum, { size }) => sum + Number(size), 0),
            tasks: Object.fromEntries(
              [...new Set(live.map(({ task_id }) => String(task_id)))].map((task) => [
                task,
                live.filter(({ task_id }) => task_id === task).length,
              ]),
            ),
          },
        };
      },
      sweep: async () => {
        for (const key of await queryDue(table, dueShard(0), now, 1_000)) {
          if (key.pk !== userKey(owner, '').pk) continue;
          if (key.sk.startsWith('ATTACHMENT#')) await giveUp(needs)(placeOfKey(key), now);
          else await discard(needs)(owner, key.sk.slice('DISCARD#'.length));
        }
      },
    };
    return person;
  };

  return {
    needs,
    objects,
    somebody,
    clock,
    waitSeconds: (seconds: number) => {
      now = secondsAfter(now, seconds);
    },
    /** What the store of files does when a client follows its link. @returns the object's key */
    send: (link: { url: string } | null, size = 10, file_type = 'text/plain'): string => {
      const key = link?.url.replace('put:', '') ?? '';
      objects.set(key, { size, file_type, etag: '"1"' });
      return key;
    },
    receive: (key: string) => receive(needs)(key, now),
  };
};

const uploadIn = ({ status, body }: Answered) => {
  expect(status, JSON.stringify(body)).toBe(201);
  return upload.parse(body);
};

const itemsIn = ({ status, body }: Answered) => {
  expect(status, JSON.stringify(body)).toBe(200);
  return list.parse(body).items;
};

const problemType = ({ body }: Answered): unknown => z.object({ type: z.string() }).parse(body).type;

describeOnEngines('attachments', (table) => {
  describe('agreeing on a file', () => {
    it('gives what is waited for, and a link that ends in five minutes', async () => {
      const { somebody } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const answered = await ada.tryUpload(task, { filename: '../🍎"\r\n', file_type: 'image/png', size: 7 });
      const made = uploadIn(answered);
      expect(made.attachment).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
        task_id: task,
        filename: '../🍎"\r\n',
        file_url: null,
        file_url_expires_at: null,
        file_type: 'image/png',
        size: 7,
        status: 'pending',
        upload_date: start.toISOString(),
        version: 1,
      });
      expect(made.upload?.expires_at).toBe('2026-11-24T12:05:00.700Z');
      expect(answered.headers).toMatchObject({ location: `/tasks/${task}/attachments/${made.attachment.id}` });
      expect(answered.headers).not.toHaveProperty('etag');
      expect((await ada.get(task, made.attachment.id)).body).toEqual(made.attachment);
    });

    it('gives every file a place of its own, which says nothing of its name', async () => {
      const { somebody } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const made = await timesAtOnce(5, () => ada.upload(task, { filename: 'secret-plans.pdf' }));
      const places = made.map(({ upload: link }) => link?.url);
      expect(new Set(places).size).toBe(5);
      expect(places.join()).not.toContain('secret');
    });

    it('needs a task of one’s own that lives', async () => {
      const { somebody } = room(table());
      const [ada, eve] = [somebody(), somebody()];
      const task = await ada.task();
      expect((await eve.tryUpload(task)).status).toBe(404);
      expect((await ada.tryUpload(randomUUID())).status).toBe(404);
      await ada.loseTask(task);
      expect((await ada.tryUpload(task)).status).toBe(404);
      expect((await ada.items()).map(({ sk }) => sk)).toEqual([`TASK#${task}`]);
      expect(await eve.items()).toEqual([]);
    });

    it('costs one round trip', async () => {
      const { somebody } = room(table());
      const ada = somebody();
      const task = await ada.task();
      expect(await roundTripsOf(table(), () => ada.upload(task))).toBe(1);
    });

    it('says where a request is wrong', async () => {
      const { somebody } = room(table());
      const wrong = await somebody().tryUpload('x', { filename: '', size: 0, file_type: 'x', checksum_sha256: 'x' });
      expect([...pointersIn(wrong, 400)].sort()).toEqual([
        '#/checksum_sha256',
        '#/file_type',
        '#/filename',
        '#/size',
        '#/task_id',
      ]);
    });
  });

  describe('limits', () => {
    it('leave exactly 20 of 50 that are asked for at once', async () => {
      const { somebody } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const answers = await timesAtOnce(50, () => ada.tryUpload(task));
      expect(answers.map(({ status }) => status).sort()).toEqual([...Array(20).fill(201), ...Array(30).fill(409)]);
      expect(new Set(answers.filter(({ status }) => status === 409).map(problemType))).toEqual(
        new Set(['quota-exceeded']),
      );
      expect(itemsIn(await ada.list(task))).toHaveLength(20);
      const { counted, there } = await ada.counts();
      expect(counted).toEqual(there);
      expect(counted).toEqual({ bytes: 200, tasks: { [task]: 20 } });
    });

    it('are each task’s own', async () => {
      const { somebody } = room(table());
      const ada = somebody();
      const [full, empty] = [await ada.task(), await ada.task()];
      await timesAtOnce(20, () => ada.upload(full));
      expect((await ada.tryUpload(full)).status).toBe(409);
      expect((await ada.tryUpload(empty)).status).toBe(201);
    });

    it('leave room for exactly 1 GB, whatever races for the last of it', async () => {
      const { somebody } = room(table());
      const ada = somebody();
      const tasks = [await ada.task(), await ada.task(), await ada.task()];
      await timesAtOnce(40, (index) => ada.upload(tasks[index % 2] ?? '', { size: megabytes(25) }));
      const [, , last = ''] = tasks;
      expect((await ada.tryUpload(last, { size: megabytes(24) + 1 })).status).toBe(409);
      const answers = await timesAtOnce(6, () => ada.tryUpload(last, { size: megabytes(8) }));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 409, 409, 409]);
      const { counted, there } = await ada.counts();
      expect(counted).toEqual(there);
      expect(counted.bytes).toBe(megabytes(1024));
      expect((await ada.tryUpload(last, { size: 1 })).status).toBe(409);
      // There is no such task, and no room either: the first is what counts.
      expect((await ada.tryUpload(randomUUID(), { size: 1 })).status).toBe(404);
      expect((await somebody().tryUpload(last, { size: 1 })).status).toBe(404);
    });

    it('make room again for what is deleted, or has never come', async () => {
      const { somebody, waitSeconds } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const made = await timesAtOnce(20, () => ada.upload(task, { size: megabytes(1) }));
      expect((await ada.delete(task, made[0]?.attachment.id ?? '')).status).toBe(204);
      await ada.upload(task);
      expect((await ada.tryUpload(task)).status).toBe(409);
      waitSeconds(patienceSeconds);
      await ada.sweep();
      expect(itemsIn(await ada.list(task))).toEqual([]);
      expect((await ada.counts()).counted).toEqual({ bytes: 0, tasks: {} });
      await timesAtOnce(20, () => ada.upload(task));
    });
  });

  describe('an Idempotency-Key', () => {
    const key = { 'idempotency-key': 'once' };

    it('makes one attachment, however often it comes and however many bring it', async () => {
      const { somebody } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const made = await timesAtOnce(8, () => ada.upload(task, {}, key));
      expect(new Set(made.map(({ attachment: { id } }) => id)).size).toBe(1);
      expect(new Set(made.map(({ upload: link }) => link?.url)).size).toBe(1);
      expect(itemsIn(await ada.list(task))).toHaveLength(1);
      expect((await ada.counts()).counted).toEqual({ bytes: 10, tasks: { [task]: 1 } });
    });

    it('is refused with another body, another task included', async () => {
      const { somebody } = room(table());
      const ada = somebody();
      const [task, other] = [await ada.task(), await ada.task()];
      await ada.upload(task, {}, key);
      expect((await ada.tryUpload(task, { size: 11 }, key)).status).toBe(422);
      expect((await ada.tryUpload(other, {}, key)).status).toBe(422);
      expect(itemsIn(await ada.list(other))).toEqual([]);
      const eve = somebody();
      expect((await eve.tryUpload(await eve.task(), {}, key)).status).toBe(201);
    });

    it('finds a file that has arrived, and one that is gone', async () => {
      const { somebody, send, receive: take } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const made = await ada.upload(task, {}, key);
      await take(send(made.upload));
      const again = await ada.upload(task, {}, key);
      expect(again).toMatchObject({ attachment: { id: made.attachment.id, status: 'available' }, upload: null });
      await ada.delete(task, made.attachment.id);
      expect((await ada.tryUpload(task, {}, key)).status).toBe(404);
    });

    it('gives no link that outlives the wait', async () => {
      const { somebody, waitSeconds } = room(table());
      const ada = somebody();
      const task = await ada.task();
      await ada.upload(task, {}, key);
      waitSeconds(patienceSeconds - 60);
      expect((await ada.upload(task, {}, key)).upload?.expires_at).toBe('2026-11-24T13:00:00.700Z');
      waitSeconds(60);
      expect((await ada.upload(task, {}, key)).upload).toBeNull();
    });
  });

  describe('a file that arrives', () => {
    it('is available, as S3 says it is, with a link that ends', async () => {
      const { somebody, send, receive: take } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const { attachment: pending, upload: link } = await ada.upload(task);
      expect(await take(send(link, 12, 'text/markdown'))).toBe('available');
      const available = {
        ...pending,
        file_url: link?.url.replace('put:', 'get:'),
        file_url_expires_at: '2026-11-24T12:15:00.700Z',
        file_type: 'text/markdown',
        size: 12,
        status: 'available',
        version: 2,
      };
      const answered = await ada.get(task, pending.id);
      expect(answered).toMatchObject({ status: 200, body: available });
      expect(answered.headers).not.toHaveProperty('etag');
      expect(itemsIn(await ada.list(task))).toEqual([available]);
      expect((await ada.counts()).counted).toEqual({ bytes: 12, tasks: { [task]: 1 } });
      const [item] = (await ada.items()).filter(({ sk }) => String(sk).startsWith('ATTACHMENT#'));
      expect(item).toMatchObject({ etag: '"1"' });
      expect(item).not.toHaveProperty('due_shard');
    });

    it('may be told again and again, and several times at once', async () => {
      const { somebody, send, receive: take, objects } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const { attachment: made, upload: link } = await ada.upload(task);
      const key = send(link, 12);
      expect(new Set(await timesAtOnce(5, () => take(key)))).toEqual(new Set(['available']));
      expect(await take(key)).toBe('available');
      expect((await ada.get(task, made.id)).body).toMatchObject({ version: 2, status: 'available' });
      expect(objects.has(key)).toBe(true);
      expect((await ada.counts()).counted.bytes).toBe(12);
    });

    it('is deleted when nobody waits for it', async () => {
      const { somebody, send, receive: take, objects } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const { attachment: made, upload: link } = await ada.upload(task);
      await ada.delete(task, made.id);
      const strays = [
        send(link),
        send({ url: `attachments/${ada.owner}/${task}/${randomUUID()}/${randomUUID()}` }),
        send({ url: `attachments/${ada.owner}` }),
        send({ url: `attachments/${ada.owner}/${task}/${made.id}/x/y` }),
      ];
      for (const key of strays) expect(await take(key)).toBe('unwanted');
      expect(objects.size).toBe(0);
      expect((await ada.get(task, made.id)).status).toBe(404);
    });

    it('is deleted when it lies elsewhere than agreed, or is of a size that is never agreed on', async () => {
      const { somebody, send, receive: take, objects } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const { attachment: made, upload: link } = await ada.upload(task);
      const place = link?.url.slice(0, link.url.lastIndexOf('/')) ?? '';
      expect(await take(send({ url: `${place}/${randomUUID()}` }))).toBe('unwanted');
      for (const size of [0, megabytes(25) + 1]) expect(await take(send(link, size))).toBe('unwanted');
      expect(objects.size).toBe(0);
      expect((await ada.get(task, made.id)).body).toMatchObject({ status: 'pending', version: 1 });
    });
  });

  describe('a file that never arrives', () => {
    it('is waited for an hour, and then gone with its attachment', async () => {
      const { somebody, waitSeconds } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const { attachment: made } = await ada.upload(task);
      waitSeconds(patienceSeconds - 1);
      await ada.sweep();
      expect((await ada.get(task, made.id)).status).toBe(200);
      waitSeconds(1);
      await ada.sweep();
      expect((await ada.get(task, made.id)).status).toBe(404);
      const [item = {}] = (await ada.items()).filter(({ sk }) => String(sk).startsWith('ATTACHMENT#'));
      expect(changeOf(item)).toEqual({ entity: 'attachment', op: 'delete', id: made.id, version: 2, data: null });
    });

    it('is taken in after all when only the word of it was lost', async () => {
      const { somebody, send, waitSeconds } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const { attachment: made, upload: link } = await ada.upload(task);
      send(link);
      waitSeconds(patienceSeconds);
      await ada.sweep();
      expect((await ada.get(task, made.id)).body).toMatchObject({ status: 'available' });
      waitSeconds(patienceSeconds);
      await ada.sweep();
      expect((await ada.get(task, made.id)).body).toMatchObject({ status: 'available', version: 2 });
    });

    it('leaves nothing behind when it comes much too late and nobody says so', async () => {
      const { somebody, send, waitSeconds, objects } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const { upload: link } = await ada.upload(task);
      waitSeconds(patienceSeconds);
      await ada.sweep();
      send(link);
      waitSeconds(patienceSeconds);
      await ada.sweep();
      expect(objects.size).toBe(0);
      expect((await ada.items()).filter(({ sk }) => String(sk).startsWith('DISCARD#'))).toEqual([]);
    });
  });

  describe('deleting', () => {
    it('also keeps what is still on its way from staying when it comes and nobody says so', async () => {
      const { somebody, send, waitSeconds, objects } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const { attachment: made, upload: link } = await ada.upload(task);
      await ada.delete(task, made.id);
      send(link);
      waitSeconds(patienceSeconds);
      await ada.sweep();
      expect(objects.size).toBe(0);
      expect((await ada.items()).filter(({ sk }) => String(sk).startsWith('DISCARD#'))).toEqual([]);
    });

    it('takes the file along, and is a 404 from then on', async () => {
      const { somebody, send, receive: take, objects } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const { attachment: made, upload: link } = await ada.upload(task);
      await take(send(link));
      expect((await ada.delete(task, made.id, { 'if-match': '"1"' })).status).toBe(412);
      expect((await ada.delete(task, made.id, { 'if-match': '"2"' })).status).toBe(204);
      expect(objects.size).toBe(0);
      expect((await ada.get(task, made.id)).status).toBe(404);
      expect((await ada.delete(task, made.id)).status).toBe(404);
      expect(itemsIn(await ada.list(task))).toEqual([]);
      expect((await ada.items()).map(({ sk }) => String(sk).split('#')[0]).sort()).toEqual([
        'ATTACHMENT',
        'STORAGE',
        'TASK',
      ]);
    });

    it('counts once of ten at once', async () => {
      const { somebody } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const { attachment: made } = await ada.upload(task);
      await ada.upload(task);
      const answers = await timesAtOnce(10, () => ada.delete(task, made.id));
      expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(9).fill(404)]);
      expect((await ada.counts()).counted).toEqual({ bytes: 10, tasks: { [task]: 1 } });
    });

    it('is finished by the sweep when the store of files is away', async () => {
      const { files, objects } = fakeFiles();
      let away = true;
      const remove = async (key: string): Promise<void> => {
        if (away) throw new Error('nobody there');
        objects.delete(key);
      };
      const { somebody, send, receive: take, waitSeconds } = room(table(), { files: { ...files, remove }, objects });
      const ada = somebody();
      const task = await ada.task();
      const { attachment: made, upload: link } = await ada.upload(task);
      await take(send(link));
      expect((await ada.delete(task, made.id)).status).toBe(204);
      waitSeconds(60);
      await expect(ada.sweep()).rejects.toThrow('nobody there');
      expect(objects.size).toBe(1);
      away = false;
      await ada.sweep();
      expect(objects.size).toBe(0);
      expect((await ada.items()).filter(({ sk }) => String(sk).startsWith('DISCARD#'))).toEqual([]);
    });
  });

  describe('a task that is gone', () => {
    it('shows nothing of what was attached to it', async () => {
      const { somebody, send, receive: take } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const { attachment: made, upload: link } = await ada.upload(task);
      await take(send(link));
      await ada.loseTask(task);
      expect((await ada.list(task)).status).toBe(404);
      expect((await ada.get(task, made.id)).status).toBe(404);
      expect((await ada.delete(task, made.id)).status).toBe(404);
    });

    it('loses it wholly, wherever cleaning up is interrupted, and nobody else loses anything', async () => {
      for (let survives = 0; survives < 12; survives += 1) {
        const { somebody, send, receive: take, needs, objects, clock, waitSeconds } = room(table());
        const ada = somebody();
        const [task, other] = [await ada.task(), await ada.task()];
        for (const [where, count] of [
          [task, 3],
          [other, 1],
        ] as const) {
          for (let index = 0; index < count; index += 1) await take(send((await ada.upload(where)).upload));
        }
        await ada.upload(task);
        await ada.loseTask(task);
        // Dies before its n-th step.
        let steps = 0;
        const { attachments, files } = needs;
        const step = async <T>(work: () => Promise<T>): Promise<T> => {
          if (steps === survives) throw new Error('the Lambda has died');
          steps += 1;
          return work();
        };
        const dying = {
          attachments: {
            ...attachments,
            all: (...asked: Parameters<typeof attachments.all>) => step(() => attachments.all(...asked)),
            remove: (...asked: Parameters<typeof attachments.remove>) => step(() => attachments.remove(...asked)),
            forget: (...asked: Parameters<typeof attachments.forget>) => step(() => attachments.forget(...asked)),
          },
          files: {
            ...files,
            remove: (...asked: Parameters<typeof files.remove>) => step(() => files.remove(...asked)),
          },
        };
        await removeAttachmentsOf(dying)(ada.owner, task, clock.now()).catch(() => undefined);
        await removeAttachmentsOf(needs)(ada.owner, task, clock.now());
        waitSeconds(patienceSeconds);
        await ada.sweep();
        expect(objects.size).toBe(1);
        expect(itemsIn(await ada.list(other))).toHaveLength(1);
        const { counted, there } = await ada.counts();
        expect([counted, there]).toEqual([there, { bytes: 10, tasks: { [other]: 1 } }]);
        expect((await ada.items()).filter(({ sk }) => String(sk).startsWith('DISCARD#'))).toEqual([]);
      }
    });

    it('costs one query when nothing was attached to it', async () => {
      const { somebody, needs, clock } = room(table());
      const ada = somebody();
      const task = await ada.task();
      await ada.loseTask(task);
      const work = () => removeAttachmentsOf(needs)(ada.owner, task, clock.now());
      expect(await roundTripsOf(table(), work)).toBe(1);
    });

    it('takes nothing new, whatever races: an upload is either cleaned up or refused', async () => {
      const { somebody, needs, clock } = room(table());
      const ada = somebody();
      const task = await ada.task();
      const uploads = timesAtOnce(12, () => ada.tryUpload(task));
      await ada.loseTask(task);
      await removeAttachmentsOf(needs)(ada.owner, task, clock.now());
      const answers = await uploads;
      await removeAttachmentsOf(needs)(ada.owner, task, clock.now());
      expect(answers.every(({ status }) => status === 201 || status === 404)).toBe(true);
      expect((await ada.counts()).counted).toEqual({ bytes: 0, tasks: {} });
    });
  });

  it('are nobody else’s', async () => {
    const { somebody, send, receive: take } = room(table());
    const [ada, eve] = [somebody(), somebody()];
    const task = await ada.task();
    const { attachment: made, upload: link } = await ada.upload(task);
    await take(send(link));
    const before = await ada.items();
    for (const where of [task, await eve.task()]) {
      expect((await eve.get(where, made.id)).status).toBe(404);
      expect((await eve.delete(where, made.id)).status).toBe(404);
    }
    expect((await eve.list(task)).status).toBe(404);
    expect((await ada.get(await ada.task(), made.id)).status).toBe(404);
    expect((await ada.items()).filter(({ sk }) => !String(sk).startsWith('TASK#'))).toEqual(
      before.filter(({ sk }) => !String(sk).startsWith('TASK#')),
    );
  });

  it('leave no link, name or person in a log', async () => {
    const lines: unknown[] = [];
    for (const level of ['info', 'warn', 'error'] as const) {
      vi.spyOn(log, level).mockImplementation((...line) => {
        lines.push(line);
      });
    }
    const { files, objects } = fakeFiles();
    const remove = () => Promise.reject(new Error('nobody there'));
    const { somebody, send, receive: take } = room(table(), { files: { ...files, remove }, objects });
    const ada = somebody();
    const task = await ada.task();
    const { attachment: made, upload: link } = await ada.upload(task, { filename: 'diary.txt' });
    const key = send(link);
    await take(key);
    await ada.get(task, made.id);
    await ada.list(task);
    await ada.delete(task, made.id);
    await ada.get(task, made.id);
    vi.restoreAllMocks();
    expect(lines.length).toBeGreaterThan(5);
    for (const secret of [key, 'diary', ada.owner]) expect(JSON.stringify(lines)).not.toContain(secret);
  });

  it('go into the feed without their links', async () => {
    const { somebody, send, receive: take } = room(table());
    const ada = somebody();
    const task = await ada.task();
    const { attachment: made, upload: link } = await ada.upload(task);
    const item = async () => (await ada.items()).find(({ sk }) => String(sk).startsWith('ATTACHMENT#')) ?? {};
    expect(changeOf(await item())).toEqual({ entity: 'attachment', op: 'put', id: made.id, version: 1, data: made });
    await take(send(link));
    expect(changeOf(await item())).toEqual({
      entity: 'attachment',
      op: 'put',
      id: made.id,
      version: 2,
      data: { ...made, status: 'available', version: 2 },
    });
  });

  it('are counted as a recount counts them, whatever happens at once', { timeout: 120_000 }, async () => {
    const step = fc.oneof(
      fc.record({ act: fc.constant('upload'), task: fc.nat(1), size: fc.integer({ min: 1, max: megabytes(25) }) }),
      fc.record({ act: fc.constant('arrive'), which: fc.nat(40), size: fc.integer({ min: 0, max: megabytes(26) }) }),
      fc.record({ act: fc.constant('delete'), which: fc.nat(40) }),
      fc.record({ act: fc.constant('wait'), seconds: fc.constantFrom(1, patienceSeconds) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { maxLength: 8 }), async (rounds) => {
        const { somebody, send, receive: take, objects, waitSeconds } = room(table());
        const ada = somebody();
        const tasks = [await ada.task(), await ada.task()];
        const made: z.output<typeof upload>[] = [];
        for (const round of rounds) {
          await Promise.all(
            round.map(async (step) => {
              if ('task' in step) {
                const answered = await ada.tryUpload(tasks[step.task] ?? '', { size: step.size });
                if (answered.status === 201) made.push(uploadIn(answered));
              } else if ('seconds' in step) {
                waitSeconds(step.seconds);
                await ada.sweep();
              } else {
                const chosen = made[step.which % Math.max(1, made.length)];
                if (!chosen) return;
                if ('size' in step) await take(send(chosen.upload, step.size));
                else await ada.delete(chosen.attachment.task_id, chosen.attachment.id);
              }
            }),
          );
        }
        waitSeconds(2 * patienceSeconds);
        await ada.sweep();
        waitSeconds(patienceSeconds);
        await ada.sweep();
        const { counted, there } = await ada.counts();
        expect(counted).toEqual(there);
        const left = (await Promise.all(tasks.map(ada.list))).flatMap(itemsIn);
        expect(left.map(({ file_url }) => file_url?.replace('get:', '')).sort()).toEqual([...objects.keys()].sort());
      }),
      { numRuns: process.env.POMONA_DEEP ? 200 : 10 },
    );
  });
});
