import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type * as z from 'zod/mini';
import type { Schemas } from '#client/pomona.ts';
import { profileSchema } from '#functions/accounts/profile.ts';
import { attachmentSchema } from '#functions/attachments/attachment.ts';
import { sessionSchema } from '#functions/pomodoro/session.ts';
import type { toDevice } from '#functions/sync/contract.ts';
import { taskSchema } from '#functions/tasks/task.ts';
import { type Client, expectData } from '#test/support/client.ts';

type Change = Schemas['Change'];

interface BatchAnswer {
  readonly results: readonly Schemas['BatchResult'][];
}

interface Claim {
  readonly tasks: readonly unknown[];
}

type Incoming = z.output<ReturnType<typeof toDevice>[keyof ReturnType<typeof toDevice>]>;

/**
 * A device as the documentation asks clients to be: it applies changes by version, keeps its cursor, and asks whenever a frame does not
 * continue from there.
 */
export class Device {
  readonly clientId: string = randomUUID();
  /** Signed in, and marked as this device. */
  client: Client;
  /** The newest change of everything it knows, deletions included. */
  readonly known = new Map<string, Change>();
  /** What was pushed to it, as it came. */
  readonly frames: Incoming[] = [];
  cursor: string | null = null;
  /** How often it had to ask because a frame did not fit. */
  gaps = 0;
  /** How often it had to start over. */
  restarts = 0;
  #socket: WebSocket | null = null;
  #work: Promise<unknown> = Promise.resolve();
  #failure: unknown = null;

  constructor(client: Client) {
    this.client = this.#own(client);
  }

  /** Goes on with another token: the one before has run out. */
  signIn(client: Client): void {
    this.client = this.#own(client);
  }

  /** Titles of the tasks it holds, sorted. */
  get titles(): readonly string[] {
    return this.tasks.map(({ title }) => title).sort();
  }

  get tasks() {
    return [...this.known.values()].flatMap((change) =>
      change.op === 'put' && change.entity === 'task' ? [change.data] : [],
    );
  }

  /** The Pomodoro sessions that it knows of. */
  get sessions() {
    return [...this.known.values()].flatMap((change) =>
      change.op === 'put' && change.entity === 'pomodoro' ? [change.data] : [],
    );
  }

  /** Those that are not over: one at most, once it has seen everything. */
  get running() {
    return this.sessions.filter(({ status }) => status === 'active' || status === 'paused');
  }

  /** Id → version of the tasks it holds. */
  get versions(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.tasks.map(({ id, version }) => [id, version]));
  }

  get connected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Connects with a ticket, then asks for what it missed. */
  async connect(): Promise<void> {
    // What failed before, such as a question to a server that died, is made up for by what comes.
    this.#failure = null;
    const { ticket, url } = expectData(
      await this.client.api.POST('/realtime/tickets', { body: { client_id: this.clientId } }),
      201,
    );
    this.#socket = await openSocket(`${url}?ticket=${ticket}`);
    this.#socket.on('message', (data) => this.#take(JSON.parse(String(data))));
    await this.#inTurn(() => this.pull());
  }

  /** Goes away without a word, as a phone in a tunnel does. */
  drop(): void {
    this.#socket?.terminate();
    this.#socket = null;
  }

  send(message: unknown): void {
    this.#socket?.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  ping(): void {
    this.send({ action: 'ping' });
  }

  /** Asks for what is new, to the end; starts over when its cursor no longer holds. */
  async pull(): Promise<void> {
    for (;;) {
      const query = this.cursor === null ? {} : { cursor: this.cursor };
      const answer = await this.client.api.GET('/sync', { params: { query } });
      if (answer.response.status === 410) {
        this.cursor = null;
        this.known.clear();
        this.restarts += 1;
        continue;
      }
      const { changes, cursor, has_more } = expectData(answer, 200);
      this.#apply(changes);
      this.cursor = cursor;
      if (!has_more) return;
    }
  }

  /** Forgets all it knows, and asks for everything: after a request of which it will never know what became. */
  async startOver(): Promise<void> {
    await this.#inTurn(async () => {
      this.cursor = null;
      this.known.clear();
      await this.pull();
    });
  }

  /** Waits until something holds; asks the server from time to time, as a device that pings does. */
  async until(holds: () => boolean, what = 'what was expected'): Promise<void> {
    for (let attempt = 1; attempt <= 3_000; attempt += 1) {
      if (this.#failure) throw this.#failure;
      if (holds()) return;
      if (attempt % 200 === 0 && this.connected) this.ping();
      await wait(5);
    }
    throw new Error(`a device never saw ${what}; it holds ${this.tasks.length} tasks, ${this.titles.slice(0, 5)} …`);
  }

  #own(client: Client): Client {
    return client
      .with({ 'x-client-id': this.clientId })
      .observedBy((method, path, status, body) => this.#remember(method, path, status, body));
  }

  #take(frame: Incoming): void {
    this.frames.push(frame);
    this.#inTurn(async () => {
      if (frame.type === 'changes' && frame.prev === this.cursor && frame.changes) {
        this.#apply(frame.changes);
        this.cursor = frame.cursor;
      } else if ((frame.type === 'changes' || frame.type === 'pong') && frame.cursor !== this.cursor) {
        this.gaps += 1;
        await this.pull();
      }
    }).catch((error: unknown) => {
      this.#failure = error;
    });
  }

  /** One thing after the other, so that no answer overtakes a frame. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#work.then(work);
    this.#work = next.catch(() => undefined);
    return next;
  }

  /** What it did itself is not pushed to it again: it knows from the answers. What it has deleted stays deleted, whoever edits it meanwhile. */
  #remember(method: string, path: string, status: number, body: unknown): void {
    const [, room, id = '', ...more] = path.split('/');
    if (method === 'GET') return;
    if (room === 'pomodoro' && status < 300) {
      const session = sessionSchema().parse((body as { session: unknown }).session);
      const data = { ...session, anchor: null };
      this.#apply([{ entity: 'pomodoro', op: 'put', id: session.id, version: session.version, data }]);
    }
    if (room === 'me' && status === 200) {
      const data = profileSchema().parse(body);
      this.#apply([{ entity: 'profile', op: 'put', id: data.user_id, version: data.version, data }]);
    }
    if (room === 'attachments' && status === 201) {
      const data = attachmentSchema().parse((body as { attachment: unknown }).attachment);
      const unlinked = { ...data, file_url: null, file_url_expires_at: null };
      this.#apply([{ entity: 'attachment', op: 'put', id: data.id, version: data.version, data: unlinked }]);
    }
    if (room === 'guest' && id === 'claim' && status === 200) {
      for (const task of (body as Claim).tasks) this.#rememberTask(task);
    }
    if (room === 'sync' && more[1] === 'restore' && status === 200) this.#rememberTask(body);
    if (room !== 'tasks') return;
    if (more[0] === 'attachments') {
      if (status === 204) this.#forget('attachment', more[1] ?? '');
    } else if (id === 'batch' && status === 200) {
      for (const result of (body as BatchAnswer).results) {
        if (result.status === 204) this.#forget('task', result.id ?? '');
        else if (result.body) this.#rememberTask(result.body);
      }
    } else if (status === 204) this.#forget('task', id);
    // What is answered to a skip is the next occurrence, or none, of which all devices are told.
    else if (status < 300 && body !== null && more[0] !== 'skip') this.#rememberTask(body);
  }

  #rememberTask(body: unknown): void {
    const task = taskSchema().parse(body);
    this.#apply([{ entity: 'task', op: 'put', id: task.id, version: task.version, data: task }]);
  }

  #forget(entity: Change['entity'], id: string): void {
    this.#apply([{ entity, op: 'delete', id, version: Number.POSITIVE_INFINITY, data: null }]);
  }

  #apply(changes: readonly Change[]): void {
    for (const change of changes) {
      const key = `${change.entity} ${change.id}`;
      if ((this.known.get(key)?.version ?? 0) < change.version) this.known.set(key, change);
    }
  }
}

/** @throws Error with the status that the upgrade was refused with */
export const openSocket = (url: string, headers: Readonly<Record<string, string>> = {}): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers });
    socket.once('open', () => resolve(socket));
    socket.once('unexpected-response', (request, response) => {
      request.destroy();
      reject(new Error(`refused with ${response.statusCode}`));
    });
    socket.once('error', reject);
  });
