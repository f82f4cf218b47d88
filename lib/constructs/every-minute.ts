import { Duration, Validations } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';
import type { Operator } from '#lib/constructs/operator.ts';
import { OperatorAlarm } from '#lib/constructs/operator-alarm.ts';
import { ownMetric } from '#lib/constructs/own-metric.ts';

export interface EveryMinuteProps {
  readonly operator: Operator;
  readonly work: FeatureFunction<'due-work'>;
}

/** The one rule behind everything that comes due: what it misses in a minute, it finds in the next. */
export class EveryMinute extends Construct {
  constructor(scope: Construct, id: string, { operator, work }: EveryMinuteProps) {
    super(scope, id);
    // A run that fails is not worth a second try: a minute later comes another.
    const once = { retryAttempts: 0, maxEventAge: Duration.minutes(1) };
    work.lambda.configureAsyncInvoke(once);
    const rule = new Rule(this, 'Rule', {
      description: 'Takes up what has come due',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(work.lambda, once)],
    });
    const reason =
      'A minute later comes another, which does what this one left; the alarm due-work-not-run tells when none does.';
    Validations.of(work.lambda).acknowledge({ id: 'Serverless-LambdaAsyncFailureDestination', reason });
    Validations.of(rule).acknowledge({ id: 'Serverless-EventBusDLQ', reason });

    const { config } = operator;
    const { functionName } = work.lambda;
    new OperatorAlarm(this, 'NotRun', {
      operator,
      name: 'due-work-not-run',
      // What a run measures when it is through: one that was never begun, that crashed or that took too long has measured nothing.
      metric: ownMetric(config, 'DueWorkLag', 'SampleCount'),
      below: 1,
      whenMissing: true,
      noticed: 'no reminder comes, no series goes on, no Pomodoro ends by itself.',
      firstStep: `See whether the rule of ${functionName} is enabled, then look for errors and time-outs in its log.`,
    });
    new OperatorAlarm(this, 'Late', {
      operator,
      name: 'due-work-late',
      metric: ownMetric(config, 'DueWorkLag', 'Maximum'),
      above: Duration.minutes(5).toMilliseconds(),
      periods: 3,
      noticed: 'reminders, next occurrences and the end of a Pomodoro come minutes late.',
      firstStep: `Search the log of ${functionName} for "something that came due failed": one item that fails each time is the oldest for ever.`,
    });
  }
}
