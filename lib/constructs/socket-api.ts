import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { CfnAccount } from 'aws-cdk-lib/aws-apigateway';
import { CfnStage, WebSocketApi, WebSocketRoute } from 'aws-cdk-lib/aws-apigatewayv2';
import { WebSocketLambdaAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { MathExpression, type Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Grant, ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { type SocketRoute, socketRoutes } from '#blueprint/routes.ts';
import type { StageConfig } from '#lib/config.ts';
import { AccessLog } from '#lib/constructs/access-log.ts';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';
import type { Operator } from '#lib/constructs/operator.ts';
import { OperatorAlarm } from '#lib/constructs/operator-alarm.ts';
import { ownMetric } from '#lib/constructs/own-metric.ts';

/** What may be done to a device's connection: send to it, or close it. */
export type ConnectionMethod = 'POST' | 'DELETE';

const stageName = 'live';

/**
 * The devices' line. It is made before the functions that need its addresses, and learns from `answerWith` who answers.
 */
export class SocketApi extends Construct {
  /** Where devices connect. */
  readonly url: string;
  /** Where functions post to connections. */
  readonly callbackUrl: string;
  readonly #api: WebSocketApi;
  readonly #operator: Operator;
  readonly #config: StageConfig;

  constructor(scope: Construct, id: string, { operator }: { operator: Operator }) {
    super(scope, id);
    const { config } = operator;
    this.#operator = operator;
    this.#config = config;
    this.#api = new WebSocketApi(this, 'Api', {
      apiName: `pomona-${config.stage}-live`,
      routeSelectionExpression: '$request.body.action',
    });
    const { region, urlSuffix } = Stack.of(this);
    const host = `${this.#api.apiId}.execute-api.${region}.${urlSuffix}/${stageName}`;
    this.url = `wss://${host}`;
    this.callbackUrl = `https://${host}`;
  }

  answerWith(socket: FeatureFunction<'socket'>, authorizer: FeatureFunction<'socket-authorizer'>): void {
    const integration = new WebSocketLambdaIntegration('socket', socket.lambda);
    const ticketOrToken = new WebSocketLambdaAuthorizer('TicketOrToken', authorizer.lambda, {
      // None: a ticket is in the query string, or a token in a header. API Gateway would ask for each source that is named here, and CDK's
      // default is a header that browsers cannot set.
      identitySource: [],
    });
    const routes = socketRoutes.map((routeKey) => {
      const route = new WebSocketRoute(this, routeKey.replace('$', ''), {
        webSocketApi: this.#api,
        routeKey,
        integration,
        ...(routeKey === '$connect' && { authorizer: ticketOrToken }),
        returnResponse: answersDirectly(routeKey),
      });
      if (routeKey !== '$connect') {
        Validations.of(route).acknowledge({
          id: 'AwsSolutions-APIG4',
          reason: 'A connection is authorized once, on $connect: API Gateway takes an authorizer on no other route.',
        });
      }
      return route;
    });
    const accessLog = new AccessLog(this, 'AccessLog', {
      config: this.#config,
      name: 'live',
      fields: {
        request_id: '$context.requestId',
        requested_at: '$context.requestTime',
        event: '$context.eventType',
        route: '$context.routeKey',
        status: '$context.status',
        connection_id: '$context.connectionId',
        integration_latency_ms: '$context.integrationLatency',
        error: '$context.error.message',
        authorizer_error: '$context.authorizer.error',
      },
    });
    const { requestsPerSecond, burst } = this.#config.socketThrottle;
    const stage = new CfnStage(this, 'Stage', {
      apiId: this.#api.apiId,
      stageName,
      autoDeploy: true,
      accessLogSettings: accessLog.settings,
      defaultRouteSettings: { throttlingRateLimit: requestsPerSecond, throttlingBurstLimit: burst },
    });
    stage.node.addDependency(...routes, this.#letApiGatewayLog());
    this.#ring(socket, authorizer);
  }

  /** @param name as API Gateway has it: `ConnectCount`, `MessageCount`, `IntegrationError` */
  metric(name: string, statistic = 'Sum'): Metric {
    return this.#api.metric(name, { statistic, period: Duration.minutes(5) });
  }

  #ring(socket: FeatureFunction<'socket'>, authorizer: FeatureFunction<'socket-authorizer'>): void {
    const operator = this.#operator;
    const period = Duration.minutes(5);
    new OperatorAlarm(this, 'Errors', {
      operator,
      name: 'live-errors',
      metric: new MathExpression({
        expression: 'FILL(integration, 0) + FILL(execution, 0)',
        usingMetrics: { integration: this.metric('IntegrationError'), execution: this.metric('ExecutionError') },
        period,
        label: 'messages that failed',
      }),
      above: 5,
      noticed: 'devices lose their line, or cannot get one: changes come only when the app is opened again.',
      firstStep: `Look for errors and time-outs in the log of ${socket.lambda.functionName}; the access log "live" names the route.`,
    });
    new OperatorAlarm(this, 'AuthorizerErrors', {
      operator,
      name: 'authorizer-errors',
      metric: new MathExpression({
        // A 401 is an error to Lambda: API Gateway asks for it to be thrown. The two may fall on either side of a period's end.
        expression: 'FILL(errors, 0) - FILL(refused, 0)',
        usingMetrics: {
          errors: authorizer.lambda.metricErrors({ period }),
          refused: ownMetric(operator.config, 'ConnectionsRefused', 'Sum', period),
        },
        period,
        label: 'errors that are no refusals',
      }),
      above: 3,
      noticed: 'no device gets a line: changes come only when the app is opened again.',
      firstStep: `Look into the log of ${authorizer.lambda.functionName}: it needs the table for tickets, and the keys of the user pool for tokens.`,
    });
  }

  grantConnections(grantee: FeatureFunction, methods: readonly ConnectionMethod[]): void {
    const stack = Stack.of(this);
    Grant.addToPrincipal({
      grantee,
      actions: ['execute-api:ManageConnections'],
      resourceArns: methods.map((method) =>
        stack.formatArn({
          service: 'execute-api',
          resource: this.#api.apiId,
          resourceName: `${stageName}/${method}/@connections/*`,
        }),
      ),
    });
    const { Ref: apiId } = stack.resolve(this.#api.apiId);
    Validations.of(grantee).acknowledge(
      ...methods.map((method) => ({
        // As cdk-nag spells the ARN.
        id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<${apiId}>/${stageName}/${method}/@connections/*]`,
        reason: 'A connection gets its id from API Gateway once it is there: there is none to name beforehand.',
      })),
    );
  }

  /**
   * A WebSocket stage (unlike an HTTP one) logs with a role that is a setting of the whole account in this region: without one, the stage
   * is refused. It stays when the stack goes, because other APIs may have come to rely on it.
   */
  #letApiGatewayLog(): CfnAccount {
    const role = new Role(this, 'LoggingRole', {
      assumedBy: new ServicePrincipal('apigateway.amazonaws.com'),
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName('service-role/AmazonAPIGatewayPushToCloudWatchLogs')],
    });
    role.applyRemovalPolicy(RemovalPolicy.RETAIN);
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
      reason:
        "It is API Gateway's role, for every API of the account; API Gateway checks that it may do what this policy says.",
    });
    const account = new CfnAccount(this, 'Account', { cloudWatchRoleArn: role.roleArn });
    account.applyRemovalPolicy(RemovalPolicy.RETAIN);
    return account;
  }
}

/** What the function returns is the answer to the frame; there is nobody to answer on the other two. */
const answersDirectly = (route: SocketRoute): boolean => route !== '$connect' && route !== '$disconnect';
