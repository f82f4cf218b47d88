import { Duration, Stack } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import {
  ConfigurationSet,
  EmailIdentity,
  EmailSendingEvent,
  EventDestination,
  Identity as SesIdentity,
} from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';
import type { Operator } from '#lib/constructs/operator.ts';
import { OperatorAlarm } from '#lib/constructs/operator-alarm.ts';
import { ownMetric } from '#lib/constructs/own-metric.ts';

/**
 * The address our mail comes from, as SES knows it. Its owner confirms it once, by a mailed link or by DKIM records. What is sent with the
 * configuration set is heard of again when it bounces or somebody complains (`MailEvents`).
 */
export class MailSender extends Construct {
  readonly address: string;
  readonly configurationSetName: string;
  readonly #identityArn: string;

  constructor(scope: Construct, id: string, { operator }: { operator: Operator }) {
    super(scope, id);
    const { config } = operator;
    this.address = config.mailFrom;
    const domain = config.mailFrom.slice(config.mailFrom.indexOf('@') + 1);
    const identity = new EmailIdentity(this, 'Identity', {
      identity: config.mailIdentity === 'domain' ? SesIdentity.domain(domain) : SesIdentity.email(config.mailFrom),
    });
    this.#identityArn = identity.emailIdentityArn;

    const notices = new ConfigurationSet(this, 'Notices');
    notices.addEventDestination('CameBack', {
      // SES publishes to no other bus.
      destination: EventDestination.eventBus(EventBus.fromEventBusName(this, 'DefaultBus', 'default')),
      events: [EmailSendingEvent.BOUNCE, EmailSendingEvent.COMPLAINT],
    });
    this.configurationSetName = notices.configurationSetName;

    // Of the account, as SES itself judges it: above 5 % and 0.1 % it looks into it, above 10 % and 0.5 % it may stop all mail.
    const reputation = (metricName: string) =>
      new Metric({ namespace: 'AWS/SES', metricName, statistic: 'Maximum', period: Duration.hours(1) });
    new OperatorAlarm(this, 'Bounces', {
      operator,
      name: 'mail-bounces',
      metric: reputation('Reputation.BounceRate'),
      above: 0.05,
      noticed: 'nothing yet; soon nobody gets mail, because SES stops a sender whose mail comes back.',
      firstStep:
        'Look at who registers: robots do, with addresses that are not theirs. See "no more mail to an address" in the log of mail-events.',
    });
    new OperatorAlarm(this, 'Complaints', {
      operator,
      name: 'mail-complaints',
      metric: reputation('Reputation.ComplaintRate'),
      above: 0.001,
      noticed: 'people call our mail spam; soon nobody gets mail, because SES stops such a sender.',
      firstStep:
        'See which kind of mail it is ("mail" in the log of reactions), and whether its unsubscribe link works.',
    });
    new OperatorAlarm(this, 'Refused', {
      operator,
      name: 'mail-refused',
      metric: new MathExpression({
        expression: 'FILL(throttled, 0) + FILL(failed, 0)',
        usingMetrics: {
          throttled: ownMetric(config, 'MailsThrottled', 'Sum', Duration.minutes(15)),
          failed: ownMetric(config, 'MailsFailed', 'Sum', Duration.minutes(15)),
        },
        period: Duration.minutes(15),
        label: 'mails that SES refused',
      }),
      above: 5,
      noticed: 'reminders come late or not at all.',
      firstStep:
        'Search the log of reactions for "SES did not take a mail": the name of the error says whether it is the quota, the sandbox, or the identity.',
    });
  }

  grantSend(grantee: IGrantable): void {
    Grant.addToPrincipal({ grantee, actions: ['ses:SendEmail'], resourceArns: [this.#identityArn] });
  }

  /** Sending with the configuration set, for which SES asks for leave as well. */
  grantSendNotices(grantee: IGrantable): void {
    const configurationSetArn = Stack.of(this).formatArn({
      service: 'ses',
      resource: 'configuration-set',
      resourceName: this.configurationSetName,
    });
    Grant.addToPrincipal({
      grantee,
      actions: ['ses:SendEmail'],
      resourceArns: [this.#identityArn, configurationSetArn],
    });
  }
}
