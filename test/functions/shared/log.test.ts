import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { errorOf, log, logged, loggedUser } from '#shared/log.ts';
import { ConditionFailed } from '#shared/table.ts';

/** What the logger itself writes, line by line. */
const written: Record<string, unknown>[] = [];

beforeEach(() => {
  written.length = 0;
  const console_ = Reflect.get(log, 'console');
  for (const level of ['info', 'warn', 'error']) {
    vi.spyOn(console_, level).mockImplementation((line) => void written.push(JSON.parse(String(line))));
  }
  log.setLogLevel('INFO');
});

afterEach(() => {
  log.setLogLevel('SILENT');
  log.removePersistentKeys(['request_id', 'function_request_id']);
  vi.restoreAllMocks();
});

const told = (handler: (event: never, context: never) => Promise<unknown>, event: unknown, awsRequestId: string) =>
  logged(handler)(event as never, { awsRequestId } as never);

describe('a line of the log', () => {
  const saying = async () => log.info('something', { user: loggedUser('ada-sub') });

  it("carries the invocation's id, each its own", async () => {
    await told(saying, { Records: [] }, 'first');
    await told(saying, undefined, 'second');
    expect(written).toMatchObject([
      { message: 'something', level: 'INFO', request_id: 'first', function_request_id: 'first' },
      { message: 'something', request_id: 'second' },
    ]);
  });

  it('carries the id that the caller is told, where API Gateway gave one', async () => {
    await told(saying, { requestContext: { requestId: 'api' } }, 'lambda');
    expect(written).toMatchObject([{ request_id: 'api', function_request_id: 'lambda' }]);
  });

  it('names nobody so that they could be found', async () => {
    await told(saying, {}, 'first');
    expect(JSON.stringify(written)).not.toContain('ada');
    expect(written[0]?.user).toMatch(/^[0-9a-f]{12}$/);
  });
});

describe('an error in the log', () => {
  const secret = { pk: 'USER#ada', title: 'Buy a ring' };
  const met = new ConditionFailed([secret]);
  const fromAws = Object.assign(new Error('The conditional request failed'), {
    name: 'ConditionalCheckFailedException',
    Item: { title: { S: secret.title } },
  });

  it.each([met, fromAws, new Error('outer', { cause: met })])('says nothing of the items it carries: %s', (error) => {
    log.error('it failed', { error: errorOf(error) });
    expect(written[0]).toMatchObject({ error: { name: error.name, message: error.message, stack: error.stack } });
    expect(JSON.stringify(written)).not.toMatch(/ring|USER#/);
  });

  it('says nothing of them when nobody has caught it, and Lambda logs it', async () => {
    const failing = told(() => Promise.reject(met), {}, 'first');
    await expect(failing).rejects.toMatchObject({ name: 'ConditionFailed', message: met.message });
    await expect(failing).rejects.not.toHaveProperty('items');
  });
});
