import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTodoist } from '../../scripts/import/todoist.ts';

const { tasks, remarks } = readTodoist(await readFile(join(import.meta.dirname, 'fixtures/todoist.csv'), 'utf8'));
const task = (title: string) => tasks.find((candidate) => candidate.title === title);

describe('Todoist’s export', () => {
  it('becomes tasks, with labels and sections as tags', () => {
    expect(task('Buy milk')).toEqual({
      row: 2,
      parent: null,
      title: 'Buy milk',
      description: 'With "oat", please',
      priority: 'urgent',
      due_date: '2026-11-24',
      tags: ['home', 'errand'],
    });
    expect(task('Write the report')).toMatchObject({ tags: ['Work'], due_date: '2026-11-24', priority: 'high' });
  });

  it('keeps what is indented below what it is indented under', () => {
    expect(task('Collect figures')?.parent).toBe(task('Write the report')?.row);
    expect(task('From last year')?.parent).toBe(task('Collect figures')?.row);
    expect(task('Call grandma')?.parent).toBeNull();
    expect(task('Too deep')?.parent).toBe(task('Call grandma')?.row);
  });

  it('keeps comments, and dates that are none, in the description', () => {
    expect(task('Collect figures')).toMatchObject({
      due_date: null,
      description: 'Todoist: every friday\n\nAsk Bob,\nhe knows',
    });
    expect(task('Call grandma')).toMatchObject({ due_date: null, description: 'Todoist: 2026-02-30' });
  });

  it('says what was not understood', () => {
    expect(remarks).toEqual([
      'row 5: the date "every friday" is no single date: it stands in the description',
      'row 8: the date "2026-02-30" is no single date: it stands in the description',
      'row 9: indent 4 has nothing above it: it was put at level 2',
      'row 9: the priority "9" is none',
      'row 10: a row of type "label" was left out',
    ]);
  });

  it('is told from other files', () => {
    expect(() => readTodoist('a,b\n1,2\n')).toThrow('not Todoist');
  });
});
