import { dayChart } from './day-chart.ts';
import { rankChart } from './rank-chart.ts';
import type { PomodorosReport, TagsReport, TasksReport } from './reports.ts';

/** Reports as SVG, for a person to look at. */

export const pictureOfTasks = ({ timezone, from, to, total, days }: TasksReport): string =>
  dayChart({
    title: 'Tasks completed',
    subtitle: `${period(from, to)} (${timezone}) · ${total} in all`,
    description: figures(
      `${total} ${total === 1 ? 'task' : 'tasks'} completed, ${period(from, to)}`,
      days.filter(({ count }) => count > 0).map(({ date, count }) => `${date}: ${count}`),
    ),
    nothing: 'No task was completed in these days.',
    dates: days.map(({ date }) => date),
    panels: [{ name: 'Tasks', values: days.map(({ count }) => count) }],
  });

export const pictureOfPomodoros = ({ timezone, from, to, total, focus_minutes, days }: PomodorosReport): string =>
  dayChart({
    title: 'Pomodoros completed',
    subtitle: `${period(from, to)} (${timezone}) · ${total} in all, ${minutes(focus_minutes)} of focus`,
    description: figures(
      `${total} ${total === 1 ? 'pomodoro' : 'pomodoros'} completed and ${minutes(focus_minutes)} of focus, ${period(from, to)}`,
      days
        .filter((day) => day.count + day.focus_minutes > 0)
        .map((day) => `${day.date}: ${day.count}, ${minutes(day.focus_minutes)}`),
    ),
    nothing: 'None in these days.',
    dates: days.map(({ date }) => date),
    panels: [
      { name: 'Pomodoros', values: days.map(({ count }) => count) },
      { name: 'Minutes of focus', values: days.map((day) => day.focus_minutes) },
    ],
  });

const tagTitles = {
  completed: 'Most frequent tags of completed tasks',
  focus: 'Tags with the most minutes of focus',
  open: 'Most frequent tags of open tasks',
} as const satisfies Record<TagsReport['basis'], string>;

export const pictureOfTags = ({ basis, from, to, tags }: TagsReport): string => {
  const when = from === null || to === null ? 'now' : period(from, to);
  return rankChart({
    title: tagTitles[basis],
    subtitle: `${when} · ${basis === 'focus' ? 'minutes' : 'tasks'}`,
    description: figures(
      `${tagTitles[basis]}, ${when}`,
      tags.map(({ tag, count }) => `${tag}: ${basis === 'focus' ? minutes(count) : count}`),
    ),
    nothing: 'There are no tags to show.',
    rows: tags.map(({ tag, count }) => ({ label: tag, value: count })),
  });
};

const period = (from: string, to: string): string => (from === to ? from : `${from} to ${to}`);

const minutes = (count: number): string => `${count} ${count === 1 ? 'minute' : 'minutes'}`;

const figures = (sum: string, each: readonly string[]): string =>
  [`${sum}.`, ...(each.length > 0 ? [`${each.join('; ')}.`] : [])].join(' ');
