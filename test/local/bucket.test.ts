import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startBuckets } from '#local/bucket.ts';
import { type BusEvent, localCredentials, localRegion, type Part, portsFrom } from '#local/parts.ts';
import { assemblyOf } from '#test/support/assembly.ts';
import { freePorts } from '#test/support/ports.ts';

const bucket = (properties: object) => ({ type: 'AWS::S3::Bucket', properties: { ...properties } });
const assembly = assemblyOf({
  files: bucket({
    NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    CorsConfiguration: {
      CorsRules: [
        {
          AllowedOrigins: ['https://app.example'],
          AllowedMethods: ['PUT', 'GET'],
          AllowedHeaders: ['content-type'],
          ExposedHeaders: ['ETag'],
          MaxAge: 3600,
        },
      ],
    },
  }),
  silent: bucket({}),
});
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64');
const codeOf = async (response: Response): Promise<string | undefined> =>
  /<Code>(.*)<\/Code>/.exec(await response.text())?.[1];

let folder: string;
let port: number;
let buckets: Part & { readonly endpoint: string };
let s3: S3Client;
let events: BusEvent[] = [];

const start = async (): Promise<void> => {
  buckets = await startBuckets({
    assembly,
    ports: portsFrom(port),
    dataFolder: folder,
    putEvent: (event) => events.push(event),
  });
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pomona-buckets-'));
  port = await freePorts();
  await start();
  s3 = new S3Client({
    endpoint: buckets.endpoint,
    region: localRegion,
    credentials: localCredentials,
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
});
beforeEach(() => {
  events = [];
});
afterAll(async () => {
  s3.destroy();
  await buckets.stop();
  await rm(folder, { recursive: true, force: true });
});

const put = (Key: string, Body = 'content', Bucket = 'files') => s3.send(new PutObjectCommand({ Bucket, Key, Body }));
const textOf = async (Key: string): Promise<string | undefined> =>
  (await s3.send(new GetObjectCommand({ Bucket: 'files', Key }))).Body?.transformToString();

describe('a presigned upload', () => {
  const content = 'hello';
  const headers = {
    'content-type': 'text/plain',
    'if-none-match': '*',
    'x-amz-checksum-sha256': sha256(content),
  };
  const link = (Key: string, expiresIn = 300): Promise<string> =>
    getSignedUrl(
      s3,
      new PutObjectCommand({
        Bucket: 'files',
        Key,
        ContentType: headers['content-type'],
        ContentLength: content.length,
        IfNoneMatch: '*',
        ChecksumSHA256: headers['x-amz-checksum-sha256'],
      }),
      {
        expiresIn,
        signableHeaders: new Set(['content-type', 'content-length', 'if-none-match']),
        unhoistableHeaders: new Set(['x-amz-checksum-sha256']),
      },
    );
  const upload = (url: string, body: string, changed: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(url, { method: 'PUT', body, headers: { ...headers, ...changed } });

  it('stores exactly what was agreed on', async () => {
    expect((await upload(await link('a/b c'), content)).status).toBe(200);
    expect(await textOf('a/b c')).toBe(content);
  });

  it.each([
    ['type', content, { 'content-type': 'text/html' }],
    ['size', `${content}!`, {}],
    ['checksum', content, { 'x-amz-checksum-sha256': sha256('x') }],
  ])('is refused with another %s', async (_, body, changed) => {
    const response = await upload(await link(`other ${_}`), body, changed);
    expect(response.status).toBe(403);
    expect(await codeOf(response)).toBe('SignatureDoesNotMatch');
  });

  it('is refused for another key', async () => {
    const url = (await link('this')).replace('/files/this', '/files/that');
    expect((await upload(url, content)).status).toBe(403);
  });

  it('is refused with other content of the same size', async () => {
    const response = await upload(await link('content'), 'HELLO');
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe('BadDigest');
    await expect(textOf('content')).rejects.toThrow('does not exist');
  });

  it('is refused a second time', async () => {
    const url = await link('once');
    expect((await upload(url, content)).status).toBe(200);
    const second = await upload(url, content);
    expect(second.status).toBe(412);
    expect(await codeOf(second)).toBe('PreconditionFailed');
  });

  it('succeeds once of ten at a time', async () => {
    const url = await link('one of ten');
    const statuses = await Promise.all(Array.from({ length: 10 }, async () => (await upload(url, content)).status));
    expect(statuses.sort()).toEqual([200, ...Array(9).fill(412)]);
  });

  it('is refused when the link is over', async () => {
    const url = new URL(await link('late', 1));
    url.searchParams.set('X-Amz-Date', '20200101T000000Z');
    expect((await upload(url.href, content)).status).toBe(403);
  });

  it('does not tell who may not write what is there', async () => {
    await put('secret');
    const forged = new URL(await link('secret'));
    forged.searchParams.set('X-Amz-Signature', '0'.repeat(64));
    expect((await upload(forged.href, content)).status).toBe(403);
  });
});

describe('a bucket', () => {
  it('is closed to who does not sign', async () => {
    await put('a');
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await fetch(`${buckets.endpoint}/files/a`, { method });
      expect([response.status, await codeOf(response)]).toEqual([403, 'AccessDenied']);
    }
    expect((await fetch(`${buckets.endpoint}/files`)).status).toBe(403);
  });

  it('is there from the start, and lists what it has', async () => {
    await s3.send(new HeadBucketCommand({ Bucket: 'silent' }));
    await put('list/1');
    await put('list/2');
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: 'files', Prefix: 'list/' }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(['list/1', 'list/2']);
  });

  it('keeps its objects over a restart', async () => {
    await put('kept', 'still here');
    await buckets.stop();
    await start();
    expect(await textOf('kept')).toBe('still here');
  });

  it('answers browsers as its CORS rules say', async () => {
    const ask = (origin: string) =>
      fetch(`${buckets.endpoint}/files/a`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type' },
      });
    expect((await ask('https://app.example')).status).toBe(200);
    expect((await ask('https://elsewhere.example')).status).toBe(403);
    const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: 'files', Key: 'kept' }));
    const { headers } = await fetch(url, { headers: { origin: 'https://app.example' } });
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(headers.get('access-control-expose-headers')).toBe('ETag');
  });
});

describe('what happens to objects', () => {
  it('is told to EventBridge, with the key as it is', async () => {
    await put('100% täglich');
    expect(events).toMatchObject([
      {
        source: 'aws.s3',
        'detail-type': 'Object Created',
        resources: ['arn:aws:s3:::files'],
        detail: { bucket: { name: 'files' }, object: { key: '100% täglich', size: 7 }, reason: 'PutObject' },
      },
    ]);
  });

  it('is told when they are deleted, one or many at a time', async () => {
    for (const key of ['x', 'y', 'z']) await put(key);
    events = [];
    await s3.send(new DeleteObjectCommand({ Bucket: 'files', Key: 'x' }));
    await s3.send(new DeleteObjectsCommand({ Bucket: 'files', Delete: { Objects: [{ Key: 'y' }, { Key: 'z' }] } }));
    expect(events.map((event) => [event['detail-type'], event.detail.object])).toEqual(
      expect.arrayContaining(['x', 'y', 'z'].map((key) => ['Object Deleted', { key }])),
    );
  });

  it('stays untold where the bucket does not say so', async () => {
    await put('a', 'content', 'silent');
    expect(events).toEqual([]);
  });
});

describe('a presigned download', () => {
  const linkTo = (Key: string, more: object = {}): Promise<string> =>
    getSignedUrl(s3, new GetObjectCommand({ Bucket: 'files', Key, ...more }));

  it('has the headers that its link says, and no others that its caller says', async () => {
    await put('named');
    const disposition = `attachment; filename="a (1)!*.txt"; filename*=UTF-8''a%20%281%29%21%2A%F0%9F%8D%8E.txt`;
    const url = await linkTo('named', {
      ResponseContentDisposition: disposition,
      ResponseContentType: 'application/octet-stream',
    });
    const { status, headers } = await fetch(url);
    expect([status, headers.get('content-disposition'), headers.get('content-type')]).toEqual([
      200,
      disposition,
      'application/octet-stream',
    ]);
    const changed = new URL(url);
    changed.searchParams.set('response-content-type', 'text/html');
    expect((await fetch(changed)).status).toBe(403);
  });

  it.each([
    ['bytes=0-0', 206, 'c', 'bytes 0-0/7'],
    ['bytes=2-4', 206, 'nte', 'bytes 2-4/7'],
    ['bytes=5-', 206, 'nt', 'bytes 5-6/7'],
    ['bytes=5-99', 206, 'nt', 'bytes 5-6/7'],
    ['bytes=-2', 206, 'nt', 'bytes 5-6/7'],
    ['bytes=-99', 206, 'content', 'bytes 0-6/7'],
    ['lines=1-2', 200, 'content', null],
  ])('gives the part that is asked for: %s', async (range, status, text, contentRange) => {
    await put('part');
    const response = await fetch(await linkTo('part'), { headers: { range } });
    expect([response.status, await response.text(), response.headers.get('content-range')]).toEqual([
      status,
      text,
      contentRange,
    ]);
  });

  it('has no part behind its end', async () => {
    await put('part');
    const response = await fetch(await linkTo('part'), { headers: { range: 'bytes=7-' } });
    expect([response.status, await codeOf(response)]).toEqual([416, 'InvalidRange']);
  });
});
