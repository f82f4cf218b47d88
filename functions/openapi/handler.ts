import { readEnvironment } from '#shared/environment.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { openapiOperations } from './operations.ts';

export const handler = createHttpHandler('openapi', openapiOperations(readEnvironment('openapi').API_VERSION));
