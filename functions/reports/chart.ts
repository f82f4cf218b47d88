import { scaleBand, scaleLinear, scaleUtc } from 'd3-scale';
import { Eta } from 'eta/core';

/** What every chart says of itself, whoever cannot see it included. */
interface Chart {
  readonly title: string;
  readonly subtitle: string;
  /** All figures as text: to a screen reader, it is the chart. */
  readonly description: string;
  /** What stands in place of bars where there are none. */
  readonly nothing: string;
}

/** Bars over days; several panels stand one above the other, on the same days. */
export interface DayChart extends Chart {
  /** Without gaps. */
  readonly dates: readonly string[];
  readonly panels: readonly { readonly name: string; readonly values: readonly number[] }[];
}

/** Bars below each other, the longest first. */
export interface RankChart extends Chart {
  readonly rows: readonly { readonly label: string; readonly value: number }[];
}

const width = 720;
const edge = { left: 48, right: 16 } as const;
const headHeight = 64;

/** Well-formed XML, whatever the texts are: Eta escapes its markup, and what XML 1.0 §2.2 has no place for is replaced. */
const markup = new Eta({
  autoTrim: false,
  autoEscape: true,
  filterFunction: (value) => String(value).replace(notInXml, '\ufffd'),
  autoFilter: true,
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
const notInXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

const templateOf = <Data extends object>(template: string): ((data: Data) => string) => {
  const compiled = markup.compile(template);
  return (data) => markup.render(compiled, data);
};

interface Frame extends Chart {
  readonly width: number;
  readonly height: number;
  /** SVG. */
  readonly content: string;
}

/** Its colours are those of whoever looks: a style sheet of its own knows light and dark, also where the picture is embedded. */
const frame =
  templateOf<Frame>(`<svg xmlns="http://www.w3.org/2000/svg" class="pomona-chart" role="img" aria-labelledby="pomona-title pomona-figures" width="<%= it.width %>" height="<%= it.height %>" viewBox="0 0 <%= it.width %> <%= it.height %>">
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
<rect class="paper" width="<%= it.width %>" height="<%= it.height %>"/>
<text class="heading" x="16" y="30"><%= it.title %></text>
<text class="quiet" x="16" y="50"><%= it.subtitle %></text>
<%~ it.content %></svg>
`);

const framed = ({ title, subtitle, description, nothing }: Chart, height: number, content: string): string =>
  frame({ title, subtitle, description, nothing, width, height, content });

const empty = templateOf<{ readonly text: string; readonly x: number; readonly y: number }>(
  `<text class="quiet middle" x="<%= it.x %>" y="<%= it.y %>"><%= it.text %></text>\n`,
);

const panelHeight = { name: 28, plot: 160, gap: 20 } as const;

interface Panel {
  readonly name: string;
  readonly top: number;
  readonly left: number;
  readonly right: number;
  readonly lines: readonly { readonly y: number; readonly text: string }[];
  readonly bars: readonly Bar[];
}

interface Bar {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly middle: number;
  /** `null`: there is no room for it. */
  readonly figure: string | null;
  readonly tip: string;
}

const panel = templateOf<Panel>(`<text class="quiet" x="16" y="<%= it.top %>"><%= it.name %></text>
<% for (const { y, text } of it.lines) { %><line class="grid" x1="<%= it.left %>" x2="<%= it.right %>" y1="<%= y %>" y2="<%= y %>"/>
<text class="quiet end" x="<%= it.left - 8 %>" y="<%= y + 4 %>"><%= text %></text>
<% } %><% for (const { x, y, width, height, middle, figure, tip } of it.bars) { %><rect class="bar" x="<%= x %>" y="<%= y %>" width="<%= width %>" height="<%= height %>"><title><%= tip %></title></rect>
<% if (figure !== null) { %><text class="figure middle" x="<%= middle %>" y="<%= y - 4 %>"><%= figure %></text>
<% } %><% } %>`);

const dateLabels = templateOf<{
  readonly y: number;
  readonly labels: readonly { readonly x: number; readonly text: string }[];
}>(`<% for (const { x, text } of it.labels) { %><text class="quiet middle" x="<%= x %>" y="<%= it.y %>"><%= text %></text>
<% } %>`);

/** A digit of a figure, in pixels. */
const digitWidth = 6.5;

const dayNames = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** @returns an SVG document */
export const dayChart = (chart: DayChart): string => {
  const { dates, panels, nothing } = chart;
  const across = scaleBand(dates, [edge.left, width - edge.right]).paddingInner(dates.length > 60 ? 0.1 : 0.3);
  const height = headHeight + panels.length * (panelHeight.name + panelHeight.plot + panelHeight.gap) + 20;
  const middleOf = (date: string): number => rounded((across(date) ?? 0) + across.bandwidth() / 2);

  const drawn = panels.map(({ name, values }, index) => {
    const top = headHeight + index * (panelHeight.name + panelHeight.plot + panelHeight.gap) + 12;
    const [roof, floor] = [top + panelHeight.name - 8, top + panelHeight.name - 8 + panelHeight.plot];
    const most = Math.max(...values);
    if (most === 0)
      return (
        panel({ name, top, left: edge.left, right: width - edge.right, lines: [{ y: floor, text: '0' }], bars: [] }) +
        empty({ text: nothing, x: width / 2, y: (roof + floor) / 2 })
      );
    // What is counted is whole: no line stands for a half.
    const up = scaleLinear([0, most], [floor, roof]).nice(4);
    const lines = up
      .ticks(4)
      .filter(Number.isInteger)
      .map((tick) => ({ y: rounded(up(tick)), text: String(tick) }));
    const bars = dates.flatMap((date, day): Bar[] => {
      const value = values[day] ?? 0;
      if (value === 0) return [];
      return [
        {
          x: rounded(across(date) ?? 0),
          y: rounded(up(value)),
          width: rounded(across.bandwidth()),
          height: rounded(floor - up(value)),
          middle: middleOf(date),
          figure: String(value).length * digitWidth <= across.step() ? String(value) : null,
          tip: `${date}: ${value}`,
        },
      ];
    });
    return panel({ name, top, left: edge.left, right: width - edge.right, lines, bars });
  });

  const labels = labelledDates(dates).map((date) => ({ x: middleOf(date), text: dayNames.format(new Date(date)) }));
  return framed(chart, height, [...drawn, dateLabels({ y: height - 16, labels })].join(''));
};

/** Few enough to be read beside each other: mondays, beginnings of months. */
const labelledDates = (dates: readonly string[]): readonly string[] => {
  const ends = [dates.at(0), dates.at(-1)].map((date) => new Date(date ?? ''));
  const ticks = new Set(
    scaleUtc(ends, [0, 1])
      .ticks(8)
      .map((tick) => tick.toISOString()),
  );
  return dates.filter((date) => dates.length <= 8 || ticks.has(`${date}T00:00:00.000Z`));
};

const rowHeight = 44;

interface Row {
  readonly label: string;
  readonly value: number;
  readonly top: number;
  readonly length: number;
  /** In which the label has to fit; `null`: it does. */
  readonly squeezed: number | null;
}

const ranking = templateOf<{
  readonly rows: readonly Row[];
}>(`<% for (const { label, value, top, length, squeezed } of it.rows) { %><text x="16" y="<%= top %>"<% if (squeezed !== null) { %> textLength="<%= squeezed %>" lengthAdjust="spacingAndGlyphs"<% } %>><%= label %></text>
<rect class="bar" x="16" y="<%= top + 7 %>" width="<%= length %>" height="14"><title><%= label %>: <%= value %></title></rect>
<text class="figure" x="<%= 16 + length + 6 %>" y="<%= top + 18 %>"><%= value %></text>
<% } %>`);

/** @returns an SVG document */
export const rankChart = (chart: RankChart): string => {
  const { rows, nothing } = chart;
  const height = headHeight + Math.max(rows.length, 2) * rowHeight + 16;
  if (rows.length === 0) return framed(chart, height, empty({ text: nothing, x: width / 2, y: height / 2 + 16 }));
  const most = Math.max(...rows.map(({ value }) => value));
  // Room for the figure behind the longest bar.
  const along = scaleLinear([0, most], [0, width - 32 - 12 - String(most).length * digitWidth]);
  const placed = rows.map(({ label, value }, index) => ({
    label,
    value,
    top: headHeight + index * rowHeight + 18,
    length: rounded(along(value)),
    squeezed: mayBeTooLong(label) ? width - 32 : null,
  }));
  return framed(chart, height, ranking({ rows: placed }));
};

/** Nobody knows the font of whoever looks: as wide as letters get. */
const mayBeTooLong = (label: string): boolean =>
  [...label].reduce((sum, letter) => sum + (letter < '\u1100' ? 12 : 18), 0) > width - 32;

const rounded = (pixels: number): number => Math.round(pixels * 100) / 100;
