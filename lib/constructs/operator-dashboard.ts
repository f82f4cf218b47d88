import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Metric,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { entries, type FunctionName } from '#blueprint/environment.ts';
import type { MetricName } from '#blueprint/metrics.ts';
import { type StageConfig, sizingOf } from '#lib/config.ts';
import type { PublicApi } from '#lib/constructs/http-api.ts';
import type { Operator } from '#lib/constructs/operator.ts';
import { ownMetric } from '#lib/constructs/own-metric.ts';
import type { SingleTable } from '#lib/constructs/single-table.ts';
import type { SocketApi } from '#lib/constructs/socket-api.ts';

export interface OperatorDashboardProps {
  readonly operator: Operator;
  readonly api: PublicApi;
  readonly live: SocketApi;
  readonly table: SingleTable;
}

const period = Duration.minutes(5);

const functionNames = Object.keys(entries) as FunctionName[];

/** One page, from what people notice at the top to what it costs at the bottom: a title a row, and graphs beside each other. */
export class OperatorDashboard extends Construct {
  readonly #dashboard: Dashboard;

  constructor(scope: Construct, id: string, { operator, api, live, table }: OperatorDashboardProps) {
    super(scope, id);
    const { config } = operator;
    this.#dashboard = new Dashboard(this, 'Dashboard', {
      dashboardName: `pomona-${config.stage}`,
      defaultInterval: Duration.hours(12),
    });
    this.#dashboard.addWidgets(
      new AlarmStatusWidget({ title: 'Alarms', alarms: [...operator.alarms], width, height: 3 }),
    );

    const own = (statistic: string, ...names: readonly MetricName[]) =>
      names.map((name) => ownMetric(config, name, statistic));
    const ofFunctions = (metricName: string, statistic = 'Sum') =>
      functionNames.map((name) => functionMetric(config, name, metricName, statistic));

    this.#row('What people do', {
      Tasks: own('Sum', 'TasksCreated', 'TasksCompleted', 'FilesArrived', 'NotesClaimed'),
      'Focus sessions': own('Sum', 'SessionsStarted', 'SessionsCompleted'),
      Offline: own('Sum', 'EditConflicts'),
    });
    this.#row('Traffic', {
      'HTTP requests': [api.metric('Count', 'Sum')],
      'WebSocket messages': [
        live.metric('MessageCount'),
        live.metric('ConnectCount'),
        ...own('Sum', 'ConnectionsRefused'),
      ],
      Invocations: ofFunctions('Invocations'),
    });
    this.#row('Errors', {
      'HTTP answers': [api.metric('4xx', 'Sum'), api.metric('5xx', 'Sum')],
      'WebSocket API': ['ClientError', 'IntegrationError', 'ExecutionError'].map((name) => live.metric(name)),
      Functions: [
        ...ofFunctions('Errors'),
        ...woken.map((name) => functionMetric(config, name, 'AsyncEventsDropped', 'Sum')),
      ],
    });
    this.#row('Latency, ms', {
      'HTTP API': ['p50', 'p95', 'p99'].map((statistic) => api.metric('Latency', statistic)),
      'Functions, p95': ofFunctions('Duration', 'p95'),
    });
    this.#row('Throttles', {
      Functions: ofFunctions('Throttles'),
      Table: ['ReadThrottleEvents', 'WriteThrottleEvents'].map((name) => tableMetric(table, name)),
    });
    this.#row('The feed', {
      'Lag from write to log, ms': [...own('p50', 'FeedLag'), ...own('p99', 'FeedLag')],
      'Oldest record, ms': consumers.map((name) => functionMetric(config, name, 'IteratorAge', 'Maximum')),
      'Changes and frames': own('Sum', 'ChangesFed', 'FramesPushed'),
    });
    this.#row('What comes due', {
      'Longest overdue, ms': own('Maximum', 'DueWorkLag'),
      Items: own('Sum', 'DueWorkDone', 'DueWorkFailed'),
      Reminders: own('Sum', 'RemindersSent', 'RemindersExpired', 'RemindersFailed'),
    });
    this.#row('Mail', {
      Outcomes: own('Sum', 'MailsSent', 'MailsLate', 'MailsThrottled', 'MailsUnclear', 'MailsUnwanted', 'MailsFailed'),
      'Reputation of the account': ['Reputation.BounceRate', 'Reputation.ComplaintRate'].map(
        (metricName) =>
          new Metric({ namespace: 'AWS/SES', metricName, statistic: 'Maximum', period: Duration.hours(1) }),
      ),
    });
    this.#row('What costs money', {
      'Capacity units of the table': ['ConsumedReadCapacityUnits', 'ConsumedWriteCapacityUnits'].flatMap((name) => [
        tableMetric(table, name),
        tableMetric(table, name, { GlobalSecondaryIndexName: 'by_due' }),
      ]),
      'GB-seconds of functions': [gigabyteSeconds(config)],
      'Bytes of logs': functionNames.map(
        (name) =>
          new Metric({
            namespace: 'AWS/Logs',
            metricName: 'IncomingBytes',
            dimensionsMap: { LogGroupName: `/aws/lambda/${functionNameOf(config, name)}` },
            statistic: 'Sum',
            period,
            label: name,
          }),
      ),
    });
  }

  /** @param graphs title → what it shows */
  #row(title: string, graphs: Readonly<Record<string, readonly IMetric[]>>): void {
    this.#dashboard.addWidgets(new TextWidget({ markdown: `## ${title}`, width, height: 1 }));
    const each = width / Object.keys(graphs).length;
    this.#dashboard.addWidgets(
      ...Object.entries(graphs).map(
        ([name, left]) => new GraphWidget({ title: name, left: [...left], width: each, height: 6, period }),
      ),
    );
  }
}

/** CloudWatch divides a dashboard into so many columns. */
const width = 24;

const consumers = ['change-feed', 'reactions'] as const satisfies readonly FunctionName[];

/** By events, which Lambda gives up after three tries. */
const woken = ['attachment-arrival', 'feed-repair', 'mail-events'] as const satisfies readonly FunctionName[];

const functionNameOf = ({ stage }: StageConfig, name: FunctionName): string => `pomona-${stage}-${name}`;

/** By name: a function may be of the other stack. */
const functionMetric = (config: StageConfig, name: FunctionName, metricName: string, statistic: string): Metric =>
  new Metric({
    namespace: 'AWS/Lambda',
    metricName,
    dimensionsMap: { FunctionName: functionNameOf(config, name) },
    statistic,
    period,
    label: name,
  });

const tableMetric = (
  { tableName }: SingleTable,
  metricName: string,
  index: Readonly<Record<string, string>> = {},
): Metric =>
  new Metric({
    namespace: 'AWS/DynamoDB',
    metricName,
    dimensionsMap: { TableName: tableName, ...index },
    statistic: 'Sum',
    period,
  });

/** What Lambda charges for, beside the requests: milliseconds times memory. */
const gigabyteSeconds = (config: StageConfig): MathExpression =>
  new MathExpression({
    expression: functionNames
      .map((name, index) => `FILL(m${index}, 0) * ${sizingOf(config, name).memoryMegabytes / 1024}`)
      .join(' + ')
      .replace(/^(.*)$/s, '($1) / 1000'),
    usingMetrics: Object.fromEntries(
      functionNames.map((name, index) => [`m${index}`, functionMetric(config, name, 'Duration', 'Sum')]),
    ),
    period,
    label: 'all functions',
  });
