import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { prefix, single } from '#blueprint/table.ts';
import { pomodoroActs } from '#functions/pomodoro/acts.ts';
import { pomodoroOperations } from '#functions/pomodoro/operations.ts';
import type { Session } from '#functions/pomodoro/session.ts';
import { dynamoSessionStore } from '#functions/pomodoro/store.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId, userId } from '#shared/ids.ts';
import { userKey } from '#shared/item.ts';
import type { Table } from '#shared/table.ts';
import { type Answered, callerOf } from '#test/support/http-event.ts';
import { itemsOf, ownTable } from '#test/support/table.ts';
import { type ModelSession, type Start, TimerModel } from '#test/support/timer-model.ts';

const start = Date.parse('2026-11-24T21:30:00Z');

/** A device with a clock of its own, which shows what remains by what it was told last. */
class Watch {
  offset = 0;
  #told: { readonly endsAt: number | null; readonly remaining: number; readonly skew: number } | null = null;

  hear({ session, server_time }: Standing, serverNow: number): void {
    this.#told = session && {
      endsAt: session.ends_at === null ? null : Date.parse(session.ends_at),
      remaining: session.remaining_seconds,
      skew: Date.parse(server_time) - (serverNow + this.offset),
    };
  }

  /** Its clock is put to another time: until it hears something it knows nothing. */
  jump(offset: number): void {
    this.offset = offset;
    this.#told = null;
  }

  /** Something has happened that it was not told of. */
  forget(): void {
    this.#told = null;
  }

  /** Seconds; `null`: it does not know. */
  shows(serverNow: number): number | null {
    if (!this.#told) return null;
    const { endsAt, remaining, skew } = this.#told;
    return endsAt === null ? remaining : Math.max(0, (endsAt - (serverNow + this.offset + skew)) / 1000);
  }
}

interface Standing {
  readonly session: Session | null;
  readonly server_time: string;
  readonly suggested_next: { readonly kind: string };
}

/** A person's timer on a real engine, with two devices. */
const real = (table: Table, model: TimerModel) => {
  const user = randomUUID();
  const owner = userId(user);
  // The model owns the time.
  const clock = { now: () => new Date(model.now) };
  const needs = { sessions: dynamoSessionStore(table, 1), clock, newId };
  const call = callerOf(createHttpHandler('pomodoro', pomodoroOperations(needs)));
  return {
    watches: [new Watch(), new Watch()],
    post: (command: string, body: object, key: string | null = null): Promise<Answered> =>
      call(`POST /pomodoro/${command}`, { user, body, ...(key !== null && { headers: { 'Idempotency-Key': key } }) }),
    active: async (): Promise<Standing> => (await call('GET /pomodoro/active', { user })).body as Standing,
    sweep: () => pomodoroActs(needs).finish(owner),
    items: () => itemsOf(table, userKey(owner, '').pk),
  };
};

type Real = ReturnType<typeof real>;
type Step = fc.AsyncCommand<TimerModel, Real>;

const expectSession = (model: TimerModel, session: Session | null | undefined, expected: ModelSession): void => {
  const ended = expected.end !== null;
  const elapsed = Math.floor(model.ran(expected) / 1000);
  expect(session).toMatchObject({
    id: expected.id,
    kind: expected.kind,
    status: expected.state,
    early: expected.early,
    planned_seconds: expected.plannedSeconds,
    elapsed_seconds: elapsed,
    remaining_seconds: ended ? 0 : expected.plannedSeconds - elapsed,
    end_time: expected.end === null ? null : new Date(expected.end).toISOString(),
    interruptions: { internal: expected.interruptions },
  });
  if (expected.state !== 'active') return;
  const remaining = expected.plannedSeconds * 1000 - model.ran(expected);
  expect(session?.ends_at).toBe(new Date(model.now + remaining).toISOString());
};

/** Sends a request, perhaps twice, from a device, and holds the answers against the model's. */
const ask = async (
  model: TimerModel,
  { watches, post }: Real,
  request: { command: string; body: object; key?: string | null; device: number; times: number },
  expected: () => readonly [number, ModelSession?],
): Promise<void> => {
  for (let time = 0; time < request.times; time += 1) {
    const [status, session] = expected();
    const answered = await post(request.command, request.body, request.key ?? null);
    expect([request.command, answered.status]).toEqual([request.command, status]);
    const body = answered.body as Standing;
    if (session && session.id === '' && body.session) session.id = body.session.id;
    if (session) expectSession(model, body.session, session);
    for (const watch of watches) watch.forget();
    // A replay may show a session that is long over; what it says of now is what comes next.
    if (answered.status < 300) {
      expect(body.suggested_next.kind).toBe(model.suggested());
      if (session === model.last) watches[request.device]?.hear(body, model.now);
    }
  }
};

/** Whose session is meant: whichever it is, the last one, or one from before. */
type Meant = 'any' | 'last' | number;

class StartCommand implements Step {
  readonly request: Start;
  readonly device: number;
  readonly times: number;

  constructor(request: Start, device: number, times: number) {
    this.request = request;
    this.device = device;
    this.times = times;
  }
  check = () => true;
  async run(model: TimerModel, here: Real): Promise<void> {
    const { key, ...body } = this.request;
    await ask(model, here, { command: 'start', body, key, device: this.device, times: this.times }, () =>
      model.start(this.request),
    );
  }
  toString = () => `start(${JSON.stringify(this.request)}) ×${this.times}`;
}

class RequestCommand implements Step {
  readonly name: string;
  readonly meant: Meant;
  readonly early: boolean;
  readonly device: number;
  readonly times: number;

  constructor(name: string, meant: Meant, early: boolean, device: number, times: number) {
    this.name = name;
    this.meant = meant;
    this.early = early;
    this.device = device;
    this.times = times;
  }
  check = () => true;
  async run(model: TimerModel, here: Real): Promise<void> {
    const { sessions, last } = model;
    const earlier = typeof this.meant === 'number' ? sessions[this.meant % Math.max(1, sessions.length)] : undefined;
    const id = this.meant === 'any' ? null : ((this.meant === 'last' ? last : earlier)?.id ?? null);
    const body = {
      ...(id !== null && { session_id: id }),
      ...(this.name === 'complete' && { early: this.early }),
      ...(this.name === 'interrupt' && { kind: 'internal' }),
    };
    const request = { command: this.name, body, device: this.device, times: this.times };
    await ask(model, here, request, () => model.command(this.name, id, this.early));
  }
  toString = () => `${this.name}(${this.meant}${this.early ? ', early' : ''}) ×${this.times}`;
}

/** Time passes, and whoever was told how it stands still shows the right time. The sweep may come by at any moment. */
class PassCommand implements Step {
  readonly milliseconds: number;
  readonly swept: boolean;

  constructor(milliseconds: number, swept: boolean) {
    this.milliseconds = milliseconds;
    this.swept = swept;
  }
  check = () => true;
  async run(model: TimerModel, here: Real): Promise<void> {
    const before = model.current;
    model.pass(this.milliseconds);
    for (const watch of here.watches) {
      const shown = watch.shows(model.now);
      if (shown === null || !before) continue;
      const truth = before.end === null ? before.plannedSeconds - model.ran(before) / 1000 : 0;
      expect(Math.abs(shown - truth)).toBeLessThanOrEqual(1);
    }
    if (!this.swept) return;
    await here.sweep();
    model.look();
  }
  toString = () => `pass(${this.milliseconds} ms${this.swept ? ', swept' : ''})`;
}

class LookCommand implements Step {
  readonly device: number;
  /** Of its clock, in milliseconds; `null`: it goes on as it did. */
  readonly jump: number | null;

  constructor(device: number, jump: number | null) {
    this.device = device;
    this.jump = jump;
  }
  check = () => true;
  async run(model: TimerModel, { watches, active }: Real): Promise<void> {
    const watch = watches[this.device];
    if (this.jump !== null) watch?.jump(this.jump);
    const standing = await active();
    model.look();
    expect(standing.suggested_next.kind).toBe(model.suggested());
    if (model.current) expectSession(model, standing.session, model.current);
    else expect(standing.session).toBeNull();
    watch?.hear(standing, model.now);
  }
  toString = () => `look(${this.device}${this.jump === null ? '' : `, its clock ${this.jump} ms off`})`;
}

const device = fc.nat(1);
const times = fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(2) });
const meant: fc.Arbitrary<Meant> = fc.oneof(fc.constant('any' as const), fc.constant('last' as const), fc.nat(20));

const steps = [
  fc
    .tuple(
      fc.record({
        key: fc.option(fc.constantFrom('a', 'b', 'c')),
        kind: fc.constantFrom('focus', 'focus', 'focus', 'short_break', 'long_break'),
        planned_seconds: fc.constantFrom(60, 60, 61, 1500, 14_400),
        replace: fc.boolean(),
      }),
      device,
      times,
    )
    .map((args) => new StartCommand(...args)),
  fc
    .tuple(
      fc.constantFrom('pause', 'resume', 'pause', 'resume', 'stop', 'complete', 'complete', 'interrupt'),
      meant,
      fc.boolean(),
      device,
      times,
    )
    .map((args) => new RequestCommand(...args)),
  fc
    .tuple(
      fc.oneof(fc.nat(70_000), fc.nat(2_000_000), fc.constantFrom(0, 1, 59_999, 60_000, 61_000, 1_500_000)),
      fc.boolean(),
    )
    .map((args) => new PassCommand(...args)),
  fc
    .tuple(device, fc.option(fc.integer({ min: -86_400_000, max: 86_400_000 })))
    .map((args) => new LookCommand(...args)),
];

/** Everything that is kept, against everything that was. */
const expectKept = async (model: TimerModel, { items }: Real): Promise<void> => {
  const all = await items();
  const rows = all.filter(({ sk }) => String(sk).startsWith(prefix.pomodoro) && sk !== single.pomodoro);
  const kept = (sessions: readonly { id: unknown; status: unknown }[]) =>
    sessions.map(({ id, status }) => `${id} ${status}`).sort();
  const over = model.sessions.filter(({ end }) => end !== null).map(({ id, state }) => ({ id, status: state }));
  expect(kept(rows.map(({ id, status }) => ({ id, status })))).toEqual(kept(over));
  const days = all.filter(({ sk }) => String(sk).startsWith(prefix.day));
  expect(
    Object.fromEntries(days.map(({ pk, sk, ...counters }) => [String(sk).slice(prefix.day.length), counters])),
  ).toEqual(model.days());
  const waiting = all.filter((item) => item.due_shard !== undefined);
  expect(waiting.map(({ id }) => id)).toEqual(model.current?.state === 'active' ? [model.current.id] : []);
};

describe.skipIf(!inject('engines').includes('dynoxide'))(
  'the timer, whatever is asked of it and however clocks jump',
  () => {
    const numRuns = process.env.POMONA_DEEP ? 500 : 50;

    it('equals a model in memory', { timeout: 600_000 }, async () => {
      const { table, close } = await ownTable();
      await fc.assert(
        fc.asyncProperty(fc.commands(steps, { maxCommands: 40, size: 'max' }), async (commands) => {
          const model = new TimerModel(start);
          const here = real(table, model);
          await fc.asyncModelRun(() => ({ model, real: here }), commands);
          await here.sweep();
          await expectKept(model, here);
        }),
        { numRuns },
      );
      await close();
    });
  },
);
