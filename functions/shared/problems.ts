/**
 * The catalogue of problem types (RFC 9457). A failure names one of these; nothing else decides a status.
 */
export const problemTypes = {
  'invalid-request': { status: 400, title: 'The request is not valid.' },
  'wrong-code': { status: 400, title: 'The code is wrong or too old.' },
  'invalid-credentials': { status: 401, title: 'The credentials are not valid.' },
  'not-confirmed': { status: 403, title: 'The account is not confirmed yet.' },
  'not-found': { status: 404, title: 'There is no such thing.' },
  'username-taken': { status: 409, title: 'The username is taken.' },
  'quota-exceeded': { status: 409, title: 'There is no room for more.' },
  cycle: { status: 409, title: 'A task cannot be its own ancestor.' },
  'wrong-state': { status: 409, title: 'The state does not allow this.' },
  'session-active': { status: 409, title: 'Another session is active.' },
  'too-early': { status: 409, title: 'The planned time is not over yet.' },
  'cursor-expired': { status: 410, title: 'The cursor no longer holds.' },
  'stale-version': { status: 412, title: 'The item has changed since.' },
  'too-large': { status: 413, title: 'The request is too large.' },
  'unsupported-media-type': { status: 415, title: 'The content type is not supported.' },
  'unusable-recurrence': { status: 422, title: 'The recurrence cannot be used.' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key was used for another request.' },
  'too-many-requests': { status: 429, title: 'Too many requests.' },
  internal: { status: 500, title: 'Something went wrong on our side.' },
  busy: { status: 503, title: 'The service is busy.' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemType = keyof typeof problemTypes;

/** Where in a request something is wrong: a JSON Pointer as a URI fragment (RFC 6901 §6), and what is wrong there. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

export interface FailureFacts {
  readonly errors?: readonly Fault[];
  /** Answered as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** Further members of the problem (RFC 9457 §3.2), such as the session that is already active. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Something that a caller did, or met, as a named value with its facts. Thrown by any layer, turned into a problem in one place. */
export class Failure extends Error {
  readonly type: ProblemType;
  readonly facts: FailureFacts;

  constructor(type: ProblemType, detail: string, facts: FailureFacts = {}) {
    super(detail);
    this.name = 'Failure';
    this.type = type;
    this.facts = facts;
  }
}

/** The wire form of a failure. */
export interface Problem {
  readonly type: ProblemType;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly errors?: Fault[];
}

/** @param requestId names the occurrence (`instance`), and is what a log is searched by. */
export const problemOf = (failure: Failure, requestId: string): Problem => ({
  type: failure.type,
  ...problemTypes[failure.type],
  detail: failure.message,
  instance: `urn:pomona:request:${requestId}`,
  ...(failure.facts.errors && { errors: [...failure.facts.errors] }),
  ...failure.facts.extensions,
});

/** A 400 about one place of the request. */
export const invalidRequest = (pointer: string, detail: string): Failure =>
  new Failure('invalid-request', detail, { errors: [{ pointer, detail }] });
