import type { OperationsOf } from '#shared/http-handler.ts';
import { operation } from '#shared/operation.ts';
import { reportContracts } from './contract.ts';
import { pictureOfPomodoros, pictureOfTags, pictureOfTasks } from './pictures.ts';
import type { ReportNeeds } from './ports.ts';
import { reportsFrom } from './reports.ts';

export const reportOperations = (needs: ReportNeeds): OperationsOf<'reports'> => {
  const { tasksCompleted, pomodorosCompleted, frequentTags } = reportsFrom(needs);
  return {
    reportTasksCompleted: operation(
      reportContracts.reportTasksCompleted,
      async ({ principal: { owner }, query, wantsPicture }) =>
        answer(await tasksCompleted(owner, query), wantsPicture, pictureOfTasks),
    ),

    reportPomodorosCompleted: operation(
      reportContracts.reportPomodorosCompleted,
      async ({ principal: { owner }, query, wantsPicture }) =>
        answer(await pomodorosCompleted(owner, query), wantsPicture, pictureOfPomodoros),
    ),

    reportFrequentTags: operation(
      reportContracts.reportFrequentTags,
      async ({ principal: { owner }, query, wantsPicture }) =>
        answer(await frequentTags(owner, query), wantsPicture, pictureOfTags),
    ),
  };
};

const answer = <R>(report: R, wantsPicture: boolean, pictureOf: (report: R) => string) => ({
  status: 200 as const,
  body: report,
  ...(wantsPicture && { picture: pictureOf(report) }),
});
