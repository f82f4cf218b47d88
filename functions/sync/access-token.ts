import { CognitoJwtVerifier } from 'aws-jwt-verify';
import { JwtBaseError } from 'aws-jwt-verify/error';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import type { EnvironmentOf } from '#blueprint/environment.ts';
import { userId } from '#shared/ids.ts';
import type { VerifyAccessToken } from './authorize-connection.ts';

/**
 * Checks access tokens of the pool's client by their signature, issuer, client, use and time.
 * @throws Error when the pool's keys cannot be had: that is nobody's bad token
 */
export const accessTokenVerifier = ({
  USER_POOL_ID,
  USER_POOL_CLIENT_ID,
  JWKS_URI,
}: Pick<
  EnvironmentOf<'socket-authorizer'>,
  'USER_POOL_ID' | 'USER_POOL_CLIENT_ID' | 'JWKS_URI'
>): VerifyAccessToken => {
  const verifier = CognitoJwtVerifier.create(
    { userPoolId: USER_POOL_ID, clientId: USER_POOL_CLIENT_ID, tokenUse: 'access' },
    { jwksCache: new SimpleJwksCache({ fetcher: { fetch: () => bytesAt(JWKS_URI) } }) },
  );
  return async (token) => {
    try {
      const { sub, exp } = await verifier.verify(token);
      return { owner: userId(sub), tokenExpiresAt: exp };
    } catch (error) {
      if (error instanceof JwtBaseError) return null;
      throw error;
    }
  };
};

const bytesAt = async (uri: string): Promise<ArrayBuffer> => {
  const response = await fetch(uri, { signal: AbortSignal.timeout(3_000) });
  if (!response.ok) throw new Error(`the user pool's keys could not be had: ${response.status}`);
  return response.arrayBuffer();
};
