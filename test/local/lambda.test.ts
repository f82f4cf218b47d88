import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { assemblyOf } from '#local/assembly.ts';
import { startLambdas } from '#local/lambda.ts';
import { type Invocation, type Lambdas, localCredentials, localRegion, type Part, portsFrom } from '#local/parts.ts';
import { freePort } from '#test/support/ports.ts';

const lambda = (Handler: string, properties: object = {}) => ({
  Type: 'AWS::Lambda::Function',
  Properties: { Handler, FunctionName: Handler.replace('.', '-'), Timeout: 10, ...properties },
  Metadata: { 'aws:asset:path': 'fixtures' },
});

const resources = {
  Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'WEBSOCKET' } },
  Echo: lambda('index.echo'),
  Environment: lambda('index.environment', {
    MemorySize: 256,
    LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'INFO' },
    Environment: {
      Variables: {
        COLOUR: 'green',
        CALLBACK_URL: { 'Fn::Sub': `https://\${Api}.execute-api.us-east-1.amazonaws.com/live` },
      },
    },
  }),
  Process: lambda('index.process'),
  Fail: lambda('index.fail'),
  FailLater: lambda('index.failLater'),
  Exit: lambda('index.exit'),
  Hang: lambda('index.hang', { Timeout: 1 }),
  Large: lambda('index.large'),
  Circular: lambda('index.circular'),
  Print: lambda('index.print'),
  WaitFor: lambda('index.waitFor'),
  Make: lambda('index.make'),
  Remember: lambda('index.remember', { MemorySize: 128, LoggingConfig: { LogFormat: 'JSON' } }),
  Broken: lambda('broken.handler'),
  Absent: lambda('index.absent'),
  Endless: lambda('endless.handler', { Timeout: 3 }),
};

let folder: string;
const started: Part[] = [];
const errors: string[] = [];
const start = async (processes?: number, imports?: readonly string[]): Promise<Lambdas & Part> => {
  const lambdas = await startLambdas({
    assembly: assemblyOf(
      [{ name: 'Service', template: { Resources: resources } }],
      import.meta.dirname,
      portsFrom(4000),
    ),
    port: await freePort(),
    endpoints: { DYNAMODB: 'http://127.0.0.1:4003' },
    logFile: join(folder, 'functions.log'),
    onError: (name, message) => errors.push(`${name}: ${message}`),
    ...(processes !== undefined && { processes }),
    ...(imports !== undefined && { imports }),
  });
  started.push(lambdas);
  return lambdas;
};
const arn = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:index-${name}`;
const payloadOf = (invocation: Invocation): unknown => {
  if (!invocation.ok) throw new Error(invocation.errorMessage);
  return invocation.payload;
};
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

let lambdas: Lambdas & Part;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pomona-lambda-'));
  lambdas = await start();
});
afterAll(async () => {
  await Promise.all(started.map((part) => part.stop()));
  await rm(folder, { recursive: true });
});

describe('invoking a function', () => {
  it('gives it the event and a context, and gives back what it returns', async () => {
    expect(payloadOf(await lambdas.invoke(arn('echo'), { text: 'Grüße 🍎' }))).toEqual({
      event: { text: 'Grüße 🍎' },
      context: {
        awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        invokedFunctionArn: arn('echo'),
        functionName: 'index-echo',
        functionVersion: '$LATEST',
        memoryLimitInMB: '128',
        remaining: expect.toSatisfy((milliseconds) => milliseconds > 0 && milliseconds <= 10_000),
      },
    });
  });

  it('takes the URI of an API’s integration for its ARN', async () => {
    const uri = `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${arn('print')}/invocations`;
    expect(await lambdas.invoke(uri, { text: '' })).toEqual({ ok: true, payload: null });
  });

  it('refuses a function that does not exist', async () => {
    await expect(lambdas.invoke(arn('nobody'), {})).rejects.toThrow('there is no Lambda');
  });

  it('gives it the environment of the template, and where the services are', async () => {
    expect(payloadOf(await lambdas.invoke(arn('environment'), {}))).toMatchObject({
      COLOUR: 'green',
      CALLBACK_URL: 'http://127.0.0.1:4001/live',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: expect.any(String),
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:4003',
      AWS_LAMBDA_FUNCTION_NAME: 'index-environment',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_LAMBDA_LOG_FORMAT: 'JSON',
      AWS_LAMBDA_LOG_LEVEL: 'INFO',
      TZ: 'UTC',
    });
  });

  it('keeps the person’s own environment to itself', async () => {
    vi.stubEnv('AWS_PROFILE', 'mine');
    vi.stubEnv('AWS_SESSION_TOKEN', 'secret');
    vi.stubEnv('NODE_OPTIONS', '--inspect');
    const own = await start();
    const environment = payloadOf(await own.invoke(arn('environment'), {}));
    vi.unstubAllEnvs();
    expect(environment).not.toHaveProperty('AWS_PROFILE');
    expect(environment).not.toHaveProperty('AWS_SESSION_TOKEN');
    expect(environment).not.toHaveProperty('NODE_OPTIONS');
  });

  it('has loaded the modules that come first before its own code', async () => {
    const first = `data:text/javascript,process.env.COLOUR='red';process.env.LOADED='first'`;
    const own = await start(undefined, [first]);
    expect(payloadOf(await own.invoke(arn('environment'), {}))).toMatchObject({ COLOUR: 'red', LOADED: 'first' });
  });

  it('writes down what it prints', async () => {
    await lambdas.invoke(arn('print'), { text: 'an apple a day' });
    await vi.waitFor(async () => {
      expect(await readFile(join(folder, 'functions.log'), 'utf8')).toContain('an apple a day');
    });
  });
});

describe('the report of an invocation', () => {
  interface Report {
    readonly type: string;
    readonly record: { readonly status: string; readonly metrics: Readonly<Record<string, number>> };
  }
  const reports = async (): Promise<readonly Report[]> =>
    (await readFile(join(folder, 'functions.log'), 'utf8'))
      .split('\n')
      .filter((line) => line.includes('platform.report'))
      .map((line): Report => JSON.parse(line));

  it('says how long it took and what memory it used, and of the first how long loading took', async () => {
    const own = await start();
    const before = (await reports()).length;
    await own.invoke(arn('remember'), { megabytes: 20 });
    await own.invoke(arn('remember'), { megabytes: 1 });
    const made = await vi.waitFor(async () => {
      const since = (await reports()).slice(before);
      expect(since).toHaveLength(2);
      return since;
    });
    expect(made.map(({ record }) => record)).toEqual([
      {
        requestId: expect.any(String),
        status: 'success',
        metrics: {
          durationMs: expect.any(Number),
          billedDurationMs: expect.any(Number),
          memorySizeMB: 128,
          initDurationMs: expect.any(Number),
          ...(process.platform === 'linux' && {
            maxMemoryUsedMB: expect.toSatisfy((used) => used > 20 && used <= 128),
          }),
        },
      },
      expect.objectContaining({ metrics: expect.not.objectContaining({ initDurationMs: expect.anything() }) }),
    ]);
  });

  it('is not written for a function whose log is text', async () => {
    const own = await start();
    const before = (await reports()).length;
    await own.invoke(arn('print'), { text: 'done printing' });
    await vi.waitFor(async () =>
      expect(await readFile(join(folder, 'functions.log'), 'utf8')).toContain('done printing'),
    );
    expect(await reports()).toHaveLength(before);
  });
});

describe('the processes of a function', () => {
  it('are kept for the next invocation', async () => {
    const first = await lambdas.invoke(arn('process'), {});
    expect(await lambdas.invoke(arn('process'), {})).toEqual(first);
  });

  it('run one invocation at a time each', async () => {
    const pids = await Promise.all([1, 2, 3].map(() => lambdas.invoke(arn('process'), {})));
    expect(new Set(pids.map(payloadOf)).size).toBe(3);
  });

  it('are no more than so many: whoever comes later waits', async () => {
    const few = await start(2);
    const pids = await Promise.all(Array.from({ length: 10 }, () => few.invoke(arn('process'), {})));
    expect(new Set(pids.map(payloadOf)).size).toBe(2);
  });

  it('make room for another function when they idle', async () => {
    const few = await start(1);
    const pid = Number(payloadOf(await few.invoke(arn('process'), {})));
    payloadOf(await few.invoke(arn('echo'), {}));
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
  });

  it('do not keep out another function, which they may be waiting for', async () => {
    const few = await start(1);
    const file = join(folder, 'meeting');
    const waiting = few.invoke(arn('waitFor'), { file });
    expect(await few.invoke(arn('make'), { file })).toMatchObject({ ok: true });
    expect(await waiting).toMatchObject({ ok: true });
  });

  it('are gone when it is stopped, whatever they do, and nobody waits for them any more', async () => {
    const own = await start(1);
    const pid = Number(payloadOf(await own.invoke(arn('process'), {})));
    const running = own.invoke(arn('hang'), {});
    const queued = own.invoke(arn('hang'), {});
    await own.stop();
    await own.stop();
    expect(await running).toMatchObject({ ok: false });
    expect(await queued).toMatchObject({ ok: false });
    expect(isAlive(pid)).toBe(false);
    expect(await own.invoke(arn('process'), {})).toMatchObject({ ok: false, errorMessage: 'the runner has stopped' });
  });
});

describe('a function whose code is swapped', () => {
  it('ends what it does with the code it began with, and does the next with the new one', async () => {
    const code = await mkdtemp(join(folder, 'code-'));
    await copyFile(join(import.meta.dirname, 'fixtures/index.cjs'), join(code, 'index.cjs'));
    const own = await startLambdas({
      assembly: assemblyOf(
        [
          {
            name: 'Service',
            template: {
              Resources: {
                WaitFor: { ...lambda('index.waitFor'), Metadata: { 'aws:asset:path': code } },
                Other: lambda('index.process'),
              },
            },
          },
        ],
        import.meta.dirname,
        portsFrom(4000),
      ),
      port: await freePort(),
      endpoints: {},
      logFile: join(folder, 'functions.log'),
    });
    started.push(own);
    const file = join(code, 'signal');
    const other = await own.invoke(arn('process'), {});
    // Two processes that have loaded the code; then one of them idles.
    await Promise.all([1, 2].map(() => own.invoke(arn('waitFor'), { file: join(code, 'index.cjs') })));
    const busy = own.invoke(arn('waitFor'), { file });

    await writeFile(join(code, 'index.cjs'), "exports.waitFor = async () => 'new';");
    own.swap(code);
    expect(await own.invoke(arn('waitFor'), {})).toEqual({ ok: true, payload: 'new' });
    await writeFile(file, '');
    expect(await busy).toEqual({ ok: true, payload: null });
    expect(await Promise.all([1, 2].map(() => own.invoke(arn('waitFor'), {})))).toEqual(
      [1, 2].map(() => ({ ok: true, payload: 'new' })),
    );
    expect(await own.invoke(arn('process'), {})).toEqual(other);
  });
});

describe('an invocation ends with an error', () => {
  it.each([
    ['when the handler throws', 'fail', 'TypeError', 'it does not work'],
    ['when its process dies of what nobody catches', 'failLater', 'Runtime.ExitError', 'exit status 1'],
    ['when its process exits', 'exit', 'Runtime.ExitError', 'exit status 3'],
    ['when it takes longer than it may', 'hang', 'Sandbox.Timedout', 'Task timed out after 1.00 seconds'],
    ['when it returns what is no JSON', 'circular', 'TypeError', 'circular'],
    ['when its module has no such handler', 'absent', 'Error', 'index.absent is not a function'],
  ])('%s', async (_, name, errorType, errorMessage) => {
    expect(await lambdas.invoke(arn(name), {})).toEqual({
      ok: false,
      errorType,
      errorMessage: expect.stringContaining(errorMessage),
    });
    expect(errors.at(-1)).toMatch(`index-${name}: ${errorType}: `);
    expect(await lambdas.invoke(arn('echo'), {})).toMatchObject({ ok: true });
  });

  it('when its module does not load', async () => {
    expect(await lambdas.invoke('arn:aws:lambda:us-east-1:000000000000:function:broken-handler', {})).toEqual({
      ok: false,
      errorType: 'Error',
      errorMessage: 'it does not even load',
    });
  });

  it('when its module is still loading after ten seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const loading = lambdas.invoke('arn:aws:lambda:us-east-1:000000000000:function:endless-handler', {});
    vi.advanceTimersByTime(10_000);
    vi.useRealTimers();
    expect(await loading).toMatchObject({ ok: false, errorType: 'Sandbox.Timedout' });
  });

  it.skipIf(process.platform !== 'linux')('when it takes more memory than it may, however short it was', async () => {
    expect(await lambdas.invoke(arn('remember'), { megabytes: 1 })).toMatchObject({ ok: true });
    expect(await lambdas.invoke(arn('remember'), { megabytes: 128 })).toMatchObject({
      ok: false,
      errorType: 'Runtime.ExitError',
    });
    expect(await lambdas.invoke(arn('remember'), { megabytes: 1 })).toMatchObject({ ok: true });
  });

  it('when it is given or returns more than 6 MB', async () => {
    const bytes = 6 * 1024 * 1024;
    expect(await lambdas.invoke(arn('echo'), 'x'.repeat(bytes))).toMatchObject({
      ok: false,
      errorType: 'RequestEntityTooLargeException',
    });
    expect(await lambdas.invoke(arn('large'), { bytes })).toMatchObject({
      ok: false,
      errorType: 'Function.ResponseSizeTooLarge',
    });
    expect(await lambdas.invoke(arn('large'), { bytes: bytes - 2 })).toMatchObject({ ok: true });
  });
});

describe("Lambda's own API", () => {
  it('answers a caller with what the function returns, or with the error that it failed with', async () => {
    const port = await freePort();
    const lambdas = await startLambdas({
      assembly: assemblyOf(
        [{ name: 'Service', template: { Resources: resources } }],
        import.meta.dirname,
        portsFrom(4000),
      ),
      port,
      endpoints: {},
      logFile: join(folder, 'functions.log'),
    });
    started.push(lambdas);
    const client = new LambdaClient({
      endpoint: `http://127.0.0.1:${port}`,
      region: localRegion,
      credentials: localCredentials,
      maxAttempts: 1,
    });
    const call = async (name: string, event: object) => {
      const FunctionName = `arn:aws:lambda:us-east-1:000000000000:function:${name}:$LATEST`;
      const { FunctionError, Payload } = await client.send(
        new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(event)) }),
      );
      return { FunctionError, answer: JSON.parse(Payload?.transformToString() ?? '') };
    };
    expect(await call('index-echo', { a: 1 })).toMatchObject({ FunctionError: undefined, answer: { event: { a: 1 } } });
    expect(await call('index-fail', {})).toMatchObject({
      FunctionError: 'Unhandled',
      answer: { errorType: 'TypeError', errorMessage: 'it does not work' },
    });
    client.destroy();
  });
});
