import { Eta } from 'eta/core';

/** What every chart says of itself, also to those who cannot see it. */
export interface Chart {
  readonly title: string;
  readonly subtitle: string;
  /** All figures as text: to a screen reader, it is the chart. */
  readonly description: string;
  /** What stands in place of bars where there are none. */
  readonly nothing: string;
}

/** Everything is measured in pixels, from the upper left. */
export const width = 720;
export const margin = 16;
export const headHeight = 64;

/** One digit of the small figures at bars: as wide as it gets in the fonts that people have. */
export const digitWidth = 6.5;

export const rounded = (pixels: number): number => Math.round(pixels * 100) / 100;

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
const notInXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** Well-formed XML, whatever the texts are: Eta escapes its markup, and what it has no place for (XML 1.0 §2.2) is replaced. */
const markup = new Eta({
  autoTrim: false,
  autoEscape: true,
  autoFilter: true,
  filterFunction: (value) => String(value).replace(notInXml, '\ufffd'),
});

/** A template of SVG, read when it is first drawn with: most reports are read as JSON. */
export const templateOf = <Data extends object>(template: string): ((data: Data) => string) => {
  let compiled: ReturnType<typeof markup.compile> | undefined;
  return (data) => {
    compiled ??= markup.compile(template);
    return markup.render(compiled, data);
  };
};

interface Frame extends Chart {
  readonly height: number;
  /** SVG. */
  readonly content: string;
}

/** Its colours are those of whoever looks: a style sheet of its own knows light and dark, also where the picture is embedded. */
const frame =
  templateOf<Frame>(`<svg xmlns="http://www.w3.org/2000/svg" class="pomona-chart" role="img" aria-labelledby="pomona-title pomona-figures" width="${width}" height="<%= it.height %>" viewBox="0 0 ${width} <%= it.height %>">
<title id="pomona-title"><%= it.title %></title>
<desc id="pomona-figures"><%= it.description %></desc>
<style>
.pomona-chart { max-width: 100%; height: auto; font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color-scheme: light dark; }
.pomona-chart .paper { fill: #ffffff; }
.pomona-chart text { fill: #24292f; }
.pomona-chart .heading { font-size: 18px; font-weight: 600; }
.pomona-chart .quiet { fill: #57606a; font-size: 12px; }
.pomona-chart .figure { font-size: 11px; }
.pomona-chart .end { text-anchor: end; }
.pomona-chart .middle { text-anchor: middle; }
.pomona-chart .grid { stroke: #d8dee4; }
.pomona-chart .bar { fill: #c9372c; }
@media (prefers-color-scheme: dark) {
.pomona-chart .paper { fill: #0d1117; }
.pomona-chart text { fill: #e6edf3; }
.pomona-chart .quiet { fill: #9198a1; }
.pomona-chart .grid { stroke: #30363d; }
.pomona-chart .bar { fill: #f47067; }
}
</style>
<rect class="paper" width="${width}" height="<%= it.height %>"/>
<text class="heading" x="${margin}" y="30"><%= it.title %></text>
<text class="quiet" x="${margin}" y="50"><%= it.subtitle %></text>
<%~ it.content %></svg>
`);

/** @param content SVG  @returns an SVG document */
export const framed = (chart: Chart, height: number, content: string): string => frame({ ...chart, height, content });

/** A word in the middle of where bars would be. */
export const nothingAt = templateOf<{ readonly text: string; readonly y: number }>(
  `<text class="quiet middle" x="${width / 2}" y="<%= it.y %>"><%= it.text %></text>\n`,
);
