import { Eta } from 'eta/core';

/** Nothing is trimmed: a text is as its template is laid out. */
const markup = new Eta({ autoTrim: false, autoEscape: true });
const plain = new Eta({ autoTrim: false, autoEscape: false });

/** A tag of HTML, with whatever is interpolated in its attributes; `<%` is none. */
const tag = /<\/?[a-z](?:<%.*?%>|[^<>])*>/g;

/**
 * A template in HTML that gives both: HTML, where data is escaped, and text, which is what remains without the tags. They are taken out
 * before any data goes in: whatever looks like a tag in the data stays as it is.
 * `it` are the data, and `it.plain` says which of both is made.
 */
export const templateOf = <Data extends object>(template: string) => {
  const html = markup.compile(template);
  const text = plain.compile(template.replace(tag, ''));
  return {
    html: (data: Data): string => markup.render(html, { ...data, plain: false }),
    text: (data: Data): string => plain.render(text, { ...data, plain: true }),
  };
};

interface Page {
  readonly title: string;
  /** HTML. */
  readonly content: string;
}

/** Readable without the style sheet, which some mail programs take away, and in the dark. */
const page = templateOf<Page>(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title><%= it.title %></title>
<style>
:root { color-scheme: light dark; }
body { margin: 0; padding: 24px; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: #24292f; background: #ffffff; }
main { max-width: 34em; margin: 0 auto; }
h1 { font-size: 22px; line-height: 1.3; margin: 0 0 16px; overflow-wrap: anywhere; white-space: pre-line; }
p { margin: 0 0 12px; overflow-wrap: anywhere; white-space: pre-line; }
hr { border: 0; border-top: 1px solid #d0d7de; margin: 24px 0 16px; }
small { font-size: 13px; color: #57606a; }
a { color: inherit; }
button { font: inherit; padding: 8px 16px; }
@media (prefers-color-scheme: dark) {
body { color: #e6edf3; background: #0d1117; }
hr { border-color: #30363d; }
small { color: #9198a1; }
}
</style>
</head>
<body>
<main>
<%~ it.content %>
</main>
</body>
</html>
`);

/** A whole page around some content. */
export const pageOf = (title: string, content: string): string => page.html({ title, content });
