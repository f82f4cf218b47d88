import { RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { StageConfig } from '#lib/config.ts';

export interface AccessLogProps {
  readonly config: StageConfig;
  /** Which API it is about. */
  readonly name: string;
  /**
   * Field → `$context` variable. Route keys, never paths or query strings: those carry ids, tickets and one-click tokens. Each comes
   * between quotes, so `error.message`, not `error.messageString`, which brings its own.
   */
  readonly fields: Readonly<Record<string, `$context.${string}`>>;
}

/** One JSON line a request, for as long as the stage keeps its logs. */
export class AccessLog extends Construct {
  readonly settings: { readonly destinationArn: string; readonly format: string };

  constructor(scope: Construct, id: string, { config, name, fields }: AccessLogProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Logs', {
      // Under this prefix the log group needs no line of its own in the account's one resource policy, which is 5,120 characters at most.
      logGroupName: `/aws/vendedlogs/pomona-${config.stage}-${name}`,
      retention: config.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.settings = { destinationArn: logGroup.logGroupArn, format: JSON.stringify(fields) };
  }
}
