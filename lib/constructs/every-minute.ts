import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';

/** The one rule behind everything that comes due: what it misses in a minute, it finds in the next. */
export class EveryMinute extends Construct {
  constructor(scope: Construct, id: string, { work }: { work: FeatureFunction<'due-work'> }) {
    super(scope, id);
    new Rule(this, 'Rule', {
      description: 'Takes up what has come due',
      schedule: Schedule.rate(Duration.minutes(1)),
      // A run that fails is not worth a second try: a minute later comes another.
      targets: [new LambdaFunction(work.lambda, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
  }
}
