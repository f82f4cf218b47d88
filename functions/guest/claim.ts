import { type Act, type DayRules, newTask, type TaskRecord } from '#functions/tasks/task.ts';
import type { Clock } from '#shared/clock.ts';
import { derivedId, type GuestId, type UserId } from '#shared/ids.ts';
import { measure } from '#shared/metrics.ts';
import { timeLimit } from '#shared/retry.ts';
import { byAge, type Note, type NoteStore } from './note.ts';

/** What claiming needs of the table. */
export interface ClaimStore {
  days(owner: UserId, now: Date): Promise<DayRules>;
  /** Makes a note a task, at once or not at all. @returns false when the note is no longer what was read */
  take(guest: GuestId, note: Note, record: TaskRecord, act: Act): Promise<boolean>;
  /** The tasks that this user has made of this guest's notes, as they are now, the oldest first. */
  taken(guest: GuestId, owner: UserId, now: Date): Promise<readonly TaskRecord[]>;
}

/** More rounds than a guest who goes on writing can keep up with. */
const rounds = 5;

/**
 * Turns a guest's notes into a user's tasks, one after the other, each in one transaction with the memory of it: interrupted anywhere, it
 * goes on where it was; repeated, it finds what it made. A note's task has an id of its own making, so that it cannot become two.
 *
 * @returns all tasks that have come of this guest's notes for this user
 * @throws Failure `busy` when it takes too long: what is claimed by then is claimed, and claiming again goes on
 */
export const claimNotes =
  ({ notes, claims, clock }: { readonly notes: NoteStore; readonly claims: ClaimStore; readonly clock: Clock }) =>
  async (owner: UserId, guest: GuestId, act: Act): Promise<readonly TaskRecord[]> => {
    const expectTime = timeLimit(clock);
    let claimed = 0;
    for (let round = 0; round < rounds; round += 1) {
      const left = [...(await notes.all(guest, act.now))].sort((a, b) => byAge(b, a));
      if (left.length === 0) break;
      const days = await claims.days(owner, act.now);
      for (const note of left) {
        expectTime();
        if (await claims.take(guest, note, taskOf(note, owner, guest, act, days), act)) claimed += 1;
      }
    }
    if (claimed > 0) await measure({ NotesClaimed: claimed });
    return claims.taken(guest, owner, act.now);
  };

const taskOf = (
  { id, title, description, status, created_at }: Note,
  owner: UserId,
  guest: GuestId,
  act: Act,
  days: DayRules,
): TaskRecord => {
  const fields = { title, description, status, priority: 'none', due_date: null, tags: [] } as const;
  const record = newTask({ id: derivedId('claim', guest, id), owner, fields, requestHash: null }, act, days);
  return { ...record, task: { ...record.task, created_at } };
};
