import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { openTable } from '#shared/table.ts';
import { accessTokenVerifier } from './access-token.ts';
import { authorizeConnection } from './authorize-connection.ts';
import { dynamoTicketStore } from './ticket-store.ts';

const environment = readEnvironment('socket-authorizer');

const authorize = authorizeConnection({
  clock: systemClock,
  tickets: dynamoTicketStore(openTable(environment)),
  verifyAccessToken: accessTokenVerifier(environment),
});

export const handler = (event: APIGatewayRequestAuthorizerEvent): Promise<APIGatewayAuthorizerResult> =>
  authorize(event);
