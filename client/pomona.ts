import createClient, { type Client, type ClientOptions } from 'openapi-fetch';
import type { components, paths } from './schema.d.ts';

/** The shapes of the API, by the names they have in its OpenAPI document. */
export type Schemas = components['schemas'];

/**
 * A way to the API that knows its routes: `client.POST('/tasks', { body: { title: 'Call mum' } })`. It is openapi-fetch 0.16 because 0.17's
 * types lose every field that can only be null (openapi-ts/openapi-typescript#2717).
 */
export type PomonaClient = Client<paths>;

/** What came of a request: `data` with a status of success, `error` with another. */
export interface Told<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/** @param options `baseUrl` is the stack's output `HttpApiUrl`; a signed-in person's `headers` carry `Authorization: Bearer <access token>` */
export const pomonaClient = (options: ClientOptions & { readonly baseUrl: string }): PomonaClient =>
  createClient<paths>(options);
