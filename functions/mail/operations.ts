import type { OperationsOf } from '#shared/http-handler.ts';
import { type Operation, publicOperation } from '#shared/operation.ts';
import { Failure } from '#shared/problems.ts';
import { mailContracts } from './contract.ts';
import { type UnsubscribeNeeds, unsubscribe } from './unsubscribe.ts';
import { donePage, questionPage } from './unsubscribe-page.ts';

export interface MailNeeds extends UnsubscribeNeeds {
  /** Limits how often a source address may call a public operation. */
  readonly limit: (name: string, operation: Operation<'public'>) => Operation<'public'>;
}

export const mailOperations = ({ limit, ...needs }: MailNeeds): OperationsOf<'mail'> => {
  const turnOff = unsubscribe(needs);
  return {
    showUnsubscribe: limit(
      'showUnsubscribe',
      publicOperation(mailContracts.showUnsubscribe, async ({ params: { token } }) => {
        const subscription = await needs.mail.subscriptionOf(token);
        if (!subscription) throw noSuchLink();
        return { status: 200 as const, page: questionPage(subscription.preference) };
      }),
    ),

    unsubscribe: limit(
      'unsubscribe',
      publicOperation(mailContracts.unsubscribe, async ({ params: { token }, wantsPage }) => {
        const preference = await turnOff(token);
        if (preference === null) throw noSuchLink();
        return wantsPage ? { status: 200 as const, page: donePage(preference) } : { status: 204 as const };
      }),
    ),
  };
};

const noSuchLink = (): Failure => new Failure('not-found', 'The link is none of ours, or its account is gone.');
