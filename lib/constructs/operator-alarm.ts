import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { Operator } from '#lib/constructs/operator.ts';

/** It rings when the metric is beyond this. */
type Limit =
  | { readonly above: number; readonly below?: undefined }
  | { readonly below: number; readonly above?: undefined };

export type OperatorAlarmProps = Limit & {
  /** Who is told. */
  readonly operator: Operator;
  /** What it is called, behind the stage's own name, and in docs/runbook.md. */
  readonly name: string;
  readonly metric: IMetric;
  /** How many periods of the metric in a row. Default: one. */
  readonly periods?: number;
  /** Whether it also rings when there is nothing to measure. Default: no, because what does not happen has no metric. */
  readonly whenMissing?: boolean;
  /** What a person who uses Pomona notices. */
  readonly noticed: string;
  /** What whoever is woken by it does first. */
  readonly firstStep: string;
};

/** Something that only a person can mend. Its description says how to begin; docs/runbook.md has an entry of its name that goes on. */
export class OperatorAlarm extends Construct {
  constructor(scope: Construct, id: string, props: OperatorAlarmProps) {
    super(scope, id);
    const { operator, name, metric, above, below, periods = 1, whenMissing = false, noticed, firstStep } = props;
    const alarm = new Alarm(this, 'Alarm', {
      alarmName: `pomona-${operator.config.stage}-${name}`,
      alarmDescription: `What is noticed: ${noticed} What to do first: ${firstStep} Then: docs/runbook.md#${name}`,
      metric,
      threshold: above ?? below,
      comparisonOperator:
        above === undefined ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: whenMissing ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    operator.hears(alarm);
  }
}
