/**
 * The CDK app as an emulator can have it: both stacks as they are, but for what `emulators.ts` says of it. `run.ts` names this file to
 * `cdklocal`, with the context `emulator`, `endpoint`, and `release=next` for a release in which one function is another.
 */
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  App,
  CfnOutput,
  CfnResource,
  CliCredentialsStackSynthesizer,
  type IReusableStackSynthesizer,
} from 'aws-cdk-lib';
import { CfnApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { environment, type FunctionName } from '#blueprint/environment.ts';
import { configOf } from '#lib/config.ts';
import { FeatureFunction } from '#lib/constructs/feature-function.ts';
import { addPomona } from '#lib/pomona.ts';
import cdk from '../../cdk.json' with { type: 'json' };
import project from '../../package.json' with { type: 'json' };
import { buildFunctions, bundlesFolder } from '../build.ts';
import { type Emulator, type EmulatorName, emulators } from './emulators.ts';
import { nextVersion, replacedFunction } from './release.ts';

const app = new App({
  context: cdk.context,
  analyticsReporting: false,
  // As the caller, and not by the roles of the bootstrap stack: their policies have conditions that only AWS knows how to meet.
  defaultStackSynthesizer: new CliCredentialsStackSynthesizer() as IReusableStackSynthesizer,
});
const contextOf = (name: string): string => {
  const value: unknown = app.node.tryGetContext(name);
  if (typeof value !== 'string') throw new Error(`-c ${name}=… is missing`);
  return value;
};
const emulator: Emulator = emulators[contextOf('emulator') as EmulatorName];
const endpoint = contextOf('endpoint');
const isNext = app.node.tryGetContext('release') === 'next';

/** The bundles as they are, but for the name of their file. */
const bundles = join(import.meta.dirname, '../../.build/localstack');
const sizes = await buildFunctions();
await rm(bundles, { recursive: true, force: true });
for (const name of sizes.keys()) {
  await cp(join(bundlesFolder, name), join(bundles, name), { recursive: true });
  await rename(join(bundles, name, 'index.cjs'), join(bundles, name, emulator.codeFile));
}
if (isNext) {
  const file = join(bundles, replacedFunction, emulator.codeFile);
  await writeFile(file, `${await readFile(file, 'utf8')}\n// ${nextVersion}\n`);
}

const { stateful } = addPomona(app, {
  config: configOf(app.node.tryGetContext('stage') ?? 'dev'),
  bundles,
  apiVersion: isNext ? nextVersion : project.version,
});
const everything = app.node.findAll();

const addressOf = (protocol: 'HTTP' | 'WEBSOCKET', stage: string): string => {
  const api = everything.find((node): node is CfnApi => node instanceof CfnApi && node.protocolType === protocol);
  if (!api) throw new Error(`there is no ${protocol} API`);
  return emulator.address(endpoint, api.ref, stage);
};
const [http, socket] = [addressOf('HTTP', '$default'), addressOf('WEBSOCKET', 'live')];
const line = socket.replace(/^http/, 'ws');

const outputs = new Map([
  ['HttpApiUrl', http],
  ['WebSocketUrl', line],
]);
const variables = new Map<string, string>([
  ['HTTP_API_URL', http],
  ['WEBSOCKET_URL', line],
  ['WEBSOCKET_CALLBACK_URL', socket],
  ['JWKS_URI', `${endpoint}/${stateful.identity.pool.userPoolId}/.well-known/jwks.json`],
]);

for (const node of everything) {
  if (CfnResource.isCfnResource(node) && node.cfnResourceType in emulator.leftOut) {
    node.node.scope?.node.tryRemoveChild(node.node.id);
  } else if (node instanceof FeatureFunction) {
    const name = node.node.id as FunctionName;
    for (const variable of environment[name]) {
      const value = variables.get(variable);
      if (value !== undefined) node.lambda.addEnvironment(variable, value);
    }
    const more = emulator.grants[name];
    if (more) node.lambda.addToRolePolicy(new PolicyStatement({ actions: [...more.actions], resources: ['*'] }));
  } else if (node instanceof CfnOutput) {
    node.value = outputs.get(node.node.id) ?? node.value;
  }
}
app.synth();
