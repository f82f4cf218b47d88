import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import type { Schemas } from '#client/pomona.ts';
import type { OpenApi } from '#functions/openapi/document.ts';
import { type Account, Client, expectData, signUp, type Target } from '#test/support/client.ts';
import { conformingFetch } from '#test/support/conformance.ts';

/** A client that nobody has signed in. Every answer it gets is held against the target's own OpenAPI document. */
export const anyone = async (target: Target = inject('outputs')): Promise<Client> => {
  const document = expectData(await new Client(target).api.GET('/openapi.json'), 200) as unknown as OpenApi;
  return new Client(target, {}, conformingFetch(document, target.HttpApiUrl));
};

export const newAddress = (): string => `${randomUUID()}@pomona.example`;

export const goodPassword = 'correct horse battery staple';

/** A person with an account of their own. */
export const somebody = async (extra: Partial<Schemas['Registration']> = {}): Promise<Account> =>
  signUp(await anyone(), newAddress(), goodPassword, extra);

/** Runs something `times` times at once. */
export const atOnce = <T>(times: number, act: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: times }, (_, index) => act(index)));
