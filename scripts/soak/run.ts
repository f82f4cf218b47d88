/**
 * `npm run soak`: many people at several devices each, a backend in which things go wrong all the time, and what must hold all the same.
 * Exit code 0 when all of it holds, 1 when something does not, 2 when it could not be looked at.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { OpenApi } from '#functions/openapi/document.ts';
import type { Item } from '#shared/item.ts';
import { Client, expectData, expectStatus } from '#test/support/client.ts';
import { movedClock } from '#test/support/clock.ts';
import { conformanceOf } from '#test/support/conformance.ts';
import { Device } from '#test/support/device.ts';
import { freePorts } from '#test/support/ports.ts';
import { dataFolder, type Runner, startRunnerProcess } from '#test/support/runner.ts';
import { type Detours, makeDetours } from './detours.ts';
import { diceOf } from './dice.ts';
import { type FaultKind, faultKinds, faultsNamed } from './faults.ts';
import { type DeviceState, type Finding, judge, stateOf } from './invariants.ts';
import { lanes } from './lanes.ts';
import { type Inhabitant, inhabit, type Town } from './people.ts';
import { persistentFetch } from './persistence.ts';
import { comesTrue, type Insight, insightInto } from './settle.ts';
import { type Doer, fillUp, live, online } from './traffic.ts';
import { nameOf, sightOf } from './witness.ts';

const usage = `npm run soak -- [--minutes N] [--users N] [--seed TEXT] [--faults KINDS] [--often N] [--keep]

  --minutes N     how long there is traffic (default 10); settling and looking come on top
  --users N       how many people, with two or three devices each (default 50)
  --seed TEXT     decides what everybody does (default: another one each time; it is printed)
  --faults KINDS  none, all (default), or some of ${faultKinds.join(',')}
  --often N       makes faults N times as often (default 1): more of them in less time, and less that comes through
  --keep          leave the runner's data where it is, to be looked at`;

interface Options {
  readonly minutes: number;
  readonly users: number;
  readonly seed: string;
  readonly faults: string;
  readonly kinds: ReadonlySet<FaultKind>;
  readonly often: number;
  readonly keep: boolean;
}

/** @throws Error that says how it is called */
const readOptions = (): Options | null => {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '10' },
        users: { type: 'string', default: '50' },
        seed: { type: 'string', default: randomUUID().slice(0, 8) },
        faults: { type: 'string', default: 'all' },
        often: { type: 'string', default: '1' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return null;
    const [minutes, users, often] = [Number(values.minutes), Number(values.users), Number(values.often)];
    if (!(often > 0 && often <= 10)) throw new Error(`--often takes a number up to 10, not "${values.often}"`);
    if (!(minutes > 0 && minutes <= 50)) throw new Error(`--minutes takes a number up to 50, not "${values.minutes}"`);
    if (!Number.isInteger(users) || users < 1 || users > 200) {
      throw new Error(`--users takes a whole number from 1 to 200, not "${values.users}"`);
    }
    return { ...values, minutes, users, often, kinds: faultsNamed(values.faults) };
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
};

/** Requests at once: more would only wait before the functions' processes. */
const requestsAtOnce = 8;

/** What one person does, on the average: one thing a second on all devices together. */
const secondsBetweenActs = 1;

/** How many stay to the end: the others delete their accounts. */
const stayingShare = 0.9;

/** Long enough for every lease and every wait for a file that never comes. */
const jumpMinutes = 70;

class Soak {
  readonly findings: string[] = [];
  readonly answers = new Map<string, number>();
  readonly acts = new Map<string, number>();
  readonly inLane = lanes(requestsAtOnce);

  readonly finding = (text: string): void => {
    if (this.findings.length < 200) this.findings.push(text);
    console.log(`  ! ${text.slice(0, 1_000)}`);
  };

  readonly heard = (what: string): void => count(this.answers, what);

  readonly did = (name: string): void => count(this.acts, name);
}

const count = (counts: Map<string, number>, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1);
};

const written = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([name, number]) => `${name} ${number}`)
    .join(', ') || 'none';

const run = async (options: Options, signal: AbortSignal, cleanUp: (() => Promise<unknown>)[]): Promise<number> => {
  const { minutes, users, seed, kinds, often, keep } = options;
  const dice = diceOf(seed);
  const soak = new Soak();
  const folder = await dataFolder();
  if (keep) console.log(`Data stays in ${folder.path}.`);
  else cleanUp.push(folder.remove);
  const port = await freePorts();
  const clock = movedClock(folder.path);
  // Nothing goes wrong before everybody is there.
  const detours = await makeDetours(port, kinds, dice.apart('faults'), { often, clock: () => clock.now().getTime() });
  cleanUp.push(detours.stop);
  console.log(`Seed ${seed}: ${users} people, ${minutes} minutes, faults: ${[...kinds].join(', ') || 'none'}`);
  const starting = startRunnerProcess(folder.path, port, [...clock.parameters, ...detours.parameters]);
  // Also one that is not ready yet.
  cleanUp.push(async () => (await starting.catch(() => null))?.stop());
  const runner: Runner = await starting;
  const insight = insightInto(runner.outputs, port, folder.path);
  cleanUp.push(async () => insight.stop());
  signal.throwIfAborted();

  const document = expectData(await new Client(runner.outputs).api.GET('/openapi.json'), 200) as unknown as OpenApi;
  const check = conformanceOf(document);
  const town: Town = {
    target: runner.outputs,
    onFinding: soak.finding,
    onAct: soak.did,
    fetchWith: (own) =>
      persistentFetch({
        baseUrl: runner.outputs.HttpApiUrl,
        dice: own,
        inLane: soak.inLane,
        check,
        endOf: detours.endOf,
        onFinding: soak.finding,
        onTry: soak.heard,
      }),
  };
  const people: Inhabitant[] = [];
  for (let index = 0; index < users; index += 1) {
    signal.throwIfAborted();
    people.push(await inhabit(town, dice.apart(`person ${index}`)));
  }
  const doers = people.flatMap((inhabitant) => inhabitant.doers);
  console.log(`${users} people have signed up, and ${doers.length} devices are connected.`);

  detours.startFaults();
  const traffic = AbortSignal.any([signal, AbortSignal.timeout(minutes * 60_000)]);
  const progress = setInterval(() => {
    const done = [...soak.acts.values()].reduce((sum, number) => sum + number, 0);
    const faults = [...detours.counts.values()].reduce((sum, number) => sum + number, 0);
    console.log(
      `  ${new Date().toISOString().slice(11, 19)}  ${done} acts; answers: ${written(soak.answers)}; ${faults} faults; ${soak.findings.length} findings`,
    );
  }, 10_000);
  const pause = (secondsBetweenActs * 1_000 * doers.length) / users;
  const [first] = doers;
  await Promise.all([
    ...doers.map((doer) => live(doer, pause, traffic)),
    first ? fillUp(first).catch((error: unknown) => soak.finding(`filling up: ${error}`)) : null,
  ]);
  // Some have had enough, and go while things still go wrong.
  const leavers = people.slice(Math.ceil(users * stayingShare));
  for (const { leave } of leavers) {
    await leave().catch((error: unknown) => soak.finding(`leaving: ${error}`));
    soak.did('leave');
  }
  clearInterval(progress);
  signal.throwIfAborted();
  console.log('\nThe traffic is over, and nothing goes wrong any more.');
  detours.stopFaults();
  console.log(`  done:   ${written(soak.acts)}\n  faults: ${written(detours.counts)}`);

  const staying = people.filter((inhabitant) => !leavers.includes(inhabitant));
  const midway = await settle(staying, { clock, detours, insight, soak, signal });
  const devices = await Promise.all(staying.flatMap((inhabitant) => inhabitant.doers.map(stateOfDevice)));
  const findings = judge({
    now: clock.now(),
    items: await insight.items(),
    midway,
    objects: await insight.objects(),
    letters: await insight.letters(),
    lettersThatMayRepeat: detours.counts.get('kill of reactions') ?? 0,
    testimonies: staying.map(({ person }) => person.witness.testimony),
    left: leavers.map(({ person }) => person.owner),
    devices,
  });
  return report(findings, soak, options);
};

interface Settling {
  readonly clock: ReturnType<typeof movedClock>;
  readonly detours: Detours;
  readonly insight: Insight;
  readonly soak: Soak;
  readonly signal: AbortSignal;
}

/**
 * Lets time pass until nothing is left to do: jobs, leases, sessions, files that never came, and what the stream holds.
 * @returns the table as it was before time passed
 */
const settle = async (
  people: readonly Inhabitant[],
  { clock, detours, insight, soak, signal }: Settling,
): Promise<readonly Item[]> => {
  const quiet = async (what: string): Promise<void> => {
    const still = () => detours.atWork().length === 0;
    const calm = await comesTrue(async () => still() && (await insight.drained()) && still(), 120);
    if (!calm)
      soak.finding(`${what}: not quiet after two minutes; at work: ${detours.atWork().join(', ') || 'nobody'}`);
  };
  await quiet('after the traffic');
  const before = await insight.items();
  const jump = async (minutes: number): Promise<void> => {
    signal.throwIfAborted();
    await clock.moveTo(new Date(clock.now().getTime() + minutes * 60_000));
    // The schedule runs within a tenth of a second, and the stream is asked twice a second.
    await wait(2_000, undefined, { signal });
    await quiet(`${minutes} minutes later`);
  };
  for (const minutes of [12, jumpMinutes, jumpMinutes, 2]) await jump(minutes);

  // By now every token has run out: people sign in again, and life goes on.
  for (const { doers, signInAgain } of people) {
    signal.throwIfAborted();
    await signInAgain();
    for (const doer of doers) {
      doer.device.drop();
      await online(doer);
    }
    const [first] = doers;
    if (first) expectStatus(await first.device.client.api.POST('/tasks', { body: { title: 'Life goes on' } }), 201);
  }
  if (detours.owed() > 0 && !(await comesTrue(() => detours.owed() === 0, 30))) {
    soak.finding('batches of the stream that were to come again have not come');
  }
  await quiet('in the end');
  return before;
};

/** What a device holds, once it has heard of everything, beside what somebody is told who comes with nothing. */
const stateOfDevice = async ({ device, person }: Doer): Promise<DeviceState> => {
  await device.until(() => device.tasks.some(({ title }) => title === 'Life goes on'), 'that life goes on');
  device.ping();
  await wait(1_000);
  const fresh = new Device(person.client);
  await fresh.pull();
  device.drop();
  const [holds, server] = [stateIn(device), stateIn(fresh)];
  // The snapshot has the last session alone; a device also remembers those before it.
  for (const name of holds.keys()) if (name.startsWith('pomodoro') && !server.has(name)) holds.delete(name);
  return { device: `a device of ${person.owner}`, holds, server };
};

const stateIn = ({ known }: Device): Map<string, string> =>
  new Map(
    [...known.values()].flatMap(({ op, data }) => {
      const sight = op === 'put' ? sightOf(data as unknown as Record<string, unknown>) : null;
      return sight ? [[nameOf(sight), stateOf(sight)] as const] : [];
    }),
  );

const report = (findings: readonly Finding[], soak: Soak, { seed, minutes, users, faults, often }: Options): number => {
  console.log('');
  for (const { invariant, counted, broken } of findings) {
    console.log(`  ${broken.length === 0 ? '✓' : '✗'} ${invariant} (${counted})`);
    for (const sentence of broken.slice(0, 10)) console.log(`      ${sentence}`);
    if (broken.length > 10) console.log(`      … and ${broken.length - 10} more`);
  }
  console.log(
    `  ${soak.findings.length === 0 ? '✓' : '✗'} every answer is one that the document and the faults explain (${written(soak.answers)})`,
  );
  for (const finding of soak.findings.slice(0, 20)) console.log(`      ${finding.slice(0, 1_000)}`);
  const broken = findings.filter((finding) => finding.broken.length > 0).length + Math.min(soak.findings.length, 1);
  console.log(
    broken === 0
      ? '\nEverything holds.'
      : `\n${broken} of ${findings.length + 1} do not hold. The same people do the same again, in another order of the machine's making, with:\n  npm run soak -- --minutes ${minutes} --users ${users} --seed ${seed} --faults ${faults} --often ${often} --keep`,
  );
  return broken === 0 ? 0 : 1;
};

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
const cleanUp: (() => Promise<unknown>)[] = [];
try {
  const options = readOptions();
  if (options) {
    const stopped = once(stopping.signal, 'abort').then(() => stopping.signal.throwIfAborted());
    process.exitCode = (await Promise.race([run(options, stopping.signal, cleanUp), stopped])) ?? 2;
  } else console.log(usage);
} catch (error) {
  if (stopping.signal.aborted) console.log('\nStopped.');
  else console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
} finally {
  for (const end of cleanUp.reverse()) await end().catch((error: unknown) => console.error(error));
}
// Devices that are waiting for something would wait on.
process.exit();
