/**
 * Everything that asks something of the table, with what has to come before it, and the least that could do it: said here, each with its
 * reason, and counted from the items that lie in the table before and after (`minimum.ts`).
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { OperationId } from '#blueprint/routes.ts';
import { prefix, single } from '#blueprint/table.ts';
import { dynamoMailStore, tokenKey } from '#functions/mail/store.ts';
import { dynamoTicketStore } from '#functions/sync/ticket-store.ts';
import { epochSeconds, secondsAfter, systemClock } from '#shared/clock.ts';
import { userId } from '#shared/ids.ts';
import type { Item, Key } from '#shared/item.ts';
import { userKey } from '#shared/item.ts';
import { putItem } from '#shared/table.ts';
import type { Asked } from '#test/support/http-event.ts';
import { inserted, modified, taskItem } from '#test/support/stream-records.ts';
import { addressOf, batchOf, type Functions } from './functions.ts';
import type { Items, Minimum } from './minimum.ts';

/** Somebody of whom nothing lies in the table but their profile. */
export interface Person {
  readonly user: string;
  readonly functions: Functions;
  /** @returns the answer's body */
  call(operationId: OperationId, asked?: Asked): Promise<Body>;
  /** Makes a task. @returns its id */
  task(body?: object): Promise<string>;
}

export type Body = Readonly<Record<string, unknown>>;

/** What is measured, once everything that comes before it has been done. */
export type Act = () => Promise<unknown>;

export interface Case {
  /** An operation of the route table, or what else calls a function. */
  readonly name: string;
  arrange(person: Person): Promise<Act> | Act;
  readonly minimum: Minimum;
  /** What it takes more, and why that is right. */
  readonly more?: { readonly roundTrips?: number; readonly units?: number; readonly because: string };
}

const { task, completion, day, series, reminder, attachment, rate, note, claimed, ticket, username, change } = prefix;
const { profile, feedHead } = single;
const [seat, past] = [single.pomodoro, prefix.pomodoro];

const at = (task_id: string, more: Asked = {}): Asked => ({ params: { task_id }, ...more });
const times = <T>(count: number, make: (index: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** An everyday task. */
export const draft = { title: 'Water the trees', tags: ['garden'], priority: 'high' };
const dueDate = '2027-05-09';
const daily = { due_date: dueDate, recurrence: { recurrence_pattern: 'daily', recurrence_start_date: dueDate } };
const file = { filename: 'plan.pdf', file_type: 'application/pdf', size: 50_000 };

const onTask =
  (operationId: OperationId, body: object = {}, asked: Asked = {}, before: readonly OperationId[] = []) =>
  async (person: Person): Promise<Act> => {
    const id = await person.task(body);
    for (const earlier of before) await person.call(earlier, at(id));
    return () => person.call(operationId, at(id, asked));
  };

const simply =
  (operationId: OperationId, asked: Asked = {}) =>
  (person: Person): Act =>
  () =>
    person.call(operationId, asked);

const guestOf = () => ({ 'x-guest-uuid': randomUUID() });

const onNote =
  (operationId: OperationId, asked: Asked = {}) =>
  async (person: Person): Promise<Act> => {
    const headers = guestOf();
    const { id } = await person.call('createGuestTask', { headers, body: { title: 'Remember the milk' } });
    return () => person.call(operationId, { ...at(String(id), asked), headers });
  };

const onSession =
  (operationId: OperationId, asked: Asked = {}, before: readonly OperationId[] = []) =>
  async (person: Person): Promise<Act> => {
    const task_id = await person.task();
    await person.call('startSession', { body: { task_id } });
    for (const earlier of before) await person.call(earlier);
    return () => person.call(operationId, asked);
  };

const uploadTo = async (person: Person, task_id: string): Promise<string> => {
  const { attachment: made } = (await person.call('uploadAttachment', { body: { task_id, ...file } })) as {
    attachment: { id: string };
  };
  return made.id;
};

const onAttachment =
  (operationId: OperationId) =>
  async (person: Person): Promise<Act> => {
    const task_id = await person.task();
    const attachment_id = await uploadTo(person, task_id);
    return () => person.call(operationId, { params: { task_id, attachment_id } });
  };

const history = async (person: Person): Promise<void> => {
  for (const id of await Promise.all(times(3, () => person.task()))) await person.call('completeTask', at(id));
};

const socketEvent = (user: string, routeKey: string, connectionId: string, body?: object) => ({
  requestContext: {
    routeKey,
    connectionId,
    requestId: randomUUID(),
    connectedAt: Date.now(),
    authorizer: { user_id: user, token_expires_at: String(Math.floor(Date.now() / 1000) + 3600) },
  },
  ...(body && { body: JSON.stringify(body) }),
});

const onSocket =
  (routeKey: string, body?: object) =>
  async ({ user, functions, task: make }: Person): Promise<Act> => {
    const connectionId = `${randomUUID()}=`;
    if (routeKey !== '$connect') await functions.invoke('socket', socketEvent(user, '$connect', connectionId));
    if (routeKey === 'ping') await tell({ user, functions }, await make());
    return () => functions.invoke('socket', socketEvent(user, routeKey, connectionId, body));
  };

/** Has a task's creation come through the stream. */
const tell = async ({ user, functions }: Pick<Person, 'user' | 'functions'>, id: string): Promise<void> => {
  const record = inserted(taskItem(userId(user), { id }));
  await functions.invoke('change-feed', batchOf(record));
};

const onFeed =
  (devices: number, changes: number) =>
  async ({ user, functions }: Person): Promise<Act> => {
    for (const _ of times(devices, () => null)) {
      await functions.invoke('socket', socketEvent(user, '$connect', `${randomUUID()}=`));
    }
    const records = times(changes, () => inserted(taskItem(userId(user))));
    return () => functions.invoke('change-feed', batchOf(...records));
  };

/** What stands between a claim of the sweep and the mail: a reminder's row, moved ten minutes on. */
const onReminder =
  (step: 'claim' | 'react') =>
  async ({ user, functions, task: make }: Person): Promise<Act> => {
    await make({ due_date: new Date(Date.now() + 1_000).toISOString(), reminders: [{ minutes_before: 0 }] });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const sweep = () => functions.invoke('due-work', {});
    if (step === 'claim') return sweep;
    const token = randomBytes(32).toString('base64url');
    // As after the first mail of its kind, whose link stays.
    await dynamoMailStore(functions.table).keepToken({ owner: userId(user), preference: 'task_reminders' }, token);
    await sweep();
    const row = ofUser(await functions.items(), user).find(({ sk }) => String(sk).startsWith(reminder));
    if (!row) throw new Error('a reminder was not there to be claimed');
    return () => functions.invoke('reactions', batchOf(modified(row as Item & Key)));
  };

const ofUser = (items: Items, user: string): readonly Item[] =>
  [...items.values()].filter(({ pk }) => pk === userKey(userId(user), '').pk);

const registration = (user: string) => ({ email: addressOf(user), password: 'correct horse battery staple' });

const limitOnly = (because = 'Cognito does the rest; only the source address is counted') =>
  ({ roundTrips: 1, apart: [rate], because }) satisfies Minimum;

const below = 'what stands below it is looked for, although below most there is nothing';

export const cases: readonly Case[] = [
  // These first: later on something else is always due as well.
  {
    name: 'a minute in which nothing is due',
    arrange:
      ({ functions }) =>
      () =>
        functions.invoke('due-work', {}),
    minimum: { roundTrips: 1, reads: [{ looks: 1 }], because: 'a look at each shard (one here)' },
  },
  {
    name: 'a reminder is claimed',
    arrange: onReminder('claim'),
    minimum: {
      roundTrips: 2,
      reads: [{ looks: 1 }],
      writes: [reminder],
      because: 'what is due, by its index; then one write on condition',
    },
    more: { roundTrips: 1, units: 0.5, because: 'another look, for what has come due meanwhile' },
  },
  {
    name: 'a reminder is mailed',
    arrange: onReminder('react'),
    minimum: {
      roundTrips: 3,
      reads: [{ one: task }, { one: reminder }, { one: profile }, { one: single.mail }],
      writes: [task, reminder],
      apart: [prefix.mailed],
      because:
        'the task and its owner as they are now; a place in the day; and behind the mail what became of it, in the task and its reminder',
    },
    more: {
      roundTrips: 1,
      units: 1,
      because: 'that it begins is written down first, so that nothing is sent twice',
    },
  },
  {
    name: 'register',
    arrange:
      ({ user, call }) =>
      () =>
        call('register', { body: { ...registration(user), username: `n${user.slice(0, 8)}` } }),
    minimum: {
      roundTrips: 3,
      apart: [rate],
      writes: [username],
      because:
        'who is over the limit is refused first; a username is held before Cognito makes the account, and gets its id after',
    },
    more: { units: 1, because: 'the username is written twice, before and after Cognito' },
  },
  {
    name: 'confirmRegistration',
    arrange:
      ({ user, call }) =>
      () =>
        call('confirmRegistration', { body: { email: addressOf(user), code: '123456' } }),
    minimum: limitOnly(),
  },
  {
    name: 'resendConfirmation',
    arrange:
      ({ user, call }) =>
      () =>
        call('resendConfirmation', { body: { email: addressOf(user) } }),
    minimum: limitOnly(),
  },
  {
    name: 'issueToken',
    arrange:
      ({ user, call }) =>
      () =>
        call('issueToken', { body: { grant_type: 'password', login: addressOf(user), password: 'secret' } }),
    minimum: limitOnly(),
  },
  { name: 'revokeToken', arrange: simply('revokeToken', { body: { refresh_token: 'refresh' } }), minimum: limitOnly() },
  {
    name: 'forgotPassword',
    arrange:
      ({ user, call }) =>
      () =>
        call('forgotPassword', { body: { email: addressOf(user) } }),
    minimum: limitOnly(),
  },
  {
    name: 'resetPassword',
    arrange:
      ({ user, call }) =>
      () =>
        call('resetPassword', {
          body: { email: addressOf(user), code: '123456', new_password: 'correct horse battery staple' },
        }),
    minimum: {
      roundTrips: 2,
      apart: [rate],
      reads: [{ range: prefix.connection }],
      because: 'the limit first; then the sockets that end',
    },
  },
  {
    name: 'changePassword',
    arrange: simply('changePassword', {
      headers: { authorization: 'Bearer access' },
      body: { current_password: 'correct horse battery staple', new_password: 'correct horse battery stapler' },
    }),
    minimum: {
      roundTrips: 1,
      reads: [{ range: prefix.connection }],
      because: 'the sockets that end with the old password',
    },
  },
  {
    name: 'getProfile',
    arrange: simply('getProfile'),
    minimum: { roundTrips: 1, reads: [{ one: profile }], because: 'one item, by its key' },
  },
  {
    name: 'updateProfile',
    arrange: simply('updateProfile', { body: { pomodoro: { focus_minutes: 50 } } }),
    minimum: {
      roundTrips: 2,
      reads: [{ one: profile }],
      writes: [profile],
      because: 'a merge patch is about what is there: read, then written on condition',
    },
  },
  {
    name: 'deleteAccount',
    arrange: simply('deleteAccount', { body: { password: 'correct horse battery staple' } }),
    minimum: {
      roundTrips: 3,
      reads: [{ one: prefix.deletion }, { range: prefix.connection }, { one: profile }],
      apart: [prefix.deletion, profile],
      because:
        'what there is, at once; then what is to follow is written down, and only then is the account none any more',
    },
    more: { roundTrips: 2, because: 'sockets end before anything is asked about names: it is done once in a life' },
  },
  {
    name: 'exportAccount',
    arrange: async (person) => {
      await history(person);
      return () => person.call('exportAccount');
    },
    minimum: { roundTrips: 1, reads: [{ range: prefix.user }], because: 'everything of one person lies in one range' },
    more: {
      roundTrips: 1,
      units: 6,
      because:
        'behind the profile, and seven ranges at once instead of one: the log and what is secret stay where they are',
    },
  },

  {
    name: 'createTask',
    arrange: simply('createTask', { body: draft }),
    minimum: {
      roundTrips: 1,
      writes: [task],
      because: 'one put on condition that it is not there: in the table and in its two indexes',
    },
  },
  {
    name: 'createTask, due, with a reminder',
    arrange: simply('createTask', { body: { ...draft, due_date: dueDate, reminders: [{ minutes_before: 30 }] } }),
    minimum: {
      roundTrips: 2,
      reads: [{ one: profile }],
      writes: [task, reminder],
      because: 'when it fires is a matter of the owner’s zone; the task and its reminder are made together',
    },
  },
  {
    name: 'createTask, below another',
    arrange: async (person) => {
      const parent_id = await person.task();
      return () => person.call('createTask', { body: { ...draft, parent_id } });
    },
    minimum: {
      roundTrips: 2,
      reads: [{ one: task }],
      writes: [task],
      because: 'its path is the parent’s and one more; the parent is held on to, and knows of it',
    },
  },
  {
    name: 'listTasks, a page of 50',
    arrange: async (person) => {
      await Promise.all(times(50, () => person.task()));
      return () => person.call('listTasks');
    },
    minimum: { roundTrips: 1, reads: [{ range: task }], because: 'a range of an index that holds whole items' },
  },
  {
    name: 'getTask',
    arrange: onTask('getTask'),
    minimum: { roundTrips: 1, reads: [{ one: task }], because: 'one item, by its key' },
  },
  {
    name: 'getTask, with 20 below',
    arrange: async (person) => {
      const parent_id = await person.task();
      await Promise.all(times(20, () => person.task({ parent_id })));
      return () => person.call('getTask', at(parent_id, { query: { include: 'descendants' } }));
    },
    minimum: {
      roundTrips: 2,
      reads: [{ each: task }, { one: 'the range of the index' }],
      because: 'where it stands in the tree says what is below; the index holds keys, so that writing a task is cheap',
    },
  },
  {
    name: 'replaceTask',
    arrange: onTask('replaceTask', {}, { body: { ...draft, title: 'Water the flowers' } }),
    minimum: {
      roundTrips: 2,
      reads: [{ one: task }, { one: profile }],
      writes: [task],
      because: 'its due date and its status are set: read together with the owner’s rules, then written on condition',
    },
  },
  {
    name: 'updateTask',
    arrange: onTask('updateTask', {}, { body: { title: 'Water the flowers' } }),
    minimum: {
      roundTrips: 2,
      reads: [{ one: task }],
      writes: [task],
      because: 'a merge patch is about what is there: read, then written on condition',
    },
  },
  {
    name: 'updateTask, its due date',
    arrange: onTask(
      'updateTask',
      { due_date: dueDate, reminders: [{ minutes_before: 30 }] },
      { body: { due_date: '2027-06-01' } },
    ),
    minimum: {
      roundTrips: 2,
      reads: [{ one: task }, { one: profile }],
      writes: [task, reminder],
      because: 'the task and the owner’s zone at once; then the task and its reminder together',
    },
  },
  {
    name: 'deleteTask',
    arrange: onTask('deleteTask'),
    minimum: {
      roundTrips: 2,
      reads: [{ one: task }],
      writes: [task],
      because: 'a tombstone takes its place, in the next version: read, then written on condition',
    },
    more: { roundTrips: 1, units: 1, because: below },
  },
  {
    name: 'completeTask',
    arrange: onTask('completeTask'),
    minimum: {
      roundTrips: 2,
      reads: [{ one: task }, { one: profile }],
      writes: [task, completion, day],
      because:
        'the task and where its owner’s day begins at once; then the task, the completion and the day’s counter together',
    },
    more: { roundTrips: 1, units: 1, because: below },
  },
  {
    name: 'completeTask, an occurrence',
    arrange: onTask('completeTask', daily),
    minimum: {
      roundTrips: 3,
      reads: [{ one: task }, { one: profile }, { one: series }],
      writes: [task, completion, day, series],
      because: 'the task says which series it is of; the next occurrence is made in the same act',
    },
    more: { roundTrips: 1, units: 1, because: below },
  },
  {
    name: 'reopenTask',
    arrange: onTask('reopenTask', {}, {}, ['completeTask']),
    minimum: {
      roundTrips: 2,
      reads: [{ one: task }, { one: profile }],
      writes: [task, completion, day],
      because: 'as completing, the other way',
    },
    more: { roundTrips: 1, units: 1, because: below },
  },
  {
    name: 'moveTask',
    arrange: async (person) => {
      const [id, parent_id] = [await person.task(), await person.task()];
      return () => person.call('moveTask', at(id, { body: { parent_id } }));
    },
    minimum: {
      roundTrips: 2,
      reads: [{ one: task }, { one: task }],
      writes: [task],
      because: 'the task and its new parent at once; the parent is held on to, and knows of it',
    },
    more: { roundTrips: 1, units: 1, because: below },
  },
  {
    name: 'moveTask, behind a sibling',
    arrange: async (person) => {
      const [id, after] = [await person.task(), await person.task()];
      await Promise.all(times(18, () => person.task()));
      return () => person.call('moveTask', at(id, { body: { after } }));
    },
    minimum: {
      roundTrips: 2,
      reads: [{ range: task }],
      writes: [task],
      because: 'a place between two is a matter of who stands there: the open tasks are read once',
    },
    more: {
      roundTrips: 1,
      units: 2,
      because: 'the task and the sibling before all that are open: what is missing is said before they are read',
    },
  },
  {
    name: 'skipTask',
    arrange: onTask('skipTask', daily),
    minimum: {
      roundTrips: 3,
      reads: [{ one: task }, { one: profile }, { one: series }],
      writes: [task, series],
      because: 'as completing an occurrence, and nothing is counted',
    },
    more: { roundTrips: 1, units: 1, because: below },
  },
  {
    name: 'listOccurrences',
    arrange: onTask('listOccurrences', daily, { query: { count: '10' } }),
    minimum: { roundTrips: 2, reads: [{ one: task }, { one: series }], because: 'the task says which series it is of' },
  },
  {
    name: 'batchTasks, 100 creations',
    arrange: simply('batchTasks', { body: { operations: times(100, () => ({ op: 'create', data: draft })) } }),
    minimum: {
      roundTrips: 100,
      writes: [],
      apart: [task],
      because: 'in order, each with an answer and a failure of its own: as many puts, none of them in a transaction',
    },
  },

  { name: 'createGuest', arrange: simply('createGuest'), minimum: limitOnly('a guest is nothing but an id') },
  {
    name: 'createGuestTask',
    arrange:
      ({ call }) =>
      () =>
        call('createGuestTask', { headers: guestOf(), body: { title: 'Remember the milk' } }),
    minimum: { roundTrips: 2, apart: [rate, note], because: 'the limit first; the quota is the note’s own key' },
  },
  {
    name: 'listGuestTasks',
    arrange: onNote('listGuestTasks'),
    minimum: {
      roundTrips: 2,
      apart: [rate],
      reads: [{ range: note }],
      because: 'the limit first; all notes are one range',
    },
  },
  {
    name: 'getGuestTask',
    arrange: onNote('getGuestTask'),
    minimum: { roundTrips: 2, apart: [rate], reads: [{ one: note }], because: 'the limit first; one item' },
  },
  {
    name: 'replaceGuestTask',
    arrange: onNote('replaceGuestTask', { body: { title: 'Forget the milk', description: null, status: 'done' } }),
    minimum: {
      roundTrips: 3,
      apart: [rate, note],
      reads: [{ one: note }],
      because: 'the limit first; it keeps its time, and its version is the next: read, then written on condition',
    },
  },
  {
    name: 'deleteGuestTask',
    arrange: onNote('deleteGuestTask'),
    minimum: { roundTrips: 2, apart: [rate, note], because: 'the limit first; one delete on condition' },
  },
  {
    name: 'claimGuestTasks, 5 notes',
    arrange: async (person) => {
      const headers = guestOf();
      for (const index of times(5, (n) => n))
        await person.call('createGuestTask', { headers, body: { title: `Note ${index}` } });
      return () => person.call('claimGuestTasks', { body: { guest_uuid: headers['x-guest-uuid'] } });
    },
    minimum: {
      roundTrips: 2,
      reads: [{ range: note }, { one: profile }],
      writes: [task, note, claimed],
      because:
        'the notes and the owner’s rules at once; then each note goes, and its task and the memory of it come, in one transaction of all',
    },
    more: {
      roundTrips: 8,
      units: 7,
      because:
        'each note by itself, so that one which changes meanwhile holds up no other; then another look for new ones, and all that ever came of them',
    },
  },

  {
    name: 'startSession',
    arrange: async (person) => {
      const task_id = await person.task();
      return () => person.call('startSession', { body: { task_id } });
    },
    minimum: {
      roundTrips: 2,
      reads: [{ one: seat }, { one: profile }, { one: task }],
      writes: [seat],
      because: 'how long, on what, and whether one runs, at once; then one put on condition',
    },
  },
  ...(
    [
      ['pauseSession', []],
      ['resumeSession', ['pauseSession']],
    ] as const
  ).map(
    ([name, before]): Case => ({
      name,
      arrange: onSession(name, {}, before),
      minimum: {
        roundTrips: 2,
        reads: [{ one: seat }, { one: profile }],
        writes: [seat],
        because: 'how it stands, and what comes after it, at once; then one put on condition',
      },
    }),
  ),
  {
    name: 'interruptSession',
    arrange: onSession('interruptSession', { body: { kind: 'internal' } }),
    minimum: {
      roundTrips: 2,
      reads: [{ one: seat }, { one: profile }],
      writes: [seat],
      because: 'how it stands, and what comes after it, at once; then one put on condition',
    },
  },
  {
    name: 'stopSession',
    arrange: onSession('stopSession'),
    minimum: {
      roundTrips: 2,
      reads: [{ one: seat }, { one: profile }],
      writes: [past],
      because: 'how it stands, at once with the owner’s day; then the session, its row and what it counts together',
    },
  },
  {
    name: 'completeSession, early',
    arrange: onSession('completeSession', { body: { early: true } }),
    minimum: { roundTrips: 2, reads: [{ one: seat }, { one: profile }], writes: [past], because: 'as stopping' },
  },
  {
    name: 'getActiveSession',
    arrange: onSession('getActiveSession'),
    minimum: {
      roundTrips: 1,
      reads: [{ one: seat }, { one: profile }],
      because: 'the session and what comes after it, at once',
    },
  },
  {
    name: 'listSessions',
    arrange: onSession('listSessions', {}, ['stopSession']),
    minimum: {
      roundTrips: 1,
      reads: [{ one: seat }, { one: profile }, { range: past }],
      because: 'a range, beside the session that may have run out',
    },
    more: { roundTrips: 1, because: 'a session that has run out gets its row in the range first' },
  },

  {
    name: 'uploadAttachment',
    arrange: async (person) => {
      const task_id = await person.task();
      return () => person.call('uploadAttachment', { body: { task_id, ...file } });
    },
    minimum: {
      roundTrips: 1,
      writes: [attachment, prefix.storage, single.storage],
      checks: [task],
      because: 'the attachment, both quotas, and the task that must not go meanwhile, in one transaction',
    },
  },
  {
    name: 'listAttachments',
    arrange: onAttachment('listAttachments'),
    minimum: {
      roundTrips: 1,
      reads: [{ one: task }, { range: attachment }],
      because: 'the task and the range of its files at once',
    },
  },
  {
    name: 'getAttachment',
    arrange: onAttachment('getAttachment'),
    minimum: { roundTrips: 1, reads: [{ one: task }, { one: attachment }], because: 'the file and its task at once' },
  },
  {
    name: 'deleteAttachment',
    arrange: onAttachment('deleteAttachment'),
    minimum: {
      roundTrips: 2,
      reads: [{ one: attachment }, { one: task }],
      writes: [attachment, prefix.discard, prefix.storage, single.storage],
      because: 'read, then the tombstone, what is left to delete, and both quotas together',
    },
    more: { roundTrips: 1, units: 1, because: 'a counter that has come to nothing is cleared away' },
  },

  ...(['reportTasksCompleted', 'reportPomodorosCompleted', 'reportFrequentTags'] as const).map(
    (name): Case => ({
      name,
      arrange: async (person) => {
        await history(person);
        return () => person.call(name);
      },
      minimum: {
        roundTrips: 1,
        reads: [{ one: profile }, { one: seat }, { range: name === 'reportFrequentTags' ? completion : day }],
        because:
          'what was counted is one range; the owner’s zone and a session that has run out are looked at beside it',
      },
    }),
  ),

  {
    name: 'pullChanges, a delta',
    arrange: async (person) => {
      await tell(person, await person.task());
      const { cursor } = await person.call('pullChanges');
      for (const _ of times(10, () => null)) await tell(person, randomUUID());
      return () => person.call('pullChanges', { query: { cursor: String(cursor) } });
    },
    minimum: { roundTrips: 1, reads: [{ range: change }], because: 'a range of the log, its head included' },
  },
  {
    name: 'pullChanges, nothing new',
    arrange: async (person) => {
      await tell(person, await person.task());
      const { cursor } = await person.call('pullChanges');
      return () => person.call('pullChanges', { query: { cursor: String(cursor) } });
    },
    minimum: { roundTrips: 1, reads: [{ one: feedHead }], because: 'the head says that there is nothing behind it' },
  },
  {
    name: 'pullChanges, a snapshot',
    arrange: async (person) => {
      await Promise.all(times(20, () => person.task()));
      return () => person.call('pullChanges');
    },
    minimum: {
      roundTrips: 2,
      reads: [{ one: feedHead }, { range: task }, { one: profile }, { one: seat }, { range: attachment }],
      because: 'the head before everything else; then what devices can see, which lies in four ranges',
    },
    more: {
      roundTrips: 3,
      because: 'one range after the other: each has what room of the page the one before it has left',
    },
  },
  {
    name: 'applyEdits, 1 edit',
    arrange: async (person) => {
      await tell(person, await person.task());
      const { cursor } = await person.call('pullChanges');
      const edits = [{ edit_id: randomUUID(), entity: 'task', op: 'create', data: draft }];
      return () => person.call('applyEdits', { body: { cursor, edits } });
    },
    minimum: {
      roundTrips: 3,
      reads: [{ one: prefix.edit }, { one: feedHead }],
      writes: [task, prefix.edit],
      because: 'whether it has been seen; then the task and the memory of it together; then what is new',
    },
  },
  {
    name: 'listConflicts',
    arrange: simply('listConflicts'),
    minimum: { roundTrips: 1, reads: [{ range: prefix.conflict }], because: 'one range' },
  },
  {
    name: 'restoreConflict',
    arrange: async (person) => {
      const id = await person.task();
      await person.call('updateTask', at(id, { body: { title: 'Theirs' } }));
      const edit = {
        edit_id: randomUUID(),
        entity: 'task',
        op: 'update',
        id,
        base_version: 1,
        data: { title: 'Ours' },
      };
      await person.call('applyEdits', { body: { edits: [edit] } });
      const { items } = (await person.call('listConflicts')) as { items: readonly { id: string }[] };
      return () => person.call('restoreConflict', { params: { conflict_id: items[0]?.id ?? '' } });
    },
    minimum: {
      roundTrips: 3,
      reads: [{ one: prefix.conflict }, { one: task }],
      writes: [task, prefix.conflict],
      because: 'the conflict says which task; then both change together',
    },
  },
  {
    name: 'createTicket',
    arrange: simply('createTicket'),
    minimum: { roundTrips: 1, writes: [ticket], because: 'one put' },
  },

  {
    name: 'createCalendar',
    arrange: simply('createCalendar'),
    minimum: {
      roundTrips: 2,
      reads: [{ one: single.calendar }],
      writes: [prefix.calendar, single.calendar],
      because: 'an earlier link ends with it; both ends of a link are made together',
    },
  },
  {
    name: 'deleteCalendar',
    arrange: async ({ call }) => {
      await call('createCalendar');
      return () => call('deleteCalendar');
    },
    minimum: {
      roundTrips: 2,
      reads: [{ one: single.calendar }],
      writes: [prefix.calendar, single.calendar],
      because: 'where the link is kept is read; both its ends go together',
    },
  },
  {
    name: 'getCalendar',
    arrange: async (person) => {
      await person.task({ due_date: dueDate });
      const { url } = await person.call('createCalendar');
      const secret = String(url).split('/').at(-1) ?? '';
      return () => person.call('getCalendar', { params: { secret } });
    },
    minimum: {
      roundTrips: 3,
      apart: [rate],
      reads: [{ one: prefix.calendar }, { range: task }, { range: series }],
      because: 'whose link it is; it is counted before anything is done; then the dated tasks and the series at once',
    },
  },
  {
    name: 'showUnsubscribe',
    arrange: async (person) => unsubscribing(person, 'showUnsubscribe'),
    minimum: {
      roundTrips: 2,
      apart: [rate],
      reads: [{ one: prefix.unsubscribe }],
      because: 'the limit first; one item',
    },
  },
  {
    name: 'unsubscribe',
    arrange: async (person) => unsubscribing(person, 'unsubscribe'),
    minimum: {
      roundTrips: 4,
      apart: [rate],
      reads: [{ one: prefix.unsubscribe }, { one: profile }],
      writes: [profile],
      because: 'the limit first; whose link it is; then the preference: read, then written on condition',
    },
  },

  {
    name: 'a device connects: its ticket',
    arrange: async ({ user, functions }) => {
      const ticketId = randomUUID();
      const [now, later] = [systemClock.now(), secondsAfter(systemClock.now(), 3_600)];
      const holder = { owner: userId(user), clientId: null, tokenExpiresAt: epochSeconds(later) };
      await dynamoTicketStore(functions.table).keep(ticketId, holder, secondsAfter(now, 30));
      const event = { methodArn: 'arn', queryStringParameters: { ticket: ticketId }, headers: {} };
      return () => functions.invoke('socket-authorizer', event);
    },
    minimum: { roundTrips: 1, writes: [ticket], because: 'one delete that gives back what it has deleted' },
  },
  {
    name: 'a device connects: its row',
    arrange: onSocket('$connect'),
    minimum: {
      roundTrips: 2,
      reads: [{ range: prefix.connection }],
      writes: [prefix.connection],
      because: 'the row first: of any number at once, the last to look sees them all',
    },
  },
  {
    name: 'a device pings',
    arrange: onSocket('ping', { action: 'ping' }),
    minimum: {
      roundTrips: 1,
      reads: [{ one: feedHead }],
      apart: [prefix.connection],
      because: 'the head, and the row put again, at once',
    },
  },
  {
    name: 'a device disconnects',
    arrange: onSocket('$disconnect'),
    minimum: { roundTrips: 1, writes: [prefix.connection], because: 'one delete' },
  },
  {
    name: 'the feed: 1 change, nobody online',
    arrange: onFeed(0, 1),
    minimum: {
      roundTrips: 3,
      reads: [{ one: feedHead }, { range: prefix.connection }],
      writes: [change],
      because: 'the head, the row behind it together with the head, then who is online',
    },
  },
  {
    name: 'the feed: 1 change, 2 devices',
    arrange: onFeed(2, 1),
    minimum: {
      roundTrips: 3,
      reads: [{ one: feedHead }, { range: prefix.connection }],
      writes: [change],
      because: 'the same, however many devices',
    },
  },
  {
    name: 'the feed: 50 changes of one person',
    arrange: onFeed(0, 50),
    minimum: {
      roundTrips: 3,
      reads: [{ one: feedHead }, { range: prefix.connection }],
      writes: [change],
      because: 'a row for all of them',
    },
  },
];

const unsubscribing = async ({ user, functions, call }: Person, operationId: OperationId): Promise<Act> => {
  const token = randomBytes(32).toString('base64url');
  await putItem(functions.table, { ...tokenKey(token), user_id: user, preference: 'task_reminders' });
  return () => call(operationId, { params: { token } });
};
