import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Schemas, Told } from '#client/pomona.ts';
import { type Account, at, expectData, expectNothing, expectProblem, type Task } from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import { atOnce, needs, somebody } from './support.ts';

type Attachment = Schemas['Attachment'];

type Upload = Schemas['Upload'];

/** What is said of a file before it is sent. */
type Said = Partial<Pick<Attachment, 'filename' | 'file_type' | 'size'>> & { readonly checksum_sha256?: string };

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('base64');

const content = Buffer.from('Ten apples, and a pear.');

const taskOf = async ({ client }: Account, title = 'With a file'): Promise<Task> =>
  expectData(await client.api.POST('/tasks', { body: { title } }), 201);

const agreedIn = (told: Told<{ attachment: Attachment; upload: Upload | null }>) => {
  const { attachment, upload } = expectData(told, 201);
  if (!upload) throw new Error('there is no upload in the answer');
  return { attachment, upload };
};

type Agreed = ReturnType<typeof agreedIn>;

const agree = async ({ client }: Account, task: Task, changed: Said = {}): Promise<Agreed> => {
  const file = { task_id: task.id, filename: 'apples.txt', file_type: 'text/plain', size: content.length };
  return agreedIn(await client.api.POST('/attachments/upload', { body: { ...file, ...changed } }));
};

const send = ({ url, headers }: Upload, body: Buffer = content, changed: object = {}): Promise<Response> =>
  fetch(url, { method: 'PUT', headers: { ...headers, ...changed }, body: new Uint8Array(body) });

/** Which attachment an operation is about. */
const of = ({ task_id, id }: Attachment) => ({ params: { path: { task_id, attachment_id: id } } });

const get = ({ client }: Account, attachment: Attachment) =>
  client.api.GET('/tasks/{task_id}/attachments/{attachment_id}', of(attachment));

const remove = ({ client }: Account, attachment: Attachment) =>
  client.api.DELETE('/tasks/{task_id}/attachments/{attachment_id}', of(attachment));

const list = ({ client }: Account, { id }: Task) => client.api.GET('/tasks/{task_id}/attachments', at(id));

const statusOf = async (person: Account, attachment: Attachment): Promise<string> => {
  const { data, response } = await get(person, attachment);
  return data?.status ?? String(response.status);
};

const until = async <T>(ask: () => Promise<T>, wanted: (value: T) => boolean): Promise<T> => {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const value = await ask();
    if (wanted(value)) return value;
    await wait(50);
  }
  throw new Error('it never came to that');
};

const available = async (person: Account, attachment: Attachment): Promise<Attachment> =>
  until(
    async () => expectData(await get(person, attachment), 200),
    ({ status }) => status === 'available',
  );

/** A file that is there. */
const attached = async (person: Account, task: Task, changed: Said = {}): Promise<Attachment> => {
  const { attachment, upload } = await agree(person, task, changed);
  expect((await send(upload)).status).toBe(200);
  return available(person, attachment);
};

describe('a file', () => {
  it('goes from one device to the task, to the other device, and away again', async () => {
    const ada = await somebody();
    const laptop = new Device(ada.client);
    await laptop.connect();
    const task = await taskOf(ada);
    const { attachment, upload } = await agree(ada, task, { checksum_sha256: sha256(content) });
    expect(attachment).toMatchObject({ status: 'pending', file_url: null, file_url_expires_at: null, version: 1 });
    const heard = () => laptop.known.get(`attachment ${attachment.id}`);
    await laptop.until(() => heard()?.version === 1, 'that a file is on its way');

    expect((await send(upload)).status).toBe(200);
    await laptop.until(() => heard()?.version === 2, 'that the file has come');
    expect(heard()?.data).toEqual({ ...attachment, status: 'available', version: 2 });

    const { items } = expectData(await list(ada, task), 200);
    const links = { file_url: expect.any(String), file_url_expires_at: expect.any(String) };
    expect(items).toEqual([{ ...attachment, ...links, status: 'available', version: 2 }]);
    const [{ file_url = null, file_url_expires_at = null } = {}] = items;
    expect(Date.parse(file_url_expires_at ?? '')).toBeGreaterThan(Date.now());
    const download = await fetch(file_url ?? '');
    expect(Buffer.from(await download.arrayBuffer())).toEqual(content);
    expect(download.headers.get('content-type')).toBe('text/plain');
    expect(download.headers.get('content-disposition')).toBe(
      'attachment; filename="apples.txt"; filename*=UTF-8\'\'apples.txt',
    );
    const part = await fetch(file_url ?? '', { headers: { range: 'bytes=-5' } });
    expect([part.status, await part.text()]).toEqual([206, 'pear.']);

    expectNothing(await remove(ada, attachment));
    await laptop.until(() => heard()?.op === 'delete', 'that the file is gone');
    expect((await fetch(file_url ?? '')).status).toBe(404);
    expect(await statusOf(ada, attachment)).toBe('404');
    laptop.drop();
  });

  it('is in the snapshot of a device that comes later, without its link', async () => {
    const ada = await somebody();
    const attachment = await attached(ada, await taskOf(ada));
    const phone = new Device(ada.client);
    await phone.pull();
    expect(phone.known.get(`attachment ${attachment.id}`)?.data).toEqual({
      ...attachment,
      file_url: null,
      file_url_expires_at: null,
    });
  });

  it('may be as large as 25 MB', { timeout: 60_000 }, async () => {
    const ada = await somebody();
    const large = Buffer.alloc(26_214_400, 'x');
    const { attachment, upload } = await agree(ada, await taskOf(ada), { size: large.length });
    expect((await send(upload, large)).status).toBe(200);
    expect(await available(ada, attachment)).toMatchObject({ size: 26_214_400 });
  });
});

describe('the store', () => {
  it.each<[string, (agreed: Agreed) => Promise<Response>]>([
    ['another size', ({ upload }) => send(upload, Buffer.concat([content, Buffer.from('!')]))],
    ['a smaller size', ({ upload }) => send(upload, content.subarray(1))],
    ['nothing', ({ upload }) => send(upload, Buffer.alloc(0))],
    ['another type', ({ upload }) => send(upload, content, { 'content-type': 'text/html' })],
    ['another key', ({ upload }) => send({ ...upload, url: upload.url.replace('attachments/', 'attachments/x') })],
    [
      'what may overwrite',
      ({ upload: { headers, ...upload } }) =>
        send({ ...upload, headers: { 'content-type': headers['content-type'] ?? '' } }),
    ],
    ['another checksum', ({ upload }) => send(upload, content, { 'x-amz-checksum-sha256': sha256(Buffer.from('x')) })],
    ['other bytes of the same size', ({ upload }) => send(upload, Buffer.alloc(content.length))],
    [
      'a link that is longer than it was',
      ({ upload }) => send({ ...upload, url: upload.url.replace('X-Amz-Expires=300', 'X-Amz-Expires=3000') }),
    ],
    [
      'an expired link',
      ({ upload }) => send({ ...upload, url: upload.url.replace(/X-Amz-Date=\d+/, 'X-Amz-Date=20200101') }),
    ],
    ['nobody’s link', ({ upload }) => send({ ...upload, url: upload.url.split('?')[0] ?? '' })],
  ])('refuses %s, and nothing becomes available', async (_, attempt) => {
    const ada = await somebody();
    const agreed = await agree(ada, await taskOf(ada), { checksum_sha256: sha256(content) });
    const response = await attempt(agreed);
    expect([400, 403]).toContain(response.status);
    await wait(200);
    expect(await statusOf(ada, agreed.attachment)).toBe('pending');
    // What was agreed on is taken all the same.
    expect((await send(agreed.upload)).status).toBe(200);
    await available(ada, agreed.attachment);
  });

  it('refuses a second object, and keeps the first', async () => {
    const ada = await somebody();
    const { attachment, upload } = await agree(ada, await taskOf(ada));
    const statuses = (await atOnce(4, () => send(upload))).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 412, 412, 412]);
    const { file_url } = await available(ada, attachment);
    expect((await send(upload, Buffer.alloc(content.length))).status).toBe(412);
    expect(await (await fetch(file_url ?? '')).text()).toBe(content.toString());
  });

  it('keeps nothing that arrives after its attachment was deleted', async () => {
    const ada = await somebody();
    const task = await taskOf(ada);
    const { attachment, upload } = await agree(ada, task);
    expectNothing(await remove(ada, attachment));
    expect((await send(upload)).status).toBe(200);
    // The key is free again once the object has gone.
    await until(
      () => send(upload),
      ({ status }) => status === 200,
    );
    expect(await statusOf(ada, attachment)).toBe('404');
  });
});

describe('a file’s name', () => {
  it.each([
    '🍎🍏.txt',
    'שלום.pdf',
    'a "quoted" \\ name.txt',
    'a\r\nSet-Cookie: session=1\r\n\r\n<script>',
    '../../../etc/passwd',
    "it's (100%) *done*; filename=x",
    'ü'.repeat(127),
    'a'.repeat(255),
  ])('comes back as it was given, and injects nothing: %j', async (filename) => {
    const ada = await somebody();
    const attachment = await attached(ada, await taskOf(ada), { filename });
    expect(attachment.filename).toBe(filename);
    const { headers } = await fetch(attachment.file_url ?? '');
    const disposition = headers.get('content-disposition') ?? '';
    expect(disposition).toMatch(/^attachment; filename="[^"\\]*"; filename\*=UTF-8''[^;\s]*$/);
    expect(decodeURIComponent(disposition.split("''")[1] ?? '')).toBe(filename);
    expect(headers.get('set-cookie')).toBeNull();
  });

  it.each(['text/html', 'image/svg+xml'])('does not make a page of it: %s', async (file_type) => {
    const ada = await somebody();
    const attachment = await attached(ada, await taskOf(ada), { file_type, filename: 'page.html' });
    expect(attachment.file_type).toBe(file_type);
    const { headers } = await fetch(attachment.file_url ?? '');
    expect(headers.get('content-type')).toBe('application/octet-stream');
    expect(headers.get('content-disposition')).toMatch(/^attachment;/);
  });
});

describe('limits', () => {
  it('leave exactly 20 of 50 uploads at once', needs('crowd'), async () => {
    const ada = await somebody();
    const task = await taskOf(ada);
    const body = { task_id: task.id, filename: 'a', file_type: 'text/plain', size: 1 };
    const answers = await atOnce(50, () => ada.client.api.POST('/attachments/upload', { body }));
    const statuses = answers.map(({ response }) => response.status).sort();
    expect(statuses).toEqual([...Array(20).fill(201), ...Array(30).fill(409)]);
    const { items } = expectData(await list(ada, task), 200);
    expect(items).toHaveLength(20);
  });

  it('take no byte more than 25 MB', async () => {
    const ada = await somebody();
    const task = await taskOf(ada);
    const body = { task_id: task.id, filename: 'a', file_type: 'text/plain', size: 26_214_401 };
    expectProblem(await ada.client.api.POST('/attachments/upload', { body }), 400);
  });
});

describe('an Idempotency-Key', () => {
  it('makes one attachment, and gives its link again', async () => {
    const ada = await somebody();
    const task = await taskOf(ada);
    const file = { task_id: task.id, filename: 'a', file_type: 'text/plain', size: content.length };
    const params = { header: { 'Idempotency-Key': 'one-file' } };
    const ask = (body: typeof file) => ada.client.api.POST('/attachments/upload', { params, body });
    const [first, again] = [agreedIn(await ask(file)), agreedIn(await ask(file))];
    expect(again.attachment).toEqual(first.attachment);
    expect((await send(again.upload)).status).toBe(200);
    expect(await available(ada, first.attachment)).toMatchObject({ version: 2 });
    expectProblem(await ask({ ...file, size: 1 }), 422);
    expect(expectData(await ask(file), 201)).toMatchObject({ upload: null, attachment: { status: 'available' } });
  });
});

describe('a task that is deleted', () => {
  it('takes its files along, and those of everything below it, and no others', needs('local indexes'), async () => {
    const ada = await somebody();
    const laptop = new Device(ada.client);
    await laptop.connect();
    const [parent, other] = [await taskOf(ada, 'Parent'), await taskOf(ada, 'Other')];
    const body = { title: 'Child', parent_id: parent.id };
    const child = expectData(await ada.client.api.POST('/tasks', { body }), 201);
    const [first, second, third] = [
      await attached(ada, parent),
      await attached(ada, child),
      await attached(ada, other),
    ];
    const { attachment: pending } = await agree(ada, child);
    expectNothing(await ada.client.api.DELETE('/tasks/{task_id}', at(parent.id)));
    expectProblem(await list(ada, parent), 404);

    const gone = [first, second, pending].map(({ id }) => `attachment ${id}`);
    await laptop.until(() => gone.every((key) => laptop.known.get(key)?.op === 'delete'), 'that the files are gone');
    for (const { file_url } of [first, second]) {
      await until(
        () => fetch(file_url ?? ''),
        ({ status }) => status === 404,
      );
    }
    expect((await fetch(third.file_url ?? '')).status).toBe(200);
    expect(await statusOf(ada, third)).toBe('available');
    laptop.drop();
  });
});
