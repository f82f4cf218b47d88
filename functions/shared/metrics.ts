import { type MetricName, metrics } from '#blueprint/metrics.ts';
import { errorOf, log } from '#shared/log.ts';

/**
 * Tells CloudWatch what an invocation has measured: one line of the log, in its embedded metric format, from which CloudWatch makes the metrics.
 * What is undefined was not measured. Never fails what it measures.
 */
export const measure = async (measured: { readonly [Name in MetricName]?: number | undefined }): Promise<void> => {
  try {
    const values = Object.entries(measured) as readonly [MetricName, number | undefined][];
    // Loaded by the first who measures anything: most invocations of a function that answers requests do not.
    const { Metrics } = await import('@aws-lambda-powertools/metrics');
    const told = new Metrics();
    for (const [name, value] of values) if (value !== undefined) told.addMetric(name, metrics[name].unit, value);
    const { request_id } = log.getPersistentLogAttributes();
    if (typeof request_id === 'string') told.addMetadata('request_id', request_id);
    if (told.hasStoredMetrics()) told.publishStoredMetrics();
  } catch (error) {
    log.warn('what was measured could not be told', { error: errorOf(error) });
  }
};
