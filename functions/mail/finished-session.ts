import * as z from 'zod/mini';
import { secondsAfter } from '#shared/clock.ts';
import type { UserId } from '#shared/ids.ts';
import type { Item } from '#shared/item.ts';
import { log, loggedUser } from '#shared/log.ts';
import { once } from '#shared/once.ts';
import type { SendNotice } from './mail.ts';

/** What is told of a session in the history. */
const completed = once(() =>
  z.object({
    id: z.string(),
    kind: z.literal('focus'),
    status: z.literal('completed'),
    early: z.literal(false),
    end_time: z.string(),
    task_title: z.nullable(z.string()),
  }),
);

export interface FinishedSessionNeeds {
  readonly send: SendNotice;
  /** @returns false when somebody has claimed it already */
  readonly claim: (owner: UserId, sessionId: string, now: Date) => Promise<boolean>;
  readonly now: () => Date;
  readonly pause: (milliseconds: number) => Promise<unknown>;
}

/** A person has long noticed by then. */
const tooLateSeconds = 24 * 60 * 60;

const lateSeconds = 5 * 60;

/** Between the tries of a mail that SES throttles. A quota a second is soon over; one a day is not worth waiting for. */
const pauses = [1_000, 2_000, 4_000];

/**
 * Mails that a focus session is over: one whose time has run out, not one that was ended early. Whoever sends claims it first, so that the
 * same record, delivered five times, is one mail; after a crash in between it is none (docs/decisions/0012-mail.md).
 */
export const tellOfFinishedSession =
  ({ send, claim, now, pause }: FinishedSessionNeeds) =>
  async (owner: UserId, before: Item | null, after: Item | null): Promise<void> => {
    const session = completed().safeParse(after);
    if (!session.success || before?.status === 'completed') return;
    const { id, end_time, task_title } = session.data;
    const at = new Date(end_time);
    if (now() > secondsAfter(at, tooLateSeconds) || !(await claim(owner, id, now()))) return;
    for (const milliseconds of [...pauses, null]) {
      const late = now() > secondsAfter(at, lateSeconds);
      const notice = { kind: 'pomodoro_finished', owner, title: task_title, due: end_time, at, late } as const;
      if ((await send(notice, now())) !== 'throttled') return;
      if (milliseconds !== null) await pause(milliseconds);
    }
    log.warn('a finished session was not mailed: SES is throttled', { user: loggedUser(owner) });
  };
