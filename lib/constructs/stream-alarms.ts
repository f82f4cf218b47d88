import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { FunctionName } from '#blueprint/environment.ts';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';
import type { Operator } from '#lib/constructs/operator.ts';
import { OperatorAlarm } from '#lib/constructs/operator-alarm.ts';

/** What is noticed, and what to do first. */
interface Words {
  readonly noticed: string;
  readonly firstStep: string;
}

export interface StreamAlarmsProps {
  readonly operator: Operator;
  readonly source: CfnEventSourceMapping;
  readonly consumer: FeatureFunction<FunctionName>;
  /** How old the oldest record that it has not dealt with may be. */
  readonly latest: Duration;
  readonly givenUp: Words;
  readonly late: Words;
}

/** A consumer of the stream can fail its users in two ways: by giving a record up, and by not getting to it. */
export const streamAlarms = (
  scope: Construct,
  { operator, source, consumer, latest, givenUp, late }: StreamAlarmsProps,
): void => {
  const { lambda, name } = consumer;
  new OperatorAlarm(scope, 'GivenUp', {
    operator,
    name: `${name}-given-up`,
    metric: new Metric({
      namespace: 'AWS/Lambda',
      metricName: 'OnFailureDestinationDeliveredEventCount',
      dimensionsMap: { EventSourceMappingUUID: source.ref },
      statistic: 'Sum',
      period: Duration.minutes(5),
    }),
    above: 0,
    ...givenUp,
  });
  new OperatorAlarm(scope, 'Late', {
    operator,
    name: `${name}-late`,
    metric: lambda.metric('IteratorAge', { statistic: 'Maximum', period: Duration.minutes(5) }),
    above: latest.toMilliseconds(),
    ...late,
  });
};
