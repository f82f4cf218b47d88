import { describe, expect, it } from 'vitest';
import { entries, type FunctionName } from '#blueprint/environment.ts';
import { resourcesOf, templatesOf } from '#test/lib/synthesize.ts';

/**
 * What each function may do, and to what: nothing else. Everything it writes in a transaction stands here as the write it is.
 * Own logs and traces, which every function has, are asserted below.
 */
const granted: Readonly<Record<FunctionName, Readonly<Record<string, string>>>> = {
  accounts: {
    table: 'dynamodb: DeleteItem GetItem PutItem Query UpdateItem',
    'table, by_state': 'dynamodb: Query',
    'user pool': 'cognito-idp: AdminDeleteUser AdminGetUser AdminUserGlobalSignOut',
    'sender of mail': 'ses: SendEmail',
    'DELETE connections/*': 'execute-api: ManageConnections',
  },
  export: {
    table: 'dynamodb: GetItem PutItem Query',
    'user pool': 'cognito-idp: AdminGetUser',
    'attachments/*': 's3: GetObject',
    'exports/*': 's3: GetObject PutObject',
  },
  'post-confirmation': { table: 'dynamodb: GetItem PutItem' },
  tasks: {
    table: 'dynamodb: BatchGetItem ConditionCheckItem DeleteItem GetItem PutItem UpdateItem',
    'table, by_state': 'dynamodb: Query',
    'table, by_path': 'dynamodb: Query',
  },
  'due-work': {
    table: 'dynamodb: BatchGetItem BatchWriteItem DeleteItem GetItem PutItem Query UpdateItem',
    'table, by_state': 'dynamodb: Query',
    'table, by_path': 'dynamodb: Query',
    'table, by_due': 'dynamodb: Query',
    'user pool': 'cognito-idp: AdminDeleteUser',
    'attachments/*': 's3: DeleteObject GetObject',
    'exports/*': 's3: DeleteObject',
    'attachments bucket': 's3: ListBucket',
  },
  pomodoro: {
    table: 'dynamodb: BatchGetItem PutItem Query UpdateItem',
    'table, by_path': 'dynamodb: Query',
  },
  guest: { table: 'dynamodb: BatchGetItem DeleteItem GetItem PutItem Query UpdateItem' },
  attachments: {
    table: 'dynamodb: BatchGetItem ConditionCheckItem DeleteItem GetItem PutItem Query UpdateItem',
    'attachments/*': 's3: DeleteObject GetObject PutObject',
  },
  'attachment-arrival': {
    table: 'dynamodb: GetItem PutItem UpdateItem',
    'attachments/*': 's3: DeleteObject GetObject',
    'attachments bucket': 's3: ListBucket',
  },
  reports: {
    table: 'dynamodb: BatchGetItem Query',
    'table, by_state': 'dynamodb: Query',
  },
  sync: {
    table: 'dynamodb: BatchGetItem ConditionCheckItem DeleteItem GetItem PutItem Query UpdateItem',
    'table, by_state': 'dynamodb: Query',
    'table, by_path': 'dynamodb: Query',
  },
  'socket-authorizer': { table: 'dynamodb: DeleteItem' },
  socket: {
    table: 'dynamodb: DeleteItem GetItem PutItem Query',
    'DELETE connections/*': 'execute-api: ManageConnections',
  },
  'change-feed': {
    table: 'dynamodb: DeleteItem GetItem PutItem Query',
    stream: 'dynamodb: DescribeStream GetRecords GetShardIterator ListStreams',
    'POST connections/*': 'execute-api: ManageConnections',
    'failure bucket': 's3: ListBucket',
    'failure bucket/*': 's3: PutObject',
  },
  'feed-repair': { table: 'dynamodb: GetItem PutItem', 'failure bucket/*': 's3: GetObject' },
  reactions: {
    table: 'dynamodb: BatchGetItem DeleteItem GetItem PutItem Query UpdateItem',
    'attachments/*': 's3: DeleteObject',
    stream: 'dynamodb: DescribeStream GetRecords GetShardIterator ListStreams',
    'user pool': 'cognito-idp: AdminGetUser',
    'sender of mail': 'ses: SendEmail',
    'configuration set of notices': 'ses: SendEmail',
    'failure bucket': 's3: ListBucket',
    'failure bucket/*': 's3: PutObject',
  },
  mail: { table: 'dynamodb: GetItem PutItem UpdateItem' },
  'mail-events': { table: 'dynamodb: UpdateItem' },
  calendar: {
    table: 'dynamodb: DeleteItem GetItem PutItem Query UpdateItem',
    'table, by_state': 'dynamodb: Query',
  },
  openapi: {},
};

/** ARNs as the templates spell them, without CDK's hashes; as a person calls them. */
const nouns: Readonly<Record<string, string>> = {
  'SingleTable.Arn': 'table',
  'SingleTable.Arn/index/by_state': 'table, by_state',
  'SingleTable.Arn/index/by_path': 'table, by_path',
  'SingleTable.Arn/index/by_due': 'table, by_due',
  'SingleTable.StreamArn': 'stream',
  'IdentityPool.Arn': 'user pool',
  'Attachments.Arn': 'attachments bucket',
  'Attachments.Arn/attachments/*': 'attachments/*',
  'Attachments.Arn/exports/*': 'exports/*',
  'Failures.Arn': 'failure bucket',
  'Failures.Arn/*': 'failure bucket/*',
  'arn:ses:identity/MailIdentity': 'sender of mail',
  'arn:ses:configuration-set/MailNotices': 'configuration set of notices',
  'arn:execute-api:LiveApi/live/POST/@connections/*': 'POST connections/*',
  'arn:execute-api:LiveApi/live/DELETE/@connections/*': 'DELETE connections/*',
};

const name = (logicalId: string): string => logicalId.replace(/[0-9A-F]{8}$/, '');

const spell = (arn: unknown): string => {
  if (typeof arn === 'string') return arn;
  const [[intrinsic, argument] = ['', null]] = Object.entries(arn ?? {});
  switch (intrinsic) {
    case 'Ref':
      return argument.startsWith('AWS::') ? '' : name(argument);
    case 'Fn::GetAtt':
      return argument.map(name).join('.');
    case 'Fn::ImportValue':
      return /ExportsOutputFnGetAtt(\w+?)[0-9A-F]{8}(\w+Arn|Arn)/.exec(argument)?.slice(1).join('.') ?? argument;
    case 'Fn::Join':
      return argument[1].map(spell).join('').replace(/:+/g, ':');
    default:
      throw new Error(`an ARN by ${intrinsic}`);
  }
};

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

const listOf = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value]) as readonly T[];

describe.each(['dev', 'prod'] as const)('in %s', (stage) => {
  const { stateful, service } = templatesOf(stage);
  const policies = [stateful, service].flatMap((template) => resourcesOf(template, 'AWS::IAM::Policy'));
  const lambdas = [stateful, service].flatMap((template) => resourcesOf(template, 'AWS::Lambda::Function'));

  const grantsOf = (functionName: FunctionName) => {
    const role = lambdas.find(({ properties }) => properties.FunctionName === `pomona-${stage}-${functionName}`)
      ?.properties.Role['Fn::GetAtt'][0];
    return policies
      .filter(({ properties }) => properties.Roles.some((attached: { Ref: string }) => attached.Ref === role))
      .flatMap(({ properties }): readonly Statement[] => properties.PolicyDocument.Statement)
      .flatMap(({ Action, Resource }) =>
        listOf(Action).flatMap((action) => listOf(Resource).map((arn) => ({ action, arn: spell(arn) }))),
      );
  };

  it.each(Object.keys(entries) as FunctionName[])('%s may do what it does, and nothing else', (functionName) => {
    const own: Record<string, string> = {};
    for (const { action, arn } of grantsOf(functionName).toSorted((a, b) => (a.action < b.action ? -1 : 1))) {
      if (/^(logs|xray):/.test(action)) continue;
      const [service, verb] = action.split(':');
      const noun = nouns[arn] ?? arn;
      own[noun] = own[noun] ? `${own[noun]} ${verb}` : `${service}: ${verb}`;
    }
    expect(own).toEqual(granted[functionName]);
  });

  it.each(Object.keys(entries) as FunctionName[])('%s writes its own logs and traces', (functionName) => {
    const own = grantsOf(functionName).filter(({ action }) => /^(logs|xray):/.test(action));
    expect(own.map(({ action, arn }) => `${action} ${arn}`).sort()).toEqual([
      `logs:CreateLogStream ${functionName.replaceAll('-', '')}Logs.Arn`,
      `logs:PutLogEvents ${functionName.replaceAll('-', '')}Logs.Arn`,
      'xray:PutTelemetryRecords *',
      'xray:PutTraceSegments *',
    ]);
  });

  const statements = policies.flatMap(({ properties }): readonly Statement[] => properties.PolicyDocument.Statement);

  it('nobody may scan the table, and no action is a wildcard', () => {
    const actions = statements.flatMap(({ Action }) => listOf(Action));
    expect(actions.filter((action) => action.includes('*') || /scan|partiql/i.test(action))).toEqual([]);
  });

  it('only traces have "*" for a resource', () => {
    const everywhere = statements.filter(({ Resource }) => listOf(Resource).includes('*'));
    expect(new Set(everywhere.flatMap(({ Action }) => listOf(Action)))).toEqual(
      new Set(['xray:PutTelemetryRecords', 'xray:PutTraceSegments']),
    );
  });

  it('nothing else has a role with a policy of its own', () => {
    const roles = new Set(lambdas.map(({ properties }) => properties.Role['Fn::GetAtt'][0]));
    expect(policies.flatMap(({ properties }) => properties.Roles).filter(({ Ref }) => !roles.has(Ref))).toEqual([]);
  });
});
