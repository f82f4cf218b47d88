import type { Outputs } from '../../scripts/outputs.ts';

/** Where journeys can be made: docs/decisions/0018-other-targets.md. */
export const targetNames = ['runner', 'ministack', 'localstack', 'aws'] as const;

export type TargetName = (typeof targetNames)[number];

export const targetOf = ({ MailboxUrl, EmulatorName }: Pick<Outputs, 'MailboxUrl' | 'EmulatorName'>): TargetName => {
  if (MailboxUrl !== undefined) return 'runner';
  if (EmulatorName === undefined) return 'aws';
  return EmulatorName === 'ministack' ? 'ministack' : 'localstack';
};

const aboutTheRunner = 'it is about how the embedded runner starts, dies and tells the time';

const unread = 'nobody but its owner reads what comes to an address';

const notLookedInto = 'its mailbox is not looked into';

/** What a journey may need besides the API: of each target, that it has it, or why not. */
export const capabilities = {
  /** Somebody else's mail can be read: codes, and what we mail ourselves. */
  mailbox: { runner: true, ministack: true, localstack: notLookedInto, aws: unread },
  'mail headers': {
    runner: true,
    ministack: 'it shows no headers of the mail that it has taken',
    localstack: notLookedInto,
    aws: unread,
  },
  bounces: {
    runner: true,
    ministack: "it has no simulator of SES's: no mail comes back, nobody complains",
    localstack: notLookedInto,
    aws: unread,
  },
  /** People register themselves, and what follows from the mailed code follows. */
  'sign-up': {
    runner: true,
    ministack: 'it runs no PostConfirmation trigger, and leaves the address that a code has confirmed unverified',
    localstack: notLookedInto,
    aws: unread,
  },
  'opaque refresh tokens': {
    runner: true,
    ministack:
      'its refresh tokens are signed as access tokens are: they are a 403 for their lack of a scope, not a 401',
    localstack: 'its refresh tokens were never looked at',
    aws: true,
  },
  /** Tokens can be forged with the key of the pool itself. */
  'pool key': {
    runner: true,
    ministack: 'its pool keeps its key to itself',
    localstack: 'its pool keeps its key to itself',
    aws: 'a pool keeps its key to itself',
  },
  /** The table can be looked into, past the API. */
  table: { runner: true, ministack: true, localstack: true, aws: 'what people own is looked at by nobody but them' },
  /** A query of a local index fetches what the index does not hold. */
  'local indexes': {
    runner: true,
    ministack: 'its queries of a local index give the projected attributes alone, whatever Select says',
    localstack: true,
    aws: true,
  },
  'socket refusals': {
    runner: true,
    ministack: 'an authorizer that throws "Unauthorized" is a 500 there, on AWS a 401',
    localstack: true,
    aws: true,
  },
  /** Fifty requests and more at once, answered before anybody's time is over. */
  crowd: {
    runner: true,
    ministack: 'it starts a process for each of fifty requests, and one interpreter serves them all: often too late',
    localstack: 'it starts a container for each of fifty requests: too late',
    aws: true,
  },
  /** The embedded runner, to be started anew. */
  runner: { runner: true, ministack: aboutTheRunner, localstack: aboutTheRunner, aws: aboutTheRunner },
} as const satisfies Record<string, Record<TargetName, true | string>>;

export type Capability = keyof typeof capabilities;

/** @returns why a journey that needs all of these cannot be made there, or `null` when it can */
export const lackOf = (target: TargetName, needed: readonly Capability[]): string | null => {
  const lacks = needed.map((capability) => capabilities[capability][target]).filter((answer) => answer !== true);
  return lacks.length === 0 ? null : lacks.join('; ');
};
