import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  type DescribeTableCommandOutput,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metrics } from '#blueprint/metrics.ts';
import { dynamoReminderStore } from '#functions/reminders/store.ts';
import { taskKey } from '#functions/tasks/task.ts';
import { availableEngines, startEngine } from '#local/dynamodb-engine.ts';
import { localCredentials, localRegion } from '#local/parts.ts';
import { secondsAfter } from '#shared/clock.ts';
import { userId } from '#shared/ids.ts';
import type { Item } from '#shared/item.ts';
import { openTable, putItem, queryPage, type Table, updateItem } from '#shared/table.ts';
import { type Account, at, Client, expectData, mailTo, signUp } from '#test/support/client.ts';
import { movedClock } from '#test/support/clock.ts';
import { Device, openSocket } from '#test/support/device.ts';
import { freePorts } from '#test/support/ports.ts';
import { dataFolder, type Runner, startRunnerProcess } from '#test/support/runner.ts';
import { goodPassword, needs, newAddress } from './support.ts';

type Index = Pick<
  NonNullable<NonNullable<DescribeTableCommandOutput['Table']>['LocalSecondaryIndexes']>[number],
  'IndexName' | 'KeySchema' | 'Projection'
>;

/** What must stand in no log: it is searched for in all of them. */
const secrets = { title: 'Buy-her-a-ring', note: 'surprise-party' };

/** A runner of its own: its logs are read, and its table is replaced. */
describe('an operator', needs('runner'), () => {
  let folder: Awaited<ReturnType<typeof dataFolder>>;
  let clock: ReturnType<typeof movedClock>;
  let runner: Runner;
  let table: Table;
  let s3: S3Client;
  let ada: Account;

  const opened = (name: string) => {
    const endpoint = `http://127.0.0.1:${runner.port + 3}`;
    return openTable({ TABLE_NAME: name }, { endpoint, region: localRegion, credentials: localCredentials });
  };

  beforeAll(async () => {
    folder = await dataFolder();
    clock = movedClock(folder.path);
    runner = await startRunnerProcess(folder.path, await freePorts(), clock.parameters);
    table = opened(runner.outputs.TableName);
    const endpoint = `http://127.0.0.1:${runner.port + 5}`;
    s3 = new S3Client({ endpoint, region: localRegion, credentials: localCredentials, forcePathStyle: true });
    ada = await signUp(new Client(runner.outputs), newAddress(), goodPassword);
  });
  afterAll(async () => {
    table.client.destroy();
    s3.destroy();
    await runner.stop();
    await folder.remove();
  });

  const ownerOf = async () => userId(expectData(await ada.client.api.GET('/me'), 200).user_id);

  const makeTask = async (title: string, reminders: readonly { at: string }[] = []) =>
    expectData(await ada.client.api.POST('/tasks', { body: { title, reminders: [...reminders] } }), 201);

  /** @returns the exit code, and what was printed */
  const redrive = (...args: readonly string[]): Promise<readonly [number | null, string]> =>
    new Promise((resolve) => {
      const program = join(import.meta.dirname, '../../scripts/ops/run.ts');
      const outputs = ['--outputs', join(folder.path, 'outputs.json')];
      const child = spawn(process.execPath, [program, 'redrive', ...args, ...outputs]);
      let printed = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (text) => {
          printed += text;
        });
      }
      child.once('close', (code) => resolve([code, printed]));
    });

  const Bucket = () => runner.outputs.FailureBucketName;

  const givenUp = async (): Promise<readonly string[]> => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: Bucket(), Prefix: 'aws/lambda/' }));
    return Contents.map(({ Key = '' }) => Key);
  };

  const lines = async (): Promise<readonly Record<string, unknown>[]> =>
    (await readFile(join(folder.path, 'functions.log'), 'utf8'))
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
      // Those that Lambda itself writes have the invocation's id elsewhere.
      .filter(({ type }) => !String(type).startsWith('platform.'));

  const everything = async (): Promise<readonly Item[]> => {
    const items: Item[] = [];
    let ExclusiveStartKey: Item | undefined;
    do {
      const page = await table.client.send(new ScanCommand({ TableName: table.name, ExclusiveStartKey }));
      items.push(...(page.Items ?? []));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return items;
  };

  const definitionOf = async () => {
    const { Table: found } = await table.client.send(new DescribeTableCommand({ TableName: table.name }));
    if (!found) throw new Error('there is no table');
    return found;
  };

  const streamOf = async () => (await definitionOf()).LatestStreamArn;

  /**
   * As a restore does, while nothing runs: a new table, with the items and without a stream, which is switched on afterwards. It has the name of
   * the old one, because the runner names its tables by the template.
   */
  const replaceTable = async (items: readonly Item[]): Promise<void> => {
    const [engineName = 'dynoxide'] = availableEngines();
    const dataOfEngine = join(folder.path, 'dynamodb');
    const engine = await startEngine(engineName, { port: runner.port + 3, dataFolder: dataOfEngine });
    const { KeySchema, AttributeDefinitions, LocalSecondaryIndexes, GlobalSecondaryIndexes } = await definitionOf();
    const indexOf = ({ IndexName, KeySchema, Projection }: Index) => ({ IndexName, KeySchema, Projection });
    const TableName = table.name;
    await table.client.send(new DeleteTableCommand({ TableName }));
    await table.client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema,
        AttributeDefinitions,
        LocalSecondaryIndexes: LocalSecondaryIndexes?.map(indexOf),
        GlobalSecondaryIndexes: GlobalSecondaryIndexes?.map(indexOf),
      }),
    );
    for (const item of items) await putItem(table, item);
    const StreamSpecification = { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' as const };
    await table.client.send(new UpdateTableCommand({ TableName, StreamSpecification }));
    await engine.stop();
    // New mappings read the new stream from its beginning.
    await rm(join(folder.path, 'stream-checkpoints'), { recursive: true });
  };

  it('drives what a consumer gave up through it once more, and no mail goes out twice', {
    timeout: 180_000,
  }, async () => {
    expect(await redrive()).toEqual([0, 'Nothing lies in the failure bucket.\n']);
    const owner = await ownerOf();
    const task = await makeTask(secrets.title, [{ at: new Date(Date.now() + 500).toISOString() }]);
    const key = taskKey(owner, task.id);
    // What a mistake of ours could leave: whoever reads the task fails.
    await updateItem(table, key, { set: { title: 7 } });
    await wait(600);
    // As the sweep does, which may be faster.
    const { items } = await queryPage(table, { pk: key.pk, beginsWith: 'REMINDER#' });
    await dynamoReminderStore(table, 1).claim(owner, String(items[0]?.sk), new Date());
    await expect.poll(givenUp, { timeout: 90_000, interval: 200 }).toHaveLength(1);

    expect(await redrive('--dry-run')).toEqual([1, expect.stringMatching(/pomona-dev-reactions, records: 1, waits\n/)]);
    expect(await redrive()).toEqual([
      1,
      expect.stringMatching(/records: 1, kept: 1 of its records failed again\n0 done, 1 left/),
    ]);
    expect(await givenUp()).toHaveLength(1);

    await updateItem(table, key, { set: { title: secrets.title } });
    expect(await redrive('--consumer', 'change-feed')).toEqual([0, 'Nothing lies in the failure bucket.\n']);
    const [waiting = ''] = await givenUp();
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: Bucket(), Key: waiting }));
    const text = (await Body?.transformToString()) ?? '';
    expect(await redrive()).toEqual([0, expect.stringMatching(/records: 1, replayed, and removed\n1 done, 0 left/)]);
    expect(await givenUp()).toEqual([]);
    const mails = async () => (await mailTo(runner.outputs, ada.email)).filter(({ subject }) => /ring/i.test(subject));
    await expect.poll(mails, { timeout: 10_000 }).toHaveLength(1);

    // Removing it may fail, or somebody puts it back: the consumer knows.
    await s3.send(new PutObjectCommand({ Bucket: Bucket(), Key: waiting, Body: text }));
    expect((await redrive())[0]).toBe(0);
    await wait(500);
    expect(await mails()).toHaveLength(1);
  });

  it('puts a table of yesterday in the place of today’s, and every device starts over by itself', {
    timeout: 180_000,
  }, async () => {
    const [phone, laptop] = [new Device(ada.client), new Device(ada.client)];
    await phone.connect();
    await laptop.connect();
    await makeTask('Of yesterday');
    for (const device of [phone, laptop]) {
      await device.until(() => device.titles.includes('Of yesterday'), 'what was written before the moment');
    }
    const ofYesterday = phone.titles;
    const [items, streamOfYesterday] = [await everything(), await streamOf()];
    await makeTask('Of today');
    await phone.until(() => phone.titles.includes('Of today'), 'what was written after the moment');
    // In a tunnel meanwhile: its cursor is of before the moment, that of the phone of after it.
    laptop.drop();

    await runner.stop();
    await replaceTable(items);
    runner = await startRunnerProcess(folder.path, runner.port, clock.parameters);
    expect(await streamOf()).not.toBe(streamOfYesterday);

    await makeTask('After the restore');
    for (const device of [phone, laptop]) {
      await device.connect();
      await device.until(() => device.titles.includes('After the restore'), 'what was written after the restore');
      expect(device.titles).toEqual([...ofYesterday, 'After the restore'].sort());
      expect(device.restarts).toBe(1);
    }

    // From then on, nothing is missed, and nobody starts over again.
    const written = await Promise.all(Array.from({ length: 20 }, (_, count) => makeTask(`Number ${count}`)));
    for (const device of [phone, laptop]) {
      await device.until(() => written.every(({ id }) => id in device.versions), 'all twenty');
      expect(device.restarts).toBe(1);
      device.drop();
    }
  });

  it('finds each line of the logs under its invocation, what was measured, and nobody’s words', {
    timeout: 180_000,
  }, async () => {
    const anyone = new Client(runner.outputs);
    const { guest_uuid } = expectData(await anyone.api.POST('/guest'), 201);
    const guest = anyone.with({ 'x-guest-uuid': guest_uuid });
    expectData(await guest.api.POST('/guest/tasks', { body: { title: secrets.note } }), 201);
    expectData(await ada.client.api.POST('/guest/claim', { body: { guest_uuid } }), 200);
    const task = await makeTask(secrets.title);
    expectData(await ada.client.api.POST('/tasks/{task_id}/complete', at(task.id)), 200);
    await expect(openSocket(`${runner.outputs.WebSocketUrl}?ticket=${'n'.repeat(43)}`)).rejects.toThrow('401');

    const measured = async (): Promise<readonly string[]> => {
      const told = (await lines()).filter(({ _aws }) => _aws !== undefined);
      return Object.keys(metrics).filter((name) => told.some((line) => typeof line[name] === 'number'));
    };
    // The sweep runs once a minute.
    await clock.moveTo(secondsAfter(clock.now(), 120));
    await expect
      .poll(measured, { timeout: 90_000, interval: 500 })
      .toEqual(
        expect.arrayContaining([
          'TasksCreated',
          'TasksCompleted',
          'RemindersSent',
          'NotesClaimed',
          'ChangesFed',
          'FramesPushed',
          'FeedLag',
          'DueWorkDone',
          'DueWorkFailed',
          'DueWorkLag',
          'MailsSent',
          'ConnectionsRefused',
        ]),
      );

    const all = await lines();
    for (const { _aws, service } of all.filter((line) => line._aws !== undefined)) {
      const [{ Namespace, Dimensions, Metrics }] = (_aws as EmbeddedMetrics).CloudWatchMetrics;
      expect([Namespace, Dimensions]).toEqual(['pomona-dev', [['service']]]);
      for (const { Name, Unit } of Metrics) expect(metrics[Name]).toEqual({ unit: Unit, measuredBy: service });
    }
    expect(all.filter(({ request_id }) => typeof request_id !== 'string')).toEqual([]);
    expect([...new Set(all.map(({ service }) => service))]).toEqual(
      expect.arrayContaining(['accounts', 'tasks', 'guest', 'sync', 'change-feed', 'reactions', 'due-work']),
    );
    const text = await readFile(join(folder.path, 'functions.log'), 'utf8');
    const { access_token, refresh_token } = ada.tokens;
    for (const secret of [
      ...Object.values(secrets),
      guest_uuid,
      ada.email,
      goodPassword,
      access_token,
      refresh_token,
    ]) {
      expect(text).not.toContain(secret);
    }
    expect(text).not.toContain(await ownerOf());
  });
});

interface EmbeddedMetrics {
  readonly CloudWatchMetrics: readonly [
    {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: keyof typeof metrics; readonly Unit: string }[];
    },
  ];
}
