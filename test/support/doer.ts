import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { defaultProfile, type Profile, profileKey } from '#functions/accounts/profile.ts';
import { pomodoroActs } from '#functions/pomodoro/acts.ts';
import { pomodoroOperations } from '#functions/pomodoro/operations.ts';
import { dynamoSessionStore } from '#functions/pomodoro/store.ts';
import { reportOperations } from '#functions/reports/operations.ts';
import { dynamoReportStore } from '#functions/reports/store.ts';
import { dynamoJobStore } from '#functions/tasks/job-store.ts';
import { taskOperations } from '#functions/tasks/operations.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId, userId } from '#shared/ids.ts';
import { putItem, type Table } from '#shared/table.ts';
import { type Answered, type Asked, callerOf } from '#test/support/http-event.ts';

/** Somebody who does things on a real engine, by the routes, at times that the test says. */
export const doer = (table: Table, start: string) => {
  const user = randomUUID();
  const owner = userId(user);
  let now = new Date(start);
  const clock = { now: () => now };
  const sessions = { sessions: dynamoSessionStore(table, 1), clock, newId };
  const reports = dynamoReportStore(table);
  const tasks = { tasks: dynamoTaskStore(table, 1), jobs: dynamoJobStore(table, 1), clock, newId };
  const callers = {
    tasks: callerOf(createHttpHandler('tasks', taskOperations(tasks))),
    pomodoro: callerOf(createHttpHandler('pomodoro', pomodoroOperations(sessions))),
    reports: callerOf(createHttpHandler('reports', reportOperations({ reports, clock }))),
  };

  const ask = async (feature: keyof typeof callers, routeKey: string, asked: Asked = {}): Promise<unknown> => {
    const answered = await callers[feature](routeKey, { user, ...asked });
    expect(answered.status, JSON.stringify(answered.body)).toBeLessThan(300);
    return answered.body;
  };
  const onTask = (routeKey: string, id: string, asked: Asked = {}) =>
    ask('tasks', routeKey, { params: { task_id: id }, ...asked });

  return {
    user,
    owner,
    reports,
    now: () => now,
    /** It is another time now. */
    at: (instant: string | Date): void => {
      now = new Date(instant);
    },
    settle: (changes: Partial<Profile>): Promise<void> =>
      putItem(table, { ...profileKey(owner), ...defaultProfile(owner), ...changes }),

    create: async (body: object = {}): Promise<string> =>
      ((await ask('tasks', 'POST /tasks', { body: { title: 'Do it', ...body } })) as { id: string }).id,
    complete: (id: string) => onTask('POST /tasks/{task_id}/complete', id),
    reopen: (id: string) => onTask('POST /tasks/{task_id}/reopen', id),
    edit: (id: string, body: object) => onTask('PATCH /tasks/{task_id}', id, { body }),
    remove: (id: string) => onTask('DELETE /tasks/{task_id}', id),

    pomodoro: (command: string, body: object = {}) => ask('pomodoro', `POST /pomodoro/${command}`, { body }),
    /** The minute's sweep comes by. */
    sweep: () => pomodoroActs(sessions).finish(owner),

    report: (name: string, query: Readonly<Record<string, string>> = {}) =>
      ask('reports', `GET /reports/${name}`, { query }),
    /** Whatever comes of it. */
    tryReport: (name: string, asked: Asked = {}): Promise<Answered> =>
      callers.reports(`GET /reports/${name}`, { user, ...asked }),
  };
};

export type Doer = ReturnType<typeof doer>;
