import type { APIGatewayProxyEventV2, APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';
import * as z from 'zod/mini';
import type { Auth } from '#blueprint/routes.ts';
import { type GuestId, guestId, hashOf, type UserId, userId } from '#shared/ids.ts';
import { once } from '#shared/once.ts';
import { clientIds, idempotencyKeys } from '#shared/parameters.ts';
import { Failure, type Fault, invalidRequest, type ProblemType } from '#shared/problems.ts';

/** An HTTP API event, payload format 2.0; with claims where the route has the authorizer. */
export type HttpEvent = APIGatewayProxyEventV2 | APIGatewayProxyEventV2WithJWTAuthorizer;

/** Request headers that an operation may understand. What a contract does not list, it ignores. */
export type ConditionalHeader = 'If-Match' | 'If-None-Match' | 'Idempotency-Key';

type Schema = z.ZodMiniType;

/** What goes in and out of one operation: the source of parsing, of the reply's shape and of the OpenAPI document. */
export interface Contract {
  readonly summary: string;
  readonly params?: Schema;
  readonly query?: Schema;
  readonly body?: Schema;
  readonly headers?: readonly ConditionalHeader[];
  /** Further media types of the body, beside `application/json`. */
  readonly accepts?: readonly string[];
  /** Whatever body comes is let in, and nobody looks at it: its sender follows a standard, not us. */
  readonly anyBody?: true;
  /** Its 200 is a page of HTML, for a person. */
  readonly page?: true;
  /** Its 200 is also there as a picture (SVG), for whoever prefers one. */
  readonly picture?: true;
  /** Its 200 is text of this media type, in UTF-8, instead of JSON. */
  readonly text?: string;
  /** Each success by its status; `null`: no body. */
  readonly replies: Readonly<Record<number, Schema | null>>;
  /** Where in its answer stands what others take in their paths: a parameter's name → JSON Pointer. The document links to them. */
  readonly names?: Readonly<Record<string, string>>;
  /** What may go wrong, beside the failures that every operation of its kind shares. */
  readonly problems?: readonly ProblemType[];
}

/** A contract, made when its first request comes: see {@link once}. */
export const contract = <const C extends Contract>(make: () => C): (() => C) => once(make);

type Parsed<S> = S extends Schema ? z.output<S> : undefined;

/** Who asks, as far as the route's authorizer has verified it. */
export interface Principals {
  readonly public: { readonly sourceIp: string };
  /** Whoever holds the guest id; only its hash goes further than the door. */
  readonly guest: { readonly guest: GuestId };
  readonly user: {
    readonly owner: UserId;
    readonly accessToken: string;
    /** Epoch seconds. */
    readonly tokenExpiresAt: number;
  };
}

export interface Request<C extends Contract, A extends Auth> {
  readonly principal: Principals[A];
  readonly params: Parsed<C['params']>;
  readonly query: Parsed<C['query']>;
  readonly body: Parsed<C['body']>;
  /** Names this request in logs and problems. */
  readonly requestId: string;
  /** Which device asks (`X-Client-Id`): its own socket is spared the echo. */
  readonly clientId: string | null;
  /** The caller's condition from `If-Match`, if there is one. */
  readonly ifMatch: VersionCondition | null;
  readonly idempotency: Idempotency | null;
  /** Whether it is a browser that asks, for somebody to read (`Accept: text/html`). */
  readonly wantsPage: boolean;
  /** Whether somebody rather looks at a picture than reads JSON (`Accept: image/svg+xml`). */
  readonly wantsPicture: boolean;
}

/** Whether a version satisfies `If-Match` (RFC 9110 §13.1.1). */
export type VersionCondition = (version: number) => boolean;

/** The `Idempotency-Key` with a hash of the body it came with. */
export interface Idempotency {
  readonly key: string;
  readonly requestHash: string;
}

type ReplyOf<C extends Contract> = {
  [Status in keyof C['replies'] & number]: {
    readonly status: Status;
    readonly location?: string;
    /** Given where the answer is one plain resource: becomes its `ETag`. */
    readonly version?: number;
    /** The `ETag` of what has no version. */
    readonly tag?: string;
    /** What goes out as it is, where the contract declares text. */
    readonly text?: string;
    /** HTML, where the contract declares a page. */
    readonly page?: string;
    /** SVG that goes out instead of the body, where the contract declares a picture. */
    readonly picture?: string;
  } & (C['replies'][Status] extends Schema
    ? { readonly body: z.input<C['replies'][Status]> }
    : { readonly body?: never });
}[keyof C['replies'] & number];

/** What an operation hands to the pipeline: not yet serialized. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Text that goes out as it is, instead of a body in JSON; the headers say what it is. */
  readonly text?: string;
}

/** `auth` is in the type so that a public operation cannot stand on a user's route or the other way round. */
export interface Operation<A extends Auth> {
  readonly auth: A;
  readonly answer: (event: HttpEvent) => Promise<Answer>;
}

const operationFor =
  <A extends Auth>(auth: A, principalOf: (event: HttpEvent) => Principals[A]) =>
  <const C extends Contract>(
    definitionOf: () => C,
    run: (request: Request<C, A>) => Promise<ReplyOf<C>>,
  ): Operation<A> => ({
    auth,
    answer: async (event) => {
      const definition = definitionOf();
      const principal = principalOf(event);
      const reply = await run({ principal, ...readRequest(definition, event) } as Request<C, A>);
      return answerOf(definition, reply, event);
    },
  });

/** An operation for signed-in users: parses the request by its contract, runs the use case, and lets out only what the contract declares. */
export const operation = operationFor('user', (event) => {
  const claims = 'authorizer' in event.requestContext ? event.requestContext.authorizer.jwt.claims : undefined;
  const parsed = verifiedClaims().safeParse(claims);
  if (!parsed.success) throw new Error('a user route was reached without verified claims: its authorizer is missing');
  return {
    owner: userId(parsed.data.sub),
    accessToken: (event.headers.authorization ?? '').replace(/^bearer\s+/i, ''),
    tokenExpiresAt: Number(parsed.data.exp),
  };
});

/** An operation for anyone. */
export const publicOperation = operationFor('public', (event) => ({ sourceIp: event.requestContext.http.sourceIp }));

/** An operation for whoever brings a guest id: in a header only, so that it stands in no URL and in no log. */
export const guestOperation = operationFor('guest', (event) => {
  const uuid = z.uuidv4().safeParse(event.headers['x-guest-uuid']);
  if (!uuid.success) throw invalidRequest('#/headers/X-Guest-Uuid', 'must be a UUIDv4');
  return { guest: guestId(uuid.data) };
});

const verifiedClaims = once(() =>
  z.object({
    sub: z.string().check(z.minLength(1)),
    exp: z.union([z.number(), z.string().check(z.regex(/^\d+(\.\d+)?(e\d+)?$/i))]),
  }),
);

const maxBodyBytes = 256 * 1024;

/** What is told of a request at most: the faults of a small body can make an answer that is too large for Lambda. */
const mostFaults = 50;

const readRequest = (definition: Contract, event: HttpEvent) => {
  const faults: Fault[] = [];
  const params = readParams(definition, event);
  const headers = readHeaders(definition, event, faults);
  const query = readPart(definition.query ?? z.strictObject({}), queryOf(event), faults);
  const body = readBody(definition, event, faults);
  if (faults.length > 0) {
    throw new Failure('invalid-request', 'Some parts of the request are not valid; see errors.', {
      errors: faults.slice(0, mostFaults),
    });
  }
  const key = headers.idempotencyKey;
  return {
    params,
    query,
    body,
    requestId: event.requestContext.requestId,
    clientId: headers.clientId,
    ifMatch: headers.ifMatch,
    idempotency: key === null ? null : { key, requestHash: requestHashOf(body) },
    wantsPage: /\btext\/html\b/i.test(event.headers.accept ?? ''),
    wantsPicture: prefersPicture(event.headers.accept),
  };
};

/** RFC 9110 §12.5.1: what weighs more, then what is named more closely. Where both are welcome alike, it is JSON. */
const prefersPicture = (accept = '*/*'): boolean => {
  const weights = new Map(
    accept.split(',').map((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='));
      return [type, weight === undefined ? 1 : Number(weight.slice(2)) || 0];
    }),
  );
  const wishFor = (type: string) => {
    const ranges = [type, type.replace(/\/.*/, '/*'), '*/*'];
    const named = ranges.findIndex((range) => weights.has(range));
    return { weight: weights.get(ranges[named] ?? '') ?? 0, named };
  };
  const [picture, json] = [wishFor('image/svg+xml'), wishFor('application/json')];
  if (picture.weight !== json.weight) return picture.weight > json.weight;
  return picture.weight > 0 && picture.named < json.named;
};

/** An id of a wrong form names nothing that exists. */
const readParams = (definition: Contract, event: HttpEvent): unknown => {
  if (!definition.params) return undefined;
  const parsed = definition.params.safeParse(event.pathParameters ?? {});
  if (!parsed.success) throw new Failure('not-found', 'No such item.');
  return parsed.data;
};

const readHeaders = (definition: Contract, event: HttpEvent, faults: Fault[]) => {
  const understood = (name: ConditionalHeader): string | undefined =>
    definition.headers?.includes(name) ? event.headers[name.toLowerCase()] : undefined;
  const clientId = event.headers['x-client-id'];
  if (clientId !== undefined && !clientIds.test(clientId)) {
    faults.push({ pointer: '#/headers/X-Client-Id', detail: 'must be 1 to 64 visible ASCII characters' });
  }
  const key = understood('Idempotency-Key');
  if (key !== undefined && !idempotencyKeys.test(key)) {
    faults.push({ pointer: '#/headers/Idempotency-Key', detail: 'must be 1 to 255 visible ASCII characters' });
  }
  const ifMatch = understood('If-Match');
  return {
    clientId: clientId ?? null,
    idempotencyKey: key ?? null,
    ifMatch: ifMatch === undefined ? null : matcherOf(ifMatch, 'strong'),
  };
};

/** Reads a list of entity tags or `*` (RFC 9110 §8.8.3); `If-Match` compares strongly, `If-None-Match` weakly. */
const matcherOf = (header: string, comparison: 'strong' | 'weak'): ((tag: number | string) => boolean) => {
  if (header.trim() === '*') return () => true;
  const tags = header.split(',').map((tag) => tag.trim());
  const comparable = comparison === 'weak' ? tags.map((tag) => tag.replace(/^W\//, '')) : tags;
  return (tag) => comparable.includes(entityTag(tag));
};

const entityTag = (tag: number | string): string => `"${tag}"`;

/** A parameter given once is its text; given again, the list of its texts. */
const queryOf = (event: HttpEvent): Record<string, string | string[]> => {
  const values = new URLSearchParams(event.rawQueryString);
  return Object.fromEntries(
    [...new Set(values.keys())].map((name) => {
      const all = values.getAll(name);
      return [name, all.length === 1 ? (all[0] ?? '') : all];
    }),
  );
};

const readBody = (definition: Contract, event: HttpEvent, faults: Fault[]): unknown => {
  const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.length > maxBodyBytes) throw new Failure('too-large', `A body may have ${maxBodyBytes} bytes at most.`);
  const given = bytes.length > 0;
  if (definition.anyBody) return undefined;
  if (given) checkMediaType(definition, event);
  if (!given) return definition.body ? readPart(definition.body, undefined, faults) : undefined;
  const json = parseJson(bytes);
  return readPart(definition.body ?? z.strictObject({}), json, faults);
};

const checkMediaType = (definition: Contract, event: HttpEvent): void => {
  const given = event.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  const accepted = ['application/json', ...(definition.accepts ?? [])];
  if (given !== undefined && !accepted.includes(given)) {
    throw new Failure('unsupported-media-type', `Send the body as ${accepted.join(' or ')}.`);
  }
};

/** Nothing that an API takes is nested deeper; what is would exhaust the stack of whoever walks through it. */
const deepestJson = 64;

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1)));

const parseJson = (bytes: Buffer): unknown => {
  const json = decodeJson(bytes);
  if (isDeeper(json, deepestJson)) {
    throw new Failure('invalid-request', 'The body is nested too deeply.', {
      errors: [{ pointer: '#', detail: `must not be nested deeper than ${deepestJson} levels` }],
    });
  }
  return json;
};

const decodeJson = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Failure('invalid-request', 'The body is not JSON in UTF-8.', {
      errors: [{ pointer: '#', detail: 'is not JSON in UTF-8' }],
    });
  }
};

/** Parses what stands inside a body by a schema of its own. @throws Failure `invalid-request` */
export const parsePart = <T>(schema: z.ZodMiniType<T>, value: unknown): T => {
  const faults: Fault[] = [];
  const parsed = readPart(schema, value, faults);
  if (faults.length > 0) {
    throw new Failure('invalid-request', 'Some parts of the request are not valid; see errors.', { errors: faults });
  }
  return parsed as T;
};

const readPart = (schema: Schema, value: unknown, faults: Fault[]): unknown => {
  const parsed = schema.safeParse(value, { error: plainMessage });
  if (parsed.success) return parsed.data;
  faults.push(...parsed.error.issues.slice(0, mostFaults).flatMap(faultsOf).slice(0, mostFaults));
  return undefined;
};

const faultsOf = (issue: z.core.$ZodIssue): Fault[] =>
  issue.code === 'unrecognized_keys'
    ? issue.keys.map((key) => ({ pointer: pointerTo([...issue.path, key]), detail: 'is not known here' }))
    : [{ pointer: pointerTo(issue.path), detail: issue.message }];

/** RFC 6901: `~` and `/` are escaped in a reference token; §6: the fragment is percent-encoded (a lone surrogate cannot be). */
const pointerTo = (path: readonly PropertyKey[]): string => ['#', ...path.map(tokenOf)].join('/');

const tokenOf = (step: PropertyKey): string =>
  encodeURIComponent(String(step).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1'));

/** zod/mini ships no texts (they are 300 KB in all languages); these are ours, and never repeat the value. */
const plainMessage: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be of type ${issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'too_small':
      return `must be at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_format':
      return `must be a valid ${issue.format === 'regex' ? 'value' : issue.format}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    default:
      return 'is not valid';
  }
};

const unitOf = (origin: string): string =>
  origin === 'string' ? ' characters long' : origin === 'array' || origin === 'set' ? ' items long' : '';

/** Tells whether two bodies are the same, in whatever order their members came. */
export const requestHashOf = (body: unknown): string => hashOf(canonicalJson(body));

/** The same value gives the same text, in whatever order its members came. */
const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  ) ?? '';

const answerOf = (
  definition: Contract,
  reply: {
    status: number;
    body?: unknown;
    location?: string;
    version?: number;
    tag?: string;
    text?: string;
    page?: string;
    picture?: string;
  },
  event: HttpEvent,
): Answer => {
  const headers: Record<string, string> = { 'cache-control': 'no-store' };
  if (reply.location !== undefined) headers.location = reply.location;
  const tag = reply.tag ?? reply.version;
  if (tag !== undefined) {
    headers.etag = entityTag(tag);
    headers['cache-control'] = 'private, no-cache';
    const unless = definition.headers?.includes('If-None-Match') ? event.headers['if-none-match'] : undefined;
    if (unless !== undefined && matcherOf(unless, 'weak')(tag)) return { status: 304, headers };
  }
  if (definition.page && reply.page !== undefined) {
    return { status: reply.status, headers: { ...headers, ...pageHeaders }, text: reply.page };
  }
  if (definition.text && reply.text !== undefined) {
    const type = { 'content-type': `${definition.text}; charset=utf-8` };
    return { status: reply.status, headers: { ...headers, ...type }, text: reply.text };
  }
  if (definition.picture) {
    headers.vary = 'accept';
    if (reply.picture !== undefined) {
      return { status: reply.status, headers: { ...headers, ...pictureHeaders }, text: reply.picture };
    }
  }
  const schema = definition.replies[reply.status];
  if (!schema) return { status: reply.status, headers };
  return { status: reply.status, headers, body: schema.parse(reply.body) };
};

/** A page shows itself and nothing else, sends forms only to us, and does not tell the next one where it was. */
const pageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

/** Opened by itself, a picture is a document: it may have its style, and nothing else. */
const pictureHeaders: Readonly<Record<string, string>> = {
  'content-type': 'image/svg+xml',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
};
