import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { errorOf, log } from '#shared/log.ts';
import { traced } from '#shared/trace.ts';
import type { Gateway } from './connection.ts';

/** Two seconds for a post, and no second try: the device finds the gap by itself. */
const patience = { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true };

export const apiGateway = (callbackUrl: string): Gateway => {
  const client = traced(
    'ApiGatewayManagementApi',
    new ApiGatewayManagementApiClient({ endpoint: callbackUrl, requestHandler: patience, maxAttempts: 1 }),
  );
  return {
    post: async (ConnectionId, text) => {
      try {
        await client.send(new PostToConnectionCommand({ ConnectionId, Data: Buffer.from(text) }));
        return 'delivered';
      } catch (error) {
        if (error instanceof GoneException) return 'gone';
        log.warn('a post to a connection failed', { error: errorOf(error).name });
        return 'failed';
      }
    },
    close: async (ConnectionId) => {
      try {
        await client.send(new DeleteConnectionCommand({ ConnectionId }));
        return 'closed';
      } catch (error) {
        if (error instanceof GoneException) return 'gone';
        log.warn('a connection could not be closed', { error: errorOf(error).name });
        return 'failed';
      }
    },
  };
};
