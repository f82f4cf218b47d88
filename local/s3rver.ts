import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';

/** s3rver has no types; these are the parts of it that are used here. */
export interface StoredObject {
  readonly bucket: string;
  readonly key: string;
  content: Readable;
}

export interface FoundObject {
  readonly size: number;
  /** `null` beside a range: that range cannot be had. */
  content: Readable | null;
  /** Both ends included. */
  range?: { readonly start: number; readonly end: number };
}

export interface ObjectStore {
  getObject(bucket: string, key: string, range?: object): Promise<FoundObject | null>;
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

interface CanonicalRequest {
  readonly querystring: string;
}

interface Signing {
  getStringToSign(canonical: CanonicalRequest, request: unknown): string;
}

/** It spells queries as JavaScript does. S3 escapes `!'()*` as well (RFC 3986 §2.2), and two of them stand in every `filename*=UTF-8''…`. */
const signing: Signing = require('@20minutes/s3rver/lib/signature/v4.js');
const { getStringToSign } = signing;
signing.getStringToSign = (canonical, request) =>
  getStringToSign({ ...canonical, querystring: canonical.querystring.replaceAll(/[!'()*]/g, escapeOf) }, request);

const escapeOf = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;

/** What it answers as S3's own error document. */
export const S3Error: new (code: string, message: string, detail?: object) => Error =
  require('@20minutes/s3rver/lib/models/error.js');
