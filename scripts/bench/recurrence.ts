/** How fast the dates of a rule are found: beside the library everybody knows, and beside counting days. */
import * as rrule from 'rrule';
import { dateOf, dayOf } from '#functions/recurrence/calendar.ts';
import { occurrences } from '#functions/recurrence/occurrences.ts';
import { recurrenceDraftSchema } from '#functions/recurrence/recurrence.ts';
import { ruleOf } from '#functions/recurrence/rule.ts';
import { type Figure, median, rounded, type Section } from './section.ts';

// It is a CommonJS module whose names not every loader sees.
const { rrulestr } = 'rrulestr' in rrule ? rrule : (rrule as { default: typeof import('rrule') }).default;

const start = '2026-11-23';
const wanted = 1_000;

const rules = {
  'every day': 'FREQ=DAILY',
  'Mondays and Thursdays of every other week': 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH',
  'the last weekday of the month': 'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1',
  'the second Friday of March and October': 'FREQ=YEARLY;BYMONTH=3,10;BYDAY=2FR',
} as const;

const ours = (text: string): readonly string[] => {
  const recurrence = recurrenceDraftSchema().parse({ recurrence_pattern: 'custom', rrule: text });
  const rule = ruleOf(recurrence, { timezone: 'Europe/Berlin', start });
  return occurrences(rule, start, wanted).map(({ date }) => date);
};

/** The library looks at a rule once and remembers, unless it is told not to. */
const theirs = (text: string): readonly string[] =>
  rrulestr(`DTSTART:${start.replaceAll('-', '')}T000000Z\nRRULE:${text};COUNT=${wanted}`, { cache: false })
    .all()
    .map((date) => date.toISOString().slice(0, 10));

/** As many dates, one day after the other, looked for by nobody. */
const bare = (): readonly string[] => Array.from({ length: wanted }, (_, index) => dateOf(dayOf(start) + index));

const milliseconds = (work: () => unknown): number => {
  const begin = performance.now();
  work();
  return performance.now() - begin;
};

const rounds = 25;

const ratios = (text: string) => {
  const times = Array.from({ length: rounds }, () => ({
    ours: milliseconds(() => ours(text)),
    theirs: milliseconds(() => theirs(text)),
    bare: milliseconds(bare),
  }));
  const [own, library, loop] = (['ours', 'theirs', 'bare'] as const).map((of) => median(times.map((time) => time[of])));
  return { toLibrary: (own ?? 0) / (library ?? 0), toLoop: (own ?? 0) / (loop ?? 0) };
};

export const recurrence = async (): Promise<Section> => ({
  title: 'The dates of a rule',
  how: `The time of ${wanted.toLocaleString('en')} occurrences, reading the rule included, ÷ that of rrule.js for the same dates, and ÷ that of writing down as many days one after the other. Medians of ${rounds} rounds, in turns. More than 1 is slower.`,
  figures: Object.entries(rules).flatMap(([name, text]): Figure[] => {
    if (JSON.stringify(ours(text)) !== JSON.stringify(theirs(text))) throw new Error(`${name}: two answers`);
    const { toLibrary, toLoop } = ratios(text);
    return [
      { name: `${name} ÷ rrule.js`, value: rounded(toLibrary), unit: '×', limit: 1.5 },
      { name: `${name} ÷ a loop over days`, value: rounded(toLoop), unit: '×', limit: 20 },
    ];
  }),
});
