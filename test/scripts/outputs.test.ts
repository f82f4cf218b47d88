import { describe, expect, it } from 'vitest';
import { connectionsOf, flatOutputs, type Outputs } from '../../scripts/outputs.ts';

const deployed: Outputs = {
  HttpApiUrl: 'https://api',
  WebSocketUrl: 'wss://api/live',
  TableName: 'table',
  UserPoolId: 'eu-west-1_pool',
  UserPoolClientId: 'client',
  AttachmentsBucketName: 'attachments',
  FailureBucketName: 'failures',
  Region: 'eu-west-1',
};

describe('outputs', () => {
  it('are the same from the CDK, which has them stack by stack, as from a runner', () => {
    const { HttpApiUrl, WebSocketUrl, Region, ...stateful } = deployed;
    expect(flatOutputs({ Stateful: stateful, Service: { HttpApiUrl, WebSocketUrl, Region } })).toEqual(deployed);
    expect(flatOutputs({ ...deployed })).toEqual(deployed);
  });

  it('of a deployment lead to AWS, with the caller’s own credentials', () => {
    const { dynamodb, cognito } = connectionsOf(deployed);
    expect([dynamodb, cognito]).toEqual([{ region: 'eu-west-1' }, { region: 'eu-west-1' }]);
  });

  it('of a runner lead to its parts, and of an emulator to the emulator', () => {
    const runner = { ...deployed, HttpApiUrl: 'http://127.0.0.1:5000', MailboxUrl: 'http://127.0.0.1:5002' };
    const { dynamodb, cognito } = connectionsOf(runner);
    expect([dynamodb.endpoint, cognito.endpoint]).toEqual(['http://127.0.0.1:5003', 'http://127.0.0.1:5004']);
    const emulated = connectionsOf({ ...deployed, EmulatorUrl: 'http://127.0.0.1:4566', EmulatorName: 'ministack' });
    expect(emulated.dynamodb).toMatchObject({ endpoint: 'http://127.0.0.1:4566', region: 'eu-west-1' });
    expect(emulated.cognito).toEqual(emulated.dynamodb);
  });
});
