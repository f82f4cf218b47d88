import { describe, expect, it } from 'vitest';
import { entries, environment, type FunctionName } from '#blueprint/environment.ts';
import { configOf, sizingOf } from '#lib/config.ts';
import { type Resource, resourcesOf, type Templates, templatesOf } from '#test/lib/synthesize.ts';

const functionNames = Object.keys(entries) as FunctionName[];

const ofBoth = ({ stateful, service }: Templates, type: string): readonly Resource[] => [
  ...resourcesOf(stateful, type),
  ...resourcesOf(service, type),
];

describe.each(['dev', 'prod'] as const)('every function of %s', (stage) => {
  const templates = templatesOf(stage);
  const lambdas = ofBoth(templates, 'AWS::Lambda::Function');
  const logGroups = ofBoth(templates, 'AWS::Logs::LogGroup');
  const roles = ofBoth(templates, 'AWS::IAM::Role');
  const propertiesOf = (name: FunctionName) =>
    lambdas.find(({ properties }) => properties.FunctionName === `pomona-${stage}-${name}`)?.properties;

  it('is in the list, and no other exists', () => {
    expect(lambdas.map(({ properties }) => properties.FunctionName).sort()).toEqual(
      functionNames.map((name) => `pomona-${stage}-${name}`).sort(),
    );
  });

  it.each(functionNames)('runs on Node 24 on ARM, traced: %s', (name) => {
    expect(propertiesOf(name)).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      TracingConfig: { Mode: 'Active' },
    });
  });

  it.each(functionNames)('has the size that the stage says: %s', (name) => {
    const { memoryMegabytes, timeoutSeconds } = sizingOf(configOf(stage), name);
    expect(propertiesOf(name)).toMatchObject({ MemorySize: memoryMegabytes, Timeout: timeoutSeconds });
  });

  it.each(functionNames)('is told all that it reads from its environment, and its name: %s', (name) => {
    expect(Object.keys(propertiesOf(name)?.Environment.Variables).sort()).toEqual(
      [...environment[name], 'POWERTOOLS_METRICS_NAMESPACE', 'POWERTOOLS_SERVICE_NAME'].sort(),
    );
  });

  it.each(functionNames)('logs JSON into a group of its own, which forgets: %s', (name) => {
    const { LogFormat, LogGroup } = propertiesOf(name)?.LoggingConfig ?? {};
    expect(LogFormat).toBe('JSON');
    expect(logGroups.find(({ logicalId }) => logicalId === LogGroup.Ref)?.properties).toEqual({
      LogGroupName: `/aws/lambda/pomona-${stage}-${name}`,
      RetentionInDays: { dev: 14, prod: 90 }[stage],
    });
  });

  it('has a role of its own, with no managed policy', () => {
    const roleOf = functionNames.map((name) => propertiesOf(name)?.Role['Fn::GetAtt'][0]);
    expect(new Set(roleOf).size).toBe(functionNames.length);
    for (const { logicalId, properties } of roles.filter((role) => roleOf.includes(role.logicalId))) {
      expect(properties.ManagedPolicyArns, logicalId).toBeUndefined();
      expect(properties.Policies, logicalId).toBeUndefined();
    }
  });
});

describe('a stage', () => {
  it('is dev or prod, and anything else is refused by name', () => {
    expect(() => configOf('staging')).toThrow('There is no stage "staging": choose dev or prod with -c stage=…');
  });
});
