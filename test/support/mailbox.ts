import type { Outputs } from '../../scripts/outputs.ts';

/** A mail, as far as somebody may look at it. */
export interface Mail {
  readonly to: readonly string[];
  readonly subject: string;
  /** Those that its sender chose. */
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
  readonly body: { readonly text?: string; readonly html?: string };
}

/** Everything that a target has mailed, the oldest first. @throws Error when it has no mailbox that could be looked into */
export const mailboxOf = async ({
  MailboxUrl,
  EmulatorUrl,
}: Pick<Outputs, 'MailboxUrl' | 'EmulatorUrl'>): Promise<readonly Mail[]> => {
  if (MailboxUrl !== undefined) return mailsOfRunner(await json(`${MailboxUrl}/store`));
  if (EmulatorUrl !== undefined) return mailsOfMiniStack(await json(`${EmulatorUrl}/_ministack/ses/messages`));
  throw new Error('nobody but its owner reads what comes to an address here');
};

const json = async <T>(url: string): Promise<T> => (await (await fetch(url)).json()) as T;

interface Stored {
  readonly emails: readonly (Omit<Mail, 'to'> & { readonly destination: Pick<Mail, 'to'> })[];
}

const mailsOfRunner = ({ emails }: Stored): readonly Mail[] =>
  emails.map(({ destination, ...mail }) => ({ ...mail, ...destination }));

interface Sent {
  /** By account. */
  readonly messages: Readonly<
    Record<string, readonly { To: string[]; Subject: string; BodyText: string | null; BodyHtml: string | null }[]>
  >;
}

const mailsOfMiniStack = ({ messages }: Sent): readonly Mail[] =>
  Object.values(messages)
    .flat()
    .map(({ To, Subject, BodyText, BodyHtml }) => ({
      to: To,
      subject: Subject,
      body: { ...(BodyText && { text: BodyText }), ...(BodyHtml && { html: BodyHtml }) },
    }));
