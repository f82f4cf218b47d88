import type { APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { systemClock } from '#shared/clock.ts';
import { readEnvironment } from '#shared/environment.ts';
import { logged } from '#shared/log.ts';
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

export const handler = logged((event: APIGatewayRequestAuthorizerEvent) => authorize(event));
