import * as z from 'zod/mini';
import type { OperationOf } from '#blueprint/routes.ts';
import { once } from '#shared/once.ts';
import { type Contract, contract } from '#shared/operation.ts';

const linkSchema = once(() =>
  z
    .object({
      /** Leads to the calendar whoever has it. */
      url: z.string(),
      created_at: z.string(),
    })
    .register(z.globalRegistry, {
      id: 'CalendarLink',
      description: 'The secret link to a calendar: whoever has it reads the calendar. It is shown this once.',
    }),
);

const ending = '.ics';

/** 32 random bytes as base64url, and the ending that calendar programs want to see. */
const file = once(() =>
  z
    .pipe(
      z.string().check(z.regex(/^[\w-]{43}\.ics$/)),
      z.transform((given: string) => given.slice(0, -ending.length)),
    )
    .register(z.globalRegistry, {
      type: 'string',
      pattern: '^[A-Za-z0-9_-]{43}\\.ics$',
      description:
        'The secret, with `.ics` behind it. A parameter of API Gateway is a whole segment of a path, so it is a part of it.',
    }),
);

export const calendarContracts = {
  createCalendar: contract(() => ({
    summary: 'Make the secret link to one’s calendar; the one there was leads nowhere from now on',
    replies: { 201: linkSchema() },
  })),
  deleteCalendar: contract(() => ({
    summary: 'Make the link lead nowhere',
    replies: { 204: null },
  })),
  getCalendar: contract(() => ({
    summary: 'The calendar behind a link: the open tasks that have a due date, for programs to subscribe to (RFC 5545)',
    params: z.object({ secret: file() }),
    headers: ['If-None-Match'],
    replies: { 200: null },
    text: 'text/calendar',
  })),
} satisfies Record<OperationOf<'calendar'>, () => Contract>;

/** Where the calendar of a secret is. */
export const pathOf = (secret: string): string => `/calendar/${secret}${ending}`;
