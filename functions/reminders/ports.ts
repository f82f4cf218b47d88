import type { Addressee } from '#functions/mail/mail.ts';
import type { TaskRecord } from '#functions/tasks/task.ts';
import type { UserId } from '#shared/ids.ts';
import type { Write } from '#shared/table.ts';
import type { DueNotice } from './due-times.ts';
import type { FiringRules } from './firing.ts';
import type { ReminderRow } from './reminder-row.ts';

/** What a row is about, as everything is now. */
export interface Waking {
  readonly row: ReminderRow | null;
  readonly record: TaskRecord | null;
  readonly rules: FiringRules;
  /** To whom a mail about it would go. */
  readonly addressee: Addressee;
}

/** Where reminders wait. Each is one round trip. */
export interface ReminderStore {
  /** Takes a row that has come due, for ten minutes. @returns false when somebody else has it, or it is gone */
  claim(owner: UserId, sk: string, now: Date): Promise<boolean>;
  wake(row: ReminderRow, now: Date): Promise<Waking>;
  /** Uses the claim up: whoever sends has begun. @returns false when somebody else has, or it is another claim's by now */
  begin(row: ReminderRow): Promise<boolean>;
  /** Not sent, for certain: it comes up again then. */
  putOff(row: ReminderRow, until: Date): Promise<void>;
  /** Gives a row up that has nothing to say. */
  drop(row: ReminderRow): Promise<void>;
  /** Keeps a row that was for a preference, so that the same mail is not sent twice, and lets it come up no more. */
  settle(row: ReminderRow, now: Date): Promise<void>;
  /** All writes or none. @returns false when something is no longer what was read: read it again */
  commit(writes: readonly Write[]): Promise<boolean>;

  task(owner: UserId, id: string, now: Date): Promise<Pick<Waking, 'record' | 'rules'>>;
  /** Claims, from its beginning, a mail that a preference asks for: once for each task, kind and due date. */
  announce(record: TaskRecord, notice: DueNotice, now: Date): Promise<void>;
  /** When the task is looked at next; `null`: not again. Nothing is done when somebody else has written the task meanwhile. */
  lookAgain(record: TaskRecord, at: Date | null): Promise<void>;
}
