import { scaleLinear } from 'd3-scale';
import { type Chart, digitWidth, framed, headHeight, margin, nothingAt, rounded, templateOf, width } from './svg.ts';

/** Bars below each other, the longest first, each below its label: that may be as long as the chart is wide. */
export interface RankChart extends Chart {
  readonly rows: readonly { readonly label: string; readonly value: number }[];
}

const rowHeight = 44;
const rowWidth = width - 2 * margin;

/** @returns an SVG document */
export const rankChart = (chart: RankChart): string => {
  const { rows, nothing } = chart;
  const height = headHeight + Math.max(rows.length, 2) * rowHeight + margin;
  if (rows.length === 0) return framed(chart, height, nothingAt({ text: nothing, y: height / 2 + margin }));
  const most = Math.max(...rows.map(({ value }) => value));
  // The figure of the longest bar stands behind it.
  const along = scaleLinear([0, most], [0, rowWidth - 12 - String(most).length * digitWidth]);
  const placed = rows.map(({ label, value }, index) => ({
    label,
    value,
    top: headHeight + index * rowHeight,
    length: rounded(along(value)),
    squeezed: mayBeTooLong(label) ? rowWidth : null,
  }));
  return framed(chart, height, rowsMarkup({ rows: placed }));
};

/** Nobody knows the font of whoever looks: letters as wide as they get. From U+1100 on are those that are as wide as high. */
const mayBeTooLong = (label: string): boolean =>
  [...label].reduce((sum, letter) => sum + (letter < '\u1100' ? 12 : 18), 0) > rowWidth;

interface Rows {
  readonly rows: readonly {
    readonly label: string;
    readonly value: number;
    readonly top: number;
    readonly length: number;
    /** Into which the label has to fit; `null`: it does. */
    readonly squeezed: number | null;
  }[];
}

const rowsMarkup =
  templateOf<Rows>(`<% for (const { label, value, top, length, squeezed } of it.rows) { %><text x="${margin}" y="<%= top + 18 %>"<% if (squeezed !== null) { %> textLength="<%= squeezed %>" lengthAdjust="spacingAndGlyphs"<% } %>><%= label %></text>
<rect class="bar" x="${margin}" y="<%= top + 25 %>" width="<%= length %>" height="14"><title><%= label %>: <%= value %></title></rect>
<text class="figure" x="<%= ${margin + 6} + length %>" y="<%= top + 36 %>"><%= value %></text>
<% } %>`);
