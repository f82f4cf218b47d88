import { readFile } from 'node:fs/promises';
import { localCredentials, portsFrom } from '#local/parts.ts';

/** What a Pomona says of itself: the outputs of its stacks, and of what hosts them. */
export interface Outputs {
  readonly HttpApiUrl: string;
  readonly WebSocketUrl: string;
  readonly TableName: string;
  readonly UserPoolId: string;
  readonly UserPoolClientId: string;
  readonly AttachmentsBucketName: string;
  readonly FailureBucketName: string;
  readonly Region: string;
  /** Only the embedded runner has one: where its mail can be read. */
  readonly MailboxUrl?: string;
  /** Only an emulator has one: where all of its services answer. */
  readonly EmulatorUrl?: string;
  readonly EmulatorName?: string;
}

/** @param file what a runner, `npm run test:localstack` or the CDK has written */
export const readOutputs = async (file: string): Promise<Outputs> =>
  flatOutputs(JSON.parse(await readFile(file, 'utf8')));

/** The CDK has them stack by stack. */
export const flatOutputs = (outputs: Readonly<Record<string, string | Readonly<Record<string, string>>>>): Outputs =>
  Object.assign(
    {},
    ...Object.entries(outputs).map(([name, value]) => (typeof value === 'string' ? { [name]: value } : value)),
  );

export interface Connection {
  /** None: where AWS is, or where the environment says. */
  readonly endpoint?: string;
  readonly region: string;
  /** None: the caller's. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Those of an emulator's only account. */
const emulatorCredentials = { accessKeyId: 'test', secretAccessKey: 'test' } as const;

export type Connections = Readonly<Record<'dynamodb' | 'cognito' | 's3' | 'lambda', Connection>>;

/** How its services are reached by those who look after it. */
export const connectionsOf = ({ HttpApiUrl, MailboxUrl, EmulatorUrl, Region }: Outputs): Connections => {
  if (MailboxUrl !== undefined) {
    const ports = portsFrom(Number(new URL(HttpApiUrl).port));
    const at = (port: number): Connection => ({
      endpoint: `http://127.0.0.1:${port}`,
      region: Region,
      credentials: localCredentials,
    });
    return {
      dynamodb: at(ports.dynamodb),
      cognito: at(ports.cognito),
      s3: at(ports.s3),
      lambda: at(ports.runtime),
    };
  }
  const everywhere: Connection =
    EmulatorUrl === undefined
      ? { region: Region }
      : { endpoint: EmulatorUrl, region: Region, credentials: emulatorCredentials };
  return { dynamodb: everywhere, cognito: everywhere, s3: everywhere, lambda: everywhere };
};
