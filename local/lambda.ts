import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createWriteStream, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import {
  type Assembly,
  type Invocation,
  type Lambdas,
  localAccount,
  localCredentials,
  localRegion,
  type Part,
  type Resource,
} from '#local/parts.ts';
import { closeServer, listen, readBody } from '#local/server.ts';

/** As many Lambdas as run at once; further invocations wait their turn. */
const maxProcesses = 16;

/** AWS's limit for loading a function's code. */
const initMilliseconds = 10_000;

/** AWS's limit for a request or a reply. */
const maxPayloadBytes = 6 * 1024 * 1024;

export interface LambdaOptions {
  readonly assembly: Assembly;
  /** Where the Runtime API listens, and the one call of Lambda's own API that there is: Invoke. */
  readonly port: number;
  /** Where the services are: `DYNAMODB` → URL, as the SDK's own variables call them. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Everything that functions print. */
  readonly logFile: string;
  /** URLs of modules that each process loads before a function's code. The person's own `NODE_OPTIONS` are for the runner alone. */
  readonly imports?: readonly string[];
  /** Hears of invocations that ended with an error. */
  readonly onError?: (functionName: string, message: string) => void;
  readonly processes?: number;
}

interface LambdaFunction {
  readonly arn: string;
  readonly name: string;
  readonly resource: Resource;
  readonly handler: string;
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
  readonly logFormat: string;
  readonly logLevel: string | null;
  /** Whether Lambda itself logs each invocation's duration and memory. */
  readonly logsReports: boolean;
  readonly environment: Readonly<Record<string, string>>;
}

interface Job {
  readonly id: string;
  readonly lambda: LambdaFunction;
  readonly event: string;
  readonly end: (invocation: Invocation) => void;
  timer?: NodeJS.Timeout;
  givenAt?: number;
}

interface Worker {
  readonly id: string;
  readonly lambda: LambdaFunction;
  readonly process: ChildProcess;
  readonly exited: Promise<void>;
  readonly startedAt: number;
  /** How long its code took to load, in milliseconds, for the report of its first invocation. */
  initMilliseconds: number | null;
  /** Has asked for an invocation: its code is loaded. */
  loaded: boolean;
  /** Has older code than its function: what it is doing is its last. */
  retired: boolean;
  /** Its open request for the next invocation. */
  waiting: ServerResponse | null;
  job: Job | null;
  initError: Invocation | null;
}

const bootstrap = join(import.meta.dirname, 'bootstrap.mjs');

export interface HostedLambdas extends Lambdas, Part {
  /** From now on a function runs the code that lies in its folder now; what it is doing ends with the code it began with. */
  swap(assetFolder: string): void;
}

/** Hosts every function of the assembly: a process for each invocation that runs, kept warm for the next. */
export const startLambdas = async (options: LambdaOptions): Promise<HostedLambdas> => {
  const { assembly, port, endpoints, imports = [], onError = () => undefined, processes = maxProcesses } = options;
  const functions = new Map<string, LambdaFunction>();
  const workers = new Map<string, Worker>();
  /** With those that have been sent away and are not gone yet. */
  const living = new Set<Worker>();
  const queue: Job[] = [];
  const logs = createWriteStream(options.logFile, { flags: 'a' });
  let stopping = false;

  const functionOf = (reference: string): LambdaFunction => {
    const name = /:function:([^:/]+)/.exec(reference)?.[1];
    const known = functions.get(name ?? '');
    if (known) return known;
    const resource = assembly.resourcesOf('AWS::Lambda::Function').find(({ physicalId }) => physicalId === name);
    if (!resource) throw new Error(`there is no Lambda ${reference}`);
    const made = describe(resource, assembly);
    functions.set(made.name, made);
    return made;
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  // A handler may compute for longer than a connection is kept by default, and then reply on it.
  server.keepAliveTimeout = 0;
  await listen(server, port);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, called] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.url ?? '') ?? [];
    if (called) return answerCall(decodeURIComponent(called), request, response);
    const [, workerId = '', , , what = '', jobId, end] = (request.url ?? '').split('/');
    const worker = workers.get(workerId);
    if (!worker) return void response.destroy();
    if (what === 'invocation' && jobId === 'next') {
      if (worker.retired && !worker.job) return dismiss(worker);
      worker.waiting = response;
      if (!worker.loaded) worker.initMilliseconds = performance.now() - worker.startedAt;
      worker.loaded = true;
      if (worker.job) return give(worker);
      return next();
    }
    const body = (await readBody(request)).toString('utf8');
    if (what === 'init') worker.initError = failed(JSON.parse(body));
    else if (worker.job?.id === jobId) {
      const peak = peakMegabytes(worker.process.pid);
      report(worker, end === 'response' ? 'success' : 'error', peak);
      // On AWS it would not have lived to reply: its process ends, and with it the invocation.
      if (peak !== null && peak > worker.lambda.memoryMegabytes) return void worker.process.kill('SIGKILL');
      settle(worker, end === 'response' ? replied(body) : failed(JSON.parse(body)));
    }
    response.writeHead(202).end();
  };

  /**
   * What Lambda's own log says of an invocation.
   * https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html#platform-report
   */
  const report = ({ job, lambda, initMilliseconds }: Worker, status: string, peak: number | null): void => {
    if (!job?.givenAt || !lambda.logsReports) return;
    const durationMs = round(performance.now() - job.givenAt);
    const metrics = {
      durationMs,
      billedDurationMs: Math.ceil(durationMs + (initMilliseconds ?? 0)),
      memorySizeMB: lambda.memoryMegabytes,
      ...(peak !== null && { maxMemoryUsedMB: peak }),
      ...(initMilliseconds !== null && { initDurationMs: round(initMilliseconds) }),
    };
    const record = { requestId: job.id, metrics, status };
    logs.write(`${JSON.stringify({ time: new Date().toISOString(), type: 'platform.report', record })}\n`);
  };

  /** Lambda's own API, as far as an operator needs it: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
  const answerCall = async (called: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const event: unknown = JSON.parse((await readBody(request)).toString('utf8') || '{}');
    const invocation = await invoke(called, event);
    const { payload, headers } = invocation.ok
      ? { payload: invocation.payload, headers: {} }
      : {
          payload: { errorType: invocation.errorType, errorMessage: invocation.errorMessage },
          headers: { 'x-amz-function-error': 'Unhandled' },
        };
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(payload));
  };

  const settle = (worker: Worker, invocation: Invocation): void => {
    const { job } = worker;
    if (!job) return;
    worker.job = null;
    worker.initMilliseconds = null;
    clearTimeout(job.timer);
    if (!invocation.ok && !stopping) onError(job.lambda.name, `${invocation.errorType}: ${invocation.errorMessage}`);
    job.end(invocation);
  };

  const give = (worker: Worker): void => {
    const { job, waiting, lambda } = worker;
    if (!job || !waiting) return;
    worker.waiting = null;
    job.givenAt = performance.now();
    const milliseconds = lambda.timeoutSeconds * 1000;
    limit(worker, milliseconds);
    waiting.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': job.id,
      'lambda-runtime-deadline-ms': String(Date.now() + milliseconds),
      'lambda-runtime-invoked-function-arn': lambda.arn,
    });
    waiting.end(job.event);
  };

  /** @param milliseconds from now on, for what its process does at present */
  const limit = (worker: Worker, milliseconds: number): void => {
    clearTimeout(worker.job?.timer);
    if (!worker.job) return;
    worker.job.timer = setTimeout(() => {
      workers.delete(worker.id);
      worker.process.kill('SIGKILL');
      settle(worker, {
        ok: false,
        errorType: 'Sandbox.Timedout',
        errorMessage: `Task timed out after ${(milliseconds / 1000).toFixed(2)} seconds`,
      });
    }, milliseconds);
  };

  /** Gives waiting jobs to idle processes, or to new ones as long as there may be more. */
  const next = (): void => {
    for (const job of [...queue]) {
      const own = [...workers.values()].filter((worker) => worker.lambda === job.lambda);
      const idle = own.find(isIdle);
      // One that has no process at all gets one in any case: who holds all the others may be waiting for it, as accounts do for the user pool's trigger.
      if (!idle && workers.size >= processes && !evict() && own.length > 0) continue;
      queue.splice(queue.indexOf(job), 1);
      const worker = idle ?? hire(job.lambda);
      worker.job = job;
      limit(worker, initMilliseconds);
      give(worker);
    }
  };

  /** One that has just replied asks for the next at once: what it is given until then waits for it. */
  const isIdle = (worker: Worker): boolean => worker.job === null && worker.loaded && !worker.retired;

  /** An idle process of another function makes room. */
  const evict = (): boolean => {
    const wanted = new Set(queue.map(({ lambda }) => lambda));
    const idle = [...workers.values()].find((worker) => isIdle(worker) && !wanted.has(worker.lambda));
    if (!idle) return false;
    dismiss(idle);
    return true;
  };

  const dismiss = (worker: Worker): void => {
    workers.delete(worker.id);
    worker.process.kill();
  };

  const hire = (lambda: LambdaFunction): Worker => {
    const id = randomUUID();
    const child = spawn(
      process.execPath,
      [
        '--enable-source-maps',
        `--max-old-space-size=${lambda.memoryMegabytes}`,
        ...imports.map((url) => `--import=${url}`),
        bootstrap,
      ],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
        // Apart from our process group: Ctrl-C is for us, who end it in turn.
        detached: true,
        env: {
          PATH: process.env.PATH,
          TZ: 'UTC',
          ...lambda.environment,
          ...Object.fromEntries(
            Object.entries(endpoints).map(([service, url]) => [`AWS_ENDPOINT_URL_${service}`, url]),
          ),
          AWS_REGION: localRegion,
          AWS_DEFAULT_REGION: localRegion,
          AWS_ACCESS_KEY_ID: localCredentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: localCredentials.secretAccessKey,
          AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}/${id}`,
          AWS_LAMBDA_FUNCTION_NAME: lambda.name,
          AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(lambda.memoryMegabytes),
          AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
          AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
          AWS_LAMBDA_LOG_FORMAT: lambda.logFormat,
          ...(lambda.logLevel && { AWS_LAMBDA_LOG_LEVEL: lambda.logLevel }),
          LAMBDA_TASK_ROOT: lambda.resource.assetFolder ?? '',
          _HANDLER: lambda.handler,
        },
      },
    );
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => logs.write(text));
    const exited = new Promise<string>((resolve) => {
      child.once('close', (code, signal) => resolve(signal ? `signal: ${signal}` : `exit status ${code}`));
      child.once('error', ({ message }) => resolve(message));
    });
    const worker: Worker = {
      id,
      lambda,
      process: child,
      exited: exited.then((how) => leave(worker, how)),
      startedAt: performance.now(),
      initMilliseconds: null,
      loaded: false,
      retired: false,
      waiting: null,
      job: null,
      initError: null,
    };
    workers.set(id, worker);
    living.add(worker);
    return worker;
  };

  const leave = (worker: Worker, how: string): void => {
    workers.delete(worker.id);
    living.delete(worker);
    settle(
      worker,
      worker.initError ?? {
        ok: false,
        errorType: 'Runtime.ExitError',
        errorMessage: `Runtime exited with error: ${how}`,
      },
    );
    if (!stopping) next();
  };

  const invoke: Lambdas['invoke'] = (reference, event) =>
    new Promise((resolve, reject) => {
      try {
        const text = JSON.stringify(event);
        if (Buffer.byteLength(text) > maxPayloadBytes) return resolve(tooLarge('request'));
        if (stopping) return resolve(stopped);
        queue.push({ id: randomUUID(), lambda: functionOf(reference), event: text, end: resolve });
        next();
      } catch (error) {
        reject(error);
      }
    });

  return {
    invoke,
    swap: (assetFolder) => {
      for (const worker of workers.values()) {
        if (worker.lambda.resource.assetFolder !== assetFolder) continue;
        if (isIdle(worker)) dismiss(worker);
        else worker.retired = true;
      }
    },
    stop: async () => {
      stopping = true;
      for (const job of queue.splice(0)) job.end(stopped);
      const last = [...living];
      for (const worker of last) worker.process.kill('SIGKILL');
      await Promise.all(last.map(({ exited }) => exited));
      await closeServer(server);
      logs.end();
    },
  };
};

const describe = (resource: Resource, assembly: Assembly): LambdaFunction => {
  const { Handler, MemorySize, Timeout, LoggingConfig, Environment } = resource.properties as {
    Handler?: string;
    MemorySize?: number;
    Timeout?: number;
    LoggingConfig?: { LogFormat?: string; ApplicationLogLevel?: string; SystemLogLevel?: string };
    Environment?: { Variables?: Record<string, string> };
  };
  if (!resource.assetFolder || extname(resource.assetFolder) === '.zip') {
    throw new Error(`${resource.logicalId} has no folder with its code`);
  }
  return {
    arn: `arn:aws:lambda:${localRegion}:${localAccount}:function:${resource.physicalId}`,
    name: resource.physicalId,
    resource,
    handler: Handler ?? 'index.handler',
    memoryMegabytes: MemorySize ?? 128,
    timeoutSeconds: Timeout ?? 3,
    logFormat: LoggingConfig?.LogFormat ?? 'Text',
    logLevel: LoggingConfig?.ApplicationLogLevel ?? null,
    logsReports: LoggingConfig?.LogFormat === 'JSON' && LoggingConfig.SystemLogLevel !== 'WARN',
    environment: Object.fromEntries(
      Object.entries(Environment?.Variables ?? {}).map(([name, value]) => [name, assembly.localUrl(String(value))]),
    ),
  };
};

/**
 * The most memory that a process has had in use, its heap and everything else, in megabytes. `null` where the system does not say
 * (elsewhere than on Linux, or when it is gone): there only the heap is limited.
 */
const peakMegabytes = (pid: number | undefined): number | null => {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? null : Math.ceil(Number(kilobytes) / 1024);
  } catch {
    return null;
  }
};

const round = (milliseconds: number): number => Math.round(milliseconds * 100) / 100;

const replied = (body: string): Invocation =>
  Buffer.byteLength(body) > maxPayloadBytes ? tooLarge('response') : { ok: true, payload: JSON.parse(body) };

const failed = ({ errorType, errorMessage }: { errorType: string; errorMessage: string }): Invocation => ({
  ok: false,
  errorType,
  errorMessage,
});

const stopped: Invocation = { ok: false, errorType: 'Runtime.ExitError', errorMessage: 'the runner has stopped' };

const tooLarge = (what: string): Invocation => ({
  ok: false,
  errorType: what === 'response' ? 'Function.ResponseSizeTooLarge' : 'RequestEntityTooLargeException',
  errorMessage: `the ${what} payload is larger than ${maxPayloadBytes} bytes`,
});
