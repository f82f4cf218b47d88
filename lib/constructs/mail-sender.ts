import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { EmailIdentity, Identity as SesIdentity } from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';
import type { StageConfig } from '#lib/config.ts';

/** The address our mail comes from, as SES knows it. Its owner confirms it once, by a mailed link or by DKIM records. */
export class MailSender extends Construct {
  readonly address: string;
  readonly #identityArn: string;

  constructor(scope: Construct, id: string, { config }: { config: StageConfig }) {
    super(scope, id);
    this.address = config.mailFrom;
    const domain = config.mailFrom.slice(config.mailFrom.indexOf('@') + 1);
    const identity = new EmailIdentity(this, 'Identity', {
      identity: config.mailIdentity === 'domain' ? SesIdentity.domain(domain) : SesIdentity.email(config.mailFrom),
    });
    this.#identityArn = identity.emailIdentityArn;
  }

  grantSend(grantee: IGrantable): void {
    Grant.addToPrincipal({ grantee, actions: ['ses:SendEmail'], resourceArns: [this.#identityArn] });
  }
}
