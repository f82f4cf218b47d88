import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import type { Schemas } from '#client/pomona.ts';
import type { OpenApi } from '#functions/openapi/document.ts';
import { type Account, Client, expectData, signIn, signUp, type Target } from '#test/support/client.ts';
import { conformingFetch } from '#test/support/conformance.ts';
import { connectionsOf } from '../../scripts/outputs.ts';
import { type Capability, lackOf, targetOf } from './capabilities.ts';
import { createUser } from './people.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** Why this target cannot have a journey that is skipped. */
    lack?: string;
  }
}

const target = targetOf(inject('outputs'));

/** What a journey, or a room of them, needs besides the API: where the target lacks it, it is skipped, and the run says why at its end. */
export const needs = (...capabilities: readonly Capability[]): { skip?: boolean; meta?: { lack: string } } => {
  const lack = lackOf(target, capabilities);
  return lack === null ? {} : { skip: true, meta: { lack } };
};

/** Where the target's table is. */
export const dynamodb = () => connectionsOf(inject('outputs')).dynamodb;

/** A client that nobody has signed in. Every answer it gets is held against the target's own OpenAPI document. */
export const anyone = async (where: Target = inject('outputs')): Promise<Client> => {
  const document = expectData(await new Client(where).api.GET('/openapi.json'), 200) as unknown as OpenApi;
  return new Client(where, {}, conformingFetch(document, where.HttpApiUrl));
};

/** An address that is nobody else's, and by which whoever cleans up knows whose it was. */
export const newAddress = (): string => `${inject('run')}-${randomUUID()}@pomona.example`;

export const goodPassword = 'correct horse battery staple';

/** A person with an account of their own: as they would make it, or, where nobody can read what is mailed to them, made by an administrator. */
export const somebody = async (extra: Partial<Schemas['Registration']> = {}): Promise<Account> => {
  const [client, email] = [await anyone(), newAddress()];
  if (lackOf(target, ['sign-up']) === null) return signUp(client, email, goodPassword, extra);
  await createUser(inject('outputs'), email, goodPassword, extra);
  const account = await signIn(client, email, goodPassword);
  // Nothing has made its profile yet: this does, with what the administrator said.
  expectData(await account.client.api.GET('/me'), 200);
  return account;
};

/** Runs something `times` times at once. */
export const atOnce = <T>(times: number, act: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: times }, (_, index) => act(index)));
