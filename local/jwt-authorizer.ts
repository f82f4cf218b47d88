import { JwtVerifier } from 'aws-jwt-verify';
import { JwtBaseError } from 'aws-jwt-verify/error';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import type { Resource } from '#local/parts.ts';

export type Authorized =
  | { readonly outcome: 'unauthorized' | 'forbidden'; readonly jwt?: never }
  | {
      readonly outcome: 'authorized';
      readonly jwt: { readonly claims: Readonly<Record<string, string>>; readonly scopes: readonly string[] | null };
    };

export type AuthorizeRequest = (authorization: string | undefined) => Promise<Authorized>;

/** Gives the JSON Web Key Set that stands at a URL. */
export type FetchKeys = (url: string) => Promise<ArrayBuffer>;

interface JwtConfiguration {
  readonly Issuer: string;
  readonly Audience: readonly string[];
}

/**
 * API Gateway's JWT authorizer: signature, `iss`, `aud` or else `client_id`, `exp`, `nbf`, and any one of the route's scopes.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
 */
export const jwtAuthorizer = (
  { properties }: Resource,
  scopes: readonly string[],
  fetchKeys: FetchKeys,
): AuthorizeRequest => {
  const { Issuer, Audience } = properties.JwtConfiguration as unknown as JwtConfiguration;
  const verifier = JwtVerifier.create(
    { issuer: Issuer, audience: null },
    { jwksCache: new SimpleJwksCache({ fetcher: { fetch: fetchKeys } }) },
  );
  return async (authorization) => {
    try {
      const claims = await verifier.verify((authorization ?? '').replace(/^bearer\s+/i, ''));
      const audiences = [claims.aud ?? claims.client_id].flat().map(String);
      if (!audiences.some((audience) => Audience.includes(audience))) return { outcome: 'unauthorized' };
      const granted = String(claims.scope ?? '').split(' ');
      if (scopes.length > 0 && !scopes.some((scope) => granted.includes(scope))) return { outcome: 'forbidden' };
      return { outcome: 'authorized', jwt: { claims: asText(claims), scopes: scopes.length > 0 ? scopes : null } };
    } catch (error) {
      if (error instanceof JwtBaseError) return { outcome: 'unauthorized' };
      throw error;
    }
  };
};

/** API Gateway hands claims on as text, and lists in brackets. */
const asText = (claims: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(claims).map(([name, value]) => [
      name,
      Array.isArray(value) ? `[${value.join(' ')}]` : String(value),
    ]),
  );
