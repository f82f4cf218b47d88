type Kind = 'focus' | 'short_break' | 'long_break';

/** A stretch of time in milliseconds; `to` is `null` while it goes on. */
interface Stretch {
  readonly from: number;
  to: number | null;
}

export interface ModelSession {
  readonly key: string | null;
  readonly request: string;
  readonly kind: Kind;
  readonly plannedSeconds: number;
  readonly stretches: Stretch[];
  /** Known once the service has answered. */
  id: string;
  state: 'active' | 'paused' | 'completed' | 'stopped';
  early: boolean;
  end: number | null;
  interruptions: number;
}

export interface Start {
  readonly key: string | null;
  readonly kind: Kind;
  readonly planned_seconds: number;
  readonly replace: boolean;
}

/** One person's timer as a list of stretches of time: what the semantics say, as simply as can be. Nobody has to look for time to pass. */
export class TimerModel {
  readonly sessions: ModelSession[] = [];
  now: number;
  /** Whether the last session has run out since anybody asked for anything. */
  #unnoticed = false;

  constructor(now: number) {
    this.now = now;
  }

  get last(): ModelSession | undefined {
    return this.sessions.at(-1);
  }

  get current(): ModelSession | undefined {
    return this.last?.state === 'active' || this.last?.state === 'paused' ? this.last : undefined;
  }

  pass(milliseconds: number): void {
    this.now += milliseconds;
    const { last } = this;
    if (last?.state !== 'active') return;
    const excess = this.ran(last) - last.plannedSeconds * 1000;
    if (excess < 0) return;
    this.#end(last, 'completed', this.now - excess);
    this.#unnoticed = true;
  }

  /** Somebody asks how it stands. @returns whether they are the first to see that the session has run out */
  look(): boolean {
    const first = this.#unnoticed;
    this.#unnoticed = false;
    return first;
  }

  /** Milliseconds. */
  ran({ stretches }: ModelSession): number {
    return stretches.reduce((sum, { from, to }) => sum + (to ?? this.now) - from, 0);
  }

  /** @returns the status of the answer, and the session in it */
  start(request: Start): readonly [number, ModelSession?] {
    const { key, kind, planned_seconds, replace } = request;
    const text = JSON.stringify(request);
    this.look();
    const made = key === null ? undefined : this.sessions.find((session) => session.key === key);
    if (made) return made.request === text ? [201, made] : [422];
    if (this.current && !replace) return [409, this.current];
    if (this.current) this.#end(this.current, 'stopped', this.now);
    const session: ModelSession = {
      key,
      request: text,
      kind,
      plannedSeconds: planned_seconds,
      stretches: [{ from: this.now, to: null }],
      id: '',
      state: 'active',
      early: false,
      end: null,
      interruptions: 0,
    };
    this.sessions.push(session);
    return [201, session];
  }

  /** @param id of the session that is meant; `null`: whichever is active */
  command(name: string, id: string | null, early = false): readonly [number, ModelSession?] {
    const { current, last } = this;
    const first = this.look();
    if (!current) {
      const meant = id === null && first ? last : this.sessions.find((session) => session.id === id);
      return name === 'complete' && meant?.state === 'completed' && !meant.early ? [200, meant] : [409];
    }
    if (id !== null && id !== current.id) return [409, current];
    const active = current.state === 'active';
    switch (name) {
      case 'pause':
        if (!active) return [409, current];
        current.state = 'paused';
        this.#close(current, this.now);
        return [200, current];
      case 'resume':
        if (active) return [409, current];
        current.state = 'active';
        current.stretches.push({ from: this.now, to: null });
        return [200, current];
      case 'interrupt':
        if (!active) return [409, current];
        current.interruptions += 1;
        return [200, current];
      case 'complete':
        if (!early) return [409, current];
        current.early = true;
        this.#end(current, 'completed', this.now);
        return [200, current];
      default:
        this.#end(current, 'stopped', this.now);
        return [200, current];
    }
  }

  /** Day (UTC) → what was counted on it. */
  days(): Readonly<Record<string, { pomodoros: number; focus_seconds: number }>> {
    const days: Record<string, { pomodoros: number; focus_seconds: number }> = {};
    for (const session of this.sessions) {
      if (session.kind !== 'focus' || session.end === null) continue;
      const day = new Date(session.end).toISOString().slice(0, 10);
      const { pomodoros = 0, focus_seconds = 0 } = days[day] ?? {};
      const counts = {
        pomodoros: pomodoros + (session.state === 'completed' && !session.early ? 1 : 0),
        focus_seconds: focus_seconds + Math.floor(this.ran(session) / 1000),
      };
      if (counts.pomodoros + counts.focus_seconds > 0) days[day] = counts;
    }
    return days;
  }

  suggested(): Kind {
    const { last } = this;
    if (last?.kind !== 'focus' || last.state === 'stopped') return 'focus';
    const rested = this.sessions.findLastIndex(({ kind }) => kind === 'long_break');
    const focused = this.sessions
      .slice(rested + 1)
      .filter(({ kind, state, early }) => kind === 'focus' && state !== 'stopped' && !early);
    return focused.length >= 4 ? 'long_break' : 'short_break';
  }

  #close({ stretches }: ModelSession, at: number): void {
    const open = stretches.at(-1);
    if (open?.to === null) open.to = at;
  }

  #end(session: ModelSession, state: 'completed' | 'stopped', at: number): void {
    this.#close(session, at);
    session.state = state;
    session.end = at;
  }
}
