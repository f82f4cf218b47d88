/**
 * What is counted beside what AWS counts by itself, each with CloudWatch's unit and the function that measures it: dashboard and alarms are made
 * of the same names. The one dimension is `service`, the function's name; each stage has a namespace of its own. CloudWatch charges for every
 * combination of a name and its dimensions, so that nothing unbounded may become one.
 */
export const metrics = {
  TasksCreated: { unit: 'Count', measuredBy: 'change-feed' },
  TasksCompleted: { unit: 'Count', measuredBy: 'change-feed' },
  SessionsStarted: { unit: 'Count', measuredBy: 'change-feed' },
  /** Ran out; those that were ended early are not among them. */
  SessionsCompleted: { unit: 'Count', measuredBy: 'change-feed' },
  FilesArrived: { unit: 'Count', measuredBy: 'change-feed' },
  RemindersSent: { unit: 'Count', measuredBy: 'change-feed' },
  RemindersExpired: { unit: 'Count', measuredBy: 'change-feed' },
  RemindersFailed: { unit: 'Count', measuredBy: 'change-feed' },
  NotesClaimed: { unit: 'Count', measuredBy: 'guest' },
  /** Offline edits of a field that somebody else had set meanwhile. */
  EditConflicts: { unit: 'Count', measuredBy: 'sync' },

  ChangesFed: { unit: 'Count', measuredBy: 'change-feed' },
  FramesPushed: { unit: 'Count', measuredBy: 'change-feed' },
  /** From a write to its row in the owner's log: of each batch, the longest. */
  FeedLag: { unit: 'Milliseconds', measuredBy: 'change-feed' },

  DueWorkDone: { unit: 'Count', measuredBy: 'due-work' },
  DueWorkFailed: { unit: 'Count', measuredBy: 'due-work' },
  /** How late the longest overdue item was when a run found it; 0 when nothing was due. */
  DueWorkLag: { unit: 'Milliseconds', measuredBy: 'due-work' },

  MailsSent: { unit: 'Count', measuredBy: 'reactions' },
  /** Of those sent: more than five minutes after their time. */
  MailsLate: { unit: 'Count', measuredBy: 'reactions' },
  MailsThrottled: { unit: 'Count', measuredBy: 'reactions' },
  MailsUnclear: { unit: 'Count', measuredBy: 'reactions' },
  MailsUnwanted: { unit: 'Count', measuredBy: 'reactions' },
  MailsFailed: { unit: 'Count', measuredBy: 'reactions' },

  /** Connects that were answered with a 401: to Lambda, each is an error of the authorizer. */
  ConnectionsRefused: { unit: 'Count', measuredBy: 'socket-authorizer' },
} as const satisfies Record<string, { readonly unit: 'Count' | 'Milliseconds'; readonly measuredBy: string }>;

export type MetricName = keyof typeof metrics;
