/**
 * What each operation asks of the table, through the real functions, beside the least that could do it.
 */
import { randomUUID } from 'node:crypto';
import { routes } from '#blueprint/routes.ts';
import { reactedTo, reactedToWhenDeleted, visibleToDevices } from '#blueprint/table.ts';
import { type Body, type Case, cases, draft, type Person } from './cases.ts';
import { type Functions, type Invocation, startFunctions } from './functions.ts';
import { changesBetween, type ItemChange, minimumUnits } from './minimum.ts';
import { type Figure, rounded, type Section } from './section.ts';

export interface Measured {
  readonly name: string;
  /** Changes that the stream hands to the feed, and to the reactions. */
  readonly told: number;
  readonly reacted: number;
  readonly invocation: Invocation;
  readonly least: { readonly roundTrips: number; readonly units: number; readonly because: string };
  readonly more: { readonly roundTrips: number; readonly units: number; readonly because: string | null };
}

const personOn = async (functions: Functions): Promise<Person> => {
  const user = randomUUID();
  const call: Person['call'] = async (operationId, asked = {}) => {
    const route = routes.find((candidate) => candidate.operationId === operationId);
    const { body } = await functions.call(operationId, { ...(route?.auth === 'user' && { user }), ...asked });
    return (body ?? {}) as Body;
  };
  await call('getProfile');
  return {
    user,
    functions,
    call,
    task: async (body = {}) => String((await call('createTask', { body: { ...draft, ...body } })).id),
  };
};

const measure = async (functions: Functions, { name, arrange, minimum, more }: Case): Promise<Measured> => {
  const others = new Set((await functions.items()).keys());
  const person = await personOn(functions);
  const act = await arrange(person);
  // The first time a function is asked it also gets to know its own modules.
  const before = await functions.items();
  const known = new Map([...before].filter(([key]) => !others.has(key)));
  const invocation = await functions.measure(act);
  const after = await functions.items();
  return {
    name,
    ...followedUp(changesBetween(before, after)),
    invocation,
    least: {
      roundTrips: minimum.roundTrips,
      units: minimumUnits(minimum, known, before, after),
      because: minimum.because,
    },
    more: { roundTrips: more?.roundTrips ?? 0, units: more?.units ?? 0, because: more?.because ?? null },
  };
};

/** Which changes match the filters of the stream's two consumers. */
const followedUp = (changes: readonly ItemChange[]): Pick<Measured, 'told' | 'reacted'> => {
  const there = changes.flatMap(({ after }) => (after === null ? [] : [after]));
  const of = (prefixes: readonly string[]) =>
    there.filter(({ sk }) => prefixes.some((start) => String(sk).startsWith(start)));
  return {
    told: of(visibleToDevices).length,
    reacted: of(reactedTo).length + of(reactedToWhenDeleted).filter(({ deleted }) => deleted === true).length,
  };
};

const measureThese = async (wanted: readonly Case[]): Promise<readonly Measured[]> => {
  const functions = await startFunctions();
  try {
    const done: Measured[] = [];
    for (const each of wanted) done.push(await measure(functions, each));
    return done;
  } finally {
    await functions.stop();
  }
};

let all: Promise<readonly Measured[]> | undefined;

/** Everything once, and once in a run: what a month costs is counted from this as well. */
export const measureOperations = (): Promise<readonly Measured[]> => {
  all ??= measureThese(cases);
  return all;
};

/** One of them alone. */
export const measureOperation = async (name: string): Promise<Measured> => {
  const wanted = cases.filter((each) => each.name === name);
  const [found] = await (all ?? measureThese(wanted)).then((done) => done.filter((each) => each.name === name));
  if (!found) throw new Error(`the bench measures nothing of the name "${name}"`);
  return found;
};

/** The operations of the route table that are measured. */
export const measuredOperations: ReadonlySet<string> = new Set(cases.map(({ name }) => operationIn(name)));

/** `createTask, below another` is about `createTask`. */
function operationIn(name: string): string {
  return name.split(',')[0] ?? name;
}

export const unitsOf = ({ readUnits, writeUnits }: Invocation): number => readUnits + writeUnits;

export const operationCosts = async (): Promise<Section> => {
  const done = await measureOperations();
  return {
    title: 'What an operation asks of the table ÷ the least that could do it',
    how: 'Through the functions’ own handlers, an event in and an answer out, on dynoxide; counted on the wire. Requests that are sent before any of them is answered are one round trip. Units are read and write units as DynamoDB counts them. The least is counted from the items that lie in the table before and after.',
    figures: done.flatMap(({ name, invocation, least, more }) => [
      ratioOf(`${name}: round trips`, invocation.roundTrips, least.roundTrips, more.roundTrips),
      ratioOf(`${name}: units`, unitsOf(invocation), least.units, more.units),
    ]),
    notes: done.map(
      ({ name, least, more }) =>
        `${name}: ${least.because}.${more.because === null ? '' : ` More than that: ${more.because}.`}`,
    ),
  };
};

/** @param more what it may take beyond the least */
const ratioOf = (name: string, value: number, least: number, more: number): Figure => ({
  name: `${name}, ${value} ÷ ${least}`,
  value: rounded(value / Math.max(least, 0.5)),
  unit: '×',
  limit: rounded((least + more) / Math.max(least, 0.5)),
});
