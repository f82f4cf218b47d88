/** What a task is to the model. `place`: among its open siblings, -1 for a closed one, `null` where nobody promises any. */
export interface ModelTask {
  readonly id: string;
  readonly parent: string | null;
  readonly status: string;
  readonly closedWith: string | null;
  readonly place: number | null;
}

interface Entry {
  readonly id: string;
  parent: string | null;
  open: boolean;
  closedWith: string | null;
}

type Outcome = 'ok' | 'not-found' | 'wrong-state' | 'cycle';

interface Place {
  readonly after?: string;
  readonly before?: string;
}

/** The tree as a plain list in the order of places: what the semantics say, as simply as can be. */
export class TreeModel {
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

  create(id: string, parent: string | null, place: Place): Outcome {
    if (parent !== null && this.#depth(parent) >= this.#maxDepth) {
      return this.#anchored(parent, place, id) ? 'wrong-state' : 'not-found';
    }
    if (!this.#anchored(parent, place, id)) return 'not-found';
    this.#insert({ id, parent, open: true, closedWith: null }, place);
    return 'ok';
  }

  move(id: string, parent: string | null, place: Place): Outcome {
    const entry = this.#find(id);
    if (!entry) return 'not-found';
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

  complete(id: string, children: 'complete' | 'leave' | 'block'): Outcome {
    const entry = this.#find(id);
    if (!entry) return 'not-found';
    const open = this.#below(id).filter((below) => below.open);
    if (children === 'block' && open.length > 0) return 'wrong-state';
    if (!entry.open) return 'ok';
    entry.open = false;
    entry.closedWith = null;
    if (children === 'complete') {
      for (const below of open) {
        below.open = false;
        below.closedWith = id;
      }
    }
    return 'ok';
  }

  reopen(id: string): Outcome {
    const entry = this.#find(id);
    if (!entry) return 'not-found';
    if (entry.open) return 'ok';
    const opened = [entry, ...this.#above(id), ...this.#below(id).filter(({ closedWith }) => closedWith === id)];
    for (const other of opened) {
      other.open = true;
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
      .map(({ id, parent, open, closedWith }) => ({
        id,
        parent,
        status: open ? 'todo' : 'done',
        closedWith,
        place: this.isOrdered(parent)
          ? this.#list
              .filter((sibling) => sibling.parent === parent && sibling.open)
              .findIndex((sibling) => sibling.id === id)
          : null,
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
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
  #anchored(parent: string | null, { after, before }: Place, id: string): boolean {
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
    if (this.#list.some((sibling) => sibling.parent === entry.parent && !sibling.open))
      this.#unordered.add(entry.parent);
    const index = this.#list.findIndex(({ id }) => id === anchor);
    this.#list.splice(after === undefined ? index : index + 1, 0, entry);
  }
}
