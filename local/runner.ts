import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { readAssembly, synthesize } from '#local/assembly.ts';
import { startBuckets } from '#local/bucket.ts';
import { startCognito } from '#local/cognito.ts';
import { startTables } from '#local/dynamodb.ts';
import { availableEngines, startEngine } from '#local/dynamodb-engine.ts';
import { startHttpApi } from '#local/http-api.ts';
import { startLambdas } from '#local/lambda.ts';
import { lockFolder } from '#local/lock.ts';
import { startMailbox } from '#local/mailbox.ts';
import { type BusEvent, type Part, type Ports, portsFrom, RunnerProblem } from '#local/parts.ts';
import { startRules } from '#local/rules.ts';
import { isListening, portTaken } from '#local/server.ts';
import { startSocketApi } from '#local/socket-api.ts';
import { startStreamSources } from '#local/stream-source.ts';
import { watchSources } from '#local/watch.ts';

export interface RunnerOptions {
  /** The first of seven ports: HTTP, WebSocket, mailbox, services. */
  readonly port: number;
  /** Where data lives, and survives. */
  readonly dataFolder: string;
  /** Begin with nothing. */
  readonly fresh: boolean;
  /** URLs of modules that every function's process loads first. */
  readonly imports?: readonly string[];
  /** Whether a function is built and swapped when one of its sources changes. */
  readonly watch?: boolean;
  /** Hears, when it watches, of what was swapped, or why not. */
  readonly onChange?: (sentence: string) => void;
  /** Hears of each step that is done. */
  readonly onStep?: (step: string, milliseconds: number) => void;
  /** Hears of invocations that ended with an error, and of what cannot go on. */
  readonly onError?: (who: string, message: string) => void;
}

export interface RunningPomona extends Part {
  readonly outputs: Readonly<Record<string, string>>;
}

/**
 * Synthesizes the app and hosts it; `outputs.json` in the data folder says where, for as long as it is ready. Whatever has been started is stopped again when a later step fails.
 * @throws RunnerProblem for what a person can mend
 */
export const startRunner = async ({
  port,
  dataFolder,
  fresh,
  imports = [],
  watch = false,
  onChange = () => undefined,
  onStep = () => undefined,
  onError = () => undefined,
}: RunnerOptions): Promise<RunningPomona> => {
  const ports = portsFrom(port);
  const outputsFile = join(dataFolder, 'outputs.json');
  const started: Part[] = [];
  const stop = async (): Promise<void> => {
    // The last that was started goes first: nobody calls what is gone.
    for (const part of started.splice(0).reverse()) await part.stop();
  };
  const step = async <P extends Part>(name: string, start: () => Promise<P>): Promise<P> => {
    const since = performance.now();
    const part = await start();
    started.push(part);
    onStep(name, performance.now() - since);
    return part;
  };

  try {
    await mkdir(dataFolder, { recursive: true });
    await step('data folder and ports', async () => {
      const lock = lockFolder(dataFolder);
      started.push(lock);
      await expectFree(ports);
      // What an earlier runner left that was killed: nobody must take it for this one's.
      await rm(outputsFile, { force: true });
      return { stop: () => rm(outputsFile, { force: true }) };
    });
    if (fresh) {
      await Promise.all(
        ['dynamodb', 'cognito', 's3', 'stream-checkpoints'].map((name) =>
          rm(join(dataFolder, name), { recursive: true, force: true }),
        ),
      );
    }
    const assemblyFolder = join(dataFolder, 'cdk.out');
    await step('templates and bundles', async () => {
      await rm(assemblyFolder, { recursive: true, force: true });
      await synthesize(assemblyFolder, { live: watch });
      return { stop: async () => undefined };
    });
    const assembly = await readAssembly(assemblyFolder, ports);

    const [engineName] = availableEngines();
    if (!engineName) {
      throw new RunnerProblem('There is no DynamoDB engine for this machine: install Java 17, or use Linux on x64.');
    }
    const engine = await step(`DynamoDB (${engineName})`, () =>
      startEngine(engineName, { port: ports.dynamodb, dataFolder: join(dataFolder, 'dynamodb') }),
    );
    engine.exited.then(() => {
      if (started.includes(engine))
        onError(`DynamoDB (${engineName})`, 'it has ended by itself: start the runner again');
    });
    const tables = await step('tables', () => startTables({ assembly, endpoint: engine.endpoint }));
    // The bus is there before its rules are: an object may arrive as soon as the buckets listen.
    const bus: { put: (event: BusEvent) => void } = { put: () => undefined };
    const mailbox = await step('mailbox', () =>
      startMailbox({ port: ports.mailbox, events: { assembly, putEvent: (event) => bus.put(event) } }),
    );
    const buckets = await step('buckets', () =>
      startBuckets({ assembly, ports, dataFolder, putEvent: (event) => bus.put(event) }),
    );
    const cognitoEndpoint = `http://127.0.0.1:${ports.cognito}`;
    const lambdas = await step('functions', () =>
      startLambdas({
        assembly,
        port: ports.runtime,
        endpoints: {
          DYNAMODB: engine.endpoint,
          S3: buckets.endpoint,
          SES: mailbox.url,
          SESV2: mailbox.url,
          COGNITO_IDENTITY_PROVIDER: cognitoEndpoint,
        },
        logFile: join(dataFolder, 'functions.log'),
        imports,
        onError,
      }),
    );
    await step('user pool', () =>
      startCognito({ assembly, lambdas, port: ports.cognito, dataFolder, mailboxUrl: mailbox.url }),
    );
    const rules = await step('schedules and rules', () => startRules({ assembly, lambdas }));
    bus.put = (event) => rules.put(event);
    await step('stream consumers', () =>
      startStreamSources({
        assembly,
        lambdas,
        tables,
        endpoint: engine.endpoint,
        s3Endpoint: buckets.endpoint,
        dataFolder,
      }),
    );
    await step('WebSocket API', () => startSocketApi({ assembly, lambdas, port: ports.webSocket }));
    if (watch) await step('watch on the sources', () => watchSources({ lambdas, onChange }));
    // The last: when /health answers, everything does.
    await step('HTTP API', () =>
      startHttpApi({ assembly, lambdas, port: ports.http, fetchKeys: (url) => bytesAt(assembly.localUrl(url)) }),
    );
    const outputs = { ...assembly.outputs(), MailboxUrl: mailbox.url };
    await writeFile(`${outputsFile}.draft`, `${JSON.stringify(outputs, null, 2)}\n`);
    await rename(`${outputsFile}.draft`, outputsFile);
    return { outputs, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** Before anything is started: a part that finds its port taken may take another runner's for its own. @throws RunnerProblem */
const expectFree = async (ports: Ports): Promise<void> => {
  // The children of a runner that was killed take a moment to notice.
  const deadline = Date.now() + 2_000;
  for (const port of Object.values(ports) as readonly number[]) {
    while (await isListening(port)) {
      if (Date.now() > deadline) throw portTaken(port);
      await wait(50);
    }
  }
};

const bytesAt = async (url: string): Promise<ArrayBuffer> => (await fetch(url)).arrayBuffer();
