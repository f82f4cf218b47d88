import { Stack, Validations } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { StageConfig } from '#lib/config.ts';

/**
 * Whoever looks after a stage: where its alarms ring, and ring off. A pager or a chat subscribes to the topic `pomona-<stage>-operator` as
 * well as a mail address does.
 */
export class Operator extends Construct {
  readonly config: StageConfig;
  readonly #topic: Topic;
  readonly #alarms: Alarm[] = [];

  constructor(scope: Construct, id: string, { config }: { config: StageConfig }) {
    super(scope, id);
    this.config = config;
    // Not the key that AWS keeps for SNS: its policy lets in no alarm, and cannot be changed.
    const key = new Key(this, 'Key', {
      description: `What alarms of pomona-${config.stage} say`,
      enableKeyRotation: true,
    });
    this.#topic = new Topic(this, 'Topic', {
      topicName: `pomona-${config.stage}-operator`,
      displayName: `Pomona ${config.stage}`,
      masterKey: key,
      enforceSSL: true,
    });
    if (config.operatorAddress) this.#topic.addSubscription(new EmailSubscription(config.operatorAddress));

    Validations.of(this.#topic).acknowledge({
      id: 'Serverless-SNSRedrivePolicy',
      reason:
        'Mail of an alarm that did not arrive is read nowhere later: the alarm is red on the dashboard for as long as it lasts.',
    });

    const ownAlarms = { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } };
    const cloudWatch = new ServicePrincipal('cloudwatch.amazonaws.com');
    key.addToResourcePolicy(
      new PolicyStatement({
        principals: [cloudWatch],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
        conditions: ownAlarms,
      }),
    );
    // A topic with a policy of its own has lost the default one, by which alarms of the account may publish.
    this.#topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [cloudWatch],
        actions: ['sns:Publish'],
        resources: [this.#topic.topicArn],
        conditions: ownAlarms,
      }),
    );
  }

  /** Every alarm that rings here. */
  get alarms(): readonly Alarm[] {
    return this.#alarms;
  }

  hears(alarm: Alarm): void {
    const ring = new SnsAction(this.#topic);
    alarm.addAlarmAction(ring);
    alarm.addOkAction(ring);
    this.#alarms.push(alarm);
  }
}
