import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import type { Clock } from '#shared/clock.ts';
import { measure } from '#shared/metrics.ts';
import { clientIds } from '#shared/parameters.ts';
import type { TicketHolder, TicketStore } from './ticket.ts';

/** @returns whose token it is and when it ends; null when it is nobody's */
export type VerifyAccessToken = (token: string) => Promise<Pick<TicketHolder, 'owner' | 'tokenExpiresAt'> | null>;

export interface AuthorizerNeeds {
  readonly clock: Clock;
  readonly tickets: TicketStore;
  readonly verifyAccessToken: VerifyAccessToken;
}

/**
 * Lets a device in by its ticket (`?ticket=`), or by an access token in `Authorization: Bearer …` where it can set headers.
 * @throws Error `Unauthorized`, which is API Gateway's word for a 401
 */
export const authorizeConnection =
  ({ clock, tickets, verifyAccessToken }: AuthorizerNeeds) =>
  async (event: APIGatewayRequestAuthorizerEvent): Promise<APIGatewayAuthorizerResult> => {
    const ticket = event.queryStringParameters?.ticket;
    const token = /^bearer\s+(\S+)$/i.exec(headerOf(event, 'authorization') ?? '')?.[1];
    const holder = ticket
      ? await tickets.spend(ticket, clock.now())
      : token
        ? await holderOf(token, event, verifyAccessToken)
        : null;
    if (!holder || holder.tokenExpiresAt * 1000 <= clock.now().getTime()) {
      await measure({ ConnectionsRefused: 1 });
      throw new Error('Unauthorized');
    }
    return {
      principalId: holder.owner,
      policyDocument: {
        Version: '2012-10-17',
        Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: event.methodArn }],
      },
      context: {
        user_id: holder.owner,
        token_expires_at: holder.tokenExpiresAt,
        ...(holder.clientId !== null && { client_id: holder.clientId }),
      },
    };
  };

const holderOf = async (
  token: string,
  event: APIGatewayRequestAuthorizerEvent,
  verify: VerifyAccessToken,
): Promise<TicketHolder | null> => {
  const verified = await verify(token);
  const clientId = headerOf(event, 'x-client-id');
  return verified && { ...verified, clientId: clientId !== undefined && clientIds.test(clientId) ? clientId : null };
};

const headerOf = ({ headers }: APIGatewayRequestAuthorizerEvent, name: string): string | undefined =>
  Object.entries(headers ?? {}).find(([given]) => given.toLowerCase() === name)?.[1];
