import * as z from 'zod/mini';
import { prefix, single } from '#blueprint/table.ts';
import { profileFromItem, profileSchema } from '#functions/accounts/profile.ts';
import { attachmentFromItem, attachmentSchema, withoutLink } from '#functions/attachments/attachment.ts';
import { sessionFromItem, toldSession, toldSessionSchema } from '#functions/pomodoro/session.ts';
import { taskFromItem, taskSchema } from '#functions/tasks/task.ts';
import type { Item } from '#shared/item.ts';
import { once } from '#shared/once.ts';

const entities = ['task', 'profile', 'pomodoro', 'attachment'] as const;

export type Entity = (typeof entities)[number];

/** One change of one thing that devices can see: its new state, or that it is gone. Clients apply it when its `version` is newer than theirs. */
export const changeSchema = once(() =>
  z
    .union([
      z.object({
        entity: z.literal('task'),
        op: z.literal('put'),
        id: z.string(),
        version: z.number(),
        data: taskSchema(),
      }),
      z.object({
        entity: z.literal('profile'),
        op: z.literal('put'),
        id: z.string(),
        version: z.number(),
        data: profileSchema(),
      }),
      z.object({
        entity: z.literal('pomodoro'),
        op: z.literal('put'),
        id: z.string(),
        version: z.number(),
        data: toldSessionSchema(),
      }),
      z.object({
        entity: z.literal('attachment'),
        op: z.literal('put'),
        id: z.string(),
        version: z.number(),
        /** Without a link, which would be stale by the time it is read: ask for the attachment. */
        data: attachmentSchema(),
      }),
      z.object({
        entity: z.enum(entities),
        op: z.literal('delete'),
        id: z.string(),
        version: z.number(),
        data: z.null(),
      }),
    ])
    .register(z.globalRegistry, { id: 'Change' }),
);

export type Change = z.output<ReturnType<typeof changeSchema>>;

const tombstone = once(() => z.object({ id: z.string(), version: z.number() }));

/**
 * What an item, as it lies in the table or in a stream image, says to devices.
 * @throws ZodError when it is not what its key says
 * @throws Error when its key is not one that devices can see
 */
export const changeOf = (item: Item): Change => {
  const entity = entityOf(String(item.sk));
  if (item.deleted === true) return { entity, op: 'delete', ...tombstone().parse(item), data: null };
  if (entity === 'task') {
    const { task } = taskFromItem(item);
    return changeSchema().parse({ entity, op: 'put', id: task.id, version: task.version, data: task });
  }
  if (entity === 'pomodoro') {
    const session = toldSession(sessionFromItem(item));
    return changeSchema().parse({ entity, op: 'put', id: session.id, version: session.version, data: session });
  }
  if (entity === 'attachment') {
    const { attachment } = attachmentFromItem(item);
    const { id, version } = attachment;
    return changeSchema().parse({ entity, op: 'put', id, version, data: withoutLink(attachment) });
  }
  const profile = profileFromItem(item);
  return changeSchema().parse({ entity, op: 'put', id: profile.user_id, version: profile.version, data: profile });
};

const entityOf = (sk: string): Entity => {
  if (sk.startsWith(prefix.task)) return 'task';
  if (sk === single.profile) return 'profile';
  if (sk === single.pomodoro) return 'pomodoro';
  if (sk.startsWith(prefix.attachment)) return 'attachment';
  throw new Error('an item that devices cannot see was taken for a change');
};
