import * as z from 'zod/mini';
import type { OperationOf } from '#blueprint/routes.ts';
import { isTimezone } from '#shared/days.ts';
import { once } from '#shared/once.ts';
import { type Contract, contract } from '#shared/operation.ts';
import { ignored } from '#shared/parameters.ts';
import { text } from '#shared/text.ts';
import { isUsername, usernames } from './account.ts';
import { profileSchema } from './profile.ts';

/** RFC 5321 §4.5.3.1.3, without the brackets. */
const maxEmailLength = 254;

/** Without spaces and control characters, which nobody means. */
const emailPart = '[^@\\s\\x00-\\x1f\\x7f]+';
const emailPattern = `${emailPart}@${emailPart}\\.${emailPart}`;
const emails = new RegExp(`^${emailPattern}$`);

const email = once(() =>
  z
    .string()
    .check(
      z.trim(),
      z.toLowerCase(),
      z.maxLength(maxEmailLength),
      // All checks of a value run: this one must not see a long text, on which it takes quadratic time. A character is two units at most.
      z.refine((value: string) => value.length > 2 * maxEmailLength || emails.test(value), 'must be an e-mail address'),
    )
    .register(z.globalRegistry, {
      description: 'An e-mail address; upper and lower case are the same.',
      pattern: `^\\s*${emailPattern}\\s*$`,
      maxLength: maxEmailLength,
    }),
);

/** Of an account that may exist already: whatever it is, it is not told from a wrong one. */
const anyPassword = once(() => text({ min: 1, max: 256 }));

/** NIST SP 800-63B §3.1.1.2: length, and no rules of composition. The edges, and the one line, are Cognito's own rule. */
const newPassword = once(() =>
  text({ min: 12, max: 256 })
    .check(
      z.refine((value: string) => /^\S.*\S$/.test(value), 'must be one line that neither begins nor ends with a space'),
    )
    .register(z.globalRegistry, {
      description: 'One line that neither begins nor ends with a space.',
      pattern: '^[^\\s\\x00-\\x1f\\x7f][^\\x00-\\x08\\x0a-\\x1f\\x7f\\u2028\\u2029]*[^\\s\\x00-\\x1f\\x7f]$',
    }),
);

const username = once(() =>
  z
    .string()
    .check(
      z.normalize('NFC'),
      z.refine(
        isUsername,
        'must have 3 to 30 letters, digits, dots, dashes or underscores, and begin with a letter or digit',
      ),
    )
    .register(z.globalRegistry, {
      description: 'One person’s alone, whatever its case.',
      minLength: 3,
      maxLength: 30,
      pattern: usernames.source,
    }),
);

const timezone = once(() =>
  z
    .string()
    .check(z.refine(isTimezone, 'must be the IANA name of a time zone, such as Europe/Berlin'))
    .register(z.globalRegistry, { description: 'The IANA name of a time zone.', format: 'timezone' }),
);

const code = once(() => z.string().check(z.trim(), z.minLength(1), z.maxLength(64)));

const dayStart = once(() =>
  z.string().check(z.regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day from 00:00 to 23:59')),
);

const minutes = once(() => z.int().check(z.minimum(1), z.maximum(240)));

const tokens = once(() =>
  z
    .object({
      access_token: z.string(),
      id_token: z.string(),
      refresh_token: z.optional(z.string()),
      token_type: z.literal('Bearer'),
      expires_in: z.number(),
    })
    .register(z.globalRegistry, { id: 'Tokens' }),
);

const confirmationSent = once(() => z.object({ status: z.literal('confirmation_sent') }));

export const profilePatch = once(() =>
  z.strictObject({
    user_id: ignored(),
    email: ignored(),
    username: ignored(),
    is_active: ignored(),
    is_verified: ignored(),
    version: ignored(),
    timezone: z.optional(timezone()),
    day_start: z.optional(dayStart()),
    pomodoro: z.optional(
      z.strictObject({
        focus_minutes: z.optional(minutes()),
        short_break_minutes: z.optional(minutes()),
        long_break_minutes: z.optional(minutes()),
        long_break_every: z.optional(z.int().check(z.minimum(1), z.maximum(12))),
      }),
    ),
    notifications: z.optional(
      z.strictObject({
        task_due_soon: z.optional(z.boolean()),
        due_soon_minutes: z.optional(z.int().check(z.minimum(1), z.maximum(10_080))),
        task_overdue: z.optional(z.boolean()),
        pomodoro_finished: z.optional(z.boolean()),
        task_reminders: z.optional(z.boolean()),
      }),
    ),
  }),
);
export type ProfilePatch = z.output<ReturnType<typeof profilePatch>>;

const registration = once(() =>
  z
    .strictObject({
      email: email(),
      username: z.optional(username()),
      password: newPassword(),
      timezone: z._default(timezone(), 'UTC'),
    })
    .register(z.globalRegistry, { id: 'Registration' }),
);

export const accountContracts = {
  register: contract(() => ({
    summary: 'Register: a code is mailed to the address, whose owner hears of it either way',
    body: registration(),
    replies: { 202: confirmationSent() },
    problems: ['username-taken'],
  })),
  confirmRegistration: contract(() => ({
    summary: 'Confirm an account with the mailed code',
    body: z.strictObject({ email: email(), code: code() }),
    replies: { 204: null },
    problems: ['wrong-code'],
  })),
  resendConfirmation: contract(() => ({
    summary: 'Mail the code again, if there is an account that waits for it',
    body: z.strictObject({ email: email() }),
    replies: { 202: confirmationSent() },
  })),
  issueToken: contract(() => ({
    summary: 'Sign in with e-mail or username, or refresh an access token',
    body: z.discriminatedUnion('grant_type', [
      z.strictObject({ grant_type: z.literal('password'), login: text({ min: 1, max: 254 }), password: anyPassword() }),
      z.strictObject({
        grant_type: z.literal('refresh_token'),
        refresh_token: z.string().check(z.minLength(1), z.maxLength(8192)),
      }),
    ]),
    replies: { 200: tokens() },
    problems: ['invalid-credentials', 'not-confirmed'],
  })),
  revokeToken: contract(() => ({
    summary: 'Revoke a refresh token (RFC 7009): one that is none is revoked already',
    body: z.strictObject({ refresh_token: z.string().check(z.minLength(1), z.maxLength(8192)) }),
    replies: { 204: null },
  })),
  forgotPassword: contract(() => ({
    summary: 'Mail a code for a new password, if there is such an account',
    body: z.strictObject({ email: email() }),
    replies: { 202: confirmationSent() },
  })),
  resetPassword: contract(() => ({
    summary: 'Set a new password with the mailed code: every session and every socket ends',
    body: z.strictObject({ email: email(), code: code(), new_password: newPassword() }),
    replies: { 204: null },
    problems: ['wrong-code'],
  })),
  changePassword: contract(() => ({
    summary: 'Change the password: every other session and every socket ends',
    body: z.strictObject({ current_password: anyPassword(), new_password: newPassword() }),
    replies: { 200: tokens() },
    problems: ['invalid-credentials', 'not-confirmed', 'too-many-requests'],
  })),
  getProfile: contract(() => ({
    summary: 'Get one’s profile',
    headers: ['If-None-Match'],
    replies: { 200: profileSchema() },
    problems: ['not-found'],
  })),
  updateProfile: contract(() => ({
    summary: 'Change some settings (JSON merge patch)',
    body: profilePatch(),
    accepts: ['application/merge-patch+json'],
    headers: ['If-Match'],
    replies: { 200: profileSchema() },
    problems: ['not-found', 'stale-version'],
  })),
  deleteAccount: contract(() => ({
    summary: 'Delete the account and everything in it, for good: every session and every socket ends at once',
    body: z.strictObject({ password: anyPassword() }),
    replies: { 202: null },
    problems: ['invalid-credentials', 'not-confirmed', 'too-many-requests'],
  })),
} satisfies Record<OperationOf<'accounts'>, () => Contract>;
