import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { withConditions } from '#local/object-conditions.ts';
import { type Assembly, type BusEvent, localAccount, localRegion, type Part, type Ports } from '#local/parts.ts';
import { S3rver } from '#local/s3rver.ts';
import { closeServer, listen } from '#local/server.ts';

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

/**
 * S3: the assembly's buckets on disk. Every request must be signed; what happens to objects is told to EventBridge where the bucket
 * says so.
 */
export const startBuckets = async ({
  assembly,
  ports,
  dataFolder,
  putEvent,
}: BucketsOptions): Promise<Part & { readonly endpoint: string }> => {
  const buckets = assembly.resourcesOf('AWS::S3::Bucket');
  const tellsEventBridge = new Set(
    buckets.filter(({ properties }) => isOn(properties.NotificationConfiguration)).map(({ physicalId }) => physicalId),
  );
  const tell = (change: ObjectChange): void => {
    if (tellsEventBridge.has(change.bucket)) putEvent(eventOf(change));
  };
  const options = {
    silent: true,
    directory: join(dataFolder, 's3'),
    // Buckets are named in the path: 127.0.0.1 has no subdomains.
    vhostBuckets: false,
    configureBuckets: buckets.map(({ physicalId, properties }) => ({
      name: physicalId,
      configs: corsOf(properties.CorsConfiguration),
    })),
  };
  const objects = new S3rver(options);
  // The signature of a request about a whole bucket never fits with this version of the SDK. It must be there; it need not fit.
  const wholeBuckets = new S3rver({ ...options, allowMismatchedSignatures: true });
  await objects.configureBuckets();

  objects.on('event', ({ Records }: S3Event) => {
    for (const { eventName, s3 } of Records) {
      tell({ deleted: eventName.startsWith('ObjectRemoved'), bucket: s3.bucket.name, ...s3.object });
    }
  });
  // Of many that are deleted at once it says nothing.
  const deleteObject = wholeBuckets.store.deleteObject.bind(wholeBuckets.store);
  wholeBuckets.store.deleteObject = async (bucket, key) => {
    await deleteObject(bucket, key);
    tell({ deleted: true, bucket, key });
  };

  const answerObject = withConditions(objects);
  const answerBucket = wholeBuckets.callback();
  const server = createServer((request, response) => {
    if (request.method !== 'OPTIONS' && !isSigned(request)) return refuse(response);
    return /^\/[^/?]+\/[^?]/.test(request.url ?? '')
      ? answerObject(request, response)
      : answerBucket(request, response);
  });
  await listen(server, ports.s3);
  return {
    endpoint: `http://127.0.0.1:${ports.s3}`,
    stop: async () => {
      await closeServer(server);
      for (const { logger } of [objects, wholeBuckets]) {
        logger.exceptions.unhandle();
        logger.close();
      }
    },
  };
};

/** s3rver lets everybody in who does not even try to sign. */
const isSigned = ({ headers, url = '' }: IncomingMessage): boolean =>
  headers.authorization !== undefined || new URL(url, 'http://localhost').searchParams.has('X-Amz-Signature');

const refuse = (response: ServerResponse): void => {
  response.writeHead(403, { 'content-type': 'application/xml', connection: 'close' });
  response.end(
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>',
  );
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

interface ObjectChange {
  readonly deleted: boolean;
  readonly bucket: string;
  readonly key: string;
  readonly size?: number;
  readonly eTag?: string;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html */
const eventOf = ({ deleted, bucket, key, size, eTag }: ObjectChange): BusEvent => ({
  version: '0',
  id: randomUUID(),
  'detail-type': deleted ? 'Object Deleted' : 'Object Created',
  source: 'aws.s3',
  account: localAccount,
  time: new Date().toISOString().replace(/\.\d+/, ''),
  region: localRegion,
  resources: [`arn:aws:s3:::${bucket}`],
  detail: {
    version: '0',
    bucket: { name: bucket },
    // Unlike in S3's other notifications, the key stands here as it is.
    object: { key, ...(!deleted && { size, etag: eTag }) },
    'request-id': randomUUID(),
    requester: localAccount,
    reason: deleted ? 'DeleteObject' : 'PutObject',
    ...(deleted && { 'deletion-type': 'Permanently Deleted' }),
  },
});
