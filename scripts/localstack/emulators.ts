import type { FunctionName } from '#blueprint/environment.ts';

/** Emulators that were looked at, by the name that outputs have of them. */
export type EmulatorName = 'ministack' | 'localstack';

export interface Emulator {
  readonly name: EmulatorName;
  /** How it looks for a function's code. Lambda takes either. */
  readonly codeFile: 'index.js' | 'index.cjs';
  /** Types of resources that it cannot have, or that it had better not have, each with the reason. */
  readonly leftOut: Readonly<Record<string, string>>;
  /** What it asks for on top of what AWS asks for, by function, with the reason. */
  readonly grants: Readonly<
    Partial<Record<FunctionName, { readonly actions: readonly string[]; readonly reason: string }>>
  >;
  /** Where an API is found from the functions and from here: nobody resolves the names that it has on AWS. */
  address(endpoint: string, api: string, stage: string): string;
}

const asAnybody = {
  actions: ['ses:SendEmail'],
  reason: 'It asks for leave to send mail as everybody; AWS, as the one address.',
} as const;

export const emulators = {
  ministack: {
    name: 'ministack',
    codeFile: 'index.js',
    leftOut: {
      'AWS::ApiGatewayV2::RouteResponse':
        'Its CloudFormation does not know it; its sockets answer as though every route had one.',
      'AWS::S3::BucketPolicy': 'Ours refuse what comes without TLS, and it is spoken to without.',
      'AWS::CloudWatch::Alarm': 'Half of ours are metric math, which its CloudFormation refuses.',
      'AWS::CloudWatch::Dashboard': 'It shows the alarms.',
    },
    grants: { accounts: asAnybody, reactions: asAnybody },
    address: (endpoint, api, stage) => `${endpoint}/_aws/execute-api/${api}/${stage}`,
  },
  localstack: {
    name: 'localstack',
    codeFile: 'index.cjs',
    leftOut: { 'AWS::S3::BucketPolicy': 'Ours refuse what comes without TLS, and it is spoken to without.' },
    grants: {},
    address: (endpoint, api, stage) => {
      const { protocol, port } = new URL(endpoint);
      const path = stage === '$default' ? '' : `/${stage}`;
      return `${protocol}//${api}.execute-api.localhost.localstack.cloud:${port}${path}`;
    },
  },
} as const satisfies Readonly<Record<EmulatorName, Emulator>>;
