import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAssembly } from '#local/assembly.ts';
import { type Assembly, portsFrom } from '#local/parts.ts';

const tableArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/tasks';
const table = { Type: 'AWS::DynamoDB::Table', Properties: { TableName: 'tasks' } };
const thing = (properties: object) => ({ Type: 'Test::Thing', Properties: properties });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pomona-assembly-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** As the CDK writes it: a manifest, and a template a stack. */
const assemblyOf = async (stacks: Readonly<Record<string, object>>): Promise<Assembly> => {
  const artifacts = Object.keys(stacks).map((name) => [
    name,
    { type: 'aws:cloudformation:stack', properties: { templateFile: `${name}.template.json` } },
  ]);
  await writeFile(
    join(folder, 'manifest.json'),
    JSON.stringify({ artifacts: { Tree: { type: 'cdk:tree' }, ...Object.fromEntries(artifacts) } }),
  );
  for (const [name, template] of Object.entries(stacks)) {
    await writeFile(join(folder, `${name}.template.json`), JSON.stringify(template));
  }
  return readAssembly(folder, portsFrom(4000));
};

/** What a value in a template becomes. */
const resolved = async (value: unknown): Promise<unknown> => {
  const assembly = await assemblyOf({ Service: { Resources: { Table: table, Thing: thing({ Value: value }) } } });
  return assembly.resourcesOf('Test::Thing')[0]?.properties.Value;
};

describe('a value of a template', () => {
  it.each([
    ['a reference by name', { Ref: 'Table' }, 'tasks'],
    ['an attribute', { 'Fn::GetAtt': ['Table', 'Arn'] }, tableArn],
    ['a pseudo parameter', { Ref: 'AWS::Region' }, 'us-east-1'],
    ['the name of its own stack', { Ref: 'AWS::StackName' }, 'Service'],
    ['a join', { 'Fn::Join': ['/', ['a', { Ref: 'Table' }]] }, 'a/tasks'],
    ['a split', { 'Fn::Split': ['/', 'a/b'] }, ['a', 'b']],
    ['a selection', { 'Fn::Select': [1, { 'Fn::Split': ['/', 'a/b'] }] }, 'b'],
    ['a substitution', { 'Fn::Sub': `\${Table} \${Table.Arn} \${!kept}` }, `tasks ${tableArn} \${kept}`],
    ['a substitution with its own names', { 'Fn::Sub': [`\${a}\${a}`, { a: { Ref: 'Table' } }] }, 'taskstasks'],
    ['what lies deep inside', { a: [{ b: { Ref: 'Table' } }] }, { a: [{ b: 'tasks' }] }],
    ['what is not there', { a: 1, b: { Ref: 'AWS::NoValue' } }, { a: 1 }],
  ])('may be %s', async (_, value, expected) => {
    expect(await resolved(value)).toEqual(expected);
  });

  it.each([
    ['a resource that does not exist', { Ref: 'Nobody' }, 'Thing: no stack has a resource Nobody'],
    ['an attribute that is not known', { 'Fn::GetAtt': ['Table', 'Colour'] }, 'Colour of Table'],
    [
      'a function that is not known',
      { 'Fn::Cidr': [] },
      'Thing: the runner does not know the intrinsic function Fn::Cidr',
    ],
    ['an export that nobody makes', { 'Fn::ImportValue': 'nothing' }, 'Thing: no stack exports nothing'],
  ])('must not be %s, and the error says where', async (_, value, problem) => {
    await expect(resolved(value)).rejects.toThrow(problem);
  });

  it('may be what another stack exports', async () => {
    const assembly = await assemblyOf({
      Service: { Resources: { Thing: thing({ Value: { 'Fn::ImportValue': 'Stateful:Table' } }) } },
      Stateful: {
        Resources: { Table: table },
        Outputs: { ExportTable: { Value: { Ref: 'Table' }, Export: { Name: 'Stateful:Table' } } },
      },
    });
    expect(assembly.resourcesOf('Test::Thing')[0]?.properties).toEqual({ Value: 'tasks' });
    expect(assembly.outputs()).toEqual({});
  });

  it('is found once a part has made what it names', async () => {
    const assembly = await assemblyOf({
      Service: { Resources: { Table: table, Thing: thing({ Stream: { 'Fn::GetAtt': ['Table', 'StreamArn'] } }) } },
    });
    const [reader] = assembly.resourcesOf('Test::Thing');
    expect(() => reader?.properties).toThrow('StreamArn of Table');
    assembly.learn('Table', 'StreamArn', 'arn:aws:dynamodb:us-east-1:0:table/tasks/stream/1');
    expect(reader?.properties.Stream).toBe('arn:aws:dynamodb:us-east-1:0:table/tasks/stream/1');
  });
});

describe('a resource', () => {
  const resources = {
    Pool: { Type: 'AWS::Cognito::UserPool' },
    Bucket: { Type: 'AWS::S3::Bucket' },
    Table: table,
    Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'HTTP' } },
    Function: { Type: 'AWS::Lambda::Function', Metadata: { 'aws:asset:path': 'asset.1' } },
  };
  const idOf = (assembly: Assembly, type: string): string | undefined => assembly.resourcesOf(type)[0]?.physicalId;

  it('has an id that looks like AWS’s own, and has it again next time', async () => {
    const assembly = await assemblyOf({ Service: { Resources: resources } });
    expect(idOf(assembly, 'AWS::Cognito::UserPool')).toMatch(/^us-east-1_[0-9a-zA-Z]{9}$/);
    expect(idOf(assembly, 'AWS::S3::Bucket')).toMatch(/^[a-z0-9][a-z0-9-]{2,62}$/);
    expect(idOf(assembly, 'AWS::ApiGatewayV2::Api')).toMatch(/^[0-9a-z]{10}$/);
    const again = await assemblyOf({ Service: { Resources: resources } });
    for (const { Type } of Object.values(resources)) expect(idOf(again, Type)).toBe(idOf(assembly, Type));
  });

  it('is found by its id and by its ARN', async () => {
    const assembly = await assemblyOf({ Service: { Resources: resources } });
    expect(assembly.named('tasks')?.logicalId).toBe('Table');
    expect(assembly.named(tableArn)?.logicalId).toBe('Table');
    expect(assembly.named('arn:aws:s3:::elsewhere')).toBeUndefined();
  });

  it('knows the folder of its code', async () => {
    const assembly = await assemblyOf({ Service: { Resources: resources } });
    expect(assembly.resourcesOf('AWS::Lambda::Function')[0]?.assetFolder).toBe(join(folder, 'asset.1'));
  });
});

describe('the outputs', () => {
  it('are those of all stacks, with URLs as they are locally', async () => {
    const host = (api: string) => ['.', [{ Ref: api }, 'execute-api.us-east-1.amazonaws.com']];
    const assembly = await assemblyOf({
      Stateful: { Resources: { Table: table }, Outputs: { TableName: { Value: { Ref: 'Table' } } } },
      Service: {
        Resources: {
          Http: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'HTTP' } },
          Socket: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'WEBSOCKET' } },
        },
        Outputs: {
          HttpApiUrl: { Value: { 'Fn::GetAtt': ['Http', 'ApiEndpoint'] } },
          WebSocketUrl: { Value: { 'Fn::Join': ['', ['wss://', { 'Fn::Join': host('Socket') }, '/live']] } },
          Callback: { Value: { 'Fn::Join': ['', ['https://', { 'Fn::Join': host('Socket') }, '/live']] } },
          Elsewhere: { Value: 'https://abcdefghij.execute-api.us-east-1.amazonaws.com' },
        },
      },
    });
    expect(assembly.outputs()).toEqual({
      TableName: 'tasks',
      HttpApiUrl: 'http://127.0.0.1:4000',
      WebSocketUrl: 'ws://127.0.0.1:4001/live',
      Callback: 'http://127.0.0.1:4001/live',
      Elsewhere: 'https://abcdefghij.execute-api.us-east-1.amazonaws.com',
    });
  });
});
