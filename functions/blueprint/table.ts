/**
 * The single table, as both its definition and its readers see it (docs/decisions/0001-one-table.md).
 */
export const table = {
  partitionKey: 'pk',
  sortKey: 'sk',
  /** Epoch **seconds**: DynamoDB's own unit for a TTL attribute. */
  ttl: 'ttl',
  localIndexes: {
    /** Open tasks by due date, then closed ones, newest first. */
    by_state: { sortKey: 'by_state', projection: 'ALL' },
    /** A task's place in its tree: `<root>/<…>/<id>`. A past Pomodoro session, by its id alone: `POMODORO#<id>`. */
    by_path: { sortKey: 'by_path', projection: 'KEYS_ONLY' },
  },
  globalIndexes: {
    /** What comes due, sharded. Sparse: only items that wait for a time carry `due_shard`. */
    by_due: { partitionKey: 'due_shard', sortKey: 'due_at', projection: 'KEYS_ONLY' },
  },
} as const;

export type LocalIndexName = keyof typeof table.localIndexes;

/** First letters of a key: one per kind of item. */
export const prefix = {
  user: 'USER#',
  task: 'TASK#',
  series: 'SERIES#',
  completion: 'COMPLETION#',
  day: 'DAY#',
  pomodoro: 'POMODORO#',
  change: 'CHANGE#',
  edit: 'EDIT#',
  conflict: 'CONFLICT#',
  connection: 'CONNECTION#',
  username: 'USERNAME#',
  ticket: 'TICKET#',
  rate: 'RATE#',
  guest: 'GUEST#',
  note: 'NOTE#',
  claimed: 'CLAIMED#',
  job: 'JOB#',
  reminder: 'REMINDER#',
  attachment: 'ATTACHMENT#',
  /** What an `Idempotency-Key` has made an attachment of. */
  upload: 'UPLOAD#',
  /** An object that has to go. */
  discard: 'DISCARD#',
  /** How many attachments a task has. */
  storage: 'STORAGE#',
  mailed: 'MAILED#',
  notice: 'NOTICE#',
  unsubscribe: 'UNSUBSCRIBE#',
  /** Whose a secret link to a calendar is. */
  calendar: 'CALENDAR#',
  deletion: 'DELETION#',
  due: 'DUE#',
} as const;

/** Sort keys that stand alone in a partition. */
export const single = {
  profile: 'PROFILE',
  /** The session that is active, or was last. It sorts behind all that are over. */
  pomodoro: 'POMODORO#ACTIVE',
  replan: 'REPLAN',
  feedHead: 'CHANGE#HEAD',
  username: 'USERNAME',
  ticket: 'TICKET',
  /** How many bytes a person keeps in attachments. */
  storage: 'STORAGE',
  mail: 'MAIL',
  unsubscribe: 'UNSUBSCRIBE',
  /** A person's secret link to their calendar. */
  calendar: 'CALENDAR',
  deletion: 'DELETION',
} as const;

/**
 * The allow-list of the change feed: sort keys (by prefix) of what devices can see. Nothing else may reach a log or a socket.
 * The event source's filter and the consumer's own check both come from it.
 */
export const visibleToDevices = [prefix.task, single.profile, single.pomodoro, prefix.attachment] as const;

/** What else is followed up, beside the feed: sort keys, by prefix, that the event source of the reactions lets through. */
export const reactedTo = [prefix.reminder, prefix.pomodoro] as const;

/** What is followed up only once it is deleted. */
export const reactedToWhenDeleted = [prefix.task] as const;
