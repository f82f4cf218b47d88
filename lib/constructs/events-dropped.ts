import { Duration } from 'aws-cdk-lib';
import { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';
import type { Operator } from '#lib/constructs/operator.ts';
import { OperatorAlarm } from '#lib/constructs/operator-alarm.ts';

export interface EventsDroppedProps {
  readonly operator: Operator;
  /** Woken by events, each of which Lambda tries three times. */
  readonly receivers: readonly FeatureFunction[];
}

/** Rings when an event is given up: nobody waits for its answer, and nothing else tells. */
export class EventsDropped extends Construct {
  constructor(scope: Construct, id: string, { operator, receivers }: EventsDroppedProps) {
    super(scope, id);
    const period = Duration.minutes(5);
    const dropped = receivers.map(
      ({ lambda }, index) => [`m${index}`, lambda.metric('AsyncEventsDropped', { statistic: 'Sum', period })] as const,
    );
    new OperatorAlarm(this, 'Dropped', {
      operator,
      name: 'events-dropped',
      metric: new MathExpression({
        expression: dropped.map(([name]) => `FILL(${name}, 0)`).join(' + '),
        usingMetrics: Object.fromEntries(dropped),
        period,
        label: 'events that were given up',
      }),
      above: 0,
      noticed: 'a file stays pending, mail goes on to an address that bounces, or a device misses a change.',
      firstStep: `See on the dashboard whose event it was, and search that log for errors: ${receivers.map(({ name }) => name).join(', ')}.`,
    });
  }
}
