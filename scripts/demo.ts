/**
 * The main job, shown: an account, two devices, and whatever one does on the other. Exit code 0 only if all of it held.
 * Run it beside a running `npm start`.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { at, Client, expectData, expectNothing, signUp, type Task } from '#test/support/client.ts';
import { Device } from '#test/support/device.ts';
import { type Outputs, readOutputs } from './outputs.ts';

const { outputs } = parseArgs({
  options: { outputs: { type: 'string', default: join(import.meta.dirname, '../.local/outputs.json') } },
}).values;

const readTarget = async (): Promise<Outputs> => {
  try {
    return await readOutputs(outputs);
  } catch {
    throw new Error('Nothing is running here. Start it in another terminal with: npm start');
  }
};

const say = (text: string): void => console.log(text);
const done = (text: string): void => say(`  ✓ ${text}`);

/** @throws Error when it does not hold: a demo that only looks good is worthless */
const hold = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(`it did not hold that ${what}`);
  done(what);
};

const demo = async (): Promise<void> => {
  const target = await readTarget();
  const anyone = new Client(target);

  say(`\nPomona at ${target.HttpApiUrl}\n`);
  say('An account');
  const email = `ada.${randomUUID().slice(0, 8)}@pomona.example`;
  const ada = await signUp(anyone, email, 'correct horse battery staple', { timezone: 'Europe/Berlin' });
  done(`${email} registered, confirmed with the mailed code (${target.MailboxUrl}), signed in`);

  say('\nTwo devices');
  const phone = new Device(ada.client);
  const laptop = new Device(ada.client);
  await Promise.all([phone.connect(), laptop.connect()]);
  done('phone and laptop connected, each with a ticket of its own');

  const shown = async (what: string, act: () => Promise<unknown>, seen: () => boolean): Promise<void> => {
    const startedAt = performance.now();
    await act();
    const answeredAt = performance.now();
    await laptop.until(seen, what);
    const answer = Math.round(answeredAt - startedAt);
    const arrival = Math.max(0, Math.round(performance.now() - answeredAt));
    done(`${what.padEnd(42)} answered in ${String(answer).padStart(3)} ms, on the laptop ${arrival} ms later`);
  };
  const onLaptop = (id: string): Task | undefined => laptop.tasks.find((task) => task.id === id);

  say('\nWhat the phone does, on the laptop');
  let milk = '';
  await shown(
    'created "Buy oat milk"',
    async () => {
      const body = { title: 'Buy oat milk', tags: ['home'] };
      milk = expectData(await phone.client.api.POST('/tasks', { body }), 201).id;
    },
    () => onLaptop(milk)?.title === 'Buy oat milk',
  );
  await shown(
    'edited: due tomorrow, urgent',
    async () => {
      const params = { path: { task_id: milk }, header: { 'If-Match': '"1"' } };
      const body = { due_date: tomorrow(), priority: 'urgent' } as const;
      expectData(await phone.client.api.PATCH('/tasks/{task_id}', { params, body }), 200);
    },
    () => onLaptop(milk)?.priority === 'urgent',
  );
  await shown(
    'completed',
    async () => expectData(await phone.client.api.POST('/tasks/{task_id}/complete', at(milk)), 200),
    () => onLaptop(milk)?.status === 'done',
  );
  await shown(
    'deleted',
    async () => expectNothing(await phone.client.api.DELETE('/tasks/{task_id}', at(milk))),
    () => onLaptop(milk) === undefined,
  );
  await phone.until(() => phone.cursor === laptop.cursor, 'its own cursor keep up');
  const echoes = phone.frames.flatMap((frame) => (frame.type === 'changes' ? (frame.changes ?? []) : []));
  hold(
    echoes.every(({ op }) => op === 'delete'),
    'the phone was spared the echo of what it knew, and its cursor kept up',
  );

  say('\nA tunnel');
  laptop.drop();
  done('the laptop lost its connection');
  const missed = await Promise.all(
    ['Water the plants', 'Call grandma', 'Pay the rent'].map(async (title) =>
      expectData(await phone.client.api.POST('/tasks', { body: { title } }), 201),
    ),
  );
  await Promise.all(missed.map(({ id }) => phone.client.api.POST('/tasks/{task_id}/complete', at(id))));
  expectNothing(await phone.client.api.DELETE('/tasks/{task_id}', at(missed[0]?.id ?? '')));
  done('meanwhile the phone created three tasks, completed them, and deleted one');
  await laptop.connect();
  done('the laptop is back, and asked for what it missed');
  const { items: server } = expectData(await ada.client.api.GET('/tasks', { params: { query: { limit: 100 } } }), 200);
  const truth = JSON.stringify(server.map(({ id, version }) => [id, version]).sort());
  await laptop.until(() => JSON.stringify(Object.entries(laptop.versions).sort()) === truth, 'what the server has');
  hold(laptop.restarts === 0, `it holds exactly the server's ${server.length} tasks, in the server's versions`);

  phone.drop();
  laptop.drop();
  say('\nAll of it held.\n');
};

const tomorrow = (): string => new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);

try {
  await demo();
  process.exit(0);
} catch (error) {
  console.error(`\n  ✗ ${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
