import { prefix } from '#blueprint/table.ts';
import type { GuestId } from '#shared/ids.ts';
import { guestKey } from '#shared/item.ts';
import { type Condition, deleteItem, getItem, holds, putItem, queryPage, type Table } from '#shared/table.ts';
import {
  isAlive,
  type Note,
  type NoteFields,
  type NoteStore,
  newNote,
  noteFromItem,
  noteKey,
  notesPerGuest,
  sameNote,
  slotOf,
  thisNote,
} from './note.ts';

/**
 * Notes in the single table. A guest has exactly a hundred keys, one a note: the quota is that a key cannot be taken twice, so it holds
 * under any race, and an expired note's key is free at once (docs/decisions/0006-a-hundred-keys-for-a-guest.md).
 */
export const dynamoNoteStore = (table: Table): NoteStore => {
  const all = async (guest: GuestId, now: Date): Promise<Note[]> => {
    const notes: Note[] = [];
    const range = { pk: guestKey(guest, '').pk, beginsWith: prefix.note };
    let page = await queryPage(table, range);
    notes.push(...page.items.map(noteFromItem));
    // A hundred full notes are a little more than DynamoDB's page of 1 MB.
    while (page.lastKey) {
      page = await queryPage(table, { ...range, startAfter: page.lastKey });
      notes.push(...page.items.map(noteFromItem));
    }
    return notes.filter((note) => isAlive(note, now));
  };

  const putInto = async (slot: number, guest: GuestId, fields: NoteFields, now: Date): Promise<Note | null> => {
    const note = newNote(slot, fields, now);
    return (await holds(putItem(table, itemOf(guest, note), free(now)))) ? note : null;
  };

  return {
    all,

    create: async (guest, fields, now) => {
      // A shot in the dark: with few notes it hits, and costs one round trip.
      const first = await putInto(Math.floor(Math.random() * notesPerGuest), guest, fields, now);
      if (first) return first;
      const taken = new Set((await all(guest, now)).map(({ id }) => slotOf(id)));
      const rest = Array.from({ length: notesPerGuest }, (_, slot) => slot).filter((slot) => !taken.has(slot));
      // From anywhere on: those who create at once do not queue for the same key.
      const start = Math.floor(Math.random() * rest.length);
      for (const slot of [...rest.slice(start), ...rest.slice(0, start)]) {
        const note = await putInto(slot, guest, fields, now);
        if (note) return note;
      }
      return null;
    },

    get: async (guest, id, now) => {
      const item = await getItem(table, noteKey(guest, slotOf(id)));
      const note = item && noteFromItem(item);
      return note && note.id === id && isAlive(note, now) ? note : null;
    },

    replace: (guest, before, after, now) => holds(putItem(table, itemOf(guest, after), sameNote(before, now))),

    remove: (guest, id, now) => holds(deleteItem(table, noteKey(guest, slotOf(id)), thisNote(id, now))),
  };
};

const itemOf = (guest: GuestId, note: Note) => ({
  ...noteKey(guest, slotOf(note.id)),
  ...note,
  // Whole seconds: rounded up, so that TTL never takes a note early.
  ttl: Math.ceil(Date.parse(note.expires_at) / 1000),
});

/** Nothing lies there, or nothing that lives. Both times are RFC 3339 in UTC with milliseconds, so that text compares as time does. */
const free = (now: Date): Condition => ({
  expression: 'attribute_not_exists(pk) OR #expires_at <= :now',
  names: { '#expires_at': 'expires_at' },
  values: { ':now': now.toISOString() },
});
