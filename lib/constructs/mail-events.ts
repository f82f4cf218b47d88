import { Duration, Validations } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { FeatureFunction } from '#lib/constructs/feature-function.ts';
import type { MailSender } from '#lib/constructs/mail-sender.ts';

export interface MailEventsProps {
  readonly sender: MailSender;
  readonly recorder: FeatureFunction<'mail-events'>;
}

/** What SES hears of mail that it has taken reaches the function that remembers it. */
export class MailEvents extends Construct {
  constructor(scope: Construct, id: string, { sender, recorder }: MailEventsProps) {
    super(scope, id);
    const rule = new Rule(this, 'CameBack', {
      description: 'Mail came back, or was called spam',
      eventPattern: {
        source: ['aws.ses'],
        detailType: ['Email Bounced', 'Email Complaint Received'],
        // Others in this account may send mail as well.
        detail: { mail: { tags: { 'ses:configuration-set': [sender.configurationSetName] } } },
      },
      targets: [new LambdaFunction(recorder.lambda, { retryAttempts: 2, maxEventAge: Duration.hours(6) })],
    });
    Validations.of(rule).acknowledge({
      id: 'Serverless-EventBusDLQ',
      reason: 'The next mail to that address comes back as well; the alarm events-dropped tells.',
    });
  }
}
