/**
 * A Lambda's process: takes one invocation after the other from the Runtime API, as AWS's own runtimes do.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
import { existsSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { AWS_LAMBDA_RUNTIME_API = '', LAMBDA_TASK_ROOT = '', _HANDLER = '' } = process.env;
const [host, worker] = AWS_LAMBDA_RUNTIME_API.split('/');
const [hostname, port] = host.split(':');
const agent = new Agent({ keepAlive: true });

// The runner holds the other end of this pipe: when it is gone, however it went, so are we.
process.stdin.resume();
process.stdin.on('close', () => process.exit());

const call = (method, path, body) =>
  new Promise((resolve, reject) => {
    const outgoing = request(
      { agent, hostname, port, method, path: `/${worker}/2018-06-01/runtime/${path}` },
      (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => resolve({ headers: response.headers, text: Buffer.concat(chunks).toString('utf8') }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });

const errorOf = (thrown) =>
  JSON.stringify({
    errorType: thrown?.name ?? typeof thrown,
    errorMessage: thrown?.message ?? String(thrown),
    trace: String(thrown?.stack ?? '').split('\n'),
  });

const load = () => {
  const [file, name] = _HANDLER.split('.');
  const path = ['.js', '.cjs', '.mjs'].map((ending) => join(LAMBDA_TASK_ROOT, file + ending)).find(existsSync);
  if (!path) throw new Error(`Cannot find module '${file}'`);
  const handler = createRequire(import.meta.url)(path)[name];
  if (typeof handler !== 'function') throw new Error(`${_HANDLER} is not a function`);
  return handler;
};

const handle = async (handler) => {
  const { headers, text } = await call('GET', 'invocation/next');
  const requestId = headers['lambda-runtime-aws-request-id'];
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'] ?? '';
  const context = {
    awsRequestId: requestId,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: '$LATEST',
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  try {
    const result = await handler(JSON.parse(text), context);
    await call('POST', `invocation/${requestId}/response`, JSON.stringify(result ?? null));
  } catch (thrown) {
    await call('POST', `invocation/${requestId}/error`, errorOf(thrown));
  }
};

let handler;
try {
  handler = load();
} catch (thrown) {
  console.error(thrown);
  await call('POST', 'init/error', errorOf(thrown));
  process.exit(1);
}
for (;;) await handle(handler);
