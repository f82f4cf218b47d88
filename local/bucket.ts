import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isListening } from '#local/dynamodb-engine.ts';
import { type Assembly, type BusEvent, localAccount, localRegion, type Part, type Ports } from '#local/parts.ts';
import { portTaken } from '#local/server.ts';

export interface BucketsOptions {
  readonly assembly: Assembly;
  readonly ports: Ports;
  readonly dataFolder: string;
  readonly putEvent: (event: BusEvent) => void;
}

interface S3Event {
  readonly Records: readonly {
    readonly eventName: string;
    readonly eventTime: string;
    readonly s3: {
      readonly bucket: { readonly name: string };
      readonly object: { readonly key: string; readonly size?: number; readonly eTag?: string };
    };
  }[];
}

interface S3rver {
  run(): Promise<unknown>;
  close(): Promise<void>;
  on(event: 'event', listener: (event: S3Event) => void): void;
  readonly httpServer: { closeAllConnections(): void };
}

const S3rver: new (options: object) => S3rver = createRequire(import.meta.url)('@20minutes/s3rver');

/** S3: the assembly's buckets on disk. Signatures are checked; what happens to objects is told to EventBridge where the bucket says so. */
export const startBuckets = async ({
  assembly,
  ports,
  dataFolder,
  putEvent,
}: BucketsOptions): Promise<Part & { readonly endpoint: string }> => {
  if (await isListening(ports.s3)) throw portTaken(ports.s3);
  const buckets = assembly.resourcesOf('AWS::S3::Bucket');
  const tellsEventBridge = new Set(
    buckets.filter(({ properties }) => isOn(properties.NotificationConfiguration)).map(({ physicalId }) => physicalId),
  );
  const s3 = new S3rver({
    address: '127.0.0.1',
    port: ports.s3,
    silent: true,
    directory: join(dataFolder, 's3'),
    // Buckets are named in the path: 127.0.0.1 has no subdomains.
    vhostBuckets: false,
    configureBuckets: buckets.map(({ physicalId, properties }) => ({
      name: physicalId,
      configs: corsOf(properties.CorsConfiguration),
    })),
  });
  s3.on('event', ({ Records }) => {
    for (const record of Records) {
      if (tellsEventBridge.has(record.s3.bucket.name)) putEvent(eventOf(record));
    }
  });
  await s3.run();
  return {
    endpoint: `http://127.0.0.1:${ports.s3}`,
    stop: async () => {
      const closed = s3.close();
      s3.httpServer.closeAllConnections();
      await closed;
    },
  };
};

const isOn = (notifications: unknown): boolean =>
  (notifications as { EventBridgeConfiguration?: { EventBridgeEnabled?: boolean } } | undefined)
    ?.EventBridgeConfiguration?.EventBridgeEnabled === true;

interface CorsRule {
  readonly AllowedOrigins: readonly string[];
  readonly AllowedMethods: readonly string[];
  readonly AllowedHeaders?: readonly string[];
  readonly ExposedHeaders?: readonly string[];
  readonly MaxAge?: number;
}

/** CloudFormation's CORS rules as S3's own XML. */
const corsOf = (configuration: unknown): string[] => {
  const rules = (configuration as { CorsRules?: readonly CorsRule[] } | undefined)?.CorsRules;
  if (!rules) return [];
  const each = (tag: string, values: readonly (string | number)[] = []): string =>
    values.map((value) => `<${tag}>${value}</${tag}>`).join('');
  const xml = rules.map(
    ({ AllowedOrigins, AllowedMethods, AllowedHeaders, ExposedHeaders, MaxAge }) =>
      `<CORSRule>${each('AllowedOrigin', AllowedOrigins)}${each('AllowedMethod', AllowedMethods)}${each(
        'AllowedHeader',
        AllowedHeaders,
      )}${each('ExposeHeader', ExposedHeaders)}${each('MaxAgeSeconds', MaxAge === undefined ? [] : [MaxAge])}</CORSRule>`,
  );
  return [`<CORSConfiguration>${xml.join('')}</CORSConfiguration>`];
};

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html */
const eventOf = ({ eventName, eventTime, s3 }: S3Event['Records'][number]): BusEvent => {
  const deleted = eventName.startsWith('ObjectRemoved');
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': deleted ? 'Object Deleted' : 'Object Created',
    source: 'aws.s3',
    account: localAccount,
    time: eventTime,
    region: localRegion,
    resources: [`arn:aws:s3:::${s3.bucket.name}`],
    detail: {
      version: '0',
      bucket: { name: s3.bucket.name },
      object: {
        key: decodeURIComponent(s3.object.key),
        ...(!deleted && { size: s3.object.size, etag: s3.object.eTag }),
      },
      'request-id': randomUUID(),
      requester: localAccount,
      reason: deleted ? 'DeleteObject' : 'PutObject',
    },
  };
};
