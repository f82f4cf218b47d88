import type { Feature, OperationId, Route } from '#blueprint/routes.ts';
import type { ConditionalHeader, Contract } from '#shared/operation.ts';
import { clientIds, idempotencyKeys } from '#shared/parameters.ts';
import { problemSchema } from '#shared/problem-schema.ts';
import { type ProblemType, problemTypes } from '#shared/problems.ts';
import { type Json, type SchemaCollector, schemaCollector } from './schemas.ts';

/** An OpenAPI 3.1 document. https://spec.openapis.org/oas/v3.1.1 */
export interface OpenApi {
  readonly openapi: '3.1.1';
  readonly info: Json;
  readonly servers: readonly Json[];
  readonly tags: readonly Json[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Json>>;
    readonly securitySchemes: Readonly<Record<string, Json>>;
  };
}

export interface DocumentSources {
  readonly version: string;
  readonly routes: readonly (Route & { readonly operationId: OperationId; readonly feature: Feature })[];
  readonly contracts: Readonly<Record<OperationId, () => Contract>>;
}

/** The whole contract of the HTTP API, made from the route table and the zod schemas: there is no second list of anything. */
export const openApiDocument = (sources: DocumentSources): OpenApi => {
  const { version, routes, contracts } = sources;
  const schemas = schemaCollector();
  const problem = schemas.of(problemSchema(), 'output');
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    paths[route.path] = {
      ...paths[route.path],
      [route.method.toLowerCase()]: operationObject(
        route,
        contracts[route.operationId](),
        schemas,
        problem,
        linksFrom(route, sources),
      ),
    };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Pomona',
      version,
      summary: 'Tasks, guest notes and Pomodoro sessions, live on every device a person owns.',
      description: manners,
    },
    servers: [{ url: '/', description: 'Where this document came from' }],
    tags: [...new Set(routes.map(({ feature }) => feature))].map((name) => ({
      name,
      description: featureDescriptions[name],
    })),
    paths,
    components: {
      schemas: { ...schemas.components, GatewayMessage: gatewaySchema },
      securitySchemes: {
        accessToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The access token from `POST /token`. An ID token is refused.',
        },
        guestUuid: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Guest-Uuid',
          description: 'A UUIDv4, from `POST /guest` or of the client’s own making. Whoever holds it holds the notes.',
        },
      },
    },
  };
};

const manners = `Errors are problems (RFC 9457, \`application/problem+json\`); what API Gateway answers itself is \`{ "message" }\`.
Somebody else's item is a 404. \`ETag\` is an item's version: \`If-None-Match\` answers 304, \`If-Match\` 412.
Every answer carries \`X-Request-Id\`.`;

const featureDescriptions: Readonly<Record<Feature, string>> = {
  accounts: 'Registering, signing in, passwords, the profile.',
  export: 'Taking along everything one owns.',
  tasks: 'Tasks, the centre of it all.',
  guest: 'Notes that live 24 hours, without an account.',
  pomodoro: 'Focus sessions and breaks, timed by the server.',
  attachments:
    'Files of tasks. They go to the store and come from it by links; `file_url` is a secret that opens one for a quarter of an hour.',
  reports: 'What was done, by the days of the person it is about: as JSON, or as a chart to look at.',
  sync: 'What keeps devices alike: changes by cursor, and tickets for the WebSocket.',
  calendar: 'A person’s dated tasks, for calendar programs to subscribe to.',
  mail: 'Stopping the mail that Pomona sends.',
  openapi: 'The service about itself.',
};

const gatewaySchema: Json = {
  type: 'object',
  description: 'An answer of API Gateway itself.',
  required: ['message'],
  properties: { message: { type: 'string' } },
  additionalProperties: false,
};

const operationObject = (
  route: DocumentSources['routes'][number],
  definition: Contract,
  schemas: SchemaCollector,
  problem: Json,
  links: Json,
): Json => ({
  operationId: route.operationId,
  summary: definition.summary,
  tags: [route.feature],
  security: securityOf[route.auth],
  ...parametersOf(definition, schemas),
  ...(definition.body && {
    requestBody: {
      required: !definition.body.safeParse(undefined).success,
      content: Object.fromEntries(
        ['application/json', ...(definition.accepts ?? [])].map((type) => [
          type,
          { schema: definition.body && schemas.of(definition.body, 'input') },
        ]),
      ),
    },
  }),
  ...(definition.anyBody && { requestBody: { required: false, content: { '*/*': {} } } }),
  responses: {
    ...successes(definition, schemas, links),
    ...failures(route, definition, problem),
  },
});

/** To what may be done with the thing that an answer names: every operation for the same callers whose path has just these parameters. */
const linksFrom = (
  { operationId, auth }: DocumentSources['routes'][number],
  { routes, contracts }: DocumentSources,
): Json => {
  const { names } = contracts[operationId]();
  if (!names) return {};
  const wanted = Object.keys(names).sort().join();
  const parameters = Object.fromEntries(
    Object.entries(names).map(([name, pointer]) => [name, `$response.body#${pointer}`]),
  );
  return Object.fromEntries(
    routes
      .filter((route) => route.auth === auth && parametersIn(route.path).sort().join() === wanted)
      .map((route) => [route.operationId, { operationId: route.operationId, parameters }]),
  );
};

const parametersIn = (path: string): string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);

const securityOf: Readonly<Record<Route['auth'], readonly Json[]>> = {
  public: [],
  user: [{ accessToken: [] }],
  guest: [{ guestUuid: [] }],
};

const requestHeaders: Readonly<Record<ConditionalHeader | 'X-Client-Id', { description: string; pattern?: string }>> = {
  'If-Match': { description: 'Only if the item is still in this version.' },
  'If-None-Match': { description: 'Only if the item is in another version than this one.' },
  'Idempotency-Key': {
    description: 'The same key and body again give the same item, created once.',
    pattern: idempotencyKeys.source,
  },
  'X-Client-Id': {
    description: 'Which device asks: its own WebSocket is spared the echo, but for deletions.',
    pattern: clientIds.source,
  },
};

const parametersOf = (definition: Contract, schemas: SchemaCollector): Json => {
  const places = [
    ['path', definition.params],
    ['query', definition.query],
  ] as const;
  const parameters = places.flatMap(([place, schema]) => {
    if (!schema) return [];
    const { required = [] } = schemas.of(schema, 'input') as { required?: readonly string[] };
    // On the wire every parameter is text; what it is read as says more: a number with its bounds, a default.
    const { properties = {} } = schemas.of(schema, 'output') as { properties?: Readonly<Record<string, Json>> };
    return Object.entries(properties).map(([name, { description, ...property }]) => ({
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      schema: property,
      ...(description !== undefined && { description }),
    }));
  });
  const headers = (['X-Client-Id', ...(definition.headers ?? [])] as const).map((name) => {
    const { description, ...pattern } = requestHeaders[name];
    return { name, in: 'header', required: false, description, schema: { type: 'string', ...pattern } };
  });
  return { parameters: [...parameters, ...headers] };
};

const text = (description: string): Json => ({ description, schema: { type: 'string' } });

const alwaysThere = { 'X-Request-Id': text('Names this request in the logs.') };

const successes = (definition: Contract, schemas: SchemaCollector, links: Json): Readonly<Record<string, Json>> => {
  const hasTag = (definition.headers ?? []).some((name) => name !== 'Idempotency-Key');
  const answers = Object.entries(definition.replies).map(([status, schema]) => [
    status,
    {
      description: definition.summary,
      headers: {
        ...alwaysThere,
        ...(status === '201' && { Location: text('Where the new thing is.') }),
        ...(status === '303' && { Location: text('Where it is found: a secret.') }),
        ...((hasTag || status === '201') && { ETag: text('The version, in quotes.') }),
        ...(definition.picture && {
          Vary: text('`Accept` decides whether it is JSON or a picture.'),
          'Content-Security-Policy': text('With a picture: nothing is loaded or run.'),
        }),
      },
      ...(schema && {
        content: {
          'application/json': { schema: schemas.of(schema, 'output') },
          ...(definition.picture && status === '200' && { 'image/svg+xml': { schema: { type: 'string' } } }),
        },
      }),
      ...(schema && Object.keys(links).length > 0 && { links }),
      ...(definition.text && status === '200' && { content: { [definition.text]: { schema: { type: 'string' } } } }),
      ...(definition.page && status === '200' && { content: { 'text/html': { schema: { type: 'string' } } } }),
    },
  ]);
  return {
    ...Object.fromEntries(answers),
    ...(definition.headers?.includes('If-None-Match') && {
      304: { description: 'It is still in that version.', headers: { ...alwaysThere, ETag: text('The version.') } },
    }),
  };
};

/** What API Gateway answers before, or instead of, a function. */
const gatewayFailures: Readonly<Record<Route['auth'], readonly number[]>> = {
  public: [413, 429, 431, 500, 503],
  guest: [413, 429, 431, 500, 503],
  user: [401, 403, 413, 429, 431, 500, 503],
};

const failures = ({ auth }: Route, definition: Contract, problem: Json): Readonly<Record<string, Json>> => {
  const types: readonly ProblemType[] = [
    'invalid-request',
    ...(definition.params ? (['not-found'] as const) : []),
    ...(definition.body ? (['too-large', 'unsupported-media-type'] as const) : []),
    ...(auth === 'user' ? [] : (['too-many-requests'] as const)),
    'internal',
    'busy',
    ...(definition.problems ?? []),
  ];
  const statuses = [...new Set([...types.map((type) => problemTypes[type].status), ...gatewayFailures[auth]])];
  return Object.fromEntries(
    statuses.sort().map((status) => {
      const ofStatus = [...new Set(types)].filter((type) => problemTypes[type].status === status);
      const titles = ofStatus.map((type) => `\`${type}\`: ${problemTypes[type].title}`);
      return [
        status,
        {
          description: titles.join(' ') || 'Answered by API Gateway.',
          headers: {
            ...(ofStatus.length > 0 && alwaysThere),
            ...((status === 429 || status === 503) && {
              'Retry-After': text('Seconds to wait, where it is known.'),
            }),
          },
          content: {
            ...(ofStatus.length > 0 && {
              'application/problem+json': { schema: problem },
            }),
            ...(gatewayFailures[auth].includes(status) && {
              'application/json': { schema: { $ref: '#/components/schemas/GatewayMessage' } },
            }),
          },
        },
      ];
    }),
  );
};
