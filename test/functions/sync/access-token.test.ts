import { createPublicKey, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessTokenVerifier } from '#functions/sync/access-token.ts';
import { freePort } from '#test/support/ports.ts';
import { newKey, publicPemOf, signHs256, signRs256, type Token, tampered, unsigned } from '#test/support/tokens.ts';

const pool = 'eu-central-1_Pomona123';
const client = 'pomonaclient';
const sub = randomUUID();
const key = newKey();
const jwk = createPublicKey(key).export({ format: 'jwk' });

const seconds = Math.floor(Date.now() / 1000);
const payload = {
  sub,
  iss: `https://cognito-idp.eu-central-1.amazonaws.com/${pool}`,
  client_id: client,
  token_use: 'access',
  scope: 'aws.cognito.signin.user.admin',
  iat: seconds,
  exp: seconds + 3600,
};
const token = (changes: object = {}, header: object = {}): Token => ({
  header: { kid: 'one', ...header },
  payload: { ...payload, ...changes },
});

/** Hosts the pool's keys, or what is said instead. */
const keys = createServer((_, response) => {
  response.writeHead(status).end(JSON.stringify({ keys: [{ ...jwk, kid: 'one', alg: 'RS256', use: 'sig' }] }));
});
let status = 200;
let uri = '';

beforeAll(async () => {
  const port = await freePort();
  uri = `http://127.0.0.1:${port}/.well-known/jwks.json`;
  await new Promise<void>((resolve) => keys.listen(port, '127.0.0.1', resolve));
});
afterAll(() => {
  keys.closeAllConnections();
  keys.close();
});

const verifier = () => accessTokenVerifier({ USER_POOL_ID: pool, USER_POOL_CLIENT_ID: client, JWKS_URI: uri });

describe('an access token', () => {
  it('is taken from the pool’s client, with its owner and its end', async () => {
    expect(await verifier()(signRs256(token(), key))).toEqual({ owner: sub, tokenExpiresAt: payload.exp });
  });

  const { aud, ...ofId } = { ...payload, aud: client };
  const forgeries: readonly (readonly [string, string])[] = [
    ['an expired one', signRs256(token({ exp: seconds - 1 }), key)],
    ['one that is not valid yet', signRs256(token({ nbf: seconds + 3600 }), key)],
    ['another client’s', signRs256(token({ client_id: 'another' }), key)],
    ['another pool’s', signRs256(token({ iss: payload.iss.replace('Pomona', 'Other') }), key)],
    ['an ID token', signRs256({ ...token(), payload: { ...ofId, aud, token_use: 'id' } }, key)],
    ['one without its use', signRs256(token({ token_use: undefined }), key)],
    ['an unsigned one (alg none)', unsigned(token())],
    ['one signed with the public key as a secret', signHs256(token(), publicPemOf(jwk))],
    ['one of another key under the same name', signRs256(token(), newKey())],
    ['one of an unknown key', signRs256(token({}, { kid: 'two' }), newKey())],
    ['one made out to somebody else', tampered(signRs256(token(), key), { sub: randomUUID() })],
    [
      'one that brings its own key',
      signRs256(token({}, { jwk: createPublicKey(newKey()).export({ format: 'jwk' }) }), newKey()),
    ],
    ['one without a signature', signRs256(token(), key).replace(/[^.]+$/, '')],
    ['no token', 'nonsense'],
    ['nothing', ''],
  ];
  it.each(forgeries)('is nobody’s: %s', async (_, forged) => {
    const verify = verifier();
    expect(await verify(forged)).toBeNull();
    // And the good ones go on working.
    expect(await verify(signRs256(token(), key))).toMatchObject({ owner: sub });
  });

  it('is not called bad when the pool’s keys cannot be had', async () => {
    status = 503;
    const verify = verifier();
    await expect(verify(signRs256(token(), key))).rejects.toThrow('503');
    status = 200;
    expect(await verify(signRs256(token(), key))).toMatchObject({ owner: sub });
  });
});
