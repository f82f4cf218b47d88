import { request } from 'node:http';
import type { OpenApi } from '#functions/openapi/document.ts';
import { expectData } from '#test/support/client.ts';
import { conformanceOf } from '#test/support/conformance.ts';
import { type Fuzzing, type Kind, tryKind } from './fuzzing.ts';
import { hasRoute, kindsOf, type Wire } from './requests.ts';

export interface WireFuzzing extends Fuzzing {
  readonly document: OpenApi;
  /** A title that only requests carry which must be refused. */
  readonly refusedTitle: string;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** API Gateway gives up after 30 seconds: later, nobody answers any more. */
const patienceMilliseconds = 35_000;

/** What schemathesis does not know: requests that are hardly HTTP, or whose bodies are hardly JSON. @returns what was found */
export const fuzzWire = async (fuzzing: WireFuzzing): Promise<readonly string[]> => {
  const judge = judgeOf(fuzzing.document);
  const { HttpApiUrl } = fuzzing.outputs;
  const { id } = expectData(await fuzzing.person.client.api.POST('/tasks', { body: { title: 'Stay as it is' } }), 201);
  const found: string[] = [];
  for (const [name, arbitrary] of Object.entries(kindsOf({ ...fuzzing, taskId: id }))) {
    const kind: Kind<Wire> = {
      name,
      arbitrary,
      attempt: async (wire) => judge(wire, await send(HttpApiUrl, wire)),
      shown: (wire) => curlOf(HttpApiUrl, wire),
    };
    const finding = await tryKind(kind, fuzzing);
    if (finding !== null) found.push(finding);
  }
  return found;
};

const pathOf = (target: string): string | null => {
  try {
    return new URL(`http://pomona.example${target}`).pathname;
  } catch {
    return null;
  }
};

/** @returns what throws an Error when an answer is not what the document says, or is none */
const judgeOf = (document: OpenApi) => {
  const expectConforms = conformanceOf(document);
  return ({ method, target, mustFail }: Wire, { status, headers, body }: Answer): void => {
    if (status >= 500) throw new Error(`a ${status} came: ${body}`);
    if (mustFail && status < 400) throw new Error(`a ${status} came instead of a refusal: ${body.slice(0, 200)}`);
    const path = pathOf(target);
    if (path !== null && hasRoute(method, path) && !isOfGateway(status, headers, body)) {
      expectConforms({ method, path, status, headers, body });
    } else if (
      method !== 'HEAD' &&
      status >= 400 &&
      !isOfGateway(status, headers, body) &&
      !isProblem(status, headers, body)
    ) {
      throw new Error(`a ${status} of no known form came: ${body.slice(0, 200)}`);
    }
  };
};

const parsed = (body: string): Readonly<Record<string, unknown>> => {
  try {
    return JSON.parse(body) ?? {};
  } catch {
    return {};
  }
};

/** Before a route was found: a path that cannot be read, or that leads nowhere. */
const isOfGateway = (status: number, headers: Answer['headers'], body: string): boolean =>
  (status === 400 || status === 404 || status === 431) &&
  headers['content-type'] === 'application/json' &&
  Object.keys(parsed(body)).join() === 'message';

const isProblem = (status: number, headers: Answer['headers'], body: string): boolean =>
  headers['content-type'] === 'application/problem+json' && parsed(body).status === status;

const send = (baseUrl: string, { method, target, headers, body }: Wire): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(baseUrl);
    const asked = request(
      {
        hostname,
        port,
        method,
        path: target,
        headers: { ...headers, ...(body && { 'content-length': String(body.length) }) },
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: Object.fromEntries(
              Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join()]),
            ),
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        );
        response.once('error', reject);
      },
    );
    asked.setTimeout(patienceMilliseconds, () => asked.destroy(new Error('no answer came: it hangs')));
    asked.once('error', reject);
    asked.end(body);
  });

/** For a shell. The token is left out: it is long, and good for this run alone. */
const curlOf = (baseUrl: string, { method, target, headers, body }: Wire): string => {
  const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const shown = Object.entries(headers).map(([name, value]) =>
    quoted(`${name}: ${name === 'authorization' && String(value).length > 300 ? 'Bearer …' : [value].flat().join()}`),
  );
  const bytes =
    body && body.length <= 2_000 ? [...body].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('') : null;
  const data = body ? ['--data-binary', bytes === null ? `<${body.length} bytes>` : `@<(printf ${quoted(bytes)})`] : [];
  return [
    `curl -i --path-as-is -X ${method}`,
    ...shown.map((header) => `-H ${header}`),
    ...data,
    quoted(`${baseUrl}${target}`),
  ].join(' ');
};
