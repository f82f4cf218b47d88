import { describe, expect, it } from 'vitest';
import { entries, type FunctionName } from '#blueprint/environment.ts';
import { metrics } from '#blueprint/metrics.ts';
import { resourcesOf, templatesOf, theOnly } from '#test/lib/synthesize.ts';

const { service: dev } = templatesOf('dev');
const prod = templatesOf('prod').service;

const alarms = resourcesOf(dev, 'AWS::CloudWatch::Alarm').map(({ properties }) => properties);

const alarm = (name: string) => {
  const found = alarms.find(({ AlarmName }) => AlarmName === `pomona-dev-${name}`);
  if (!found) throw new Error(`there is no alarm ${name}`);
  return found;
};

/** The metrics that an expression is made of. */
const madeOf = (name: string): readonly string[] =>
  alarm(name).Metrics.flatMap(
    ({ MetricStat }: { MetricStat?: { Metric: { Namespace: string; MetricName: string } } }) =>
      MetricStat ? [`${MetricStat.Metric.Namespace} ${MetricStat.Metric.MetricName}`] : [],
  );

const expressionOf = (name: string): string =>
  alarm(name).Metrics.find(({ Expression }: { Expression?: string }) => Expression).Expression;

const own = (name: string, measuredBy: FunctionName) => ({
  Metric: { Namespace: 'pomona-dev', MetricName: name, Dimensions: [{ Name: 'service', Value: measuredBy }] },
});

describe('alarms', () => {
  it('ring at one topic, and ring off there', () => {
    const topic = theOnly(dev, 'AWS::SNS::Topic').logicalId;
    for (const { AlarmActions, OKActions } of alarms) {
      expect([AlarmActions, OKActions]).toEqual([[{ Ref: topic }], [{ Ref: topic }]]);
    }
  });

  it('do not ring for what does not happen, but for the sweep, which has to', () => {
    const ringing = alarms.filter(({ TreatMissingData }) => TreatMissingData === 'breaching');
    expect(ringing.map(({ AlarmName }) => AlarmName)).toEqual(['pomona-dev-due-work-not-run']);
    expect(
      alarms.filter(({ TreatMissingData }) => TreatMissingData !== 'breaching').map((one) => one.TreatMissingData),
    ).toEqual(Array.from({ length: alarms.length - 1 }, () => 'notBreaching'));
    expect(alarm('due-work-not-run')).toMatchObject({
      Metrics: [{ MetricStat: { ...own('DueWorkLag', 'due-work'), Stat: 'SampleCount', Period: 300 } }],
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
    });
  });

  it('hear of requests that fail by their share, once there are three', () => {
    expect(madeOf('http-errors')).toEqual(['AWS/ApiGateway 5xx', 'AWS/ApiGateway Count']);
    expect(expressionOf('http-errors')).toBe('IF(failed >= 3, 100 * failed / requests, 0)');
    expect(alarm('http-errors')).toMatchObject({ Threshold: 1, ComparisonOperator: 'GreaterThanThreshold' });
    expect(alarm('http-slow')).toMatchObject({ ExtendedStatistic: 'p95', Threshold: 3_000, EvaluationPeriods: 3 });
  });

  it('hear of messages that fail, and of an authorizer that does anything but let in or refuse', () => {
    expect(madeOf('live-errors')).toEqual(['AWS/ApiGateway IntegrationError', 'AWS/ApiGateway ExecutionError']);
    expect(madeOf('authorizer-errors')).toEqual(['AWS/Lambda Errors', 'pomona-dev ConnectionsRefused']);
    expect(expressionOf('authorizer-errors')).toBe('FILL(errors, 0) - FILL(refused, 0)');
  });

  it.each([
    ['change-feed', 60_000],
    ['reactions', 600_000],
  ])('hear when %s is late, and when it gives up', (consumer, Threshold) => {
    const source = resourcesOf(dev, 'AWS::Lambda::EventSourceMapping').find(({ logicalId }) =>
      logicalId.toLowerCase().startsWith(consumer.replace('-', '')),
    );
    expect(alarm(`${consumer}-late`)).toMatchObject({ MetricName: 'IteratorAge', Statistic: 'Maximum', Threshold });
    expect(alarm(`${consumer}-given-up`)).toMatchObject({
      MetricName: 'OnFailureDestinationDeliveredEventCount',
      Dimensions: [{ Name: 'EventSourceMappingUUID', Value: { Ref: source?.logicalId } }],
      Threshold: 0,
    });
    // Lambda counts it only where it is asked to.
    expect(source?.properties.MetricsConfig).toEqual({ Metrics: ['EventCount'] });
  });

  it('hear of each event that wakes a function and is dropped', () => {
    expect(madeOf('events-dropped')).toEqual(Array.from({ length: 3 }, () => 'AWS/Lambda AsyncEventsDropped'));
    expect(alarm('events-dropped')).toMatchObject({ Threshold: 0 });
  });

  it('hear of what is overdue, and of mail that comes back, is complained of or refused', () => {
    expect(alarm('due-work-late')).toMatchObject({
      Metrics: [{ MetricStat: { ...own('DueWorkLag', 'due-work'), Stat: 'Maximum' } }],
      Threshold: 300_000,
    });
    expect(alarm('mail-bounces')).toMatchObject({ MetricName: 'Reputation.BounceRate', Threshold: 0.05 });
    expect(alarm('mail-complaints')).toMatchObject({ MetricName: 'Reputation.ComplaintRate', Threshold: 0.001 });
    expect(madeOf('mail-refused')).toEqual(['pomona-dev MailsThrottled', 'pomona-dev MailsFailed']);
  });
});

describe('the topic', () => {
  it('mails whom the stage names, and nobody else', () => {
    expect(resourcesOf(dev, 'AWS::SNS::Subscription')).toEqual([]);
    expect(theOnly(prod, 'AWS::SNS::Subscription').properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'operator@pomona.example',
    });
  });

  it('is encrypted with a key that alarms of this account may use, and is published to by them, over TLS alone', () => {
    const key = theOnly(dev, 'AWS::KMS::Key');
    expect(theOnly(dev, 'AWS::SNS::Topic').properties.KmsMasterKeyId).toEqual({ 'Fn::GetAtt': [key.logicalId, 'Arn'] });
    expect(key.properties.EnableKeyRotation).toBe(true);
    const alarmsOfThisAccount = {
      Effect: 'Allow',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    };
    expect(key.properties.KeyPolicy.Statement).toContainEqual(
      expect.objectContaining({ ...alarmsOfThisAccount, Action: ['kms:Decrypt', 'kms:GenerateDataKey*'] }),
    );
    const { Statement } = theOnly(dev, 'AWS::SNS::TopicPolicy').properties.PolicyDocument;
    expect(Statement).toContainEqual(expect.objectContaining({ ...alarmsOfThisAccount, Action: 'sns:Publish' }));
    expect(Statement).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
  });
});

describe('the dashboard', () => {
  const { DashboardBody, DashboardName } = theOnly(dev, 'AWS::CloudWatch::Dashboard').properties;
  const { widgets } = JSON.parse(
    DashboardBody['Fn::Join'][1].map((part: unknown) => (typeof part === 'string' ? part : 'reference')).join(''),
  );

  it('goes from what people do to what it costs', () => {
    expect(DashboardName).toBe('pomona-dev');
    const titles = widgets.flatMap(
      ({ properties }: { properties: { markdown?: string } }) => properties.markdown ?? [],
    );
    expect(titles.map((title: string) => title.replace('## ', ''))).toEqual([
      'What people do',
      'Traffic',
      'Errors',
      'Latency, ms',
      'Throttles',
      'The feed',
      'What comes due',
      'Mail',
      'What costs money',
    ]);
  });

  it('shows every alarm, every function, and everything that functions measure', () => {
    const text = JSON.stringify(widgets);
    for (const name of Object.keys(metrics)) expect(text).toContain(`"pomona-dev","${name}"`);
    for (const name of Object.keys(entries)) expect(text).toContain(`"pomona-dev-${name}"`);
    const status = widgets.find(({ type }: { type: string }) => type === 'alarm');
    expect(status.properties.alarms).toHaveLength(alarms.length);
  });
});
