import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DeleteObjectCommand, GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { cognitoIdentityProvider } from '#functions/accounts/cognito.ts';
import { type UserId, userId } from '#shared/ids.ts';
import { openTable, type Table } from '#shared/table.ts';
import { connectionsOf, readOutputs } from '../outputs.ts';

/** A Pomona that runs somewhere, as those see it who look after it. */
export interface Operated {
  readonly table: Table;
  readonly failures: FailureBucket;
  readonly invoke: Invoke;
  /** @param user an id, or an e-mail address  @throws Error when nobody has the address */
  ownerOf(user: string): Promise<UserId>;
}

/** What Lambda put into the failure bucket, object by object. */
export interface FailureBucket {
  /** Every key, in order. */
  keys(): Promise<readonly string[]>;
  read(key: string): Promise<string>;
  remove(key: string): Promise<void>;
}

/** @returns what the function answers  @throws Error with what it failed with */
export type Invoke = (functionArn: string, event: unknown) => Promise<unknown>;

/** @param file the outputs of a runner, or of a deployment */
export const operatedBy = async (file: string): Promise<Operated> => {
  const outputs = await readOutputs(file);
  const { dynamodb, cognito, s3, lambda } = connectionsOf(outputs);
  const people = cognitoIdentityProvider(
    { USER_POOL_ID: outputs.UserPoolId, USER_POOL_CLIENT_ID: outputs.UserPoolClientId },
    new CognitoIdentityProviderClient(cognito),
  );
  return {
    table: openTable({ TABLE_NAME: outputs.TableName }, dynamodb),
    failures: failureBucket(
      new S3Client({ ...s3, forcePathStyle: s3.endpoint !== undefined }),
      outputs.FailureBucketName,
    ),
    // A batch may take its function two minutes, and a call that is tried again is a batch that comes twice.
    invoke: invoker(new LambdaClient({ ...lambda, maxAttempts: 1, requestHandler: { requestTimeout: 150_000 } })),
    ownerOf: async (user) => {
      if (!user.includes('@')) return userId(user);
      const found = await people.find(user);
      if (!found) throw new Error(`Nobody has the address ${user}.`);
      return found.owner;
    },
  };
};

const failureBucket = (s3: S3Client, Bucket: string): FailureBucket => ({
  keys: async () => {
    const keys: string[] = [];
    for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix: 'aws/lambda/' })) {
      keys.push(...Contents.flatMap(({ Key }) => (Key === undefined ? [] : [Key])));
    }
    return keys.sort();
  },
  read: async (Key) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    return (await Body?.transformToString()) ?? '';
  },
  remove: async (Key) => {
    await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  },
});

const invoker =
  (lambda: LambdaClient): Invoke =>
  async (FunctionName, event) => {
    const { FunctionError, Payload } = await lambda.send(
      new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(event)) }),
    );
    const answer = JSON.parse(Payload?.transformToString() || 'null');
    if (FunctionError) throw new Error(`${answer?.errorType}: ${answer?.errorMessage}`);
    return answer;
  };
