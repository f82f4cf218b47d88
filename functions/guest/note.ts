import { randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import { prefix } from '#blueprint/table.ts';
import { statuses } from '#functions/tasks/task.ts';
import { secondsAfter } from '#shared/clock.ts';
import { type GuestId, uuidV8 } from '#shared/ids.ts';
import { guestKey, type Item, type Key } from '#shared/item.ts';
import { once } from '#shared/once.ts';
import type { Condition } from '#shared/table.ts';

/** A note lives so long from its creation, and not a second longer: editing does not prolong it. */
export const noteSeconds: number = 24 * 60 * 60;

/** As many notes as one guest may have at once: there are no more keys to put them under. */
export const notesPerGuest = 100;

/** Title and description together, in UTF-8. */
export const noteBytes = 10 * 1024;

/** A guest's note, as it goes over the wire and lies in the table. */
export const noteSchema = once(() =>
  z
    .object({
      id: z.string(),
      title: z.string(),
      description: z.nullable(z.string()),
      status: z.enum(statuses),
      created_at: z.string(),
      expires_at: z.string(),
      version: z.number(),
    })
    .register(z.globalRegistry, { id: 'GuestTask' }),
);
export type Note = z.output<ReturnType<typeof noteSchema>>;

/** What a guest decides about a note. */
export type NoteFields = Pick<Note, 'title' | 'description' | 'status'>;

export const newNote = (slot: number, fields: NoteFields, now: Date): Note => ({
  id: noteId(slot),
  ...fields,
  created_at: now.toISOString(),
  expires_at: secondsAfter(now, noteSeconds).toISOString(),
  version: 1,
});

/** Expired means gone at once, however late TTL sweeps. */
export const isAlive = ({ expires_at }: Note, now: Date): boolean => Date.parse(expires_at) > now.getTime();

export const bytesOf = ({ title, description }: NoteFields): number =>
  Buffer.byteLength(title) + Buffer.byteLength(description ?? '');

/** A random UUIDv8 whose last byte is the note's slot: an id leads to its key without a look-up. */
const noteId = (slot: number): string => {
  const bytes = randomBytes(16);
  bytes.writeUInt8(slot, 15);
  return uuidV8(bytes);
};

export const slotOf = (id: string): number => Number.parseInt(id.slice(-2), 16);

export const noteKey = (guest: GuestId, slot: number): Key =>
  guestKey(guest, `${prefix.note}${String(slot).padStart(2, '0')}`);

/** @throws ZodError when the item is no note */
export const noteFromItem = (item: Item): Note => noteSchema().parse(item);

/** What a page of a guest's notes goes on after. */
export type NotePosition = Pick<Note, 'created_at' | 'id'>;

/** The newest first; of the same moment, in any order that stays the same. */
export const byAge = (a: NotePosition, b: NotePosition): number =>
  a.created_at === b.created_at ? (a.id < b.id ? -1 : 1) : a.created_at < b.created_at ? 1 : -1;

export interface NoteStore {
  /** @returns `null` when the guest has as many notes as there may be */
  create(guest: GuestId, fields: NoteFields, now: Date): Promise<Note | null>;
  get(guest: GuestId, id: string, now: Date): Promise<Note | null>;
  /** All that live, in any order. */
  all(guest: GuestId, now: Date): Promise<readonly Note[]>;
  /** @returns false when the note is no longer what was read */
  replace(guest: GuestId, before: Note, after: Note, now: Date): Promise<boolean>;
  /** @returns false when there was none */
  remove(guest: GuestId, id: string, now: Date): Promise<boolean>;
}

/** This very note lies there, and lives. Times are RFC 3339 in UTC with milliseconds, so that text compares as time does. */
export const thisNote = (id: string, now: Date): Condition => ({
  expression: '#id = :id AND #expires_at > :now',
  names: { '#id': 'id', '#expires_at': 'expires_at' },
  values: { ':id': id, ':now': now.toISOString() },
});

/** … and nobody has changed it. */
export const sameNote = ({ id, version }: Note, now: Date): Condition => {
  const { expression, names, values } = thisNote(id, now);
  return {
    expression: `${expression} AND #version = :version`,
    names: { ...names, '#version': 'version' },
    values: { ...values, ':version': version },
  };
};
