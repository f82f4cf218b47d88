import { GetObjectCommand, PutObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { traced } from '#shared/trace.ts';
import { type ExportStore, exportKey, exportLinkSeconds } from './export.ts';

/** A hundred megabytes take their time. */
const patience = { connectionTimeout: 1_000, requestTimeout: 15_000, throwOnRequestTimeout: true };

/** @param connection where S3 is, for those whose environment does not say it */
export const s3ExportStore = (
  { ATTACHMENTS_BUCKET_NAME: Bucket }: { readonly ATTACHMENTS_BUCKET_NAME: string },
  connection: S3ClientConfig = {},
): ExportStore => {
  const s3 = traced('S3', new S3Client({ requestHandler: patience, ...connection }));
  return {
    keep: async (owner, document, now) => {
      const place = { Bucket, Key: exportKey(owner) };
      await s3.send(
        new PutObjectCommand({
          ...place,
          Body: document,
          ContentType: 'application/json',
          ContentDisposition: 'attachment; filename="pomona-export.json"',
        }),
      );
      return getSignedUrl(s3, new GetObjectCommand(place), { expiresIn: exportLinkSeconds, signingDate: now });
    },
  };
};
