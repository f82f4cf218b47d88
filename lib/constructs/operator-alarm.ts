import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { StageConfig } from '#lib/config.ts';

export interface OperatorAlarmProps {
  readonly config: StageConfig;
  /** What it is called, behind the stage's own name. */
  readonly name: string;
  readonly metric: IMetric;
  /** It rings when the metric is above this. */
  readonly above: number;
  /** How many periods of the metric in a row. Default: one. */
  readonly periods?: number;
  /** What a person who uses Pomona notices. */
  readonly noticed: string;
  /** What whoever is woken by it does first. */
  readonly firstStep: string;
}

/** Something that only a person can mend. Its description is the first page of the runbook. */
export class OperatorAlarm extends Construct {
  constructor(scope: Construct, id: string, props: OperatorAlarmProps) {
    super(scope, id);
    const { config, name, metric, above, periods = 1, noticed, firstStep } = props;
    new Alarm(this, 'Alarm', {
      alarmName: `pomona-${config.stage}-${name}`,
      alarmDescription: `What is noticed: ${noticed} What to do first: ${firstStep}`,
      metric,
      threshold: above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      // Nothing to measure is nothing to worry about: what does not happen has no metric.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}
