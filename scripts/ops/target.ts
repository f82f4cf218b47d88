import { readFile } from 'node:fs/promises';
import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { cognitoIdentityProvider } from '#functions/accounts/cognito.ts';
import { localCredentials, localRegion, portsFrom } from '#local/parts.ts';
import { type UserId, userId } from '#shared/ids.ts';
import { openTable, type Table } from '#shared/table.ts';

/** A Pomona that runs somewhere, as those see it who look after it. */
export interface Operated {
  readonly table: Table;
  /** @param user an id, or an e-mail address  @throws Error when nobody has the address */
  ownerOf(user: string): Promise<UserId>;
}

interface Outputs {
  readonly TableName: string;
  readonly UserPoolId: string;
  readonly UserPoolClientId: string;
  readonly HttpApiUrl: string;
  readonly Region: string;
  /** Only the runner has one: AWS has no mailbox to look into. */
  readonly MailboxUrl?: string;
}

/** @param file the outputs of a runner, or of a deployment: the CDK has them stack by stack */
export const operatedBy = async (file: string): Promise<Operated> => {
  const outputs = flat(JSON.parse(await readFile(file, 'utf8')));
  const [dynamodb, cognito] = connectionsOf(outputs);
  const people = cognitoIdentityProvider(
    { USER_POOL_ID: outputs.UserPoolId, USER_POOL_CLIENT_ID: outputs.UserPoolClientId },
    new CognitoIdentityProviderClient(cognito),
  );
  return {
    table: openTable({ TABLE_NAME: outputs.TableName }, dynamodb),
    ownerOf: async (user) => {
      if (!user.includes('@')) return userId(user);
      const found = await people.find(user);
      if (!found) throw new Error(`Nobody has the address ${user}.`);
      return found.owner;
    },
  };
};

const flat = (outputs: Record<string, string | Record<string, string>>): Outputs =>
  Object.assign(
    {},
    ...Object.entries(outputs).map(([name, value]) => (typeof value === 'string' ? { [name]: value } : value)),
  );

type Connection = Pick<DynamoDBClientConfig, 'endpoint' | 'region' | 'credentials'>;

/** Where DynamoDB and Cognito are: on AWS (or where `AWS_ENDPOINT_URL` says), unless it is the embedded runner. */
const connectionsOf = ({ HttpApiUrl, MailboxUrl, Region }: Outputs): readonly [Connection, Connection] => {
  if (MailboxUrl === undefined) return [{ region: Region }, { region: Region }];
  const ports = portsFrom(Number(new URL(HttpApiUrl).port));
  const at = (port: number): Connection => ({
    endpoint: `http://127.0.0.1:${port}`,
    region: localRegion,
    credentials: localCredentials,
  });
  return [at(ports.dynamodb), at(ports.cognito)];
};
