import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import type { Json } from '#functions/openapi/schemas.ts';
import { expectData } from '#test/support/client.ts';
import { openSocket } from '#test/support/device.ts';
import { type Fuzzing, type Kind, tryKind } from './fuzzing.ts';

export interface SocketFuzzing extends Fuzzing {
  /** The AsyncAPI document. */
  readonly document: Json;
}

/** What a device says, and what must come of it. */
interface Saying {
  readonly data: string | Buffer;
  readonly outcome: 'pong' | 'sync' | 'error' | 'sync or error' | CloseCode;
}

/** Data that is not taken, text that is none, too much: RFC 6455 §7.4.1. */
type CloseCode = 1003 | 1007 | 1009;

const patienceMilliseconds = 35_000;

/** What devices, and what is none, could say on a WebSocket. @returns what was found */
export const fuzzSockets = async (fuzzing: SocketFuzzing): Promise<readonly string[]> => {
  const isDocumented = messagesOf(fuzzing.document);
  const found: string[] = [];
  for (const [name, arbitrary] of Object.entries(sayings)) {
    const kind: Kind<readonly Saying[]> = {
      name,
      arbitrary: fc.array(arbitrary, { minLength: 1, maxLength: 5 }),
      attempt: (said) => converse(fuzzing, said, isDocumented),
      shown: (said) => `on a new connection: ${said.map(({ data }) => shown(data)).join(' then ')}`,
    };
    const finding = await tryKind(kind, fuzzing);
    if (finding !== null) found.push(finding);
  }
  return found;
};

const error = 'error' as const;

/** Text that no action is in. */
const garbage = fc.oneof(
  fc.string(),
  fc.json(),
  fc.constantFrom(
    '',
    '{',
    'null',
    '[]',
    '"ping"',
    '{"action":null}',
    '{"action":["ping"]}',
    '{"action":{"ping":1}}',
    '\u0000',
    'ping',
  ),
  fc.constantFrom(
    '{"Action":"ping"}',
    '{"action":"PING"}',
    '{"action":"ping "}',
    '{"action":"$connect"}',
    '{"action":"$disconnect"}',
  ),
  fc.constantFrom(
    '{"action":"__proto__"}',
    '{"action":"toString"}',
    `${'['.repeat(50_000)}`,
    `{"action":"${'x'.repeat(100_000)}"}`,
  ),
);

const actionOf = (text: string): unknown => {
  try {
    return JSON.parse(text)?.action;
  } catch {
    return undefined;
  }
};

const ping: Saying = { data: '{"action":"ping"}', outcome: 'pong' };

const sayings: Record<string, fc.Arbitrary<Saying>> = {
  'messages that are none': garbage
    .filter((text) => !['ping', 'sync'].includes(String(actionOf(text))))
    .map((data) => ({ data, outcome: error })),
  'cursors that are none': fc
    .oneof(fc.string(), fc.jsonValue(), fc.base64String())
    .filter((cursor) => cursor !== null)
    .map((cursor) => ({ data: JSON.stringify({ action: 'sync', cursor }), outcome: error })),
  'fields that nobody knows': fc
    .dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 })
    .filter((fields) => !('action' in fields) && !('cursor' in fields))
    .map((fields) => ({ data: JSON.stringify({ ...fields, action: 'sync' }), outcome: error })),
  'good messages': fc.constantFrom<Saying>(
    ping,
    { data: '{"action":"sync"}', outcome: 'sync' },
    { data: '{"action":"sync","cursor":null}', outcome: 'sync' },
    { data: ' {"cursor":null,"action":"sync","action":"ping"}', outcome: 'pong' },
  ),
  'frames that end a connection': fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes): Saying => ({ data: Buffer.from(bytes), outcome: 1003 })),
    fc
      .integer({ min: 1, max: 100_000 })
      .map((more): Saying => ({ data: 'x'.repeat(128 * 1024 + more), outcome: 1009 })),
  ),
};

type IsDocumented = (message: unknown) => boolean;

const messagesOf = (document: Json): IsDocumented => {
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema({ $id: 'asyncapi', ...document });
  const { messages } = document.components as { messages: Record<string, unknown> };
  const validators = Object.keys(messages)
    .filter((key) => key.startsWith('to_device_'))
    .map((key) => ajv.getSchema(`asyncapi#/components/messages/${key}/payload`));
  return (message) => validators.some((validate) => validate?.(message) === true);
};

/** Each in its turn, on one connection; the connection must be as good as new afterwards, unless it had to end. */
const converse = async ({ person }: Fuzzing, said: readonly Saying[], isDocumented: IsDocumented): Promise<void> => {
  const { ticket, url } = expectData(await person.client.api.POST('/realtime/tickets', { body: {} }), 201);
  const socket = await openSocket(`${url}?ticket=${ticket}`);
  const heard: unknown[] = [];
  socket.on('message', (data) => heard.push(JSON.parse(String(data))));
  const closed = once(socket, 'close').then(([code]) => Number(code));
  try {
    for (const saying of [...said, ping]) {
      socket.send(saying.data);
      const { outcome } = saying;
      const answer = await Promise.race([next(heard), closed]);
      if (typeof outcome === 'number') {
        if (answer !== outcome)
          throw new Error(`${shown(saying.data)} was to end it with ${outcome}: ${JSON.stringify(answer)} came`);
        return;
      }
      if (typeof answer === 'number') throw new Error(`${shown(saying.data)} has ended it with ${answer}`);
      if (!isDocumented(answer))
        throw new Error(`no such answer is documented: ${JSON.stringify(answer).slice(0, 500)}`);
      const { type, problem } = answer as { type: string; problem?: { status: number } };
      if (!outcome.split(' or ').includes(type)) {
        throw new Error(
          `${shown(saying.data)} was to be answered with ${outcome}: ${JSON.stringify(answer).slice(0, 500)} came`,
        );
      }
      if (problem && problem.status >= 500) throw new Error(`${shown(saying.data)} has met a ${problem.status}`);
    }
  } finally {
    if (socket.readyState === WebSocket.OPEN) socket.close();
  }
};

const next = async (heard: unknown[]): Promise<unknown> => {
  for (let waited = 0; waited < patienceMilliseconds; waited += 5) {
    if (heard.length > 0) return heard.shift();
    await wait(5);
  }
  throw new Error('no answer came: it hangs');
};

const shown = (data: string | Buffer): string => {
  const text = typeof data === 'string' ? JSON.stringify(data) : `<${data.toString('hex')}>`;
  return text.length > 300 ? `${text.slice(0, 300)}… (${data.length})` : text;
};
