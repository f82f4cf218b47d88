import { Duration, Validations } from 'aws-cdk-lib';
import {
  CfnStage,
  CorsHttpMethod,
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpRoute,
  HttpRouteKey,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpUserPoolAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { MathExpression, type Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { type Feature, routeKeyOf, routes } from '#blueprint/routes.ts';
import { throttledRoutes } from '#lib/config.ts';
import { AccessLog } from '#lib/constructs/access-log.ts';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';
import type { Identity } from '#lib/constructs/identity.ts';
import type { Operator } from '#lib/constructs/operator.ts';
import { OperatorAlarm } from '#lib/constructs/operator-alarm.ts';

/** Cognito puts it into access tokens and never into ID tokens: asking for it keeps those out. */
const accessTokenScope = 'aws.cognito.signin.user.admin';

export interface PublicApiProps {
  readonly operator: Operator;
  readonly identity: Identity;
}

/** The route table, as API Gateway sees it. */
export class PublicApi extends Construct {
  readonly url: string;
  readonly #api: HttpApi;
  readonly #props: PublicApiProps;

  constructor(scope: Construct, id: string, props: PublicApiProps) {
    super(scope, id);
    const { config } = props.operator;
    this.#props = props;
    this.#api = new HttpApi(this, 'Api', {
      apiName: `pomona-${config.stage}`,
      createDefaultStage: false,
      corsPreflight: {
        allowOrigins: [...config.allowedOrigins],
        allowMethods: [
          CorsHttpMethod.GET,
          CorsHttpMethod.POST,
          CorsHttpMethod.PUT,
          CorsHttpMethod.PATCH,
          CorsHttpMethod.DELETE,
        ],
        allowHeaders: [
          'Authorization',
          'Content-Type',
          'If-Match',
          'If-None-Match',
          'Idempotency-Key',
          'X-Guest-Uuid',
          'X-Client-Id',
        ],
        exposeHeaders: ['ETag', 'Location', 'Retry-After', 'X-Request-Id'],
        maxAge: Duration.hours(1),
      },
    });
    this.url = this.#api.apiEndpoint;
  }

  /** @param features who answers: one without a function does not compile */
  answerWith(features: Readonly<Record<Feature, FeatureFunction>>): void {
    const { operator, identity } = this.#props;
    const { config } = operator;
    const signedIn = new HttpUserPoolAuthorizer('SignedIn', identity.pool, { userPoolClients: [identity.client] });
    const anyone = new HttpNoneAuthorizer();
    const integrations = new Map<string, HttpLambdaIntegration>(
      Object.entries(features).map(([feature, { lambda }]) => [
        feature,
        // One permission a function: one a route would outgrow the 20 KB of a function's policy.
        new HttpLambdaIntegration(feature, lambda, { scopePermissionToRoute: false }),
      ]),
    );

    const httpRoutes = routes.map(({ operationId, method, path, feature, auth }) => {
      const integration = integrations.get(feature);
      if (!integration) throw new Error(`no function answers for ${feature}`);
      const route = new HttpRoute(this, operationId, {
        httpApi: this.#api,
        routeKey: HttpRouteKey.with(path, HttpMethod[method]),
        integration,
        ...(auth === 'user'
          ? { authorizer: signedIn, authorizationScopes: [accessTokenScope] }
          : { authorizer: anyone }),
      });
      if (auth !== 'user') {
        Validations.of(route).acknowledge({
          id: 'AwsSolutions-APIG4',
          reason:
            'Open in the route table: how one gets a token, what guests do (their function asks for the guest id), or about the service itself. Limited per source address.',
        });
      }
      return route;
    });

    const accessLog = new AccessLog(this, 'AccessLog', {
      config,
      name: 'http',
      fields: {
        request_id: '$context.requestId',
        requested_at: '$context.requestTime',
        route: '$context.routeKey',
        status: '$context.status',
        response_bytes: '$context.responseLength',
        latency_ms: '$context.responseLatency',
        integration_latency_ms: '$context.integrationLatency',
        error: '$context.error.message',
        authorizer_error: '$context.authorizer.error',
      },
    });
    const stage = new CfnStage(this, 'Stage', {
      apiId: this.#api.apiId,
      stageName: '$default',
      autoDeploy: true,
      accessLogSettings: accessLog.settings,
      defaultRouteSettings: {
        throttlingRateLimit: config.defaultThrottle.requestsPerSecond,
        throttlingBurstLimit: config.defaultThrottle.burst,
      },
      // CloudFormation takes this one as JSON, as it is.
      routeSettings: Object.fromEntries(
        throttledRoutes(config).map(([route, { requestsPerSecond, burst }]) => [
          routeKeyOf(route),
          { ThrottlingRateLimit: requestsPerSecond, ThrottlingBurstLimit: burst },
        ]),
      ),
    });
    // A stage that names a route before it is there is refused: "Unable to find Route by key".
    stage.node.addDependency(...httpRoutes);
    this.#ring(operator);
  }

  /** @param name as API Gateway has it: `5xx`, `Count`, `Latency` */
  metric(name: string, statistic: string): Metric {
    return this.#api.metric(name, { statistic, period: Duration.minutes(5) });
  }

  #ring(operator: Operator): void {
    new OperatorAlarm(this, 'Errors', {
      operator,
      name: 'http-errors',
      metric: new MathExpression({
        // Few requests make any share of them large.
        expression: 'IF(failed >= 3, 100 * failed / requests, 0)',
        usingMetrics: { failed: this.metric('5xx', 'Sum'), requests: this.metric('Count', 'Sum') },
        period: Duration.minutes(5),
        label: 'requests that failed, in percent',
      }),
      above: 1,
      noticed: 'the app says that something went wrong, or that the service is busy.',
      firstStep:
        'Search the logs of the functions for "a request failed": routes and errors stand there; x-request-id leads to the trace.',
    });
    new OperatorAlarm(this, 'Slow', {
      operator,
      name: 'http-slow',
      metric: this.metric('Latency', 'p95'),
      above: Duration.seconds(3).toMilliseconds(),
      periods: 3,
      noticed: 'everything takes seconds.',
      firstStep:
        'See in the access log which routes are slow, and in X-Ray whether it is the function, the table or Cognito.',
    });
  }
}
