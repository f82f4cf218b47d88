import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  NotFound,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { secondsAfter } from '#shared/clock.ts';
import { traced } from '#shared/trace.ts';
import { downloadSeconds } from './attachment.ts';
import { downloadOf } from './download.ts';
import type { FileStore } from './ports.ts';

const patience = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true };

/** @param connection where S3 is, for those whose environment does not say it */
export const s3FileStore = (
  { ATTACHMENTS_BUCKET_NAME: Bucket }: { readonly ATTACHMENTS_BUCKET_NAME: string },
  connection: S3ClientConfig = {},
): FileStore => {
  const s3 = traced(
    'S3',
    new S3Client({
      requestHandler: patience,
      // The SDK would sign a CRC32 of a body that it does not have, and ask for one with every download.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      ...connection,
    }),
  );
  return {
    uploadLink: async ({ attachment: { file_type, size }, objectKey, checksum }, now, seconds) => {
      const signedAt = wholeSecond(now);
      const headers = {
        'content-type': file_type,
        'if-none-match': '*',
        ...(checksum !== null && { 'x-amz-checksum-sha256': checksum }),
      };
      const url = await getSignedUrl(
        s3,
        new PutObjectCommand({
          Bucket,
          Key: objectKey,
          ContentType: file_type,
          ContentLength: size,
          IfNoneMatch: '*',
          ...(checksum !== null && { ChecksumSHA256: checksum }),
        }),
        {
          expiresIn: seconds,
          signingDate: signedAt,
          // By itself the SDK signs neither the type nor the length, and moves the checksum into the query, where S3 takes no note of it.
          signableHeaders: new Set(['content-length', ...Object.keys(headers)]),
          unhoistableHeaders: new Set(['x-amz-checksum-sha256']),
        },
      );
      // Not `Content-Length`: every client counts its bytes itself, and browsers let nobody else do it.
      return { method: 'PUT', url, headers, expires_at: secondsAfter(signedAt, seconds).toISOString() };
    },

    downloadLink: async ({ attachment, objectKey }, now, seconds = downloadSeconds) => {
      const signedAt = wholeSecond(now);
      const { contentDisposition, contentType } = downloadOf(attachment);
      const url = await getSignedUrl(
        s3,
        new GetObjectCommand({
          Bucket,
          Key: objectKey,
          ResponseContentDisposition: contentDisposition,
          ResponseContentType: contentType,
        }),
        { expiresIn: seconds, signingDate: signedAt },
      );
      return { url, expires_at: secondsAfter(signedAt, seconds).toISOString() };
    },

    look: async (objectKey) => {
      try {
        const { ContentLength, ContentType, ETag } = await s3.send(new HeadObjectCommand({ Bucket, Key: objectKey }));
        return {
          size: ContentLength ?? 0,
          file_type: ContentType ?? 'application/octet-stream',
          etag: ETag ?? '',
        };
      } catch (error) {
        if (error instanceof NotFound) return null;
        throw error;
      }
    },

    remove: async (objectKey) => {
      await s3.send(new DeleteObjectCommand({ Bucket, Key: objectKey }));
    },
  };
};

/** Signatures know whole seconds only: a link ends when it says. */
const wholeSecond = (instant: Date): Date => new Date(Math.floor(instant.getTime() / 1000) * 1000);
