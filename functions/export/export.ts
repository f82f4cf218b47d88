import * as z from 'zod/mini';
import { objectPrefix } from '#blueprint/objects.ts';
import { profileSchema } from '#functions/accounts/profile.ts';
import { attachmentSchema } from '#functions/attachments/attachment.ts';
import { sessionSchema } from '#functions/pomodoro/session.ts';
import { recurrenceSchema } from '#functions/recurrence/recurrence.ts';
import { latestSchema, templateSchema } from '#functions/recurrence/series.ts';
import { conflictSchema } from '#functions/sync/edit.ts';
import { taskSchema } from '#functions/tasks/task.ts';
import type { UserId } from '#shared/ids.ts';
import { once } from '#shared/once.ts';

/** What makes one task after the other. */
const seriesSchema = once(() =>
  z.object({
    id: z.string(),
    recurrence: recurrenceSchema(),
    template: templateSchema(),
    latest: latestSchema(),
  }),
);

/** What reports count: it outlives its task. */
const completionSchema = once(() =>
  z.object({
    task_id: z.string(),
    completed_at: z.string(),
    day: z.string(),
    tags: z.array(z.string()),
  }),
);

const pastSessionSchema = once(() =>
  z.object({
    ...sessionSchema().shape,
    /** The user's day that it counts for. `null`: it is not over. */
    day: z.nullable(z.string()),
    task_tags: z.array(z.string()),
  }),
);

/** Goes up when a reader of the version before could misread what is written. */
export const exportVersion = 1;

/** Everything that a person owns, as one document: what devices see of it, and what reports are made of. */
export const exportSchema = once(() =>
  z
    .object({
      format: z.literal('pomona-export'),
      version: z.literal(exportVersion),
      exported_at: z.string(),
      profile: profileSchema(),
      /** Open and closed, as in a tree: each before those below it, siblings in their order. */
      tasks: z.array(taskSchema()),
      series: z.array(seriesSchema()),
      completions: z.array(completionSchema()),
      pomodoro_sessions: z.array(pastSessionSchema()),
      /** `file_url` opens the file until `file_url_expires_at`; the files themselves are not in here. */
      attachments: z.array(attachmentSchema()),
      /** Values that offline edits have overwritten, of the last 30 days. */
      conflicts: z.array(conflictSchema()),
    })
    .register(z.globalRegistry, { id: 'Export' }),
);
export type Export = z.output<ReturnType<typeof exportSchema>>;

/** What is read of a person for it, each in no particular order but for what came first. */
export type Owned = Pick<
  Export,
  'tasks' | 'series' | 'completions' | 'pomodoro_sessions' | 'attachments' | 'conflicts'
>;

export interface OwnedReader {
  /** As it is while it is read: a page of 1 MB a round trip, all kinds at once. */
  read(owner: UserId, now: Date): Promise<Owned>;
}

/** Where exports lie that are too large for an answer. */
export interface ExportStore {
  /** The one before is gone. @returns a link to it */
  keep(owner: UserId, document: string, now: Date): Promise<string>;
}

/** Everything of one person lies under one prefix. */
export const exportsOf = (owner: UserId): string => `${objectPrefix.exports}${owner}/`;

/** One at a time: whoever asks again replaces it, and its links then lead to the newer one. */
export const exportKey = (owner: UserId): string => `${exportsOf(owner)}pomona-export.json`;

/** How long the links in an export, and to it, can be followed. */
export const exportLinkSeconds = 3_600;

/**
 * Larger ones go by way of the bucket. An answer of Lambda's has 6 MB, in which the document is a text in quotes: it swells to twice its
 * size at most.
 */
export const largestAnswerBytes: number = 2 * 1024 * 1024;

/** Each before those below it, siblings in their order. What has lost its parent stands for itself. */
export const inTreeOrder = (tasks: Export['tasks']): Export['tasks'] => {
  const ids = new Set(tasks.map(({ id }) => id));
  const below = Map.groupBy(tasks.toSorted(byPosition), ({ parent_id }) =>
    parent_id !== null && ids.has(parent_id) ? parent_id : null,
  );
  const ordered: Export['tasks'] = [];
  const visit = (parent: string | null): void => {
    for (const task of below.get(parent) ?? []) {
      ordered.push(task);
      visit(task.id);
    }
  };
  visit(null);
  return ordered;
};

type Placed = Pick<Export['tasks'][number], 'position' | 'id'>;

const byPosition = (a: Placed, b: Placed): number =>
  a.position === b.position ? (a.id < b.id ? -1 : 1) : a.position < b.position ? -1 : 1;
