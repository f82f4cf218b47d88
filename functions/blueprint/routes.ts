/**
 * The route table: every HTTP route, said once, in reading order.
 *
 * Infrastructure, handlers, the OpenAPI document and the access-control tests all derive from it.
 */

/** `guest`: whoever holds the `X-Guest-Uuid`; API Gateway lets everybody through, the function reads the header. */
export type Auth = 'public' | 'user' | 'guest';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Route {
  readonly operationId: string;
  readonly method: Method;
  readonly path: `/${string}`;
  readonly feature: string;
  readonly auth: Auth;
}

export const routes = [
  { operationId: 'register', method: 'POST', path: '/register', feature: 'accounts', auth: 'public' },
  {
    operationId: 'confirmRegistration',
    method: 'POST',
    path: '/register/confirm',
    feature: 'accounts',
    auth: 'public',
  },
  { operationId: 'resendConfirmation', method: 'POST', path: '/register/resend', feature: 'accounts', auth: 'public' },
  { operationId: 'issueToken', method: 'POST', path: '/token', feature: 'accounts', auth: 'public' },
  { operationId: 'revokeToken', method: 'POST', path: '/token/revoke', feature: 'accounts', auth: 'public' },
  { operationId: 'forgotPassword', method: 'POST', path: '/password/forgot', feature: 'accounts', auth: 'public' },
  { operationId: 'resetPassword', method: 'POST', path: '/password/reset', feature: 'accounts', auth: 'public' },
  { operationId: 'changePassword', method: 'POST', path: '/password/change', feature: 'accounts', auth: 'user' },
  { operationId: 'getProfile', method: 'GET', path: '/me', feature: 'accounts', auth: 'user' },
  { operationId: 'updateProfile', method: 'PATCH', path: '/me', feature: 'accounts', auth: 'user' },
  { operationId: 'deleteAccount', method: 'DELETE', path: '/me', feature: 'accounts', auth: 'user' },
  { operationId: 'exportAccount', method: 'GET', path: '/me/export', feature: 'export', auth: 'user' },

  { operationId: 'createTask', method: 'POST', path: '/tasks', feature: 'tasks', auth: 'user' },
  { operationId: 'listTasks', method: 'GET', path: '/tasks', feature: 'tasks', auth: 'user' },
  { operationId: 'getTask', method: 'GET', path: '/tasks/{task_id}', feature: 'tasks', auth: 'user' },
  { operationId: 'replaceTask', method: 'PUT', path: '/tasks/{task_id}', feature: 'tasks', auth: 'user' },
  { operationId: 'updateTask', method: 'PATCH', path: '/tasks/{task_id}', feature: 'tasks', auth: 'user' },
  { operationId: 'deleteTask', method: 'DELETE', path: '/tasks/{task_id}', feature: 'tasks', auth: 'user' },
  { operationId: 'completeTask', method: 'POST', path: '/tasks/{task_id}/complete', feature: 'tasks', auth: 'user' },
  { operationId: 'reopenTask', method: 'POST', path: '/tasks/{task_id}/reopen', feature: 'tasks', auth: 'user' },
  { operationId: 'moveTask', method: 'POST', path: '/tasks/{task_id}/move', feature: 'tasks', auth: 'user' },
  { operationId: 'skipTask', method: 'POST', path: '/tasks/{task_id}/skip', feature: 'tasks', auth: 'user' },
  {
    operationId: 'listOccurrences',
    method: 'GET',
    path: '/tasks/{task_id}/occurrences',
    feature: 'tasks',
    auth: 'user',
  },
  { operationId: 'batchTasks', method: 'POST', path: '/tasks/batch', feature: 'tasks', auth: 'user' },

  { operationId: 'createGuest', method: 'POST', path: '/guest', feature: 'guest', auth: 'public' },
  { operationId: 'createGuestTask', method: 'POST', path: '/guest/tasks', feature: 'guest', auth: 'guest' },
  { operationId: 'listGuestTasks', method: 'GET', path: '/guest/tasks', feature: 'guest', auth: 'guest' },
  { operationId: 'getGuestTask', method: 'GET', path: '/guest/tasks/{task_id}', feature: 'guest', auth: 'guest' },
  { operationId: 'replaceGuestTask', method: 'PUT', path: '/guest/tasks/{task_id}', feature: 'guest', auth: 'guest' },
  { operationId: 'deleteGuestTask', method: 'DELETE', path: '/guest/tasks/{task_id}', feature: 'guest', auth: 'guest' },
  { operationId: 'claimGuestTasks', method: 'POST', path: '/guest/claim', feature: 'guest', auth: 'user' },

  { operationId: 'startSession', method: 'POST', path: '/pomodoro/start', feature: 'pomodoro', auth: 'user' },
  { operationId: 'pauseSession', method: 'POST', path: '/pomodoro/pause', feature: 'pomodoro', auth: 'user' },
  { operationId: 'resumeSession', method: 'POST', path: '/pomodoro/resume', feature: 'pomodoro', auth: 'user' },
  { operationId: 'stopSession', method: 'POST', path: '/pomodoro/stop', feature: 'pomodoro', auth: 'user' },
  { operationId: 'completeSession', method: 'POST', path: '/pomodoro/complete', feature: 'pomodoro', auth: 'user' },
  { operationId: 'interruptSession', method: 'POST', path: '/pomodoro/interrupt', feature: 'pomodoro', auth: 'user' },
  { operationId: 'getActiveSession', method: 'GET', path: '/pomodoro/active', feature: 'pomodoro', auth: 'user' },
  { operationId: 'listSessions', method: 'GET', path: '/pomodoro/sessions', feature: 'pomodoro', auth: 'user' },

  {
    operationId: 'uploadAttachment',
    method: 'POST',
    path: '/attachments/upload',
    feature: 'attachments',
    auth: 'user',
  },
  {
    operationId: 'listAttachments',
    method: 'GET',
    path: '/tasks/{task_id}/attachments',
    feature: 'attachments',
    auth: 'user',
  },
  {
    operationId: 'getAttachment',
    method: 'GET',
    path: '/tasks/{task_id}/attachments/{attachment_id}',
    feature: 'attachments',
    auth: 'user',
  },
  {
    operationId: 'deleteAttachment',
    method: 'DELETE',
    path: '/tasks/{task_id}/attachments/{attachment_id}',
    feature: 'attachments',
    auth: 'user',
  },

  {
    operationId: 'reportTasksCompleted',
    method: 'GET',
    path: '/reports/tasks_completed_by_day',
    feature: 'reports',
    auth: 'user',
  },
  {
    operationId: 'reportPomodorosCompleted',
    method: 'GET',
    path: '/reports/total_pomodoros_completed',
    feature: 'reports',
    auth: 'user',
  },
  {
    operationId: 'reportFrequentTags',
    method: 'GET',
    path: '/reports/most_frequent_tags',
    feature: 'reports',
    auth: 'user',
  },

  { operationId: 'pullChanges', method: 'GET', path: '/sync', feature: 'sync', auth: 'user' },
  { operationId: 'applyEdits', method: 'POST', path: '/sync', feature: 'sync', auth: 'user' },
  { operationId: 'listConflicts', method: 'GET', path: '/sync/conflicts', feature: 'sync', auth: 'user' },
  {
    operationId: 'restoreConflict',
    method: 'POST',
    path: '/sync/conflicts/{conflict_id}/restore',
    feature: 'sync',
    auth: 'user',
  },
  { operationId: 'createTicket', method: 'POST', path: '/realtime/tickets', feature: 'sync', auth: 'user' },

  { operationId: 'createCalendar', method: 'POST', path: '/calendar', feature: 'calendar', auth: 'user' },
  { operationId: 'deleteCalendar', method: 'DELETE', path: '/calendar', feature: 'calendar', auth: 'user' },
  // A parameter of API Gateway is a whole segment: the secret comes with `.ics` behind it, which its contract demands.
  { operationId: 'getCalendar', method: 'GET', path: '/calendar/{secret}', feature: 'calendar', auth: 'public' },

  { operationId: 'showUnsubscribe', method: 'GET', path: '/unsubscribe/{token}', feature: 'mail', auth: 'public' },
  { operationId: 'unsubscribe', method: 'POST', path: '/unsubscribe/{token}', feature: 'mail', auth: 'public' },

  { operationId: 'getHealth', method: 'GET', path: '/health', feature: 'openapi', auth: 'public' },
  { operationId: 'getOpenApi', method: 'GET', path: '/openapi.json', feature: 'openapi', auth: 'public' },
  { operationId: 'getAsyncApi', method: 'GET', path: '/asyncapi.json', feature: 'openapi', auth: 'public' },
] as const satisfies readonly Route[];

type Listed = (typeof routes)[number];

/** A room that answers HTTP: it has one Lambda. */
export type Feature = Listed['feature'];

/** The operations a feature must answer. A `Record` over it makes a route without code a compile error. */
export type OperationOf<F extends Feature> = Extract<Listed, { feature: F }>['operationId'];

export type OperationId = Listed['operationId'];

/** Who may call an operation. */
export type AuthOf<Id extends OperationId> = Extract<Listed, { operationId: Id }>['auth'];

/** API Gateway's name for a route, as it stands in `event.routeKey`: `GET /tasks/{task_id}`. */
export const routeKeyOf = (route: Pick<Route, 'method' | 'path'>): string => `${route.method} ${route.path}`;

/** The WebSocket API's routes: what a device may send, by its `action`. */
export const socketRoutes = ['$connect', '$disconnect', '$default', 'ping', 'sync'] as const;

export type SocketRoute = (typeof socketRoutes)[number];
