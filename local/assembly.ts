import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve as resolvePath } from 'node:path';
import { type Assembly, localAccount, localRegion, type Ports, type Resource, RunnerProblem } from '#local/parts.ts';

const root = join(import.meta.dirname, '..');

/**
 * Runs the CDK app, as `cdk synth` does.
 * @param folder where the cloud assembly goes
 * @param live whether functions are left where the build puts them, to change there, instead of being copied into the assembly
 * @throws RunnerProblem with what the app printed, when it does not synthesize
 */
export const synthesize = (folder: string, { live = false } = {}): Promise<void> =>
  new Promise((resolve, reject) => {
    const app = spawn(process.execPath, [join(root, 'bin/app.ts')], {
      cwd: root,
      env: {
        ...process.env,
        CDK_OUTDIR: folder,
        // As the CLI does: the templates then say which folder holds a function's code.
        CDK_CONTEXT_JSON: JSON.stringify({
          'aws:cdk:enable-asset-metadata': true,
          'aws:cdk:disable-asset-staging': live,
        }),
        // Seconds of checking against CloudFormation's schemas, which the tests do already.
        CDK_VALIDATION: 'false',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [app.stdout, app.stderr]) {
      stream.on('data', (text) => {
        printed += text;
      });
    }
    app.once('error', reject);
    app.once('close', (code) =>
      code === 0 ? resolve() : reject(new RunnerProblem(`The CDK app does not synthesize:\n${printed}`)),
    );
  });

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
type JsonObject = { readonly [name: string]: Json };

interface TemplateResource {
  readonly Type: string;
  readonly Properties?: JsonObject;
  readonly Metadata?: { readonly 'aws:asset:path'?: string };
}

interface Template {
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: Json; readonly Export?: { readonly Name: string } }>>;
}

interface Stack {
  readonly name: string;
  readonly template: Template;
}

interface Manifest {
  readonly artifacts: Readonly<
    Record<string, { readonly type: string; readonly properties?: { readonly templateFile?: string } }>
  >;
}

/** Reads every stack of a cloud assembly. Properties are resolved when they are asked for, so that a part can `learn` first. */
export const readAssembly = async (folder: string, ports: Ports): Promise<Assembly> => {
  const manifest: Manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
  const stacks = await Promise.all(
    Object.entries(manifest.artifacts).flatMap(([name, { type, properties }]) =>
      type === 'aws:cloudformation:stack' && properties?.templateFile
        ? [readStack(name, join(folder, properties.templateFile))]
        : [],
    ),
  );
  return assemblyOf(stacks, folder, ports);
};

const readStack = async (name: string, file: string): Promise<Stack> => ({
  name,
  template: JSON.parse(await readFile(file, 'utf8')),
});

/** The stacks as one set of resources, named as they are locally. */
export const assemblyOf = (stacks: readonly Stack[], folder: string, ports: Ports): Assembly => {
  const learned = new Map<string, string>();
  const owners = new Map<string, { stack: Stack; definition: TemplateResource }>();
  for (const stack of stacks) {
    for (const [logicalId, definition] of Object.entries(stack.template.Resources)) {
      if (owners.has(logicalId)) throw new Error(`two stacks have a resource ${logicalId}`);
      owners.set(logicalId, { stack, definition });
    }
  }

  const definitionOf = (logicalId: string) => {
    const found = owners.get(logicalId);
    if (!found) throw new Error(`no stack has a resource ${logicalId}`);
    return found;
  };

  const physicalIdOf = (logicalId: string): string => {
    const { stack, definition } = definitionOf(logicalId);
    const given = nameProperty[definition.Type];
    const name = given && definition.Properties?.[given];
    return typeof name === 'string' ? name : madeUpId(definition.Type, stack.name, logicalId);
  };

  const attributeOf = (logicalId: string, attribute: string): string => {
    const { definition } = definitionOf(logicalId);
    const value =
      learned.get(`${logicalId}.${attribute}`) ?? attributes(definition.Type, physicalIdOf(logicalId))[attribute];
    if (value === undefined)
      throw new Error(`the runner does not know ${attribute} of ${logicalId} (${definition.Type})`);
    return value;
  };

  const exported = (name: string): Json => {
    for (const stack of stacks) {
      const output = Object.values(stack.template.Outputs ?? {}).find((candidate) => candidate.Export?.Name === name);
      if (output) return resolve(output.Value, stack.name);
    }
    throw new Error(`no stack exports ${name}`);
  };

  const resolve = (value: Json, stack: string): Json => {
    if (typeof value !== 'object' || value === null) return value;
    if (isArray(value)) return value.map((entry) => resolve(entry, stack));
    const [[name, argument] = ['', null], ...others] = Object.entries(value);
    if (others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'))) {
      return intrinsic(name, argument, stack);
    }
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, member]) => !isNoValue(member))
        .map(([key, member]) => [key, resolve(member, stack)]),
    );
  };

  const refer = (name: string, stack: string): string => pseudoParameters(stack)[name] ?? physicalIdOf(name);

  const intrinsic = (name: string, argument: Json, stack: string): Json => {
    const parts = isArray(argument) ? argument : [];
    switch (name) {
      case 'Ref':
        return refer(String(argument), stack);
      case 'Fn::GetAtt':
        return attributeOf(String(parts[0]), String(parts[1]));
      case 'Fn::ImportValue':
        return exported(String(resolve(argument, stack)));
      case 'Fn::Join':
        return asArray(resolve(parts[1] ?? null, stack)).join(String(parts[0]));
      case 'Fn::Select':
        return asArray(resolve(parts[1] ?? null, stack))[Number(parts[0])] ?? null;
      case 'Fn::Split':
        return String(resolve(parts[1] ?? null, stack)).split(String(parts[0]));
      case 'Fn::Sub':
        return substitute(isArray(argument) ? String(parts[0]) : String(argument), parts[1] ?? {}, stack);
      default:
        throw new Error(`the runner does not know the intrinsic function ${name}`);
    }
  };

  const substitute = (text: string, variables: Json, stack: string): string =>
    text.replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
      if (literal) return `\${${name}}`;
      const own = isObject(variables) ? variables[name] : undefined;
      if (own !== undefined) return String(resolve(own, stack));
      const [logicalId = '', attribute] = name.split(/\.(.*)/s);
      return attribute ? attributeOf(logicalId, attribute) : refer(logicalId, stack);
    });

  const resources: readonly Resource[] = [...owners].map(([logicalId, { stack, definition }]) => ({
    logicalId,
    type: definition.Type,
    get physicalId() {
      return physicalIdOf(logicalId);
    },
    get properties() {
      try {
        return asObject(resolve(definition.Properties ?? {}, stack.name));
      } catch (error) {
        throw new Error(`${logicalId}: ${error instanceof Error ? error.message : error}`);
      }
    },
    assetFolder: definition.Metadata?.['aws:asset:path']
      ? resolvePath(folder, definition.Metadata['aws:asset:path'])
      : null,
  }));

  const apiIds = (protocol: string): string[] =>
    resources
      // Resolved one by one: what the runner does not host may be made of what it does not know.
      .filter((one) => one.type === 'AWS::ApiGatewayV2::Api' && one.properties.ProtocolType === protocol)
      .map(({ physicalId }) => physicalId);

  const localUrl = (text: string): string => {
    let url = text.replace(`https://cognito-idp.${localRegion}.amazonaws.com`, `http://127.0.0.1:${ports.cognito}`);
    for (const [protocol, port] of [
      ['HTTP', ports.http],
      ['WEBSOCKET', ports.webSocket],
    ] as const) {
      for (const id of apiIds(protocol)) {
        const host = `://${id}.execute-api.${localRegion}.amazonaws.com`;
        url = url.replace(`https${host}`, `http://127.0.0.1:${port}`).replace(`wss${host}`, `ws://127.0.0.1:${port}`);
      }
    }
    return url;
  };

  return {
    resourcesOf: (type) => resources.filter((resource) => resource.type === type),
    named: (name) =>
      resources.find(({ physicalId }) => physicalId === name) ??
      resources.find(({ logicalId, type }) => type in arnFormats && attributeOf(logicalId, 'Arn') === name),
    learn: (logicalId, attribute, value) => {
      learned.set(`${logicalId}.${attribute}`, value);
    },
    localUrl,
    outputs: () =>
      Object.fromEntries(
        stacks.flatMap(({ name: stack, template }) =>
          Object.entries(template.Outputs ?? {})
            // What one stack exports to the other is nobody else's business.
            .filter(([, output]) => !output.Export)
            .map(([name, output]) => [name, localUrl(String(resolve(output.Value, stack)))]),
        ),
      ),
  };
};

const nameProperty: Readonly<Record<string, string>> = {
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::Logs::LogGroup': 'LogGroupName',
};

/** Looks like AWS's own, and stays the same over restarts. */
const madeUpId = (type: string, stack: string, logicalId: string): string => {
  const letters = createHash('sha256').update(`${stack}/${logicalId}`).digest('hex');
  switch (type) {
    case 'AWS::Cognito::UserPool':
      return `${localRegion}_${letters.slice(0, 9)}`;
    case 'AWS::Cognito::UserPoolClient':
      return letters.slice(0, 26);
    case 'AWS::ApiGatewayV2::Api':
      return letters.slice(0, 10);
    case 'AWS::S3::Bucket':
      return `${stack}-${logicalId}`.toLowerCase().slice(0, 63);
    case 'AWS::DynamoDB::Table':
      return `${stack}-${logicalId}`;
    default:
      return logicalId;
  }
};

const arn = (service: string, name: string): string => `arn:aws:${service}:${localRegion}:${localAccount}:${name}`;

const arnFormats: Readonly<Record<string, (name: string) => string>> = {
  'AWS::Lambda::Function': (name) => arn('lambda', `function:${name}`),
  'AWS::DynamoDB::Table': (name) => arn('dynamodb', `table/${name}`),
  'AWS::S3::Bucket': (name) => `arn:aws:s3:::${name}`,
  'AWS::Cognito::UserPool': (name) => arn('cognito-idp', `userpool/${name}`),
  'AWS::Events::Rule': (name) => arn('events', `rule/${name}`),
  'AWS::Logs::LogGroup': (name) => arn('logs', `log-group:${name}:*`),
  'AWS::IAM::Role': (name) => `arn:aws:iam::${localAccount}:role/${name}`,
  'AWS::SQS::Queue': (name) => arn('sqs', name),
};

const attributes = (type: string, physicalId: string): Readonly<Record<string, string | undefined>> => ({
  Arn: arnFormats[type]?.(physicalId),
  ...(type === 'AWS::ApiGatewayV2::Api' && {
    ApiEndpoint: `https://${physicalId}.execute-api.${localRegion}.amazonaws.com`,
  }),
  ...(type === 'AWS::Cognito::UserPool' && {
    ProviderName: `cognito-idp.${localRegion}.amazonaws.com/${physicalId}`,
    ProviderURL: `https://cognito-idp.${localRegion}.amazonaws.com/${physicalId}`,
  }),
});

const pseudoParameters = (stack: string): Readonly<Record<string, string>> => ({
  'AWS::AccountId': localAccount,
  'AWS::Partition': 'aws',
  'AWS::Region': localRegion,
  'AWS::StackName': stack,
  'AWS::StackId': arn('cloudformation', `stack/${stack}/local`),
  'AWS::URLSuffix': 'amazonaws.com',
});

const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);

const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !isArray(value);

const isNoValue = (value: Json): boolean => isObject(value) && value.Ref === 'AWS::NoValue';

const asArray = (value: Json): readonly Json[] => {
  if (isArray(value)) return value;
  throw new Error(`a list was expected, not ${JSON.stringify(value)}`);
};

const asObject = (value: Json): JsonObject => {
  if (isObject(value)) return value;
  throw new Error(`an object was expected, not ${JSON.stringify(value)}`);
};
