import type { ArrivedFile } from '#functions/attachments/attachment.ts';
import type { FileStore } from '#functions/attachments/ports.ts';
import { secondsAfter } from '#shared/clock.ts';

/** A store of files that holds what is put into it, and says by its links what they are for. */
export const fakeFiles = () => {
  const objects = new Map<string, ArrivedFile>();
  const files: FileStore = {
    uploadLink: async ({ objectKey }, now, seconds) => ({
      method: 'PUT',
      url: `put:${objectKey}`,
      headers: { 'if-none-match': '*' },
      expires_at: secondsAfter(now, seconds).toISOString(),
    }),
    downloadLink: async ({ objectKey }, now) => ({
      url: `get:${objectKey}`,
      expires_at: secondsAfter(now, 900).toISOString(),
    }),
    look: async (objectKey) => objects.get(objectKey) ?? null,
    remove: async (objectKey) => {
      objects.delete(objectKey);
    },
  };
  return { files, objects };
};
