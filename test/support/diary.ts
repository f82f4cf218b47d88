/** A task, or what is left of it, as the diary knows it. */
interface Entry {
  readonly id: string;
  readonly parent: string | null;
  tags: readonly string[];
  done: boolean;
  /** Whose completion completed it. */
  doneWith: string | null;
  gone: boolean;
}

interface Completion {
  readonly task: string;
  readonly day: string;
  readonly tags: readonly string[];
}

interface Sitting {
  readonly focus: boolean;
  readonly tags: readonly string[];
  readonly planned: number;
  /** Milliseconds until it was paused last. */
  ran: number;
  /** Since when it runs; `null`: it is paused, or over. */
  since: number | null;
  day: string | null;
  whole: boolean;
}

interface Days {
  readonly from: string;
  readonly to: string;
}

/** What one person has done, written down as it happened: what the semantics of reports say, as simply as can be. */
export class Diary {
  now: number;
  timezone = 'UTC';
  dayStart = '00:00';
  readonly entries: Entry[] = [];
  readonly #completions: Completion[] = [];
  readonly #sittings: Sitting[] = [];

  constructor(now: number) {
    this.now = now;
  }

  get alive(): readonly Entry[] {
    return this.entries.filter(({ gone }) => !gone);
  }

  get sitting(): Sitting | undefined {
    const last = this.#sittings.at(-1);
    return last?.day === null ? last : undefined;
  }

  dayOf(instant: number): string {
    // As the Swedes write it: 2026-11-24 12:00:00.
    const [date = '', time = ''] = new Date(instant).toLocaleString('sv-SE', { timeZone: this.timezone }).split(' ');
    return time.slice(0, 5) >= this.dayStart ? date : shifted(date, -1);
  }

  pass(milliseconds: number): void {
    this.now += milliseconds;
    const { sitting } = this;
    if (!sitting || sitting.since === null) return;
    const over = sitting.since + sitting.planned - sitting.ran;
    if (this.now >= over) this.#end(sitting, over, true);
  }

  create(id: string, parent: string | null, tags: readonly string[]): void {
    this.entries.push({ id, parent, tags, done: false, doneWith: null, gone: false });
  }

  complete(entry: Entry): void {
    if (entry.done) return;
    this.#complete(entry, null);
    for (const child of this.#below(entry)) if (!child.done) this.#complete(child, entry.id);
  }

  reopen(entry: Entry): void {
    if (!entry.done) return;
    const below = this.#below(entry).filter(({ doneWith }) => doneWith === entry.id);
    const above = this.entries.filter(({ id, done }) => id === entry.parent && done);
    for (const other of [entry, ...above, ...below]) {
      other.done = false;
      other.doneWith = null;
      // The newest is the one that counts: it was undone before it was done again.
      const index = this.#completions.findLastIndex(({ task }) => task === other.id);
      this.#completions.splice(index, 1);
    }
  }

  remove(entry: Entry): void {
    for (const other of [entry, ...this.#below(entry)]) other.gone = true;
  }

  sit(focus: boolean, planned: number, tags: readonly string[]): void {
    if (this.sitting) this.#end(this.sitting, this.now, false);
    this.#sittings.push({ focus, tags, planned, ran: 0, since: this.now, day: null, whole: false });
  }

  pauseOrResume(): 'pause' | 'resume' | null {
    const { sitting } = this;
    if (!sitting) return null;
    if (sitting.since === null) {
      sitting.since = this.now;
      return 'resume';
    }
    sitting.ran += this.now - sitting.since;
    sitting.since = null;
    return 'pause';
  }

  rise(): boolean {
    if (!this.sitting) return false;
    this.#end(this.sitting, this.now, false);
    return true;
  }

  tasksByDay({ from, to }: Days) {
    const days = datesOf(from, to).map((date) => ({
      date,
      count: this.#completions.filter(({ day }) => day === date).length,
    }));
    return { timezone: this.timezone, from, to, total: sum(days.map(({ count }) => count)), days };
  }

  pomodorosByDay({ from, to }: Days) {
    const days = datesOf(from, to).map((date) => {
      const focus = this.#sittings.filter((sitting) => sitting.focus && sitting.day === date);
      return {
        date,
        count: focus.filter(({ whole }) => whole).length,
        focus_minutes: Math.round(sum(focus.map(secondsOf)) / 60),
      };
    });
    return {
      timezone: this.timezone,
      from,
      to,
      total: sum(days.map(({ count }) => count)),
      focus_minutes: sum(days.map(({ focus_minutes }) => focus_minutes)),
      days,
    };
  }

  completedTags({ from, to }: Days) {
    return ranked(this.#completions.filter(({ day }) => from <= day && day <= to).map(({ tags }) => [tags, 1]));
  }

  focusTags({ from, to }: Days) {
    const within = this.#sittings.filter(({ focus, day }) => focus && day !== null && from <= day && day <= to);
    return ranked(
      within.map((sitting) => [sitting.tags, secondsOf(sitting)]),
      60,
    );
  }

  openTags() {
    return ranked(this.alive.filter(({ done }) => !done).map(({ tags }) => [tags, 1]));
  }

  #below({ id }: Entry): readonly Entry[] {
    return this.entries.filter(({ parent, gone }) => parent === id && !gone);
  }

  #complete(entry: Entry, doneWith: string | null): void {
    entry.done = true;
    entry.doneWith = doneWith;
    this.#completions.push({ task: entry.id, day: this.dayOf(this.now), tags: entry.tags });
  }

  #end(sitting: Sitting, at: number, whole: boolean): void {
    if (sitting.since !== null) sitting.ran += at - sitting.since;
    sitting.since = null;
    sitting.day = this.dayOf(at);
    sitting.whole = whole;
  }
}

const secondsOf = ({ ran }: Sitting): number => Math.floor(ran / 1000);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const shifted = (date: string, days: number): string => {
  const moved = new Date(`${date}T12:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
};

const datesOf = (from: string, to: string): readonly string[] =>
  from > to ? [] : [from, ...datesOf(shifted(from, 1), to)];

/** @param unit how much of what is counted makes one */
const ranked = (counted: readonly (readonly [readonly string[], number])[], unit = 1) => {
  const spelled: { tag: string; amount: number }[] = [];
  for (const [tags, amount] of counted) {
    for (const tag of tags) {
      const same = spelled.find((other) => other.tag.toLowerCase() === tag.toLowerCase());
      if (same) same.amount += amount;
      else spelled.push({ tag, amount });
    }
  }
  return spelled
    .map(({ tag, amount }) => ({ tag, count: Math.round(amount / unit) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || (a.tag.toLowerCase() < b.tag.toLowerCase() ? -1 : 1));
};
