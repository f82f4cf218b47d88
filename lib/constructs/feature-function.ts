import { join } from 'node:path';
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { type IGrantable, type IPrincipal, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { EnvironmentOf, FunctionName } from '#blueprint/environment.ts';
import { type StageConfig, sizingOf } from '#lib/config.ts';
import { metricsNamespace } from '#lib/constructs/own-metric.ts';

export interface FeatureFunctionProps<F extends FunctionName> {
  readonly config: StageConfig;
  /** The folder that holds a bundle for each function, by its name. */
  readonly bundles: string;
  readonly environment: EnvironmentOf<F>;
}

/**
 * One Lambda of the service, with a role and a log group of its own. The role starts with nothing but leave to write its own logs and
 * traces; everything else is granted by the noun it is about.
 */
export class FeatureFunction<F extends FunctionName = FunctionName> extends Construct implements IGrantable {
  readonly name: F;
  readonly lambda: LambdaFunction;
  readonly grantPrincipal: IPrincipal;

  constructor(scope: Construct, name: F, { config, bundles, environment }: FeatureFunctionProps<F>) {
    super(scope, name);
    this.name = name;
    const functionName = `pomona-${config.stage}-${name}`;
    const { memoryMegabytes, timeoutSeconds } = sizingOf(config, name);

    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: config.logRetention,
      // The name is fixed, so that a log group left behind would stop the stack from being created again.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Not Lambda's default role: its managed policy may write to every log group of the account.
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `What ${functionName} may do`,
    });
    logGroup.grantWrite(role);

    this.lambda = new LambdaFunction(this, 'Function', {
      functionName,
      code: Code.fromAsset(join(bundles, name)),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: memoryMegabytes,
      timeout: Duration.seconds(timeoutSeconds),
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      systemLogLevelV2: SystemLogLevel.INFO,
      tracing: Tracing.ACTIVE,
      environment: {
        ...environment,
        POWERTOOLS_SERVICE_NAME: name,
        POWERTOOLS_METRICS_NAMESPACE: metricsNamespace(config),
      },
    });
    this.grantPrincipal = this.lambda.grantPrincipal;

    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'X-Ray has no resources to name: xray:PutTraceSegments and PutTelemetryRecords only take "*".',
    });
    Validations.of(this.lambda).acknowledge(
      {
        id: 'AwsSolutions-L1',
        reason: 'It is on the newest LTS runtime of Node.js, the one the project is written and tested for.',
      },
      {
        id: 'Serverless-LambdaDLQ',
        reason:
          'Whoever calls it hears that it failed, and what a consumer of the stream gives up lies in the failure bucket. Where events wake it, the construct that does so says what becomes of one that fails.',
      },
    );
  }
}
