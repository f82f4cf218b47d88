import { type MailPreference, mailNames } from './preference.ts';
import { pageOf, templateOf } from './template.ts';

interface Question {
  readonly name: string;
}

/** Only the button unsubscribes: programs that look into mail follow every link in it (RFC 8058 §1). */
const question = templateOf<Question>(`<h1>Stop these mails?</h1>
<p>You will get no more <%= it.name %> from Pomona. You can turn them on again in the settings of the app.</p>
<form method="post"><button>Stop them</button></form>`);

const done = templateOf<Question>(`<h1>Done</h1>
<p>You will get no more <%= it.name %> from Pomona. You can turn them on again in the settings of the app.</p>`);

/** What a person sees who opens the link of a mail. */
export const questionPage = (preference: MailPreference): string =>
  pageOf('Stop these mails?', question.html({ name: mailNames[preference] }));

export const donePage = (preference: MailPreference): string =>
  pageOf('Done', done.html({ name: mailNames[preference] }));
