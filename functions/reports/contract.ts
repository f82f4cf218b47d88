import * as z from 'zod/mini';
import type { OperationOf } from '#blueprint/routes.ts';
import { once } from '#shared/once.ts';
import { type Contract, contract } from '#shared/operation.ts';
import { localDate, wholeNumber } from '#shared/parameters.ts';
import { bases } from './reports.ts';

const range = once(() => ({ from: z.optional(localDate()), to: z.optional(localDate()) }));

const days = once(() => ({ timezone: z.string(), from: z.string(), to: z.string(), total: z.number() }));

const tasksReport = once(() =>
  z
    .object({ ...days(), days: z.array(z.object({ date: z.string(), count: z.number() })) })
    .register(z.globalRegistry, { id: 'TasksReport' }),
);

const pomodorosReport = once(() =>
  z
    .object({
      ...days(),
      focus_minutes: z.number(),
      days: z.array(z.object({ date: z.string(), count: z.number(), focus_minutes: z.number() })),
    })
    .register(z.globalRegistry, { id: 'PomodorosReport' }),
);

const tagsReport = once(() =>
  z
    .object({
      basis: z.enum(bases),
      from: z.nullable(z.string()),
      to: z.nullable(z.string()),
      tags: z.array(z.object({ tag: z.string(), count: z.number() })),
    })
    .register(z.globalRegistry, {
      id: 'TagsReport',
      description: 'Tasks for each tag, or with `basis=focus` minutes.',
    }),
);

const tagsQuery = once(() =>
  z
    .strictObject({
      ...range(),
      basis: z._default(z.enum(bases), 'completed'),
      limit: z._default(wholeNumber(1, 100), 10),
    })
    .check((context) => {
      for (const name of ['from', 'to'] as const) {
        const input = context.value[name];
        if (context.value.basis !== 'open' || input === undefined) continue;
        context.issues.push({
          code: 'custom',
          input,
          path: [name],
          message: 'must be left out: what is open is so now',
        });
      }
    }),
);

export const reportContracts = {
  reportTasksCompleted: contract(() => ({
    summary: 'How many tasks were done, day by day',
    query: z.strictObject(range()),
    picture: true,
    replies: { 200: tasksReport() },
  })),
  reportPomodorosCompleted: contract(() => ({
    summary: 'How many focus sessions ran their whole time, and the minutes of all, day by day',
    query: z.strictObject(range()),
    picture: true,
    replies: { 200: pomodorosReport() },
  })),
  reportFrequentTags: contract(() => ({
    summary: 'The tags of what was done, of the time in focus, or of what is open now: the most frequent first',
    query: tagsQuery(),
    picture: true,
    replies: { 200: tagsReport() },
  })),
} satisfies Record<OperationOf<'reports'>, () => Contract>;
