import * as z from 'zod/mini';
import type { OperationOf } from '#blueprint/routes.ts';
import { once } from '#shared/once.ts';
import { type Contract, contract } from '#shared/operation.ts';

/** 32 random bytes as base64url. */
const params = once(() => z.object({ token: z.string().check(z.regex(/^[\w-]{43}$/)) }));

export const mailContracts = {
  showUnsubscribe: contract(() => ({
    summary: 'The page behind the link of a mail: it asks, and changes nothing',
    params: params(),
    replies: { 200: null },
    page: true,
  })),
  unsubscribe: contract(() => ({
    summary:
      'Turn off the kind of mail that the link came in (RFC 8058): a page for browsers, nothing to say to mail programs',
    params: params(),
    anyBody: true,
    replies: { 200: null, 204: null },
    page: true,
  })),
} satisfies Record<OperationOf<'mail'>, () => Contract>;
