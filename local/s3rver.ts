import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';

/** s3rver has no types; these are the parts of it that are used here. */
export interface StoredObject {
  readonly bucket: string;
  readonly key: string;
  content: Readable;
}

export interface ObjectStore {
  existsObject(bucket: string, key: string): Promise<boolean>;
  putObject(object: StoredObject): Promise<unknown>;
  deleteObject(bucket: string, key: string): Promise<void>;
}

export interface S3rver {
  readonly store: ObjectStore;
  readonly logger: { readonly exceptions: { unhandle(): void }; close(): void };
  configureBuckets(): Promise<unknown>;
  callback(): RequestListener;
  on(event: 'event', listener: (event: never) => void): void;
}

const require = createRequire(import.meta.url);

export const S3rver: new (options: object) => S3rver = require('@20minutes/s3rver');

/** What it answers as S3's own error document. */
export const S3Error: new (code: string, message: string, detail?: object) => Error =
  require('@20minutes/s3rver/lib/models/error.js');
