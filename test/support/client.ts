import { setTimeout as wait } from 'node:timers/promises';
import { type PomonaClient, pomonaClient, type Schemas, type Told } from '#client/pomona.ts';
import type { Outputs } from '../../scripts/outputs.ts';
import { type Mail, mailboxOf } from './mailbox.ts';

/** A task as it comes over the wire. */
export type Task = Schemas['Task'];

export type TaskNode = Schemas['TaskNode'];

export type TaskPage = Schemas['TaskPage'];

/** Where a target is. */
export type Target = Pick<Outputs, 'HttpApiUrl' | 'WebSocketUrl' | 'MailboxUrl' | 'EmulatorUrl'>;

interface Ask {
  /** A text is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Observe = (method: string, path: string, status: number, body: unknown) => void;

/** A person's way to the API, with whatever token they hold. */
export class Client {
  readonly target: Target;
  /** The generated client: what it sends, and what it takes for the answer, is what the OpenAPI document says. */
  readonly api: PomonaClient;
  readonly #fetch: typeof fetch;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #observe: Observe;

  constructor(
    target: Target,
    headers: Readonly<Record<string, string>> = {},
    fetcher: typeof fetch = fetch,
    observe: Observe = () => undefined,
  ) {
    this.target = target;
    this.#headers = headers;
    this.#fetch = fetcher;
    this.#observe = observe;
    this.api = pomonaClient({ baseUrl: target.HttpApiUrl, headers, fetch: (request) => this.#send(request) });
  }

  /** The same way, with further headers on every request. */
  with(headers: Readonly<Record<string, string>>): Client {
    return new Client(this.target, { ...this.#headers, ...headers }, this.#fetch, this.#observe);
  }

  /** The same way, with somebody who hears of every answer. */
  observedBy(observe: Observe): Client {
    return new Client(this.target, this.#headers, this.#fetch, observe);
  }

  withToken(accessToken: string): Client {
    return this.with({ authorization: `Bearer ${accessToken}` });
  }

  /**
   * For what the generated client would not let through: bad bodies, unknown fields, whatever the route table has.
   * @throws Error when it succeeds: then it was a good request, which goes by `api`
   */
  async ask(method: string, path: string, { body, headers }: Ask = {}): Promise<Told<never>> {
    const request = new Request(`${this.target.HttpApiUrl}${path}`, {
      method,
      headers: { ...this.#headers, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const response = await this.#send(request);
    if (response.ok) throw new Error(`${method} ${path} was not refused: ${response.status} came`);
    return { error: await bodyOf(response), response };
  }

  async #send(request: Request): Promise<Response> {
    const response = await this.#fetch(request);
    const path = request.url.slice(this.target.HttpApiUrl.length).replace(/\?.*$/, '');
    this.#observe(request.method, path, response.status, await bodyOf(response.clone()));
    return response;
  }
}

const bodyOf = async (response: Response): Promise<unknown> => {
  const text = await response.text();
  if (text === '') return null;
  return /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
};

/** @throws Error that shows what came instead */
export const expectStatus = ({ data, error, response }: Told<unknown>, ...statuses: readonly number[]): void => {
  if (!statuses.includes(response.status)) {
    const came = JSON.stringify(error ?? data);
    throw new Error(`${statuses.join(' or ')} was expected, ${response.status} came: ${came}`);
  }
};

/** What came with a status of success. @throws Error that shows what came instead */
export const expectData = <T>(told: Told<T>, ...statuses: readonly number[]): NonNullable<T> => {
  expectStatus(told, ...statuses);
  if (told.data === undefined || told.data === null) throw new Error(`nothing came with ${told.response.status}`);
  return told.data;
};

/** @throws Error that shows what came instead of a 204 */
export const expectNothing = (told: Told<unknown>): void => expectStatus(told, 204);

/** What went wrong, as our own functions say it. @throws Error that shows what came instead */
export const expectProblem = (told: Told<unknown>, status: number): Schemas['Problem'] => {
  expectStatus(told, status);
  const type = told.response.headers.get('content-type');
  if (type !== 'application/problem+json') throw new Error(`a problem was expected, ${type} came`);
  return told.error as Schemas['Problem'];
};

/** Which task, or note, an operation is about. */
export const at = (task_id: string) => ({ params: { path: { task_id } } });

/** The mail that has come to an address, the oldest first. */
export const mailTo = async (target: Target, address: string): Promise<readonly Mail[]> =>
  (await mailboxOf(target)).filter(({ to }) => to.some((name) => name.toLowerCase() === address.toLowerCase()));

/**
 * The code in the newest mail to an address.
 * @param after how many mails had come before the one that is waited for
 */
export const codeFor = async (target: Target, address: string, after = 0): Promise<string> => {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const mails = await mailTo(target, address);
    const newest = mails.length > after ? mails.at(-1) : undefined;
    const code = /\b\d{6}\b/.exec(newest?.body.text ?? newest?.body.html ?? '')?.[0];
    if (code) return code;
    await wait(50);
  }
  throw new Error(`no code came to ${address}`);
};

export interface Account {
  readonly email: string;
  readonly password: string;
  readonly tokens: Required<Schemas['Tokens']>;
  /** A client that is signed in. */
  readonly client: Client;
}

/** Registers, reads the code from the mailbox, confirms, signs in: as a person would. */
export const signUp = async (
  client: Client,
  email: string,
  password: string,
  extra: Partial<Schemas['Registration']> = {},
): Promise<Account> => {
  expectData(await client.api.POST('/register', { body: { email, password, ...extra } }), 202);
  const code = await codeFor(client.target, email);
  expectNothing(await client.api.POST('/register/confirm', { body: { email, code } }));
  return signIn(client, email, password);
};

/** @throws Error with what came instead of tokens */
export const signIn = async (client: Client, login: string, password: string): Promise<Account> => {
  const tokens = expectData(
    await client.api.POST('/token', { body: { grant_type: 'password', login, password } }),
    200,
  );
  const { refresh_token } = tokens;
  if (refresh_token === undefined) throw new Error('a password was good for no refresh token');
  return {
    email: login,
    password,
    tokens: { ...tokens, refresh_token },
    client: client.withToken(tokens.access_token),
  };
};
