/** What a task is to the model. `place`: among its open siblings, -1 for a closed one, `null` where nobody promises any. */
export interface ModelTask {
  readonly id: string;
  readonly parent: string | null;
  readonly status: string;
  readonly closedWith: string | null;
  readonly place: number | null;
}

/** What a person sets of a task, from the tables below: what a value means is said there, and not computed by what is tested. */
export interface ModelFields {
  readonly title: keyof typeof titles;
  readonly priority: keyof typeof priorities;
  readonly due_date: keyof typeof dues | null;
  readonly tags: readonly (keyof typeof tags)[];
}

export type ModelStatus = 'todo' | 'in_progress' | 'done' | 'cancelled';

/** What a model's person asks of their tasks. */
export interface ModelQuery {
  readonly status?: ModelStatus | 'open';
  readonly priority?: keyof typeof priorities;
  readonly tag?: keyof typeof wantedTags;
  readonly due_date_start?: keyof typeof bounds;
  readonly due_date_end?: keyof typeof bounds;
  readonly parent_id?: string;
  readonly search_term?: keyof typeof terms;
  readonly sort_by?: 'due_date' | 'priority' | 'created_at' | 'title' | 'completed_at';
  readonly order?: 'asc' | 'desc';
}

/** The zone that the tables below are written for. */
export const modelTimezone = 'Europe/Berlin';

/** As they are read without case and accents. */
export const titles = { milk: 'milk', Résumé: 'resume', rent: 'rent', Äpfel: 'apfel', 'résumé MILK': 'resume milk' };
export const tags = { home: 'home', Work: 'work' };
export const wantedTags = { HOME: 'home', work: 'work' };
export const terms = {
  resume: ['resume'],
  MILK: ['milk'],
  ápfel: ['apfel'],
  'milk résumé': ['milk', 'resume'],
  HOM: ['hom'],
};
export const priorities = { none: 0, low: 1, medium: 2, high: 3, urgent: 4 };

/** Their day in Berlin, and the moment (in UTC) where they are one. */
export const dues = {
  '2026-11-24': { day: '2026-11-24', moment: null },
  '2026-11-25': { day: '2026-11-25', moment: null },
  '2026-11-23T12:00:00-05:00': { day: '2026-11-23', moment: '2026-11-23T17:00:00Z' },
  '2026-11-24T23:30:00Z': { day: '2026-11-25', moment: '2026-11-24T23:30:00Z' },
  '2026-11-25T08:00:00+01:00': { day: '2026-11-25', moment: '2026-11-25T07:00:00Z' },
};
export const bounds = {
  '2026-11-24': { day: '2026-11-24', moment: null },
  '2026-11-25': { day: '2026-11-25', moment: null },
  '2026-11-24T23:45:00Z': { day: '2026-11-25', moment: '2026-11-24T23:45:00Z' },
  '2026-11-25T08:00:00+01:00': { day: '2026-11-25', moment: '2026-11-25T07:00:00Z' },
};

interface Entry {
  readonly id: string;
  readonly created: number;
  fields: ModelFields;
  parent: string | null;
  status: ModelStatus;
  /** The open status it had when it was closed. */
  opened: 'todo' | 'in_progress';
  /** When it was closed. */
  closedAt: number | null;
  closedWith: string | null;
}

type Outcome = 'ok' | 'not-found' | 'wrong-state' | 'cycle';

interface Place {
  readonly after?: string;
  readonly before?: string;
}

export interface ModelNode {
  readonly id: string;
  readonly children: readonly ModelNode[];
}

/** A person's tasks as a plain list in the order of places: what the semantics say, as simply as can be. */
export class TaskModel {
  readonly #maxDepth: number;
  /** Below these, places among siblings are nobody's promise any more: closed ones stood between, or others' children came up. */
  readonly #unordered = new Set<string | null>();
  #list: Entry[] = [];

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth;
  }

  isOrdered(parent: string | null): boolean {
    return !this.#unordered.has(parent);
  }

  get ids(): readonly string[] {
    return this.#list.map(({ id }) => id);
  }

  /** @param id `null` where none was made: the outcome is asked for only */
  create(id: string | null, fields: ModelFields, parent: string | null, place: Place, now: number): Outcome {
    if (parent !== null && !this.#find(parent)) return 'not-found';
    if (!this.#anchored(parent, place, id)) return 'not-found';
    if (parent !== null && this.#depth(parent) >= this.#maxDepth) return 'wrong-state';
    const [created, opened, closedAt] = [now, 'todo', null] as const;
    this.#insert({ id: id ?? '', created, fields, parent, status: 'todo', opened, closedAt, closedWith: null }, place);
    return 'ok';
  }

  edit(id: string, fields: Partial<ModelFields>, status: ModelStatus | null, now: number): Outcome {
    const entry = this.#find(id);
    if (!entry) return 'not-found';
    entry.fields = { ...entry.fields, ...fields };
    if (status === null || status === entry.status) return 'ok';
    if (status === 'done') return this.complete(id, 'complete', now);
    if (status === 'cancelled') {
      close(entry, 'cancelled', now, null);
      return 'ok';
    }
    if (!isOpen(entry)) this.reopen(id);
    entry.status = status;
    return 'ok';
  }

  move(id: string, parent: string | null, place: Place): Outcome {
    const entry = this.#find(id);
    if (!entry || (parent !== null && !this.#find(parent))) return 'not-found';
    if (parent !== null && (parent === id || this.#below(id).some((below) => below.id === parent))) return 'cycle';
    const height = Math.max(...[entry, ...this.#below(id)].map((below) => this.#depth(below.id))) - this.#depth(id);
    if ((parent === null ? 0 : this.#depth(parent)) + 1 + height > this.#maxDepth) return 'wrong-state';
    if (!this.#anchored(parent, place, id)) return 'not-found';
    const stays = parent === entry.parent && place.after === undefined && place.before === undefined;
    entry.parent = parent;
    if (!stays) {
      this.#list = this.#list.filter((other) => other !== entry);
      this.#insert(entry, place);
    }
    return 'ok';
  }

  complete(id: string, children: 'complete' | 'leave' | 'block', now: number): Outcome {
    const entry = this.#find(id);
    if (!entry) return 'not-found';
    if (entry.status === 'done') return 'ok';
    const open = this.#below(id).filter(isOpen);
    if (children === 'block' && open.length > 0) return 'wrong-state';
    close(entry, 'done', now, null);
    if (children === 'complete') for (const below of open) close(below, 'done', now, id);
    return 'ok';
  }

  reopen(id: string): Outcome {
    const entry = this.#find(id);
    if (!entry) return 'not-found';
    if (isOpen(entry)) return 'ok';
    const above = this.#above(id).filter(({ status }) => status === 'done');
    for (const other of [entry, ...above, ...this.#below(id).filter(({ closedWith }) => closedWith === id)]) {
      other.status = other.opened;
      other.closedAt = null;
      other.closedWith = null;
    }
    return 'ok';
  }

  remove(id: string, children: 'delete' | 'reparent'): Outcome {
    const entry = this.#find(id);
    if (!entry) return 'not-found';
    const gone = new Set(children === 'delete' ? [entry, ...this.#below(id)] : [entry]);
    for (const other of this.#list) {
      if (other.parent !== id || children === 'delete') continue;
      other.parent = entry.parent;
      this.#unordered.add(entry.parent);
    }
    this.#list = this.#list.filter((other) => !gone.has(other));
    return 'ok';
  }

  picture(): readonly ModelTask[] {
    return this.#list
      .map(({ id, parent, status, closedWith }) => ({
        id,
        parent,
        status,
        closedWith,
        place: this.isOrdered(parent)
          ? this.#list
              .filter((sibling) => sibling.parent === parent && isOpen(sibling))
              .findIndex((sibling) => sibling.id === id)
          : null,
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** What is asked for, in its order. */
  list(query: ModelQuery): readonly string[] {
    return this.#sorted(this.#list.filter(matches(query)), query).map(({ id }) => id);
  }

  /** What is asked for, with the ancestors that lead to it, as trees. */
  forest(query: ModelQuery): readonly ModelNode[] {
    const found = this.#list.filter(matches(query));
    const shown = new Set([...found, ...found.flatMap(({ id }) => this.#above(id))]);
    const below = (parent: string | null): readonly ModelNode[] =>
      this.#sorted(
        [...shown].filter((entry) => entry.parent === parent),
        query,
      ).map(({ id }) => ({ id, children: below(id) }));
    return below(null);
  }

  #sorted(entries: readonly Entry[], { sort_by, order }: ModelQuery): readonly Entry[] {
    const key = sort_by === undefined ? byDefault : sortKeys[sort_by];
    const direction = order === 'desc' ? -1 : 1;
    return [...entries].sort((a, b) => {
      const [left, right] = [key(a), key(b)];
      if (left === right) return a.id < b.id ? -1 : 1;
      if (left === null) return 1;
      if (right === null) return -1;
      return left < right ? -direction : direction;
    });
  }

  #find(id: string): Entry | undefined {
    return this.#list.find((entry) => entry.id === id);
  }

  #above(id: string): readonly Entry[] {
    const parent = this.#find(this.#find(id)?.parent ?? '');
    return parent ? [parent, ...this.#above(parent.id)] : [];
  }

  #below(id: string): readonly Entry[] {
    return this.#list.filter((entry) => this.#above(entry.id).some((above) => above.id === id));
  }

  #depth(id: string): number {
    return this.#above(id).length + 1;
  }

  /** Whether the sibling that a place names is one. */
  #anchored(parent: string | null, { after, before }: Place, id: string | null): boolean {
    const anchor = after ?? before;
    if (anchor === undefined) return true;
    const sibling = this.#find(anchor);
    return sibling !== undefined && sibling.parent === parent && anchor !== id;
  }

  /** Behind or before the sibling, as seen among the open ones; else at the end. */
  #insert(entry: Entry, { after, before }: Place): void {
    const anchor = after ?? before;
    if (anchor === undefined) {
      this.#list.push(entry);
      return;
    }
    if (this.#list.some((sibling) => sibling.parent === entry.parent && !isOpen(sibling))) {
      this.#unordered.add(entry.parent);
    }
    const index = this.#list.findIndex(({ id }) => id === anchor);
    this.#list.splice(after === undefined ? index : index + 1, 0, entry);
  }
}

const isOpen = ({ status }: Entry): boolean => status === 'todo' || status === 'in_progress';

const close = (entry: Entry, status: 'done' | 'cancelled', now: number, closedWith: string | null): void => {
  if (entry.status === 'todo' || entry.status === 'in_progress') entry.opened = entry.status;
  entry.status = status;
  entry.closedAt = now;
  entry.closedWith = closedWith;
};

const textOf = ({ fields }: Entry): string =>
  [titles[fields.title], ...fields.tags.map((tag) => tags[tag])].join(' / ');

const matches =
  (query: ModelQuery) =>
  (entry: Entry): boolean => {
    const { status, priority, tag, due_date_start, due_date_end, parent_id, search_term } = query;
    const due = entry.fields.due_date === null ? null : dues[entry.fields.due_date];
    return [
      status === undefined || (status === 'open' ? isOpen(entry) : entry.status === status),
      priority === undefined || entry.fields.priority === priority,
      tag === undefined || entry.fields.tags.some((own) => tags[own] === wantedTags[tag]),
      due_date_start === undefined || (due !== null && !isBefore(due, bounds[due_date_start])),
      due_date_end === undefined || (due !== null && !isBefore(bounds[due_date_end], due)),
      parent_id === undefined || entry.parent === parent_id,
      search_term === undefined || terms[search_term].every((word) => textOf(entry).includes(word)),
    ].every((holds) => holds);
  };

interface Due {
  readonly day: string;
  readonly moment: string | null;
}

/** A day against a moment is a day against its day. */
const isBefore = (a: Due, b: Due): boolean =>
  a.moment !== null && b.moment !== null ? a.moment < b.moment : a.day < b.day;

type Key = (entry: Entry) => string | number | null;

/** The open ones by due date (of one day: the day before its moments, in UTC), undated last; then the closed ones, newest first. */
const byDefault: Key = ({ fields: { due_date }, closedAt }) => {
  if (closedAt !== null) return `2 ${1e15 - closedAt}`;
  const due = due_date === null ? null : dues[due_date];
  return `1 ${due === null ? '~' : (due.moment ?? due.day)}`;
};

const sortKeys: Readonly<Record<NonNullable<ModelQuery['sort_by']>, Key>> = {
  due_date: ({ fields: { due_date } }) =>
    due_date === null ? null : `${dues[due_date].day} ${dues[due_date].moment ?? ''}`,
  priority: ({ fields }) => priorities[fields.priority],
  created_at: ({ created }) => created,
  title: ({ fields }) => titles[fields.title],
  completed_at: ({ status, closedAt }) => (status === 'done' ? closedAt : null),
};
