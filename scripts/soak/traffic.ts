import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Schemas, Told } from '#client/pomona.ts';
import { at, type Client, type Task } from '#test/support/client.ts';
import { type Device, openSocket } from '#test/support/device.ts';
import type { Dice } from './dice.ts';
import { NoAnswer, triesOf } from './persistence.ts';
import type { Witness } from './witness.ts';

/** Somebody with several devices. */
export interface Person {
  readonly owner: string;
  readonly witness: Witness;
  /** Signed in, on no device: what is done so is told to all of them. */
  readonly client: Client;
  readonly onFinding: (finding: string) => void;
}

/** Somebody at one of their devices, where they do one thing after the other. */
export interface Doer {
  readonly person: Person;
  readonly device: Device;
  readonly dice: Dice;
  /** How often each thing was done. */
  readonly onAct: (name: string) => void;
}

interface Act {
  readonly name: string;
  readonly weight: number;
  readonly run: (doer: Doer) => Promise<unknown>;
}

/** More than a person looks through; a run of hours must not become a test of large accounts. */
const enoughTasks = 150;

const titles = ['Water the trees', 'Call mum', 'Pay the rent', 'Read', 'Paint the kitchen', 'Plan the trip'];

const keyed = (key: string) => ({ header: { 'Idempotency-Key': key } });

/** Looks at what came: a refusal that the doer could have met by itself is none, and what stays unclear is looked up. */
const heard = async <T>({ device }: Doer, told: Told<T>): Promise<T | null> => {
  const { response, data } = told;
  if (response.ok) return data ?? null;
  // Perhaps it was carried out, and this is what met its own work.
  if (triesOf(response).unclear) await device.startOver();
  return null;
};

const someTask = ({ device, dice }: Doer, which: (task: Task) => boolean = () => true): Task | null => {
  const some = device.tasks.filter(which);
  return some.length === 0 ? null : dice.pick(some);
};

const isOpen = ({ status }: Task): boolean => status === 'todo' || status === 'in_progress';

const draftOf = (doer: Doer, title: string) => {
  const { dice } = doer;
  // Often below the last one: that is how trees grow deep.
  const parent = dice.happens(0.5)
    ? dice.happens(0.5)
      ? doer.device.tasks.filter(isOpen).at(-1)
      : someTask(doer, isOpen)
    : null;
  return {
    title,
    parent_id: parent?.id ?? null,
    ...(dice.happens(0.4) && { priority: dice.pick(['low', 'medium', 'high', 'urgent'] as const) }),
    ...(dice.happens(0.4) && {
      due_date: dice.happens(0.5) ? dayFromNow(dice.between(-2, 5)) : minutesFromNow(dice.between(-5, 30)),
    }),
    ...(dice.happens(0.3) && { tags: someTags(dice) }),
    ...(dice.happens(0.15) && { reminders: [{ at: minutesFromNow(dice.between(1, 20)) }] }),
  };
};

const someTags = (dice: Dice): string[] =>
  Array.from({ length: dice.between(1, 4) }, () => `tag ${dice.between(1, 12)}`);

const minutesFromNow = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();

const dayFromNow = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

const newTitle = ({ dice }: Doer): string => `${dice.pick(titles)} ${dice.between(1, 999)}`;

const ifMatch = ({ dice }: Doer, { version }: Task) =>
  dice.happens(0.5) ? { header: { 'If-Match': `"${version}"` } } : {};

const create = async (doer: Doer): Promise<void> => {
  if (doer.device.tasks.length > enoughTasks) return removeSome(doer);
  const key = randomUUID();
  const body = draftOf(doer, newTitle(doer));
  const told = await doer.device.client.api.POST('/tasks', { params: keyed(key), body });
  const task = await heard(doer, told);
  if (!task) return;
  doer.person.witness.made(key, task.id);
  // It may come again long after, from another device or for a lost answer.
  if (doer.dice.happens(0.1)) {
    const again = await doer.person.client.api.POST('/tasks', { params: keyed(key), body });
    if (again.data) doer.person.witness.made(key, again.data.id);
  }
};

const createRecurring = async (doer: Doer): Promise<void> => {
  const { dice, device, person } = doer;
  const key = randomUUID();
  const recurrence = {
    recurrence_pattern: dice.pick(['daily', 'weekly', 'monthly'] as const),
    ...(dice.happens(0.3) && { when_open: 'pile_up' as const, recurrence_start_date: dayFromNow(-dice.between(1, 3)) }),
    ...(dice.happens(0.3) && { anchor: 'completion' as const }),
    ...(dice.happens(0.3) && { count: dice.between(2, 6) }),
  };
  const body = { ...draftOf(doer, newTitle(doer)), recurrence };
  const task = await heard(doer, await device.client.api.POST('/tasks', { params: keyed(key), body }));
  if (task) person.witness.made(key, task.id);
};

const edit = async (doer: Doer): Promise<void> => {
  const { device, dice } = doer;
  const task = someTask(doer);
  if (!task) return;
  const { title, priority, due_date, tags, reminders } = draftOf(doer, newTitle(doer));
  const body = {
    title,
    ...(priority && { priority }),
    ...(due_date !== undefined && { due_date }),
    ...(tags && { tags }),
    ...(reminders && { reminders }),
    ...(dice.happens(0.1) && { status: dice.pick(['todo', 'in_progress', 'done', 'cancelled'] as const) }),
  };
  const params = { path: { task_id: task.id }, ...ifMatch(doer, task) };
  if (dice.happens(0.15)) await heard(doer, await device.client.api.PUT('/tasks/{task_id}', { params, body }));
  else await heard(doer, await device.client.api.PATCH('/tasks/{task_id}', { params, body }));
};

const complete = async (doer: Doer): Promise<void> => {
  const task = someTask(doer, isOpen);
  if (!task) return;
  const query = { children: doer.dice.pick(['complete', 'complete', 'leave', 'block'] as const) };
  const params = { path: { task_id: task.id }, query, ...ifMatch(doer, task) };
  await heard(doer, await doer.device.client.api.POST('/tasks/{task_id}/complete', { params }));
};

const reopen = async (doer: Doer): Promise<void> => {
  const task = someTask(doer, (some) => !isOpen(some));
  if (task) await heard(doer, await doer.device.client.api.POST('/tasks/{task_id}/reopen', at(task.id)));
};

const move = async (doer: Doer): Promise<void> => {
  const { dice, device } = doer;
  const task = someTask(doer);
  const other = someTask(doer);
  if (!task || !other || task.id === other.id) return;
  const body = dice.happens(0.5)
    ? { parent_id: dice.happens(0.7) ? other.id : null }
    : { parent_id: other.parent_id, ...(dice.happens(0.5) ? { after: other.id } : { before: other.id }) };
  await heard(doer, await device.client.api.POST('/tasks/{task_id}/move', { ...at(task.id), body }));
};

const removeSome = async (doer: Doer): Promise<void> => {
  const { dice, device, person } = doer;
  const task = someTask(doer);
  if (!task) return;
  const query = {
    children: dice.pick(['delete', 'reparent'] as const),
    ...(dice.happens(0.3) && { scope: dice.pick(['following', 'all'] as const) }),
  };
  const params = { path: { task_id: task.id }, query, ...ifMatch(doer, task) };
  const told = await device.client.api.DELETE('/tasks/{task_id}', { params });
  await heard(doer, told);
  if (told.response.status === 204) person.witness.removed(`task ${task.id}`);
};

const skip = async (doer: Doer): Promise<void> => {
  const task = someTask(doer, ({ series_id, status }) => series_id !== null && status !== 'done');
  if (!task) return;
  await heard(doer, await doer.device.client.api.POST('/tasks/{task_id}/skip', at(task.id)));
  await doer.device.client.api.GET('/tasks/{task_id}/occurrences', at(task.id));
};

const batch = async (doer: Doer): Promise<void> => {
  const { dice, device } = doer;
  const operations = Array.from({ length: dice.between(3, 15) }, (_, index): Schemas['BatchOperation'] => {
    const task = someTask(doer);
    const op = task ? dice.pick(['create', 'update', 'complete', 'reopen', 'delete'] as const) : 'create';
    if (op === 'create') {
      const parent = index > 0 && dice.happens(0.5) ? { parent_id: `${index - 1}` } : {};
      return { op, temp_id: `${index}`, data: { title: newTitle(doer), ...parent } };
    }
    return { op, id: task?.id ?? '', ...(op === 'update' && { data: { title: newTitle(doer) } }) };
  });
  await sendBatch(doer, device.client, operations);
};

/** A tree that is too large for one transaction, and then an act on all of it: what follows is a job's. */
const largeTree = async (doer: Doer): Promise<void> => {
  const { dice, device, person } = doer;
  if (device.tasks.length > enoughTasks) return removeSome(doer);
  const root = (await sendBatch(doer, device.client, treeOf(null, newTitle(doer))))?.[0]?.id;
  if (!root) return;
  for (let count = 0; count < 3; count += 1) await sendBatch(doer, device.client, treeOf(root, newTitle(doer)));
  const { api } = device.client;
  await heard(doer, await api.POST('/tasks/{task_id}/complete', at(root)));
  if (dice.happens(0.5)) await heard(doer, await api.POST('/tasks/{task_id}/reopen', at(root)));
  const other = someTask(doer, ({ parent_id }) => parent_id === null);
  if (other && other.id !== root) {
    await heard(doer, await api.POST('/tasks/{task_id}/move', { ...at(root), body: { parent_id: other.id } }));
  }
  const children = dice.pick(['delete', 'delete', 'reparent'] as const);
  const told = await api.DELETE('/tasks/{task_id}', { params: { path: { task_id: root }, query: { children } } });
  await heard(doer, told);
  if (told.response.status === 204) person.witness.removed(`task ${root}`);
};

const treeOf = (parent: string | null, title: string): Schemas['BatchOperation'][] =>
  Array.from({ length: 30 }, (_, index) => ({
    op: 'create',
    temp_id: `${index}`,
    data: { title: `${title} ${index}`, parent_id: index === 0 ? parent : `${Math.floor((index - 1) / 5)}` },
  }));

const sendBatch = async (doer: Doer, { api }: Client, operations: Schemas['BatchOperation'][]) => {
  const { witness, onFinding } = doer.person;
  const key = randomUUID();
  const told = await api.POST('/tasks/batch', { params: keyed(key), body: { operations } });
  const answer = await heard(doer, told);
  if (!answer) return null;
  // What a second try of a batch has met is its own work, and the answers of the first are lost: `device` looks for itself.
  if (triesOf(told.response).unclear) await doer.device.startOver();
  for (const [index, { status, id, problem }] of answer.results.entries()) {
    const { op } = operations[index] ?? {};
    if (op === 'create' && status === 201) witness.made(`${key} ${index}`, id ?? '');
    if (op === 'delete' && status === 204) witness.removed(`task ${id}`);
    // A batch that has run out of time, or met a busy table, says so of what is left.
    if (status >= 500 && status !== 503) onFinding(`POST /tasks/batch → ${status} within: ${JSON.stringify(problem)}`);
  }
  return answer.results;
};

const look = async (doer: Doer): Promise<void> => {
  const { dice, device } = doer;
  const { api } = device.client;
  const task = someTask(doer);
  const looks = [
    () => api.GET('/tasks'),
    () => api.GET('/tasks', { params: { query: { view: 'tree', limit: 20 } } }),
    () => api.GET('/tasks', { params: { query: { search_term: dice.pick(titles).split(' ')[0] ?? '' } } }),
    () =>
      api.GET('/tasks', { params: { query: { sort_by: dice.pick(['updated_at', 'priority', 'position'] as const) } } }),
    () => api.GET('/me'),
    () => api.GET('/sync/conflicts'),
    ...(task
      ? [
          () => api.GET('/tasks/{task_id}', at(task.id)),
          () =>
            api.GET('/tasks/{task_id}', { params: { path: { task_id: task.id }, query: { include: 'descendants' } } }),
          () => api.GET('/tasks/{task_id}/attachments', at(task.id)),
        ]
      : []),
  ];
  await dice.pick(looks)();
};

const pomodoro = async (doer: Doer): Promise<void> => {
  const { dice, device, person } = doer;
  const { api } = device.client;
  const running = device.running[0];
  if (!running || dice.happens(0.1)) {
    const key = randomUUID();
    const task = dice.happens(0.5) ? someTask(doer) : null;
    const body = {
      planned_seconds: 60,
      kind: dice.pick(['focus', 'focus', 'short_break'] as const),
      task_id: task?.id ?? null,
      replace: dice.happens(0.5),
    };
    const standing = await heard(doer, await api.POST('/pomodoro/start', { params: keyed(key), body }));
    if (standing?.session) person.witness.made(key, standing.session.id);
    return;
  }
  const body = dice.happens(0.5) ? { session_id: running.id } : {};
  const commands = [
    () => api.POST('/pomodoro/pause', { body }),
    () => api.POST('/pomodoro/resume', { body }),
    () => api.POST('/pomodoro/stop', { body }),
    () => api.POST('/pomodoro/complete', { body: { ...body, early: dice.happens(0.3) } }),
    () => api.POST('/pomodoro/interrupt', { body: { ...body, kind: 'internal' } }),
    () => api.GET('/pomodoro/active'),
  ];
  if (dice.happens(0.1)) await api.GET('/pomodoro/sessions', { params: { query: { limit: 10 } } });
  await heard(doer, await dice.pick(commands)());
};

/** Two devices at the very same time: one of them gets the session. */
const pomodoroRace = async ({ person: { client, witness, onFinding } }: Doer): Promise<void> => {
  const keys = [randomUUID(), randomUUID()];
  const told = await Promise.all(
    keys.map((key) => client.api.POST('/pomodoro/start', { params: keyed(key), body: { planned_seconds: 60 } })),
  );
  const started = told.flatMap(({ data }, index) =>
    data?.session ? [{ key: keys[index] ?? '', ...data.session }] : [],
  );
  for (const { key, id } of started) witness.made(key, id);
  if (new Set(started.map(({ start_time }) => start_time)).size < started.length) {
    onFinding(`two sessions were started at once: ${started.map(({ id }) => id).join(' and ')}`);
  }
};

const attach = async (doer: Doer): Promise<void> => {
  const { dice, device, person } = doer;
  const task = someTask(doer);
  if (!task) return;
  const key = randomUUID();
  const content = Buffer.from(`Ten apples and ${dice.between(1, 1_000)} pears.`);
  const body = { task_id: task.id, filename: 'apples.txt', file_type: 'text/plain', size: content.length };
  const agreed = await heard(doer, await device.client.api.POST('/attachments/upload', { params: keyed(key), body }));
  if (!agreed) return;
  person.witness.made(key, agreed.attachment.id);
  // Some never come.
  if (!agreed.upload || dice.happens(0.3)) return;
  const { url, headers } = agreed.upload;
  const sent = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(content) });
  if (!sent.ok) person.onFinding(`a file was refused with ${sent.status}: ${await sent.text()}`);
};

const detach = async (doer: Doer): Promise<void> => {
  const { device, dice, person } = doer;
  const attached = [...device.known.values()].flatMap((change) =>
    change.entity === 'attachment' && change.op === 'put' ? [change.data] : [],
  );
  if (attached.length === 0) return;
  const { id, task_id } = dice.pick(attached);
  const path = { task_id, attachment_id: id };
  const told = await device.client.api.DELETE('/tasks/{task_id}/attachments/{attachment_id}', { params: { path } });
  await heard(doer, told);
  if (told.response.status === 204) person.witness.removed(`attachment ${id}`);
};

const prefer = async (doer: Doer): Promise<void> => {
  const { dice, device } = doer;
  const body = dice.pick([
    { timezone: dice.pick(['Europe/Berlin', 'America/New_York', 'Asia/Tokyo', 'UTC']) },
    { day_start: dice.pick(['00:00', '04:00']) },
    { notifications: { task_due_soon: dice.happens(0.5), due_soon_minutes: dice.between(5, 60) } },
    { notifications: { task_overdue: dice.happens(0.5), pomodoro_finished: dice.happens(0.5) } },
    { pomodoro: { focus_minutes: dice.between(20, 50) } },
  ]);
  await heard(doer, await device.client.api.PATCH('/me', { body }));
};

const report = async ({ device, dice, person }: Doer): Promise<void> => {
  const { api } = device.client;
  const sumUp = (days: readonly { readonly count: number }[]): number =>
    days.reduce((sum, { count }) => sum + count, 0);
  const path = dice.pick(['/reports/tasks_completed_by_day', '/reports/total_pomodoros_completed'] as const);
  const { data } = await api.GET(path);
  if (typeof data === 'object' && data.total !== sumUp(data.days))
    person.onFinding(`${path} adds up to ${sumUp(data.days)}, not ${data.total}`);
  await api.GET('/reports/most_frequent_tags', {
    params: { query: { basis: dice.pick(['completed', 'focus', 'open'] as const) } },
  });
};

const guest = async (doer: Doer): Promise<void> => {
  const { dice, device, person } = doer;
  const { client } = person;
  const made = await heard(doer, await client.api.POST('/guest'));
  if (!made) return;
  const nobody = client.with({ 'x-guest-uuid': made.guest_uuid });
  const notes: string[] = [];
  for (let count = dice.between(1, 4); count > 0; count -= 1) {
    const note = await heard(doer, await nobody.api.POST('/guest/tasks', { body: { title: newTitle(doer) } }));
    if (note) notes.push(note.id);
  }
  const [first] = notes;
  if (first && dice.happens(0.5)) {
    await nobody.api.PUT('/guest/tasks/{task_id}', { ...at(first), body: { title: newTitle(doer), status: 'done' } });
  }
  if (first && dice.happens(0.2)) await nobody.api.DELETE('/guest/tasks/{task_id}', at(first));
  if (dice.happens(0.2)) return;
  const claim = () => device.client.api.POST('/guest/claim', { body: made });
  const claimed = await heard(doer, await claim());
  if (!claimed) return;
  const again = await heard(doer, await claim());
  const there = new Set(again?.tasks.map(({ id }) => id));
  const deleted = claimed.tasks.filter(({ id }) => !there.has(id));
  // Another device may have deleted one in between.
  for (const { id } of again ? deleted : []) {
    const { response } = await client.api.GET('/tasks/{task_id}', at(id));
    if (response.status !== 404) person.onFinding(`a second claim has lost ${id}`);
  }
};

const restore = async (doer: Doer): Promise<void> => {
  const { api } = doer.device.client;
  const conflicts = await heard(doer, await api.GET('/sync/conflicts'));
  const [conflict] = conflicts?.items ?? [];
  if (!conflict) return;
  const path = { conflict_id: conflict.id };
  await heard(doer, await api.POST('/sync/conflicts/{conflict_id}/restore', { params: { path } }));
};

/** In a tunnel: what is done there waits in a queue, and is sent from the other end, perhaps twice. */
const tunnel = async (doer: Doer): Promise<void> => {
  const { device, dice, person } = doer;
  device.drop();
  await wait(dice.between(200, 3_000));
  const edits = Array.from({ length: dice.between(1, 8) }, (_, index) => offlineEdit(doer, index));
  const send = () => device.client.api.POST('/sync', { body: { cursor: device.cursor, edits } });
  const answer = await heard(doer, await send());
  if (answer) noteResults(doer, edits, answer.results);
  if (answer && dice.happens(0.2)) {
    const again = await heard(doer, await send());
    for (const [index, result] of (again?.results ?? []).entries()) {
      const first = answer.results[index];
      if (first?.status === 'rejected') continue;
      if (result.status !== 'duplicate' || result.id !== first?.id || result.version !== first?.version) {
        person.onFinding(`an edit was first ${JSON.stringify(first)}, then ${JSON.stringify(result)}`);
      }
    }
  }
  await online(doer);
};

const offlineEdit = (doer: Doer, index: number): Schemas['Edit'] => {
  const { dice } = doer;
  const task = someTask(doer);
  const base = { edit_id: randomUUID(), entity: 'task' as const };
  if (!task || dice.happens(0.3))
    return { ...base, op: 'create', temp_id: `${index}`, data: { title: newTitle(doer) } };
  const known = { ...base, id: task.id, base_version: task.version };
  const op = dice.pick(['update', 'update', 'complete', 'reopen', 'delete', 'move'] as const);
  if (op === 'update') return { ...known, op, data: { title: newTitle(doer), priority: dice.pick(['low', 'high']) } };
  return { ...known, op, ...(op === 'move' && { data: { parent_id: null } }) };
};

const noteResults = (
  { person: { witness, onFinding } }: Doer,
  edits: readonly Schemas['Edit'][],
  results: readonly Schemas['EditResult'][],
): void => {
  for (const [index, { status, id, version, problem }] of results.entries()) {
    if (status === 'rejected') {
      if (problem && ![404, 409].includes(problem.status))
        onFinding(`an edit was rejected: ${JSON.stringify(problem)}`);
      continue;
    }
    witness.wrote(`task ${id}@${version}`);
    const { op, edit_id } = edits[index] ?? {};
    if (op === 'delete') witness.removed(`task ${id}`);
    // Its id is made of the edit's: so it is one task, whoever carries it out.
    if (op === 'create') witness.made(`edit ${edit_id}`, id ?? '');
  }
};

const ask = async ({ device, dice }: Doer): Promise<void> => {
  if (dice.happens(0.7)) device.ping();
  else device.send({ action: 'sync', cursor: device.cursor });
};

const reconnect = async (doer: Doer): Promise<void> => {
  doer.device.drop();
  await online(doer);
};

/** As many sockets as nobody needs: the oldest make room. */
const manySockets = async ({ person, device }: Doer, many = 8): Promise<void> => {
  const sockets = await Promise.all(
    Array.from({ length: many }, async () => {
      const told = await person.client.api.POST('/realtime/tickets', { body: { client_id: device.clientId } });
      return told.data ? openSocket(`${told.data.url}?ticket=${told.data.ticket}`).catch(() => null) : null;
    }),
  );
  await wait(500);
  // Half of them go without a word.
  for (const [index, socket] of sockets.entries()) if (index % 2 === 0) socket?.terminate();
};

const acts: readonly Act[] = [
  { name: 'create', weight: 16, run: create },
  { name: 'recurring', weight: 3, run: createRecurring },
  { name: 'edit', weight: 18, run: edit },
  { name: 'complete', weight: 9, run: complete },
  { name: 'reopen', weight: 5, run: reopen },
  { name: 'move', weight: 8, run: move },
  { name: 'delete', weight: 4, run: removeSome },
  { name: 'skip', weight: 2, run: skip },
  { name: 'batch', weight: 3, run: batch },
  { name: 'large tree', weight: 0.4, run: largeTree },
  { name: 'look', weight: 9, run: look },
  { name: 'pomodoro', weight: 8, run: pomodoro },
  { name: 'pomodoro race', weight: 1, run: pomodoroRace },
  { name: 'attach', weight: 4, run: attach },
  { name: 'detach', weight: 1, run: detach },
  { name: 'preferences', weight: 2, run: prefer },
  { name: 'reports', weight: 2, run: report },
  { name: 'guest', weight: 1.5, run: guest },
  { name: 'restore', weight: 1, run: restore },
  { name: 'tunnel', weight: 3, run: tunnel },
  { name: 'ask', weight: 3, run: ask },
  { name: 'reconnect', weight: 2, run: reconnect },
  { name: 'many sockets', weight: 0.3, run: (doer) => manySockets(doer) },
];

/** Connects, however often that takes. @throws Error when it cannot be done at all */
export const online = async ({ device, person }: Doer): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await device.connect();
      return;
    } catch (error) {
      device.drop();
      const status = /^refused with (\d+)$/.exec(String((error as Error).message))?.[1];
      // 401: the ticket was spent by an authorizer whose answer was lost. 500, 502: the function was killed. 429: too many others.
      if (status !== undefined && !['401', '429', '500', '502', '503'].includes(status)) {
        person.onFinding(`a socket was refused with ${status}`);
      }
      if (attempt === 20) throw error;
      await wait(100 * attempt);
    }
  }
};

/** What somebody does at one device, until they are told to stop. @param pauseMilliseconds between two things, on the average */
export const live = async (doer: Doer, pauseMilliseconds: number, signal: AbortSignal): Promise<void> => {
  const { device, dice, onAct, person } = doer;
  while (!signal.aborted) {
    const act = dice.weighted(acts);
    try {
      if (!device.connected && act.name !== 'tunnel') await online(doer);
      await act.run(doer);
      onAct(act.name);
    } catch (error) {
      if (signal.aborted) return;
      person.onFinding(`${act.name}: ${error instanceof Error ? error.message : error}`);
      if (error instanceof NoAnswer) await device.startOver().catch(() => undefined);
    }
    await wait(-Math.log(1 - dice.roll()) * pauseMilliseconds, undefined, { signal }).catch(() => undefined);
  }
};

/** What a person has that is full: each is asked for once more than there is room for. */
export const fillUp = async (doer: Doer): Promise<void> => {
  const { person, device } = doer;
  const nobody = person.client.with({ 'x-guest-uuid': randomUUID() });
  const many = async (times: number, ask: (index: number) => Promise<{ readonly response: Response }>) => {
    const told = await Promise.all(Array.from({ length: times }, (_, index) => ask(index)));
    if (!told.some(({ response }) => response.status === 409)) person.onFinding('a quota has refused nothing');
  };
  await many(108, (index) => nobody.api.POST('/guest/tasks', { body: { title: `Note ${index}` } }));
  const task = await heard(doer, await device.client.api.POST('/tasks', { body: { title: 'With many files' } }));
  if (!task) return;
  await many(24, (index) =>
    person.client.api.POST('/attachments/upload', {
      params: keyed(randomUUID()),
      body: { task_id: task.id, filename: `${index}.txt`, file_type: 'text/plain', size: 10 },
    }),
  );
  await manySockets(doer, 25);
};
