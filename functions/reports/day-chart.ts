import { type ScaleBand, scaleBand, scaleLinear, scaleUtc } from 'd3-scale';
import { type Chart, digitWidth, framed, headHeight, margin, nothingAt, rounded, templateOf, width } from './svg.ts';

/** Bars over days; several panels stand one above the other, on the same days. */
export interface DayChart extends Chart {
  /** Without gaps. */
  readonly dates: readonly string[];
  readonly panels: readonly DayPanel[];
}

interface DayPanel {
  readonly name: string;
  /** Whole numbers, one a date. */
  readonly values: readonly number[];
}

/** @returns an SVG document */
export const dayChart = (chart: DayChart): string => {
  const { dates, panels, nothing } = chart;
  const across = scaleBand(dates, [plot.left, plot.right]).paddingInner(dates.length > 60 ? 0.1 : 0.3);
  const drawn = panels.map((panel, index) => drawnPanel(panel, headHeight + index * panelHeight, across, nothing));
  const height = headHeight + panels.length * panelHeight + 20;
  const labels = labelledDates(dates).map((date) => ({
    x: rounded((across(date) ?? 0) + across.bandwidth() / 2),
    text: dayNames().format(new Date(date)),
  }));
  return framed(chart, height, [...drawn, dateLabels({ y: height - margin, labels })].join(''));
};

/** Where bars stand: beside the scale, and below the name of their panel. */
const plot = { left: 48, right: width - margin, top: 32, bottom: 192 } as const;
const panelHeight = 208;

/** As wide as a bar gets, however few there are. */
const widestBar = 64;

const drawnPanel = ({ name, values }: DayPanel, top: number, across: ScaleBand<string>, nothing: string): string => {
  const most = Math.max(...values);
  const floor = top + plot.bottom;
  if (most === 0) {
    const lines = [{ y: floor, text: '0' }];
    return (
      panelMarkup({ name, top, lines, bars: [] }) + nothingAt({ text: nothing, y: top + plot.bottom / 2 + margin })
    );
  }
  const up = scaleLinear([0, most], [floor, top + plot.top]).nice(4);
  // What is counted is whole: no line stands for a half.
  const ticks = up.ticks(4).filter(Number.isInteger);
  const barWidth = Math.min(across.bandwidth(), widestBar);
  const bars = across.domain().flatMap((date, index) => {
    const value = values[index] ?? 0;
    const middle = (across(date) ?? 0) + across.bandwidth() / 2;
    const bar = {
      x: rounded(middle - barWidth / 2),
      y: rounded(up(value)),
      width: rounded(barWidth),
      height: rounded(floor - up(value)),
      middle: rounded(middle),
      figure: String(value).length * digitWidth + 2 <= across.step() ? String(value) : null,
      tip: `${date}: ${value}`,
    };
    return value === 0 ? [] : [bar];
  });
  return panelMarkup({ name, top, lines: ticks.map((tick) => ({ y: rounded(up(tick)), text: String(tick) })), bars });
};

interface Panel {
  readonly name: string;
  readonly top: number;
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

const panelMarkup = templateOf<Panel>(`<text class="quiet" x="${margin}" y="<%= it.top + 12 %>"><%= it.name %></text>
<% for (const { y, text } of it.lines) { %><line class="grid" x1="${plot.left}" x2="${plot.right}" y1="<%= y %>" y2="<%= y %>"/>
<text class="quiet end" x="${plot.left - 8}" y="<%= y + 4 %>"><%= text %></text>
<% } %><% for (const bar of it.bars) { %><rect class="bar" x="<%= bar.x %>" y="<%= bar.y %>" width="<%= bar.width %>" height="<%= bar.height %>"><title><%= bar.tip %></title></rect>
<% if (bar.figure !== null) { %><text class="figure middle" x="<%= bar.middle %>" y="<%= bar.y - 4 %>"><%= bar.figure %></text>
<% } %><% } %>`);

interface Labels {
  readonly y: number;
  readonly labels: readonly { readonly x: number; readonly text: string }[];
}

const dateLabels =
  templateOf<Labels>(`<% for (const { x, text } of it.labels) { %><text class="quiet middle" x="<%= x %>" y="<%= it.y %>"><%= text %></text>
<% } %>`);

let madeNames: Intl.DateTimeFormat | undefined;

/** Made when a chart is first drawn: its tables take longer to load than half of Node does, and most reports are read as JSON. */
const dayNames = (): Intl.DateTimeFormat => {
  madeNames ??= new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
  return madeNames;
};

/** As many as can be read beside each other. */
const mostLabels = 13;

/** Every day, or those on which weeks or months begin. */
const labelledDates = (dates: readonly string[]): readonly string[] => {
  if (dates.length <= mostLabels) return dates;
  const days = scaleUtc([new Date(dates.at(0) ?? ''), new Date(dates.at(-1) ?? '')], [0, 1]);
  const choices = [12, 8, 6, 4].map((about) => {
    const ticks = new Set(days.ticks(about).map((tick) => tick.toISOString()));
    return dates.filter((date) => ticks.has(`${date}T00:00:00.000Z`));
  });
  return choices.find(({ length }) => length <= mostLabels) ?? [];
};
