import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { S3Error, type S3rver } from '#local/s3rver.ts';

interface Conditions {
  /** `Range`, as it came. */
  readonly range: string | undefined;
  /** `If-None-Match: *`: the key must be free. */
  readonly onlyIfNew: boolean;
  /** Base64 of what the content must hash to. */
  readonly sha256: string | undefined;
}

/**
 * Adds what S3 demands of an upload and s3rver does not look at, and what s3rver misreads in a download. It is looked at where the object
 * is stored, behind the check of the signature, so that who may not write does not learn either what is there.
 */
export const withConditions = (s3: S3rver): RequestListener => {
  const conditions = new AsyncLocalStorage<Conditions>();
  const { store } = s3;
  const putObject = store.putObject.bind(store);
  let turn: Promise<unknown> = Promise.resolve();

  store.putObject = async (object) => {
    const { onlyIfNew = false, sha256 } = conditions.getStore() ?? {};
    const content = await buffer(object.content);
    if (sha256 !== undefined) checkDigest(content, sha256);
    object.content = Readable.from(content);
    const storeIt = async (): Promise<unknown> => {
      if (onlyIfNew && (await store.existsObject(object.bucket, object.key))) {
        throw new S3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
          Condition: 'If-None-Match',
        });
      }
      return putObject(object);
    };
    // One after the other: of two first uploads at once, one is the second.
    const stored = turn.then(storeIt);
    turn = stored.catch(() => undefined);
    return stored;
  };

  const getObject = store.getObject.bind(store);
  store.getObject = async (bucket, key) => {
    const object = await getObject(bucket, key);
    const range = object && rangeOf(conditions.getStore()?.range, object.size);
    if (!object?.content || !range) return object;
    const content = await buffer(object.content);
    object.range = range;
    object.content = range.start > range.end ? null : Readable.from(content.subarray(range.start, range.end + 1));
    return object;
  };

  const answer = s3.callback();
  return (request, response) => conditions.run(conditionsOf(request), () => answer(request, response));
};

/** A presigned link may carry headers in its query. */
const conditionsOf = ({ headers, url = '' }: IncomingMessage): Conditions => {
  const sha256 =
    new URL(url, 'http://localhost').searchParams.get('x-amz-checksum-sha256') ?? headers['x-amz-checksum-sha256'];
  return { range: headers.range, onlyIfNew: headers['if-none-match'] === '*', sha256: sha256?.toString() };
};

/**
 * One range of bytes (RFC 9110 §14.1.2), its last ones and its very first one included. @returns null for what S3 ignores; an empty one
 * when it cannot be had
 */
const rangeOf = (header: string | undefined, size: number): { start: number; end: number } | null => {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return null;
  if (first === '') return { start: Math.max(0, size - Number(last)), end: size - 1 };
  return { start: Number(first), end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
};

const checkDigest = (content: Buffer, expected: string): void => {
  if (Buffer.from(expected, 'base64').length !== 32) {
    throw new S3Error('InvalidRequest', 'Value for x-amz-checksum-sha256 header is invalid.');
  }
  if (createHash('sha256').update(content).digest('base64') !== expected) {
    throw new S3Error('BadDigest', 'The SHA256 you specified did not match the calculated checksum.');
  }
};
