import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { userId } from '#shared/ids.ts';
import { userKey } from '#shared/item.ts';
import { absent, getItem, getItems, putItem, queryPage, updateItem, writeAll } from '#shared/table.ts';
import { sampledTrace, traced } from '#shared/trace.ts';
import { freePort } from '#test/support/ports.ts';
import { describeOnEngines } from '#test/support/table.ts';

const root = '1-5759e988-bd862e3fe1be46a994272793';
const parent = '53995c3f42cd8ad8';
const sampled = `Root=${root};Parent=${parent};Sampled=1;Lineage=1:a87bd80c:0`;

const local = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' }, maxAttempts: 1 };

/** What the title and the sort key of an item are, to be found nowhere. */
const secret = 'a-title-nobody-may-read';

describeOnEngines('a trace', (table) => {
  let daemon: Socket;
  const arrived: string[] = [];
  beforeAll(async () => {
    daemon = createSocket('udp4').bind(0, '127.0.0.1');
    await once(daemon, 'listening');
    daemon.on('message', (message) => arrived.push(String(message)));
    vi.stubEnv('AWS_XRAY_DAEMON_ADDRESS', `127.0.0.1:${daemon.address().port}`);
    vi.stubEnv('AWS_REGION', 'eu-central-1');
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    daemon.close();
  });
  beforeEach(() => vi.stubEnv('_X_AMZN_TRACE_ID', sampled));
  afterEach(() => {
    arrived.length = 0;
  });

  /** Waits for so many; more would be an error, and come along with them. */
  const subsegments = async (count: number) => {
    await vi.waitFor(() => expect(arrived.length).toBeGreaterThanOrEqual(count), { timeout: 10_000 });
    return arrived.map((datagram) => {
      const [header, document = ''] = datagram.split('\n');
      expect(header).toBe('{"format":"json","version":1}');
      return JSON.parse(document);
    });
  };

  const key = userKey(userId('somebody-secret'), `TASK#${secret}`);
  const item = { ...key, title: secret };

  it('says which operation on which table, when, and how it ended, and nothing else', async () => {
    const before = Date.now() / 1000;
    await putItem(table(), item);
    const [subsegment, ...others] = await subsegments(1);
    expect(others).toEqual([]);
    expect(subsegment).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      trace_id: root,
      parent_id: parent,
      type: 'subsegment',
      namespace: 'aws',
      name: 'DynamoDB',
      start_time: expect.any(Number),
      end_time: expect.any(Number),
      aws: {
        operation: 'PutItem',
        region: 'eu-central-1',
        table_name: table().name,
        request_id: expect.any(String),
        retries: 0,
      },
      http: { response: { status: 200 } },
    });
    // Milliseconds as a fraction may be rounded down.
    expect(subsegment.start_time).toBeGreaterThanOrEqual(before - 0.001);
    expect(subsegment.end_time).toBeGreaterThanOrEqual(subsegment.start_time);
  });

  it('names the table of every kind of call, and never what is in it', async () => {
    await getItem(table(), key);
    await getItems(table(), [key]);
    await updateItem(table(), key, { set: { title: secret } });
    await queryPage(table(), { pk: key.pk, beginsWith: key.sk });
    await writeAll(table(), [{ put: item }, { put: { ...item, sk: `${key.sk}-too` } }]);
    const told = await subsegments(5);
    expect(told.map(({ aws }) => [aws.operation, aws.table_name]).sort()).toEqual(
      ['BatchGetItem', 'GetItem', 'Query', 'TransactWriteItems', 'UpdateItem'].map((name) => [name, table().name]),
    );
    expect(new Set(told.map(({ id }) => id)).size).toBe(5);
    expect(arrived.join()).not.toMatch(new RegExp(`${secret}|somebody-secret`));
  });

  it('tells an error of ours from a fault', async () => {
    await expect(putItem(table(), item, absent(new Date()))).rejects.toThrow();
    expect(await subsegments(1)).toMatchObject([{ error: true, http: { response: { status: 400 } } }]);
    expect(arrived.join()).not.toMatch(new RegExp(`${secret}|fault`));
    arrived.length = 0;

    const nowhere = { ...local, endpoint: `http://127.0.0.1:${await freePort()}` };
    const away = traced('DynamoDB', new DynamoDBClient(nowhere));
    await expect(away.send(new ListTablesCommand())).rejects.toThrow();
    expect(await subsegments(1)).toMatchObject([{ fault: true, aws: { operation: 'ListTables' } }]);
  });

  it('knows a throttle by the name that AWS gives it', async () => {
    const throttled = traced('DynamoDB', new DynamoDBClient(local));
    throttled.middlewareStack.add(
      () => async () => {
        throw Object.assign(new Error('slow down'), {
          name: 'ProvisionedThroughputExceededException',
          $metadata: { httpStatusCode: 400, requestId: 'r', attempts: 4 },
        });
      },
      { step: 'build' },
    );
    await expect(throttled.send(new ListTablesCommand())).rejects.toThrow('slow down');
    expect(await subsegments(1)).toMatchObject([{ error: true, throttle: true, aws: { request_id: 'r', retries: 3 } }]);
  });

  it('has nothing of a link that is only signed', async () => {
    const s3 = traced('S3', new S3Client(local));
    await getSignedUrl(s3, new GetObjectCommand({ Bucket: 'files', Key: secret }));
    await getItem(table(), key);
    expect((await subsegments(1)).map(({ name }) => name)).toEqual(['DynamoDB']);
  });

  it('costs a request nothing when nobody listens, and does not fail it', async () => {
    const listening = process.env.AWS_XRAY_DAEMON_ADDRESS;
    for (const address of [`127.0.0.1:${await freePort()}`, 'nonsense', '127.0.0.1:70000']) {
      vi.stubEnv('AWS_XRAY_DAEMON_ADDRESS', address);
      expect(await getItem(table(), key)).toEqual(item);
    }
    vi.stubEnv('AWS_XRAY_DAEMON_ADDRESS', listening);
  });

  it.each([undefined, '', `Root=${root};Parent=${parent};Sampled=0`, `Root=${root}`, 'nonsense'])(
    'is not told, and no socket is opened, when the header is %s',
    async (header) => {
      vi.resetModules();
      const fresh = await import('#shared/trace.ts');
      const opened = vi.spyOn(process, 'getBuiltinModule');
      vi.stubEnv('_X_AMZN_TRACE_ID', header);
      const { endpoint } = table().client.config;
      const client = fresh.traced('DynamoDB', new DynamoDBClient({ ...local, ...(endpoint && { endpoint }) }));
      await client.send(new ListTablesCommand());
      expect(opened).not.toHaveBeenCalledWith('node:dgram');
      vi.stubEnv('_X_AMZN_TRACE_ID', sampled);
      await client.send(new ListTablesCommand());
      expect(opened).toHaveBeenCalledWith('node:dgram');
      expect((await subsegments(1)).map(({ aws }) => aws.operation)).toEqual(['ListTables']);
      opened.mockRestore();
    },
  );

  it('is read from the header that Lambda gives', () => {
    expect(sampledTrace(sampled)).toEqual({ root, parent });
    expect(sampledTrace(`Sampled=1;Parent=${parent};Root=${root}`)).toEqual({ root, parent });
    expect(sampledTrace(`Root=${root};Parent=${parent};Sampled=?`)).toBeNull();
  });
});
