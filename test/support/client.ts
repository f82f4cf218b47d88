import { setTimeout as wait } from 'node:timers/promises';
import { type PomonaClient, pomonaClient, type Schemas } from '#client/pomona.ts';

/** A task as it comes over the wire. */
export type Task = Schemas['Task'];

export type TaskNode = Schemas['TaskNode'];

/** Where a target is: the outputs of its stacks. */
export interface Target {
  readonly HttpApiUrl: string;
  readonly WebSocketUrl: string;
  /** Where its mail can be read; only the embedded runner has one. */
  readonly MailboxUrl: string;
}

export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export interface Ask {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Observe = (method: string, path: string, answer: Answer<unknown>) => void;

/** A person's way to the API, with whatever token they hold. */
export class Client {
  readonly target: Target;
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

  /** The generated client: what it sends, and what it takes for the answer, is what the OpenAPI document says. */
  get api(): PomonaClient {
    return pomonaClient({
      baseUrl: this.target.HttpApiUrl,
      headers: this.#headers,
      fetch: async (request) => {
        const response = await this.#fetch(request);
        const { pathname } = new URL(request.url);
        this.#observe(request.method, pathname, {
          status: response.status,
          headers: response.headers,
          body: await bodyOf(response.clone()),
        });
        return response;
      },
    });
  }

  /**
   * For what the generated client would not let through: bad bodies, unknown parameters, any route of the table.
   * @param T what the body for; the conformance check says whether it is */
  async ask<T>(method: string, path: string, { body, headers }: Ask = {}): Promise<Answer<T>> {
    const response = await this.#fetch(`${this.target.HttpApiUrl}${path}`, {
      method,
      headers: { ...this.#headers, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const answer = { status: response.status, headers: response.headers, body: (await bodyOf(response)) as T };
    this.#observe(method, path, answer);
    return answer;
  }

  get<T>(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer<T>> {
    return this.ask<T>('GET', path, { headers });
  }

  post<T>(path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer<T>> {
    return this.ask<T>('POST', path, { ...(body !== undefined && { body }), headers });
  }

  patch<T>(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer<T>> {
    return this.ask<T>('PATCH', path, { body, headers });
  }

  delete<T>(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer<T>> {
    return this.ask<T>('DELETE', path, { headers });
  }
}

const bodyOf = async (response: Response): Promise<unknown> => {
  const text = await response.text();
  return text === '' ? null : JSON.parse(text);
};

interface Told<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/** What the generated client was told with a status of success. @throws Error that shows what came instead */
export const expectData = <T>({ data, error, response }: Told<T>, ...statuses: readonly number[]): NonNullable<T> => {
  if (statuses.includes(response.status) && data !== undefined && data !== null) return data;
  throw new Error(`${statuses.join(' or ')} was expected, ${response.status} came: ${JSON.stringify(error ?? data)}`);
};

/** @throws Error that shows what came instead of a 204 */
export const expectNothing = ({ data, error, response }: Told<unknown>): void => {
  if (response.status !== 204)
    throw new Error(`204 was expected, ${response.status} came: ${JSON.stringify(error ?? data)}`);
};

/** A successful answer's body. @throws Error that shows what came instead */
export const expectStatus = <T>(answer: Answer<T>, ...statuses: readonly number[]): T => {
  if (statuses.includes(answer.status)) return answer.body;
  throw new Error(`${statuses.join(' or ')} was expected, ${answer.status} came: ${JSON.stringify(answer.body)}`);
};

interface Mail {
  readonly destination: { readonly to: readonly string[] };
  readonly subject: string;
  /** Those that its sender chose. */
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
  readonly body: { readonly text?: string; readonly html?: string };
}

/** The mail that has come to an address, the oldest first. */
export const mailTo = async ({ MailboxUrl }: Target, address: string): Promise<readonly Mail[]> => {
  const response = await fetch(`${MailboxUrl}/store`);
  const { emails } = (await response.json()) as { emails: readonly Mail[] };
  return emails.filter(({ destination }) => destination.to.some((to) => to.toLowerCase() === address.toLowerCase()));
};

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

export interface Tokens {
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token: string;
  readonly token_type: string;
  readonly expires_in: number;
}

export interface Account {
  readonly email: string;
  readonly password: string;
  readonly tokens: Tokens;
  /** A client that is signed in. */
  readonly client: Client;
}

/** Registers, reads the code from the mailbox, confirms, signs in: as a person would. */
export const signUp = async (client: Client, email: string, password: string, extra: object = {}): Promise<Account> => {
  expectStatus(await client.post('/register', { email, password, ...extra }), 202);
  const code = await codeFor(client.target, email);
  expectStatus(await client.post('/register/confirm', { email, code }), 204);
  return signIn(client, email, password);
};

export const signIn = async (client: Client, login: string, password: string): Promise<Account> => {
  const tokens = expectStatus(await client.post<Tokens>('/token', { grant_type: 'password', login, password }), 200);
  return { email: login, password, tokens, client: client.withToken(tokens.access_token) };
};
