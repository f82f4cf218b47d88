import { describe, expect, it } from 'vitest';
import { environment } from '#blueprint/environment.ts';
import { resourcesOf, templatesOf } from '#test/lib/synthesize.ts';

const restoredTable = { name: 'Pomona-restored', streamLabel: '2026-11-24T12:00:00.000' };
const { stateful, service } = templatesOf('prod', { restoredTable });
const ordinary = templatesOf('prod');

describe('a stage whose table was restored', () => {
  const lambdas = [stateful, service].flatMap((template) => resourcesOf(template, 'AWS::Lambda::Function'));
  const variables = lambdas.map(({ properties }) => properties.Environment.Variables);

  it('makes none itself, and leaves the one that it had where it is', () => {
    expect(resourcesOf(stateful, 'AWS::DynamoDB::Table')).toEqual([]);
    expect(resourcesOf(ordinary.stateful, 'AWS::DynamoDB::Table').map(({ deletionPolicy }) => deletionPolicy)).toEqual([
      'Retain',
    ]);
  });

  it('tells every function of it, and of its stream', () => {
    const told = variables.filter(({ TABLE_NAME }) => TABLE_NAME !== undefined);
    expect(told).toHaveLength(
      Object.values<readonly string[]>(environment).filter((names) => names.includes('TABLE_NAME')).length,
    );
    for (const { TABLE_NAME } of told) expect(TABLE_NAME).toBe(restoredTable.name);
    const streams = variables.flatMap(({ TABLE_STREAM_ARN }) =>
      TABLE_STREAM_ARN ? [JSON.stringify(TABLE_STREAM_ARN)] : [],
    );
    expect(streams).toHaveLength(4);
    for (const stream of streams) expect(stream).toContain(':table/Pomona-restored/stream/2026-11-24T12:00:00.000');
  });

  it('consumes the new stream from its beginning', () => {
    const sources = resourcesOf(service, 'AWS::Lambda::EventSourceMapping');
    expect(sources).toHaveLength(2);
    for (const { properties } of sources) {
      expect(JSON.stringify(properties.EventSourceArn)).toContain(`/stream/${restoredTable.streamLabel}`);
      expect(properties.StartingPosition).toBe('TRIM_HORIZON');
    }
  });

  it('lets its functions at that table and no other', () => {
    const tables = [stateful, service]
      .flatMap((template) => resourcesOf(template, 'AWS::IAM::Policy'))
      .flatMap(({ properties }) => properties.PolicyDocument.Statement)
      .filter(({ Action }) => JSON.stringify(Action).includes('dynamodb:'))
      .flatMap(({ Resource }) => (Array.isArray(Resource) ? Resource : [Resource]));
    expect(tables.length).toBeGreaterThan(20);
    for (const arn of tables) expect(JSON.stringify(arn)).toMatch(/:table\/Pomona-restored[/"]/);
  });

  it('can be deployed stack by stack: the service imports nothing that the other would have to take back', () => {
    const imports = (template: object) => JSON.stringify(template).match(/ExportsOutput\w*SingleTable\w*/g) ?? [];
    expect(imports(ordinary.service.toJSON()).length).toBeGreaterThan(0);
    expect(imports(service.toJSON())).toEqual([]);
    expect(imports(stateful.toJSON())).toEqual([]);
    expect(stateful.findOutputs('TableName').TableName?.Value).toBe(restoredTable.name);
  });
});
