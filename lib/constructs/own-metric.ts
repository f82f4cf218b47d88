import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { type MetricName, metrics } from '#blueprint/metrics.ts';
import type { StageConfig } from '#lib/config.ts';

/** Where a stage's functions measure. */
export const metricsNamespace = ({ stage }: StageConfig): string => `pomona-${stage}`;

/** What functions measure themselves. @param statistic as CloudWatch spells it: `Sum`, `p99` */
export const ownMetric = (
  config: StageConfig,
  name: MetricName,
  statistic: string,
  period: Duration = Duration.minutes(5),
): Metric =>
  new Metric({
    namespace: metricsNamespace(config),
    metricName: name,
    dimensionsMap: { service: metrics[name].measuredBy },
    statistic,
    period,
    label: name,
  });
