import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import {
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { localCredentials, localRegion, portsFrom } from '#local/parts.ts';
import type { Item } from '#shared/item.ts';
import type { Outputs } from '#test/support/runner.ts';

/** Looks into a runner's services from beside, where nothing goes wrong. */
export interface Insight {
  /** The whole table, as it is once nobody writes. */
  items(): Promise<readonly Item[]>;
  /** Keys of the objects that lie in the bucket of what people own. */
  objects(): Promise<readonly string[]>;
  /** All mail that has been sent, each letter as one text. */
  letters(): Promise<readonly string[]>;
  /** Whether every consumer has dealt with all that the stream holds. */
  drained(): Promise<boolean>;
  stop(): void;
}

/** @param port the first of the runner's  @param folder its data */
export const insightInto = (
  { TableName, AttachmentsBucketName, MailboxUrl }: Outputs,
  port: number,
  folder: string,
): Insight => {
  const at = (service: number) => ({
    endpoint: `http://127.0.0.1:${service}`,
    region: localRegion,
    credentials: localCredentials,
  });
  const ports = portsFrom(port);
  const client = new DynamoDBClient(at(ports.dynamodb));
  const streams = new DynamoDBStreamsClient(at(ports.dynamodb));
  const s3 = new S3Client({ ...at(ports.s3), forcePathStyle: true });

  const comesAfter = async (StreamArn: string, ShardId: string, SequenceNumber: string): Promise<boolean> => {
    const { ShardIterator } = await streams.send(
      new GetShardIteratorCommand({ StreamArn, ShardId, SequenceNumber, ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' }),
    );
    const { Records = [] } = await streams.send(new GetRecordsCommand({ ShardIterator, Limit: 1 }));
    return Records.length > 0;
  };

  return {
    items: async () => {
      const items: Item[] = [];
      for await (const page of paginateScan({ client }, { TableName, ConsistentRead: true })) {
        items.push(...(page.Items ?? []).map((item) => unmarshall(item)));
      }
      return items;
    },

    objects: async () => {
      const keys: string[] = [];
      for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: AttachmentsBucketName })) {
        keys.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []));
      }
      return keys;
    },

    letters: async () => {
      const { emails } = (await (await fetch(`${MailboxUrl}/store`)).json()) as { emails: readonly Email[] };
      return emails.map(({ destination, subject, body }) => `${destination.to} ${subject} ${body.text}`);
    },

    drained: async () => {
      const { Streams = [] } = await streams.send(new ListStreamsCommand({ TableName }));
      const StreamArn = Streams[0]?.StreamArn ?? '';
      const checkpoints = join(folder, 'stream-checkpoints');
      for (const file of (await readdir(checkpoints)).filter((name) => name.endsWith('.json'))) {
        const reached: Readonly<Record<string, string>> = JSON.parse(await readFile(join(checkpoints, file), 'utf8'));
        for (const [shard, sequenceNumber] of Object.entries(reached)) {
          if (await comesAfter(StreamArn, shard, sequenceNumber)) return false;
        }
      }
      return true;
    },

    stop: () => {
      client.destroy();
      streams.destroy();
      s3.destroy();
    },
  };
};

interface Email {
  readonly destination: { readonly to: readonly string[] };
  readonly subject: string;
  readonly body: { readonly text?: string };
}

/** Asks again and again. @returns whether it came to that in time */
export const comesTrue = async (holds: () => boolean | Promise<boolean>, seconds: number): Promise<boolean> => {
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; await wait(250)) {
    if (await holds()) return true;
  }
  return false;
};
