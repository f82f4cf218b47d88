import { DeleteObjectsCommand, ListObjectsV2Command, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { traced } from '#shared/trace.ts';
import type { ObjectRemover } from './deletion.ts';

const patience = { connectionTimeout: 1_000, requestTimeout: 10_000, throwOnRequestTimeout: true };

/** S3 lists a thousand objects at a time, and deletes as many. @param connection where S3 is, for those whose environment does not say it */
export const s3ObjectRemover = (
  { ATTACHMENTS_BUCKET_NAME: Bucket }: { readonly ATTACHMENTS_BUCKET_NAME: string },
  connection: S3ClientConfig = {},
): ObjectRemover => {
  const s3 = traced('S3', new S3Client({ requestHandler: patience, ...connection }));
  return {
    removeUnder: async (Prefix, hasTime) => {
      while (hasTime()) {
        // Always the first page: what was removed is not in it any more.
        const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
        if (Contents.length === 0) return true;
        const { Errors = [] } = await s3.send(
          new DeleteObjectsCommand({ Bucket, Delete: { Objects: Contents.map(({ Key }) => ({ Key })), Quiet: true } }),
        );
        if (Errors[0]) throw new Error(`S3 did not delete ${Errors.length} objects: ${Errors[0].Code}`);
      }
      return false;
    },
  };
};
