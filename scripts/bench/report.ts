/** How a run of the bench is said: to people, to machines, and in a page. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Figure, overLimit, type Section } from './section.ts';

const number = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 4 });

const isOver = ({ value, limit }: Figure): boolean => limit !== null && value > limit;

/** A section as a table for a terminal. */
export const asText = (section: Section): string => {
  const { title, how, figures, notes = [] } = section;
  const width = Math.max(...figures.map(({ name }) => name.length));
  const lines = figures.map((figure) => {
    const limit = figure.limit === null ? '' : `at most ${number(figure.limit)}`;
    const value = `${number(figure.value)} ${figure.unit}`;
    return `  ${figure.name.padEnd(width)}  ${value.padStart(20)}  ${limit}${isOver(figure) ? '  ✗' : ''}`.trimEnd();
  });
  const over = overLimit(section).length;
  return [
    `\n${title}`,
    `  ${how}\n`,
    ...lines,
    ...(over > 0 ? notes.map((note) => `  · ${note}`) : []),
    ...(over > 0 ? [`\n  ${over} over the limit`] : []),
  ].join('\n');
};

export const asJson = (sections: readonly Section[]): string =>
  JSON.stringify({ sections, over: sections.flatMap(overLimit).map(({ name }) => name) }, null, 2);

/** A section as a part of a page. */
export const asMarkdown = ({ title, how, figures, notes = [] }: Section): string =>
  [
    `### ${title}`,
    '',
    how,
    '',
    '| | | at most |',
    '|---|---:|---:|',
    ...figures.map((figure) => {
      const { name, value, unit, limit } = figure;
      return `| ${name} | ${number(value)} ${unit}${isOver(figure) ? ' ✗' : ''} | ${limit === null ? '' : number(limit)} |`;
    }),
    ...(notes.length > 0 ? ['', ...notes.map((note) => `- ${note}`)] : []),
    '',
  ].join('\n');

const [begin, end] = ['<!-- the last run: npm run bench -- --write -->', '<!-- until here -->'];

/** Puts a run between the page's markers. @throws Error when it has none */
export const writeInto = async (page: string, sections: readonly Section[]): Promise<void> => {
  const file = join(import.meta.dirname, '../..', page);
  const text = await readFile(file, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} has no place for a run`);
  const written = sections.map(asMarkdown).join('\n');
  await writeFile(file, `${text.slice(0, from + begin.length)}\n\n${written}\n${text.slice(to)}`);
};
