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
    /** A task's place in its tree: `<root>/<…>/<id>`. */
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
  completion: 'COMPLETION#',
  day: 'DAY#',
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
  due: 'DUE#',
} as const;

/** Sort keys that stand alone in a partition. */
export const single = {
  profile: 'PROFILE',
  replan: 'REPLAN',
  feedHead: 'CHANGE#HEAD',
  username: 'USERNAME',
  ticket: 'TICKET',
  /** How many bytes a person keeps in attachments. */
  storage: 'STORAGE',
} as const;

/**
 * The allow-list of the change feed: sort keys (by prefix) of what devices can see. Nothing else may reach a log or a socket.
 * The event source's filter and the consumer's own check both come from it.
 */
export const visibleToDevices = [prefix.task, single.profile, prefix.attachment] as const;
