import { parse } from 'csv-parse/sync';

/** A task as it is to be created; `parent` is the row of the one above it. */
export interface ImportedTask {
  /** In the file, from 2 on: the first row is the header. */
  readonly row: number;
  readonly parent: number | null;
  readonly title: string;
  readonly description: string | null;
  readonly priority: 'none' | 'low' | 'medium' | 'high' | 'urgent';
  readonly due_date: string | null;
  readonly tags: readonly string[];
}

export interface Imported {
  readonly tasks: readonly ImportedTask[];
  /** What was not understood, and what became of it. */
  readonly remarks: readonly string[];
}

type Row = Readonly<Record<string, string>>;

/** Todoist's p1 is the most urgent, and p4 is none at all. */
const priorities = { '1': 'urgent', '2': 'high', '3': 'medium', '4': 'none' } as const;

const isPriority = (text: string): text is keyof typeof priorities => text in priorities;

/** Pomona's own limits. */
const titleCharacters = 500;
const deepest = 8;

/**
 * Reads Todoist's CSV export: rows of type `task`, `section` and `note`. Indent levels become parents, sections and @labels tags, comments
 * go into the description. Dates that are no dates (`every friday`) are kept in the description, word for word.
 *
 * @throws Error when it is not such a file
 */
export const readTodoist = (csv: string): Imported => {
  const rows: Row[] = parse(csv, { columns: true, bom: true, relax_column_count: true, skip_empty_lines: true });
  if (rows[0] && !('TYPE' in rows[0] && 'CONTENT' in rows[0])) {
    throw new Error('This is not Todoist’s CSV export: it has no columns TYPE and CONTENT.');
  }
  const tasks: ImportedTask[] = [];
  const remarks: string[] = [];
  /** The last task of each indent level. */
  const above: number[] = [];
  let section: string | null = null;

  for (const [index, row] of rows.entries()) {
    const number = index + 2;
    const content = (row.CONTENT ?? '').trim();
    switch (row.TYPE) {
      case 'section':
        section = content;
        above.length = 0;
        break;
      case 'note': {
        const last = tasks.at(-1);
        if (last) tasks[tasks.length - 1] = { ...last, description: joined(last.description, content) };
        else remarks.push(`row ${number}: a comment on no task was left out`);
        break;
      }
      case 'task': {
        const { task, notes } = taskOf(row, number, section, above);
        tasks.push(task);
        remarks.push(...notes.map((note) => `row ${number}: ${note}`));
        break;
      }
      case '':
      case undefined:
        break;
      default:
        remarks.push(`row ${number}: a row of type "${row.TYPE}" was left out`);
    }
  }
  return { tasks, remarks };
};

const taskOf = (row: Row, number: number, section: string | null, above: number[]) => {
  const notes: string[] = [];
  const given = (row.CONTENT ?? '').trim();
  const labels = [...given.matchAll(/(?:^|\s)@([\p{L}\p{N}_-]+)/gu)].map(([, label]) => label ?? '');
  const text = given.replace(/(?:^|\s)@[\p{L}\p{N}_-]+/gu, '').trim() || given;
  const date = dateOf((row.DATE ?? '').trim());
  if (date.kept) notes.push(`the date "${date.kept}" is no single date: it stands in the description`);
  const level = Math.max(1, Number.parseInt(row.INDENT ?? '1', 10) || 1);
  const depth = Math.min(level, above.length + 1, deepest);
  if (depth < level) notes.push(`indent ${level} has nothing above it: it was put at level ${depth}`);
  const title = [...text].slice(0, titleCharacters).join('');
  if (title !== text) notes.push('the title was longer than 500 characters: all of it stands in the description');
  const priority = (row.PRIORITY ?? '4').trim();
  if (!isPriority(priority)) notes.push(`the priority "${priority}" is none`);

  const task: ImportedTask = {
    row: number,
    parent: above[depth - 2] ?? null,
    title,
    description: joined(
      title === text ? null : text,
      (row.DESCRIPTION ?? '').trim() || null,
      date.kept && `Todoist: ${date.kept}`,
    ),
    priority: isPriority(priority) ? priorities[priority] : 'none',
    due_date: date.due,
    tags: [...(section ? [section.slice(0, 50)] : []), ...labels.map((label) => label.slice(0, 50))].slice(0, 20),
  };
  above.length = depth - 1;
  above.push(number);
  return { task, notes };
};

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** A date that stands for one day: `2026-11-24`, `24 Nov 2026`, `Nov 24 2026`. Everything else is kept as text. */
const dateOf = (text: string): { readonly due: string | null; readonly kept: string | null } => {
  if (text === '') return { due: null, kept: null };
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  const dayFirst = /^(\d{1,2}) ([A-Za-z]{3})[a-z]* (\d{4})$/.exec(text);
  const monthFirst = /^([A-Za-z]{3})[a-z]* (\d{1,2}),? (\d{4})$/.exec(text);
  const [year, month, day] = iso
    ? [iso[1], Number(iso[2]), iso[3]]
    : dayFirst
      ? [dayFirst[3], months.indexOf((dayFirst[2] ?? '').toLowerCase()) + 1, dayFirst[1]]
      : monthFirst
        ? [monthFirst[3], months.indexOf((monthFirst[1] ?? '').toLowerCase()) + 1, monthFirst[2]]
        : ['', 0, ''];
  const due = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  const parsed = new Date(`${due}T00:00:00Z`);
  const exists = !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(due);
  return exists ? { due, kept: null } : { due: null, kept: text };
};

const joined = (...parts: readonly (string | null)[]): string | null => {
  const text = parts.filter((part) => part !== null && part !== '').join('\n\n');
  return text === '' ? null : text;
};
