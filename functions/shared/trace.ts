/**
 * Where an invocation stands in a trace: X-Ray's header, as Lambda gives it (`Root=1-…;Parent=…;Sampled=1;Lineage=…`).
 * @returns null for an invocation that is not sampled: nothing is to be sent then
 */
export const sampledTrace = (header: string | undefined): { readonly root: string; readonly parent: string } | null => {
  const part = (name: string): string | undefined =>
    header
      ?.split(';')
      .find((pair) => pair.startsWith(`${name}=`))
      ?.slice(name.length + 1);
  const [root, parent] = [part('Root'), part('Parent')];
  return root && parent && part('Sampled') === '1' ? { root, parent } : null;
};

/** A client of the SDK. */
interface Client {
  readonly middlewareStack: {
    add(middleware: Middleware, options: { readonly name: string; readonly step: 'initialize' }): void;
  };
}

type Middleware = (next: Next, context: { readonly commandName?: string }) => Next;

// biome-ignore lint/suspicious/noExplicitAny: whatever the client takes and gives.
type Next = (args: any) => Promise<any>;

/**
 * Makes each call of a client a subsegment of the invocation's trace: which operation of which service, on which table, how long it took with
 * all its tries, and how it ended. Never what was asked for or answered. Costs a look at the environment when the invocation is not sampled;
 * neither fails nor holds up a call (docs/decisions/0019-observability.md).
 *
 * @param service as X-Ray's console calls it: `DynamoDB`, `S3`
 * @returns the client
 */
export const traced = <C extends Client>(service: string, client: C): C => {
  const around: Middleware =
    (next, { commandName = '' }) =>
    async (args) => {
      const trace = sampledTrace(process.env._X_AMZN_TRACE_ID);
      if (!trace) return next(args);
      const startedAt = Date.now();
      const called: Called = { service, operation: commandName.replace(/Command$/, ''), input: args.input };
      try {
        const result = await next(args);
        // A link that was only signed: nothing was called.
        if (!result.output.presigned) {
          send(subsegmentOf(trace, called, startedAt, { metadata: result.output.$metadata }));
        }
        return result;
      } catch (error) {
        send(subsegmentOf(trace, called, startedAt, { metadata: metadataIn(error), error }));
        throw error;
      }
    };
  // The first step of all: what the SDK tries again is one call.
  client.middlewareStack.add(around, { name: 'traced', step: 'initialize' });
  return client;
};

interface Called {
  readonly service: string;
  readonly operation: string;
  readonly input: unknown;
}

interface Metadata {
  readonly httpStatusCode?: number;
  readonly requestId?: string;
  readonly attempts?: number;
}

interface Ended {
  readonly metadata: Metadata | undefined;
  readonly error?: unknown;
}

/** https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html; times in epoch seconds. */
const subsegmentOf = (
  { root, parent }: { readonly root: string; readonly parent: string },
  { service, operation, input }: Called,
  startedAt: number,
  { metadata, error }: Ended,
): object => {
  const status = metadata?.httpStatusCode;
  const table = tableIn(input);
  return {
    id: Buffer.from(globalThis.crypto.getRandomValues(new Uint8Array(8))).toString('hex'),
    trace_id: root,
    parent_id: parent,
    type: 'subsegment',
    namespace: 'aws',
    name: service,
    start_time: startedAt / 1000,
    end_time: Date.now() / 1000,
    aws: {
      operation,
      region: process.env.AWS_REGION,
      ...(table && { table_name: table }),
      ...(metadata?.requestId && { request_id: metadata.requestId }),
      retries: (metadata?.attempts ?? 1) - 1,
    },
    ...(status !== undefined && { http: { response: { status } } }),
    ...(error !== undefined && faultOf(error, status)),
  };
};

/** An error is the caller's, as a condition that did not hold; a fault is the service's, or the way there. */
const faultOf = (error: unknown, status: number | undefined): object => {
  const name = error instanceof Error ? error.name : '';
  if (status === 429 || /throttl|ThroughputExceeded|LimitExceeded/i.test(name)) return { error: true, throttle: true };
  return status !== undefined && status < 500 ? { error: true } : { fault: true };
};

const metadataIn = (error: unknown): Metadata | undefined =>
  typeof error === 'object' && error !== null && '$metadata' in error ? (error.$metadata as Metadata) : undefined;

/** The table of a plain call, and the first of those that name one for each of their parts: we have only one. */
const tableIn = (input: unknown): string | undefined => {
  const { TableName, RequestItems, TransactItems } = (input ?? {}) as {
    TableName?: string;
    RequestItems?: Readonly<Record<string, unknown>>;
    TransactItems?: readonly Readonly<Record<string, { readonly TableName?: string }>>[];
  };
  return TableName ?? Object.keys(RequestItems ?? {})[0] ?? Object.values(TransactItems?.[0] ?? {})[0]?.TableName;
};

type Dgram = typeof import('node:dgram');

let socket: ReturnType<Dgram['createSocket']> | undefined;

/** To the daemon that runs beside the function. A datagram waits for nobody, and one that is lost is missed by nobody. */
const send = (subsegment: object): void => {
  try {
    const [host, port] = (process.env.AWS_XRAY_DAEMON_ADDRESS ?? '127.0.0.1:2000').split(':');
    if (!socket) {
      // Not an import: an invocation that is not sampled has no use for it.
      const { createSocket }: Dgram = process.getBuiltinModule('node:dgram');
      socket = createSocket('udp4').unref();
      socket.on('error', () => undefined);
    }
    socket.send(`{"format":"json","version":1}\n${JSON.stringify(subsegment)}`, Number(port), host, () => undefined);
  } catch {
    // A trace is the last thing that a request may fail for.
  }
};
