/** From a write on one device to the frame on another, through the whole of the embedded runner. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { localCredentials, localRegion, portsFrom } from '#local/parts.ts';
import { Client, expectData, signUp } from '#test/support/client.ts';
import { openSocket } from '#test/support/device.ts';
import { freePorts } from '#test/support/ports.ts';
import { dataFolder, startRunnerProcess } from '#test/support/runner.ts';
import { measureOperation } from './operations.ts';
import { median, rounded, type Section } from './section.ts';

const warmUp = 10;

interface Times {
  /** Until the write was answered. */
  readonly answer: number;
  /** Until the other device had the frame. */
  readonly frame: number;
  /** Of a put by a client of DynamoDB, and nothing around it. */
  readonly put: number;
}

/** Milliseconds of each round, in turns. */
const measure = async (rounds: number): Promise<readonly Times[]> => {
  const folder = await dataFolder();
  const runner = await startRunnerProcess(folder.path, await freePorts());
  const { outputs, port } = runner;
  const dynamo = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${portsFrom(port).dynamodb}`,
    region: localRegion,
    credentials: localCredentials,
  });
  try {
    const { client } = await signUp(new Client(outputs), `${randomUUID()}@pomona.example`, randomUUID());
    const { ticket, url } = expectData(await client.api.POST('/realtime/tickets', { body: {} }), 201);
    const socket = await openSocket(`${url}?ticket=${ticket}`);
    const times: Times[] = [];
    for (let round = 0; round < rounds + warmUp; round += 1) {
      const heard = once(socket, 'message').then(() => performance.now());
      const begin = performance.now();
      expectData(await client.api.POST('/tasks', { body: { title: `Round ${round}` } }), 201);
      const answered = performance.now();
      const arrived = await heard;
      const beginPut = performance.now();
      await dynamo.send(
        new PutItemCommand({
          TableName: outputs.TableName,
          Item: { pk: { S: 'BENCH' }, sk: { S: String(round) }, title: { S: `Round ${round}` } },
        }),
      );
      const put = performance.now() - beginPut;
      times.push({ answer: answered - begin, frame: arrived - begin, put });
    }
    socket.terminate();
    return times.slice(warmUp);
  } finally {
    dynamo.destroy();
    await runner.stop();
    await folder.remove();
  }
};

/** One after the other, each of them over a network: what of them there is decides how live "live" is. */
const hopsOf = async (): Promise<number> => {
  const { invocation } = await measureOperation('the feed: 1 change, 2 devices');
  const [stream, post] = [1, 1];
  return stream + invocation.roundTrips + post;
};

export const writeToSocket = async (quick: boolean): Promise<Section> => {
  const rounds = quick ? 20 : 60;
  const times = await measure(rounds);
  const put = median(times.map((time) => time.put));
  return {
    title: 'From a write to the frame on another device',
    how: `\`POST /tasks\` on the embedded runner, until it is answered and until another device’s socket has the frame, ÷ a put by a bare DynamoDB client on the same engine. Medians of ${rounds} rounds, in turns. The runner starts a process for each function and asks the stream on a timer; on AWS both are other numbers. Hops are from the commit on: the stream, the round trips that the feed makes one after the other, the post.`,
    figures: [
      { name: 'hops from the commit to the frame', value: await hopsOf(), unit: 'hops', limit: 5 },
      {
        name: 'until the write is answered ÷ a put',
        value: rounded(median(times.map((time) => time.answer)) / put),
        unit: '×',
        limit: 15,
      },
      {
        name: 'until the frame is there ÷ a put',
        value: rounded(median(times.map((time) => time.frame)) / put),
        unit: '×',
        limit: 30,
      },
    ],
  };
};
