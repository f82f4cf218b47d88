import { createPrivateKey, type JsonWebKey, type KeyObject, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { type OperationId, routes } from '#blueprint/routes.ts';
import { type Account, type Client, expectData, expectStatus } from '#test/support/client.ts';
import { newKey, publicPemOf, readToken, signHs256, signRs256, tampered, unsigned } from '#test/support/tokens.ts';
import { connectionsOf } from '../../scripts/outputs.ts';
import { anyone, dynamodb, needs, somebody } from './support.ts';

/** The pool's own key, which only the embedded runner lets us have. */
const poolKey = (): KeyObject =>
  createPrivateKey({
    key: createRequire(import.meta.url)('cognito-local/lib/keys/cognitoLocal.private.json').pem,
    format: 'pem',
  });

const jwks = async (): Promise<JsonWebKey[]> => {
  const { endpoint, region } = connectionsOf(inject('outputs')).cognito;
  const issuer = endpoint ?? `https://cognito-idp.${region}.amazonaws.com`;
  const response = await fetch(`${issuer}/${inject('outputs').UserPoolId}/.well-known/jwks.json`);
  return ((await response.json()) as { keys: JsonWebKey[] }).keys;
};

describe('a token that is not one', () => {
  let ada: Account;
  let nobody: Client;
  let publicPem: string;
  beforeAll(async () => {
    ada = await somebody();
    nobody = await anyone();
    publicPem = publicPemOf((await jwks())[0] ?? {});
  });

  const access = () => readToken(ada.tokens.access_token);
  const now = () => Math.floor(Date.now() / 1000);
  const bearer = (token: string): Client => nobody.withToken(token);

  const forgeries: readonly (readonly [string, () => Client, number])[] = [
    ['none at all', () => nobody, 401],
    ['an empty one', () => bearer(''), 401],
    ['nonsense', () => bearer('a.b.c'), 401],
    ['an unsigned one (alg none)', () => bearer(unsigned(access())), 401],
    ['one signed with the public key as a secret', () => bearer(signHs256(access(), publicPem)), 401],
    ['one signed with another key of the same name', () => bearer(signRs256(access(), newKey())), 401],
    ['one of an unknown key', () => bearer(signRs256({ ...access(), header: { kid: 'other' } }, newKey())), 401],
    ['one made out to somebody else', () => bearer(tampered(ada.tokens.access_token, { sub: randomUUID() })), 401],
    ['the ID token', () => bearer(ada.tokens.id_token), 403],
  ];

  /** Forged by whoever has the pool's own key. */
  const resigned: typeof forgeries = [
    [
      'an expired one',
      () => bearer(signRs256({ ...access(), payload: { ...access().payload, exp: now() - 1 } }, poolKey())),
      401,
    ],
    [
      'one of another client',
      () => bearer(signRs256({ ...access(), payload: { ...access().payload, client_id: 'other' } }, poolKey())),
      401,
    ],
    [
      'one of another pool',
      () =>
        bearer(
          signRs256(
            {
              ...access(),
              payload: { ...access().payload, iss: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other' },
            },
            poolKey(),
          ),
        ),
      401,
    ],
  ];

  const isRefused = async (_: unknown, forged: () => Client, status: number): Promise<void> => {
    const answer = await forged().api.GET('/tasks');
    expectStatus(answer, status);
    expect(answer.error).toEqual({ message: status === 401 ? 'Unauthorized' : 'Forbidden' });
  };

  it.each(forgeries)('is refused: %s', isRefused);

  it('is refused: the refresh token', needs('opaque refresh tokens'), () =>
    isRefused(null, () => bearer(ada.tokens.refresh_token), 401),
  );

  it.each(resigned)('is refused: %s', needs('pool key'), isRefused);

  it('is refused on every route for users', async () => {
    for (const { method, path, auth } of routes) {
      if (auth !== 'user') continue;
      const { response } = await nobody.ask(method, path.replace(/\{\w+\}/g, randomUUID()), {
        ...(method !== 'GET' && { body: {} }),
      });
      expect([`${method} ${path}`, response.status]).toEqual([`${method} ${path}`, 401]);
    }
  });

  it('would have been taken, had it been a good one', needs('pool key'), async () => {
    const good = bearer(signRs256(access(), poolKey()));
    expectData(await good.api.GET('/tasks'), 200);
  });
});

/** A body with which the route would work, were the item one's own. */
const bodies: Readonly<Partial<Record<OperationId, unknown>>> = {
  replaceTask: { title: 'Mine now' },
  updateTask: { title: 'Mine now' },
  replaceGuestTask: { title: 'Mine now' },
  moveTask: { parent_id: null },
};

describe('somebody else’s item', needs('table'), () => {
  it('is a 404 on every route, and stays as it is', async () => {
    const [ada, eve] = [await somebody(), await somebody()];
    const task = expectData(await ada.client.api.POST('/tasks', { body: { title: 'Ada’s' } }), 201);
    const file = { task_id: task.id, filename: 'a', file_type: 'text/plain', size: 1 };
    const { attachment } = expectData(await ada.client.api.POST('/attachments/upload', { body: file }), 201);
    const ids: Readonly<Record<string, string>> = {
      attachment_id: attachment.id,
      secret: `${'x'.repeat(43)}.ics`,
    };
    const idRoutes = routes.filter(({ path }) => path.includes('{'));
    expect(idRoutes.length).toBeGreaterThan(0);

    const before = await partitionOf(task.user_id);
    for (const { operationId, method, path } of idRoutes) {
      // A guest of their own, where the route is for guests.
      const { response } = await eve.client.with({ 'x-guest-uuid': randomUUID() }).ask(
        method,
        path.replace(/\{(\w+)\}/g, (_, name) => ids[name] ?? task.id),
        {
          ...(bodies[operationId] !== undefined && { body: bodies[operationId] }),
        },
      );
      expect([`${method} ${path}`, response.status]).toEqual([`${method} ${path}`, 404]);
    }
    // Named in a body, it is no more there.
    expect((await eve.client.api.POST('/attachments/upload', { body: file })).response.status).toBe(404);
    expect(await partitionOf(task.user_id)).toEqual(before);
  });
});

/** Everything of a user but the log, which the stream writes when it likes. */
const partitionOf = async (user: string) => {
  const client = new DynamoDBClient(dynamodb());
  const { Items = [] } = await client.send(new ScanCommand({ TableName: inject('outputs').TableName }));
  client.destroy();
  return Items.filter(({ pk, sk }) => pk?.S === `USER#${user}` && !sk?.S?.startsWith('CHANGE#'));
};
