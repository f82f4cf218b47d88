import { isLocalDate, localDay } from '#shared/days.ts';
import { dueKey } from './due-date.ts';
import { foldTag } from './tags.ts';
import { isOpen, type Priority, priorities, type Status, type Task } from './task.ts';

export const sortFields = [
  'due_date',
  'priority',
  'created_at',
  'updated_at',
  'title',
  'position',
  'completed_at',
] as const;

export type SortField = (typeof sortFields)[number];

/** What a reader asks of their tasks; what is `null` does not matter. */
export interface TaskFilter {
  readonly status: Status | 'open' | null;
  readonly priority: Priority | null;
  /** All of them must be there. */
  readonly tags: readonly string[];
  /** Dates or instants, both included. */
  readonly due_date_start: string | null;
  readonly due_date_end: string | null;
  readonly parent_id: string | null;
  /** Every word must be there. */
  readonly search_term: string | null;
}

export const everything: TaskFilter = {
  status: null,
  priority: null,
  tags: [],
  due_date_start: null,
  due_date_end: null,
  parent_id: null,
  search_term: null,
};

/** `null`: the open ones by due date, undated last, then the closed ones, newest first. */
export type TaskOrder = { readonly by: SortField; readonly descending: boolean } | null;

/**
 * Whether a task is asked for.
 * @param timezone what a day means: a date is the whole day there
 */
export const matcherOf = (filter: TaskFilter, timezone: string): ((task: Task) => boolean) => {
  const tags = filter.tags.map(foldTag);
  const words = foldText(filter.search_term ?? '')
    .split(/\s+/)
    .filter((word) => word !== '');
  return (task) =>
    matchesStatus(task.status, filter.status) &&
    (filter.priority === null || task.priority === filter.priority) &&
    (filter.parent_id === null || task.parent_id === filter.parent_id) &&
    isDueWithin(task.due_date, filter, timezone) &&
    hasTags(task, tags) &&
    hasWords(task, words);
};

const matchesStatus = (status: Status, wanted: TaskFilter['status']): boolean =>
  wanted === null || (wanted === 'open' ? isOpen(status) : status === wanted);

const isDueWithin = (
  due: string | null,
  { due_date_start: start, due_date_end: end }: TaskFilter,
  timezone: string,
): boolean => {
  if (start === null && end === null) return true;
  if (due === null) return false;
  return (start === null || !endsBefore(due, start, timezone)) && (end === null || !endsBefore(end, due, timezone));
};

/** Whether one day or moment is over before another begins. Where both are moments, they are compared as such; else by the day they are in. */
const endsBefore = (a: string, b: string, timezone: string): boolean =>
  isLocalDate(a) || isLocalDate(b)
    ? dayOf(a, timezone) < dayOf(b, timezone)
    : new Date(a).getTime() < new Date(b).getTime();

const dayOf = (due: string, timezone: string): string =>
  isLocalDate(due) ? due : localDay(new Date(due), timezone, '00:00');

const hasTags = ({ tags }: Task, wanted: readonly string[]): boolean => {
  if (wanted.length === 0) return true;
  const own = new Set(tags.map(foldTag));
  return wanted.every((tag) => own.has(tag));
};

const hasWords = ({ title, description, tags }: Task, words: readonly string[]): boolean => {
  if (words.length === 0) return true;
  const text = foldText([title, description ?? '', ...tags].join('\n'));
  return words.every((word) => text.includes(word));
};

/** Without case and accents: `resume` finds `Résumé`. */
export const foldText = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

/** What a task sorts by; `null` comes last, whichever way it is sorted. */
export type SortKey = string | number | null;

/** Where a page ended: what the next one's first task sorts behind. */
export interface SortPosition {
  readonly key: SortKey;
  readonly id: string;
}

export const positionIn = (task: Task, by: SortField, timezone: string): SortPosition => ({
  key: sortKeys[by](task, timezone),
  id: task.id,
});

const sortKeys: Readonly<Record<SortField, (task: Task, timezone: string) => SortKey>> = {
  // A day before the moments within it; both where the reader is.
  due_date: ({ due_date }, timezone) =>
    due_date === null ? null : `${dayOf(due_date, timezone)} ${isLocalDate(due_date) ? '' : dueKey(due_date)}`,
  priority: ({ priority }) => priorities.indexOf(priority),
  created_at: ({ created_at }) => created_at,
  updated_at: ({ updated_at }) => updated_at,
  title: ({ title }) => foldText(title),
  position: ({ position }) => position,
  completed_at: ({ completed_at }) => completed_at,
};

/** Sorts positions; of the same key, by id. */
export const comparatorOf =
  (descending: boolean) =>
  (a: SortPosition, b: SortPosition): number => {
    if (a.key === b.key) return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
    if (a.key === null) return 1;
    if (b.key === null) return -1;
    return a.key < b.key === descending ? 1 : -1;
  };
