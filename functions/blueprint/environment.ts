/**
 * What each Lambda is told through its environment, by name. `lib` must give exactly these (a forgotten one does not compile),
 * and a function reads only its own (`#shared/environment.ts`).
 */
export const environment = {
  accounts: [
    'TABLE_NAME',
    'USER_POOL_ID',
    'USER_POOL_CLIENT_ID',
    'WEBSOCKET_CALLBACK_URL',
    'MAIL_FROM',
    'PUBLIC_REQUESTS_PER_MINUTE',
    'DUE_SHARDS',
  ],
  export: ['TABLE_NAME', 'ATTACHMENTS_BUCKET_NAME', 'USER_POOL_ID', 'USER_POOL_CLIENT_ID'],
  'post-confirmation': ['TABLE_NAME'],
  tasks: ['TABLE_NAME', 'DUE_SHARDS'],
  pomodoro: ['TABLE_NAME', 'DUE_SHARDS'],
  guest: ['TABLE_NAME', 'PUBLIC_REQUESTS_PER_MINUTE'],
  attachments: ['TABLE_NAME', 'ATTACHMENTS_BUCKET_NAME', 'DUE_SHARDS'],
  'attachment-arrival': ['TABLE_NAME', 'ATTACHMENTS_BUCKET_NAME'],
  reports: ['TABLE_NAME'],
  sync: ['TABLE_NAME', 'TABLE_STREAM_ARN', 'WEBSOCKET_URL', 'DUE_SHARDS'],
  'socket-authorizer': ['TABLE_NAME', 'USER_POOL_ID', 'USER_POOL_CLIENT_ID', 'JWKS_URI'],
  socket: ['TABLE_NAME', 'TABLE_STREAM_ARN', 'WEBSOCKET_CALLBACK_URL'],
  'change-feed': ['TABLE_NAME', 'TABLE_STREAM_ARN', 'WEBSOCKET_CALLBACK_URL'],
  'feed-repair': ['TABLE_NAME', 'TABLE_STREAM_ARN', 'FAILURE_BUCKET_NAME'],
  'due-work': ['TABLE_NAME', 'DUE_SHARDS', 'ATTACHMENTS_BUCKET_NAME', 'USER_POOL_ID', 'USER_POOL_CLIENT_ID'],
  reactions: [
    'TABLE_NAME',
    'USER_POOL_ID',
    'USER_POOL_CLIENT_ID',
    'HTTP_API_URL',
    'MAIL_FROM',
    'MAIL_CONFIGURATION_SET',
    'MAILS_PER_DAY',
    'DUE_SHARDS',
    'ATTACHMENTS_BUCKET_NAME',
  ],
  mail: ['TABLE_NAME', 'PUBLIC_REQUESTS_PER_MINUTE'],
  'mail-events': ['TABLE_NAME'],
  calendar: ['TABLE_NAME', 'HTTP_API_URL', 'PUBLIC_REQUESTS_PER_MINUTE'],
  openapi: ['API_VERSION'],
} as const satisfies Record<string, readonly string[]>;

/** A Lambda of the service, by the name it has in AWS, in `lib` and in the build. */
export type FunctionName = keyof typeof environment;

export type EnvironmentOf<F extends FunctionName> = Readonly<Record<(typeof environment)[F][number], string>>;

/** The entry file of each Lambda, from the project's root; each exports `handler`. */
export const entries = {
  accounts: 'functions/accounts/handler.ts',
  export: 'functions/export/handler.ts',
  'post-confirmation': 'functions/accounts/post-confirmation.ts',
  tasks: 'functions/tasks/handler.ts',
  pomodoro: 'functions/pomodoro/handler.ts',
  guest: 'functions/guest/handler.ts',
  attachments: 'functions/attachments/handler.ts',
  'attachment-arrival': 'functions/attachments/arrival-handler.ts',
  reports: 'functions/reports/handler.ts',
  sync: 'functions/sync/handler.ts',
  'socket-authorizer': 'functions/sync/socket-authorizer.ts',
  socket: 'functions/sync/socket.ts',
  'change-feed': 'functions/sync/change-feed-handler.ts',
  'feed-repair': 'functions/sync/feed-repair-handler.ts',
  'due-work': 'functions/due/handler.ts',
  reactions: 'functions/reactions/handler.ts',
  mail: 'functions/mail/handler.ts',
  'mail-events': 'functions/mail/mail-events-handler.ts',
  calendar: 'functions/calendar/handler.ts',
  openapi: 'functions/openapi/handler.ts',
} as const satisfies Record<FunctionName, string>;
