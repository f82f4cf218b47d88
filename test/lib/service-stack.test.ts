import { describe, expect, it } from 'vitest';
import { routeKeyOf, routes, socketRoutes } from '#blueprint/routes.ts';
import { type Resource, resourcesOf, snapshotOf, templatesOf, theOnly } from '#test/lib/synthesize.ts';

const { stateful, service: dev } = templatesOf('dev');
const prod = templatesOf('prod').service;

const named = (type: string, property: string, value: string, template = dev): Resource => {
  const found = resourcesOf(template, type).find(({ properties }) => properties[property] === value);
  if (!found) throw new Error(`no ${type} has ${property} ${value}`);
  return found;
};

const lambda = (name: string): Resource => named('AWS::Lambda::Function', 'FunctionName', `pomona-dev-${name}`);

const refers = (text: unknown, { logicalId }: Resource): boolean => JSON.stringify(text).includes(`"${logicalId}"`);

/** What a template imports, by what it is called where it comes from. */
const exportedFrom = (reference: { 'Fn::ImportValue': string }): unknown =>
  Object.values(stateful.findOutputs('*')).find(({ Export }) => Export?.Name === reference['Fn::ImportValue'])?.Value;

/** The one rule that an event, and not the time, sets off, and that wakes a function. */
const ruleOf = (functionName: string) => {
  const rules = resourcesOf(dev, 'AWS::Events::Rule').filter(
    ({ properties }) => properties.EventPattern && refers(properties.Targets, lambda(functionName)),
  );
  expect(rules).toHaveLength(1);
  return rules[0]?.properties ?? {};
};

const asyncInvocationOf = (functionName: string) =>
  resourcesOf(dev, 'AWS::Lambda::EventInvokeConfig').find(({ properties }) =>
    refers(properties.FunctionName, lambda(functionName)),
  )?.properties;

describe('the service stack', () => {
  it('is what it was', () => {
    expect(snapshotOf(dev)).toMatchSnapshot();
  });
});

describe('the HTTP API', () => {
  const api = named('AWS::ApiGatewayV2::Api', 'ProtocolType', 'HTTP');
  const apiRoutes = resourcesOf(dev, 'AWS::ApiGatewayV2::Route').filter(({ properties }) =>
    refers(properties.ApiId, api),
  );
  const route = (key: string) => apiRoutes.find(({ properties }) => properties.RouteKey === key)?.properties;
  const authorizer = named('AWS::ApiGatewayV2::Authorizer', 'AuthorizerType', 'JWT');
  const stage = named('AWS::ApiGatewayV2::Stage', 'StageName', '$default').properties;

  it('has the routes of the route table, and no others', () => {
    expect(apiRoutes.map(({ properties }) => properties.RouteKey).sort()).toEqual(routes.map(routeKeyOf).sort());
  });

  it.each(routes)('$method $path is answered by $feature', (listed) => {
    const integration = resourcesOf(dev, 'AWS::ApiGatewayV2::Integration').find((candidate) =>
      refers(route(routeKeyOf(listed))?.Target, candidate),
    );
    expect(integration?.properties).toMatchObject({ IntegrationType: 'AWS_PROXY', PayloadFormatVersion: '2.0' });
    expect(refers(integration?.properties.IntegrationUri, lambda(listed.feature))).toBe(true);
  });

  it.each(routes.filter(({ auth }) => auth === 'user'))('$method $path wants an access token', (listed) => {
    expect(route(routeKeyOf(listed))).toMatchObject({
      AuthorizationType: 'JWT',
      AuthorizerId: { Ref: authorizer.logicalId },
      // Only access tokens carry it: an ID token is a 403.
      AuthorizationScopes: ['aws.cognito.signin.user.admin'],
    });
  });

  it.each(routes.filter(({ auth }) => auth !== 'user'))('$method $path is open to anyone', (listed) => {
    expect(route(routeKeyOf(listed))).toMatchObject({ AuthorizationType: 'NONE' });
  });

  it("takes the pool's tokens, made for its one client", () => {
    const { Audience, Issuer } = authorizer.properties.JwtConfiguration;
    expect(Audience.map(exportedFrom)).toEqual([{ Ref: theOnly(stateful, 'AWS::Cognito::UserPoolClient').logicalId }]);
    expect(exportedFrom(Issuer['Fn::Join'][1].at(-1))).toEqual({
      Ref: theOnly(stateful, 'AWS::Cognito::UserPool').logicalId,
    });
  });

  it('lets the pages of the stage in, with the headers of the manners', () => {
    expect(api.properties.CorsConfiguration).toEqual({
      AllowOrigins: [
        'http://localhost:3000',
        'http://localhost:5173',
        'http://127.0.0.1:3000',
        'http://127.0.0.1:5173',
      ],
      AllowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      AllowHeaders: [
        'Authorization',
        'Content-Type',
        'If-Match',
        'If-None-Match',
        'Idempotency-Key',
        'X-Guest-Uuid',
        'X-Client-Id',
      ],
      ExposeHeaders: ['ETag', 'Location', 'Retry-After', 'X-Request-Id'],
      MaxAge: 3600,
    });
    expect(
      named('AWS::ApiGatewayV2::Api', 'ProtocolType', 'HTTP', prod).properties.CorsConfiguration.AllowOrigins,
    ).toEqual(['https://app.pomona.example']);
  });

  it("leaves room for one person's 200 requests at once, on every route", () => {
    expect(stage.DefaultRouteSettings).toEqual({ ThrottlingRateLimit: 200, ThrottlingBurstLimit: 400 });
    expect(named('AWS::ApiGatewayV2::Stage', 'StageName', '$default', prod).properties.DefaultRouteSettings).toEqual({
      ThrottlingRateLimit: 1000,
      ThrottlingBurstLimit: 2000,
    });
  });

  it('asks no more of Cognito than Cognito takes', () => {
    const upTo = (ThrottlingRateLimit: number) => ({ ThrottlingRateLimit, ThrottlingBurstLimit: 200 });
    expect(stage.RouteSettings).toEqual({
      'POST /register': upTo(50),
      'POST /register/confirm': upTo(50),
      'POST /register/resend': upTo(30),
      'POST /token': upTo(120),
      'POST /token/revoke': upTo(120),
      'POST /password/forgot': upTo(30),
      'POST /password/reset': upTo(30),
      'POST /password/change': upTo(30),
      'DELETE /me': upTo(30),
    });
  });
});

describe('the WebSocket API', () => {
  const api = named('AWS::ApiGatewayV2::Api', 'ProtocolType', 'WEBSOCKET');
  const route = (key: string) =>
    resourcesOf(dev, 'AWS::ApiGatewayV2::Route').find(
      ({ properties }) => refers(properties.ApiId, api) && properties.RouteKey === key,
    )?.properties;
  const authorizer = named('AWS::ApiGatewayV2::Authorizer', 'AuthorizerType', 'REQUEST');

  it('goes by the action of a message', () => {
    expect(api.properties.RouteSelectionExpression).toBe('$request.body.action');
    for (const key of socketRoutes) expect(route(key)).toBeDefined();
  });

  it('asks the authorizer whatever a connect carries: a ticket, or a token, or neither', () => {
    expect(authorizer.properties.IdentitySource).toEqual([]);
    expect(refers(authorizer.properties.AuthorizerUri, lambda('socket-authorizer'))).toBe(true);
    expect(route('$connect')).toMatchObject({
      AuthorizationType: 'CUSTOM',
      AuthorizerId: { Ref: authorizer.logicalId },
    });
  });

  it.each(['ping', 'sync', '$default'])('answers a %s on the socket itself', (key) => {
    expect(route(key)).toMatchObject({ RouteResponseSelectionExpression: '$default' });
  });

  it('has the throttle of the stage', () => {
    expect(named('AWS::ApiGatewayV2::Stage', 'StageName', 'live').properties.DefaultRouteSettings).toEqual({
      ThrottlingRateLimit: 200,
      ThrottlingBurstLimit: 400,
    });
  });
});

describe('the access logs', () => {
  const stages = resourcesOf(dev, 'AWS::ApiGatewayV2::Stage');

  it.each(stages)('are one JSON line a request: $properties.StageName', ({ properties }) => {
    const { DestinationArn, Format } = properties.AccessLogSettings;
    expect(JSON.parse(Format)).toMatchObject({ request_id: '$context.requestId', route: '$context.routeKey' });
    // It brings quotes of its own: a line that holds one is not JSON.
    expect(Format).not.toContain('messageString');
    const logGroup = resourcesOf(dev, 'AWS::Logs::LogGroup').find((group) => refers(DestinationArn, group));
    expect(logGroup?.properties).toMatchObject({
      LogGroupName: expect.stringMatching(/^\/aws\/vendedlogs\//),
      RetentionInDays: 14,
    });
  });

  it.each(stages)('hold no path, query, header, body, address or token: $properties.StageName', ({ properties }) => {
    expect(properties.AccessLogSettings.Format).not.toMatch(
      /context\.(path|resourcePath|protocol|httpMethod|identity|authorizer\.(claims|principalId))|querystring|header/i,
    );
  });
});

/** The one consumer's share of the stream. */
const sourceOf = (consumer: string): Resource => {
  const [source, ...others] = resourcesOf(dev, 'AWS::Lambda::EventSourceMapping').filter(({ properties }) =>
    refers(properties.FunctionName, lambda(consumer)),
  );
  if (!source || others.length > 0) throw new Error(`one event source of ${consumer} was expected`);
  return source;
};

/** The rules on events of a service. */
const rulesOn = (service: string) =>
  resourcesOf(dev, 'AWS::Events::Rule')
    .map(({ properties }) => properties)
    .filter(({ EventPattern }) => EventPattern?.source.includes(service));

describe('the change feed', () => {
  const { logicalId, properties: source } = sourceOf('change-feed');

  it('consumes the stream from its beginning, a user in order', () => {
    expect(exportedFrom(source.EventSourceArn)).toEqual({
      'Fn::GetAtt': [theOnly(stateful, 'AWS::DynamoDB::Table').logicalId, 'StreamArn'],
    });
    expect(source).toMatchObject({ StartingPosition: 'TRIM_HORIZON', ParallelizationFactor: 1 });
  });

  it("tries until a record's day is over, and holds up nobody else for one bad record", () => {
    expect(source).toMatchObject({
      MaximumRetryAttempts: -1,
      MaximumRecordAgeInSeconds: -1,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
  });

  it('hears only what devices can see, and no deletion by TTL', () => {
    const [{ Pattern }, ...others] = source.FilterCriteria.Filters;
    expect(others).toEqual([]);
    expect(JSON.parse(Pattern)).toEqual({
      eventName: ['INSERT', 'MODIFY'],
      dynamodb: {
        Keys: {
          sk: {
            S: [{ prefix: 'TASK#' }, { prefix: 'PROFILE' }, { prefix: 'POMODORO#ACTIVE' }, { prefix: 'ATTACHMENT#' }],
          },
        },
      },
    });
  });

  it('gives up into the failure bucket, which wakes feed-repair', () => {
    const failures = resourcesOf(stateful, 'AWS::S3::Bucket').find(({ logicalId }) => logicalId.startsWith('Failures'));
    expect(exportedFrom(source.DestinationConfig.OnFailure.Destination)).toEqual({
      'Fn::GetAtt': [failures?.logicalId, 'Arn'],
    });
    const { EventPattern, State, Targets } = ruleOf('feed-repair');
    expect(State).toBe('ENABLED');
    expect({ ...EventPattern, detail: EventPattern.detail.bucket.name.map(exportedFrom) }).toEqual({
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: [{ Ref: failures?.logicalId }],
    });
    // What the reactions gave up lies in the same bucket, and is no change that a log lacks.
    expect(EventPattern.detail.object.key).toEqual([
      { prefix: { 'Fn::Join': ['', ['aws/lambda/', { Ref: logicalId }, '/']] } },
    ]);
    expect(Targets).toHaveLength(1);
  });

  it('lets feed-repair try three times', () => {
    const invocation = asyncInvocationOf('feed-repair');
    expect(invocation).toMatchObject({ MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 6 * 60 * 60 });
    expect(invocation).not.toHaveProperty('DestinationConfig');
  });
});

describe('the reactions', () => {
  const { properties: source } = sourceOf('reactions');

  it('consume the stream from its beginning, and hear only what somebody reacts to', () => {
    expect(source).toMatchObject({ StartingPosition: 'TRIM_HORIZON' });
    const filters: readonly { Pattern: string }[] = source.FilterCriteria.Filters;
    expect(filters.map(({ Pattern }) => JSON.parse(Pattern))).toEqual([
      {
        eventName: ['INSERT', 'MODIFY'],
        dynamodb: { Keys: { sk: { S: [{ prefix: 'REMINDER#' }, { prefix: 'POMODORO#' }] } } },
      },
      {
        eventName: ['MODIFY'],
        dynamodb: { Keys: { sk: { S: [{ prefix: 'TASK#' }] } }, NewImage: { deleted: { BOOL: [true] } } },
      },
    ]);
  });

  it('give a record up after some tries, and it alone', () => {
    expect(source).toMatchObject({
      MaximumRetryAttempts: 5,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    expect(source.DestinationConfig.OnFailure.Destination).toEqual(
      sourceOf('change-feed').properties.DestinationConfig.OnFailure.Destination,
    );
  });
});

describe('mail', () => {
  const configurationSet = theOnly(dev, 'AWS::SES::ConfigurationSet');

  it('is sent with the configuration set that hears of bounces and complaints', () => {
    expect(lambda('reactions').properties.Environment.Variables).toMatchObject({
      MAIL_FROM: 'no-reply@pomona.example',
      MAIL_CONFIGURATION_SET: { Ref: configurationSet.logicalId },
      MAILS_PER_DAY: '1000',
    });
    const { ConfigurationSetName, EventDestination } = theOnly(
      dev,
      'AWS::SES::ConfigurationSetEventDestination',
    ).properties;
    expect(ConfigurationSetName).toEqual({ Ref: configurationSet.logicalId });
    expect(EventDestination).toMatchObject({ Enabled: true, MatchingEventTypes: ['bounce', 'complaint'] });
    expect(JSON.stringify(EventDestination.EventBridgeDestination)).toContain('event-bus/default');
  });

  it('that came back is remembered: our own, and nobody else’s', () => {
    const [rule, ...others] = rulesOn('aws.ses');
    expect(others).toEqual([]);
    expect(rule?.EventPattern).toEqual({
      source: ['aws.ses'],
      'detail-type': ['Email Bounced', 'Email Complaint Received'],
      detail: { mail: { tags: { 'ses:configuration-set': [{ Ref: configurationSet.logicalId }] } } },
    });
    expect(refers(rule?.Targets, lambda('mail-events'))).toBe(true);
  });
});

describe('a file that arrives', () => {
  it('wakes attachment-arrival, and nothing else in the bucket does', () => {
    const bucket = resourcesOf(stateful, 'AWS::S3::Bucket').find(({ logicalId }) =>
      logicalId.startsWith('Attachments'),
    );
    const { EventPattern, State, Targets } = ruleOf('attachment-arrival');
    expect([State, Targets.length]).toEqual(['ENABLED', 1]);
    expect({ ...EventPattern, detail: EventPattern.detail.bucket.name.map(exportedFrom) }).toEqual({
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: [{ Ref: bucket?.logicalId }],
    });
    expect(EventPattern.detail.object).toEqual({ key: [{ prefix: 'attachments/' }] });
  });

  it('is tried three times', () => {
    expect(asyncInvocationOf('attachment-arrival')).toMatchObject({
      MaximumRetryAttempts: 2,
      MaximumEventAgeInSeconds: 6 * 60 * 60,
    });
  });
});

describe('what comes due', () => {
  it('is taken up every minute, by one function', () => {
    const rules = resourcesOf(dev, 'AWS::Events::Rule').map(({ properties }) => properties);
    const [rule, ...others] = rules.filter(({ ScheduleExpression }) => ScheduleExpression);
    expect(others).toEqual([]);
    expect(rule).toMatchObject({ ScheduleExpression: 'rate(1 minute)', State: 'ENABLED' });
    expect(refers(rule?.Targets, lambda('due-work'))).toBe(true);
  });

  it('is tried by no run twice: the next one comes anyway', () => {
    expect(asyncInvocationOf('due-work')).toMatchObject({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 });
  });
});

describe('what a deployment tells', () => {
  it('has the names that the runner writes into its outputs', () => {
    expect(Object.keys(dev.findOutputs('*'))).toEqual(expect.arrayContaining(['HttpApiUrl', 'WebSocketUrl', 'Region']));
    expect(Object.keys(stateful.findOutputs('*'))).toEqual(
      expect.arrayContaining(['TableName', 'UserPoolId', 'UserPoolClientId', 'AttachmentsBucketName']),
    );
  });
});
