import { Stack } from 'aws-cdk-lib';
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
import type { StageConfig } from '#lib/config.ts';

/**
 * The address our mail comes from, as SES knows it. Its owner confirms it once, by a mailed link or by DKIM records. What is sent with the
 * configuration set is heard of again when it bounces or somebody complains (`MailEvents`).
 */
export class MailSender extends Construct {
  readonly address: string;
  readonly configurationSetName: string;
  readonly #identityArn: string;

  constructor(scope: Construct, id: string, { config }: { config: StageConfig }) {
    super(scope, id);
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
