import * as z from 'zod/mini';
import { prefix } from '#blueprint/table.ts';
import { profileFromItem, profileKey } from '#functions/accounts/profile.ts';
import { seatKey, sessionFromItem } from '#functions/pomodoro/session.ts';
import { stateBegins } from '#functions/tasks/task.ts';
import { userKey } from '#shared/item.ts';
import { once } from '#shared/once.ts';
import { getItems, queryAll, queryPage, type Table } from '#shared/table.ts';
import type { ReportStore } from './ports.ts';
import { instantsAround } from './range.ts';

/** Counters, completions and sessions in the single table. It only reads. */
export const dynamoReportStore = (table: Table): ReportStore => ({
  person: async (owner) => {
    const [profile, seat] = await getItems(table, [profileKey(owner), seatKey(owner)]);
    return { profile: profile ? profileFromItem(profile) : null, session: seat ? sessionFromItem(seat) : null };
  },

  counters: async (owner, { from, to }) => {
    const between = [`${prefix.day}${from}`, `${prefix.day}${to}`] as const;
    const items = await queryAll(table, { pk: userKey(owner, '').pk, between });
    return items.map((item) => {
      const { sk, ...counters } = dayItem().parse(item);
      return { date: sk.slice(prefix.day.length), ...counters };
    });
  },

  completions: async (owner, range) => {
    const [from, to] = instantsAround(range);
    const between = [`${prefix.completion}${from}`, `${prefix.completion}${to}`] as const;
    const items = await queryAll(table, { pk: userKey(owner, '').pk, between });
    return items.map((item) => completionItem().parse(item));
  },

  // They lie by when they began, and are of the day on which they ended. One begins after the other has ended: of those that began before the
  // range, only the newest may have ended in it.
  sessions: async (owner, range) => {
    const { pk } = userKey(owner, '');
    const [from, to] = instantsAround(range).map((instant) => `${prefix.pomodoro}${instant}`) as [string, string];
    const [before, within] = await Promise.all([
      queryPage(table, { pk, between: [prefix.pomodoro, from], newestFirst: true, limit: 1 }),
      queryAll(table, { pk, between: [from, to] }),
    ]);
    return [...before.items, ...within].map(sessionFromItem);
  },

  openTasks: async (owner) => {
    const range = { pk: userKey(owner, '').pk, index: 'by_state', beginsWith: stateBegins.open } as const;
    return (await queryAll(table, range)).map((item) => openTask().parse(item));
  },
});

const counter = once(() => z._default(z.number(), 0));
const dayItem = once(() =>
  z.object({ sk: z.string(), completed: counter(), pomodoros: counter(), focus_seconds: counter() }),
);

const completionItem = once(() => z.object({ day: z.string(), tags: z.array(z.string()) }));

const openTask = once(() => z.object({ id: z.string(), created_at: z.string(), tags: z.array(z.string()) }));
