import { objectPrefix } from '#blueprint/objects.ts';
import { prefix, single } from '#blueprint/table.ts';
import { attachmentsPerTask, bytesPerUser } from '#functions/attachments/attachment.ts';
import { notesPerGuest } from '#functions/guest/note.ts';
import { isRunning, sessionFromItem } from '#functions/pomodoro/session.ts';
import type { Completion, DayCounters } from '#functions/reports/ports.ts';
import { countedAnew, differencesBetween } from '#functions/reports/recount.ts';
import { type Change, changeOf } from '#functions/sync/change.ts';
import { connectionsPerUser } from '#functions/sync/connection.ts';
import { changeSortKey } from '#functions/sync/feed.ts';
import { depthOf, maxDepth, pathUnder } from '#functions/tasks/path.ts';
import { type TaskRecord, taskFromItem } from '#functions/tasks/task.ts';
import { type Item, isLive } from '#shared/item.ts';
import { nameOf, type Sight, sightOf, type Testimony, type Violation } from './witness.ts';

/** Everything that is known once all is quiet. */
export interface Evidence {
  /** By the clock of the service. */
  readonly now: Date;
  /** The whole table. */
  readonly items: readonly Item[];
  /** … as it was right after the traffic, when everybody was connected. */
  readonly midway: readonly Item[];
  /** Keys of the objects in the bucket. */
  readonly objects: readonly string[];
  /** All letters, to whom and with what they say. */
  readonly letters: readonly string[];
  /** How many of them may be there twice: as often as somebody was killed who sends them. */
  readonly lettersThatMayRepeat: number;
  /** Of those who have stayed. */
  readonly testimonies: readonly Testimony[];
  /** Who has deleted the account. */
  readonly left: readonly string[];
  readonly devices: readonly DeviceState[];
}

/** What a device holds, and what somebody is told who comes with nothing: name → version and content. */
export interface DeviceState {
  readonly device: string;
  readonly holds: ReadonlyMap<string, string>;
  readonly server: ReadonlyMap<string, string>;
}

/** What became of one invariant. */
export interface Finding {
  readonly invariant: string;
  /** What was looked at, with numbers. */
  readonly counted: string;
  /** Each a sentence; none: it holds. */
  readonly broken: readonly string[];
}

/** Holds the evidence against everything that must be so, whatever has happened. */
export const judge = (evidence: Evidence): readonly Finding[] => {
  const people = peopleIn(evidence);
  return [
    gapless(people),
    complete(people),
    monotone(people, evidence.testimonies),
    oneSession(people),
    recounted(people),
    ownOnly(evidence),
    quotas(evidence),
    filesAreThere(evidence),
    lettersOnce(evidence),
    nothingOfLeavers(evidence),
    treeIsTruth(people),
    converged(evidence.devices),
    nothingLost(people, evidence.testimonies),
    madeOnce(evidence.testimonies),
    nothingLeft(evidence),
  ];
};

/** One person's part of the table. */
interface Person {
  readonly owner: string;
  readonly items: readonly Item[];
  /** Rows of the log in their order. */
  readonly log: readonly { readonly sk: string; readonly changes: readonly Change[] }[];
  readonly head: { readonly epoch: number; readonly seq: number };
  readonly tasks: ReadonlyMap<string, TaskRecord>;
}

const startsWith =
  (start: string) =>
  ({ sk }: Item): boolean =>
    String(sk).startsWith(start);

const peopleIn = ({ items, now }: Evidence): readonly Person[] =>
  [...Map.groupBy(items, ({ pk }) => String(pk))]
    .filter(([pk]) => pk.startsWith(prefix.user))
    .map(([pk, own]) => {
      const head = own.find(({ sk }) => sk === single.feedHead);
      const live = own.filter((item) => isLive(item, now));
      return {
        owner: pk.slice(prefix.user.length),
        items: own,
        log: own
          .filter((item) => startsWith(prefix.change)(item) && item !== head)
          .map(({ sk, changes }) => ({ sk: String(sk), changes: JSON.parse(String(changes)) as Change[] }))
          .sort((a, b) => (a.sk < b.sk ? -1 : 1)),
        head: { epoch: Number(head?.epoch ?? 1), seq: Number(head?.seq ?? 0) },
        tasks: new Map(live.filter(startsWith(prefix.task)).map((item) => [String(item.id), taskFromItem(item)])),
      };
    });

const counted = (...parts: readonly (readonly [number, string])[]): string =>
  parts.map(([number, what]) => `${number} ${what}`).join(', ');

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** What was decided, so that the log needed no second beginning, stands in it row by row. */
const gapless = (people: readonly Person[]): Finding => ({
  invariant: 'every log is gapless, in its first epoch',
  counted: counted([people.length, 'logs'], [sum(people.map(({ log }) => log.length)), 'rows']),
  broken: people.flatMap(({ owner, log, head: { epoch, seq } }) => {
    if (epoch !== 1) return [`${owner}'s log has begun anew: epoch ${epoch}`];
    const expected = Array.from({ length: seq }, (_, index) => changeSortKey({ epoch, seq: index + 1 }));
    const there = new Set(log.map(({ sk }) => sk));
    const missing = expected.filter((sk) => !there.has(sk));
    return [
      ...missing.map((sk) => `${owner}'s log lacks ${sk}`),
      ...(log.length > seq ? [`${owner}'s log has rows behind its head, ${seq}`] : []),
    ];
  }),
});

/** Entity, id and version: `task 0192…@3`. */
const versionOf = ({ entity, id, version }: Pick<Change, 'entity' | 'id' | 'version'>): string =>
  `${nameOf({ entity, id })}@${version}`;

/** Where each version stands first in a log, in all its changes. */
const firstsIn = ({ log }: Person): ReadonlyMap<string, { readonly at: number; readonly change: Change }> => {
  const firsts = new Map<string, { at: number; change: Change }>();
  for (const [at, change] of log.flatMap(({ changes }) => changes).entries()) {
    const version = versionOf(change);
    if (!firsts.has(version)) firsts.set(version, { at, change });
  }
  return firsts;
};

const isVisible = ({ sk }: Item): boolean =>
  sk === single.profile ||
  sk === single.pomodoro ||
  [prefix.task, prefix.attachment].some((start) => startsWith(start)({ sk }));

/** Every version that anything has had is in the log: of what lies there, and of what is left of it. */
const complete = (people: readonly Person[]): Finding => {
  let versions = 0;
  const broken = people.flatMap((person) => {
    const firsts = firstsIn(person);
    return person.items.filter(isVisible).flatMap((item) => {
      const change = changeOf(item);
      const missing = Array.from({ length: change.version }, (_, index) => ({ ...change, version: index + 1 })).filter(
        (version) => !firsts.has(versionOf(version)),
      );
      versions += change.version;
      const logged = firsts.get(versionOf(change))?.change;
      const differs = logged !== undefined && contentOf(logged) !== contentOf(change);
      return [
        ...missing.map((version) => `${person.owner}'s log lacks ${versionOf(version)}`),
        ...(differs ? [`${person.owner}'s log has another content for ${versionOf(change)} than lies there`] : []),
      ];
    });
  });
  return {
    invariant: 'the feed is complete',
    counted: counted([versions, 'versions of what people have or had']),
    broken,
  };
};

const contentOf = ({ data }: Change): string | null =>
  data === null ? null : (sightOf(data as unknown as Record<string, unknown>)?.content ?? null);

const ofKind = (testimonies: readonly Testimony[], kind: Violation['what']): readonly string[] =>
  testimonies.flatMap(({ violations }) => violations.filter(({ what }) => what === kind).map(({ detail }) => detail));

/** A log may repeat what it has said, and never says something for the first time after what came later. */
const monotone = (people: readonly Person[], testimonies: readonly Testimony[]): Finding => {
  let steps = 0;
  const disorders = people.flatMap((person) => {
    const firsts = firstsIn(person);
    return [...firsts.values()].flatMap(({ at, change }) => {
      const before = firsts.get(versionOf({ ...change, version: change.version - 1 }));
      if (!before) return [];
      steps += 1;
      return before.at < at ? [] : [`${person.owner}'s log has ${versionOf(change)} before the version before it`];
    });
  });
  return {
    invariant: 'versions only rise: in each log, and for each device',
    counted: counted([steps, 'steps in logs'], [sum(testimonies.map(({ compared }) => compared)), 'answers compared']),
    broken: [...disorders, ...ofKind(testimonies, 'monotone')],
  };
};

const sessionsOf = ({ items }: Person) =>
  items.filter(startsWith(prefix.pomodoro)).map((item) => ({ sk: String(item.sk), session: sessionFromItem(item) }));

const oneSession = (people: readonly Person[]): Finding => {
  const sessions = people.map((person) => ({ owner: person.owner, own: sessionsOf(person) }));
  return {
    invariant: 'at most one session is active',
    counted: counted(
      [sum(sessions.map(({ own }) => new Set(own.map(({ session }) => session.id)).size)), 'sessions'],
      [sessions.filter(({ own }) => own.some(({ session }) => isRunning(session))).length, 'active or paused'],
    ),
    broken: sessions.flatMap(({ owner, own }) => {
      const past = own.filter(({ sk }) => sk !== single.pomodoro);
      const running = own.filter(({ session }) => isRunning(session));
      const ids = new Set(past.map(({ session }) => session.id));
      const seat = own.find(({ sk }) => sk === single.pomodoro)?.session ?? null;
      return [
        ...(running.length > 1 ? [`${owner} has ${running.length} sessions at once`] : []),
        ...past.filter(({ session }) => isRunning(session)).map(({ sk }) => `${owner} has ${sk} running in the past`),
        ...(ids.size < past.length ? [`${owner} has a session twice in the history`] : []),
        ...(seat && !isRunning(seat) && !ids.has(seat.id) ? [`${owner}'s last session is not in the history`] : []),
      ];
    }),
  };
};

/** Counters against the rows that they count, and those rows against the tasks and files that they are of. */
const recounted = (people: readonly Person[]): Finding => {
  let [days, rows, files] = [0, 0, 0];
  const broken = people.flatMap((person) => {
    const { owner, items, tasks } = person;
    const counters = items.filter(startsWith(prefix.day)).map(
      ({ sk, completed = 0, pomodoros = 0, focus_seconds = 0 }): DayCounters => ({
        date: String(sk).slice(prefix.day.length),
        completed: Number(completed),
        pomodoros: Number(pomodoros),
        focus_seconds: Number(focus_seconds),
      }),
    );
    const completions = items.filter(startsWith(prefix.completion));
    const past = sessionsOf(person).filter(({ sk }) => sk !== single.pomodoro);
    const anew = countedAnew(
      completions.map(({ day, tags }): Completion => ({ day: String(day), tags: tags as string[] })),
      past.map(({ session }) => session),
    );
    const keys = new Set(completions.map(({ sk }) => String(sk)));
    const done = [...tasks.values()].filter(({ task }) => task.status === 'done');
    const open = [...tasks.values()].filter(({ task }) => task.status !== 'done');
    const openIds = new Set(open.map(({ task }) => task.id));
    const attachments = items.filter((item) => startsWith(prefix.attachment)(item) && item.deleted !== true);
    const bytes = Number(items.find(({ sk }) => sk === single.storage)?.bytes ?? 0);
    const perTask = Map.groupBy(attachments, ({ task_id }) => String(task_id));
    const kept = new Map(
      items
        .filter(startsWith(prefix.storage))
        .map((item) => [String(item.sk).slice(prefix.storage.length), Number(item.attachments ?? 0)]),
    );
    days += counters.length;
    rows += completions.length + past.length;
    files += attachments.length;
    return [
      ...differencesBetween(counters, anew).map(
        (difference) =>
          `${owner} has ${difference.counter} ${difference.counted} on ${difference.date}, and ${difference.recounted} in the rows`,
      ),
      ...done
        .filter(({ task }) => !keys.has(`${prefix.completion}${task.completed_at}#${task.id}`))
        .map(({ task }) => `${owner}'s task ${task.id} is done, and no completion was counted`),
      ...completions
        .filter(({ task_id }) => openIds.has(String(task_id)))
        .map(({ sk }) => `${owner} has ${sk} of a task that is not done`),
      ...(bytes === sum(attachments.map(({ size }) => Number(size)))
        ? []
        : [`${owner} has ${bytes} bytes counted wrongly`]),
      ...[...new Set([...perTask.keys(), ...kept.keys()])]
        .filter((task) => (perTask.get(task)?.length ?? 0) !== (kept.get(task) ?? 0))
        .map((task) => `${owner}'s task ${task} has ${kept.get(task) ?? 0} attachments counted wrongly`),
    ];
  });
  return {
    invariant: 'counters equal a recount',
    counted: counted([days, 'days'], [rows, 'rows'], [files, 'files']),
    broken,
  };
};

const ownOnly = ({ items, testimonies }: Evidence): Finding => {
  const owned = items.flatMap((item) =>
    typeof item.user_id === 'string' && String(item.pk).startsWith(prefix.user) ? [{ item, whose: item.user_id }] : [],
  );
  const logged = items
    .filter((item) => String(item.pk).startsWith(prefix.user) && startsWith(prefix.change)(item) && item.changes)
    .flatMap(({ pk, sk, changes }) =>
      (JSON.parse(String(changes)) as Change[]).map(({ data }) => ({ pk, sk, whose: ownerIn(data) })),
    )
    .filter(({ whose }) => whose !== null);
  return {
    invariant: 'nothing of one person is another’s',
    counted: counted(
      [owned.length, 'items'],
      [logged.length, 'changes in logs'],
      [sum(testimonies.map(({ seen }) => seen.size)), 'versions in answers'],
    ),
    broken: [
      ...owned
        .filter(({ item, whose }) => item.pk !== `${prefix.user}${whose}`)
        .map(({ item, whose }) => `${item.pk} has ${item.sk} of ${whose}`),
      ...logged
        .filter(({ pk, whose }) => pk !== `${prefix.user}${whose}`)
        .map(({ pk, sk, whose }) => `${pk} has in ${sk} something of ${whose}`),
      ...ofKind(testimonies, 'cross-user'),
    ],
  };
};

const ownerIn = (data: unknown): string | null => {
  const whose = (data as { readonly user_id?: unknown } | null)?.user_id;
  return typeof whose === 'string' ? whose : null;
};

interface Quota {
  readonly what: string;
  readonly limit: number;
  readonly most: number;
  readonly broken: readonly string[];
}

/** Right after the traffic, as in the end. */
const quotas = ({ items, midway, now }: Evidence): Finding => {
  const [before, after] = [quotasIn(midway), quotasIn(items.filter((item) => isLive(item, now)))];
  return {
    invariant: 'quotas hold',
    counted: after
      .map(({ what, limit, most }, index) => `${what} ${Math.max(most, before[index]?.most ?? 0)} of ${limit}`)
      .join(', '),
    broken: [...new Set([...before, ...after].flatMap(({ broken }) => broken))],
  };
};

const quotasIn = (items: readonly Item[]): readonly Quota[] => {
  const there = items.filter(({ deleted, ended }) => deleted !== true && ended !== true);
  const tasks = there.filter((item) => startsWith(prefix.task)(item));
  const perOwner = (start: string, group: (item: Item) => string = ({ pk }) => String(pk)) =>
    [...Map.groupBy(there.filter(startsWith(start)), group)].map(([name, { length }]) => [name, length] as const);
  const perTask = (count: (task: TaskRecord) => number) =>
    tasks.map((item) => [`task ${item.id}`, count(taskFromItem(item))] as const);
  const quota = (what: string, limit: number, all: readonly (readonly [string, number])[]): Quota => ({
    what,
    limit,
    most: Math.max(0, ...all.map(([, number]) => number)),
    broken: all
      .filter(([, number]) => number > limit)
      .map(([name, number]) => `${name} has ${what}: ${number} of ${limit}`),
  });
  return [
    quota('notes of a guest', notesPerGuest, perOwner(prefix.note)),
    quota('connections', connectionsPerUser, perOwner(prefix.connection)),
    quota(
      'files of a task',
      attachmentsPerTask,
      perOwner(prefix.attachment, ({ pk, task_id }) => `${pk} ${task_id}`),
    ),
    quota(
      'bytes',
      bytesPerUser,
      there.filter(({ sk }) => sk === single.storage).map(({ pk, bytes }) => [String(pk), Number(bytes)] as const),
    ),
    quota(
      'levels',
      maxDepth,
      perTask(({ path }) => depthOf(path)),
    ),
    quota(
      'tags',
      20,
      perTask(({ task }) => task.tags.length),
    ),
    quota(
      'reminders',
      10,
      perTask(({ task }) => task.reminders.length),
    ),
  ];
};

/** Files lie in the bucket as attachments say, no more and no fewer. */
const filesAreThere = ({ items, objects }: Evidence): Finding => {
  const attachments = items.filter((item) => startsWith(prefix.attachment)(item) && item.deleted !== true);
  const available = attachments
    .filter(({ status }) => status === 'available')
    .map(({ object_key }) => String(object_key));
  const known = new Set(available);
  const there = new Set(objects.filter((key) => key.startsWith(objectPrefix.attachments)));
  return {
    invariant: 'every attachment has its file, and every file its attachment',
    counted: counted([there.size, 'files'], [attachments.length, 'attachments']),
    broken: [
      ...available.filter((key) => !there.has(key)).map((key) => `${key} is available, and not there`),
      ...[...there].filter((key) => !known.has(key)).map((key) => `${key} is nobody’s`),
      ...attachments
        .filter(({ status }) => status === 'pending')
        .map(({ object_key }) => `${object_key} is still waited for`),
    ],
  };
};

/** Only a crash between sending and recording can repeat a letter. */
const lettersOnce = ({ letters, lettersThatMayRepeat }: Evidence): Finding => {
  const repeated = [...Map.groupBy(letters, (letter) => letter)].filter(([, { length }]) => length > 1);
  return {
    invariant: 'every letter is sent once',
    counted: counted(
      [letters.length, 'letters'],
      [repeated.length, `of them twice, where ${lettersThatMayRepeat} may be`],
    ),
    broken:
      repeated.length <= lettersThatMayRepeat
        ? []
        : repeated.map(([letter, { length }]) => `${length} times: ${JSON.stringify(letter).slice(0, 200)}`),
  };
};

/** Nothing in their partition, nothing that leads to them, no file. Their deletion itself looks once more after a day. */
const nothingOfLeavers = ({ items, objects, left }: Evidence): Finding => ({
  invariant: 'nothing is left of who has left',
  counted: counted([left.length, 'people']),
  broken: left.flatMap((owner) => [
    ...items
      .filter(
        ({ pk, user_id }) =>
          pk === `${prefix.user}${owner}` || (user_id === owner && !String(pk).startsWith(prefix.guest)),
      )
      .map(({ pk, sk }) => `${pk} ${sk} is there`),
    ...objects.filter((key) => key.includes(owner)).map((key) => `${key} is there`),
  ]),
});

/** `parent_id` is the truth, the path an index: once all is quiet, both say the same, and whoever is somebody's parent is there. */
const treeIsTruth = (people: readonly Person[]): Finding => {
  const nested = people.flatMap(({ tasks }) => [...tasks.values()]).filter(({ task }) => task.parent_id !== null);
  return {
    invariant: 'places in trees equal the parents',
    counted: counted([sum(people.map(({ tasks }) => tasks.size)), 'tasks'], [nested.length, 'below another']),
    broken: people.flatMap(({ owner, tasks }) =>
      [...tasks.values()].flatMap(({ task: { id, parent_id }, path }) => {
        const parent = parent_id === null ? null : tasks.get(parent_id);
        if (parent === undefined) return [`${owner}'s task ${id} has lost its parent ${parent_id}`];
        const expected = pathUnder(parent?.path ?? null, id);
        return path === expected ? [] : [`${owner}'s task ${id} lies at ${path} instead of ${expected}`];
      }),
    ),
  };
};

const converged = (devices: readonly DeviceState[]): Finding => ({
  invariant: 'every device holds what the server holds',
  counted: counted([devices.length, 'devices'], [sum(devices.map(({ server }) => server.size)), 'things they hold']),
  broken: devices.flatMap(({ device, holds, server }) =>
    [...new Set([...holds.keys(), ...server.keys()])]
      .filter((name) => holds.get(name) !== server.get(name))
      .map((name) => `${device} holds ${holds.get(name) ?? 'no'} ${name}, the server ${server.get(name) ?? 'none'}`),
  ),
});

/** Whatever was answered stands in the log, in that version and with that content: superseded perhaps, and never lost. */
const nothingLost = (people: readonly Person[], testimonies: readonly Testimony[]): Finding => {
  const of = new Map(people.map((person) => [person.owner, person]));
  let [gone, written] = [0, 0];
  const broken = testimonies.flatMap((testimony) => {
    const person = of.get(testimony.owner);
    if (!person) return [`nothing is left of ${testimony.owner}`];
    const firsts = firstsIn(person);
    const lost = [...testimony.seen].flatMap(([version, { content }]) => {
      const logged = firsts.get(version)?.change;
      if (!logged) return [`${testimony.owner} was told of ${version}, which never was`];
      return contentOf(logged) === content
        ? []
        : [`${testimony.owner} was told of another ${version} than was written`];
    });
    const alive = new Set(
      person.items.filter((item) => isVisible(item) && item.deleted !== true).map((item) => nameOf(changeOf(item))),
    );
    gone += testimony.deleted.size;
    const back = [...testimony.deleted].filter((name) => alive.has(name));
    const unwritten = [...testimony.written].filter((version) => !firsts.has(version));
    written += testimony.written.size;
    return [
      ...lost,
      ...unwritten.map((version) => `${testimony.owner}'s offline edit made ${version}, which never was`),
      ...back.map((name) => `${testimony.owner} has deleted ${name}, and it is there`),
    ];
  });
  return {
    invariant: 'no write that was acknowledged is lost',
    counted: counted(
      [sum(testimonies.map(({ seen }) => seen.size)), 'versions that were answered'],
      [written, 'offline edits'],
      [gone, 'deletions'],
    ),
    broken: [...broken, ...ofKind(testimonies, 'two-contents')],
  };
};

const madeOnce = (testimonies: readonly Testimony[]): Finding => {
  const all = testimonies.flatMap(({ owner, made }) => [...made].map(([key, ids]) => ({ owner, key, ids })));
  return {
    invariant: 'every Idempotency-Key has made one thing',
    counted: counted([all.length, 'keys']),
    broken: all
      .filter(({ ids }) => ids.size > 1)
      .map(({ owner, key, ids }) => `${owner}'s key ${key} has made ${[...ids].join(' and ')}`),
  };
};

/** What is late by more than the sweep needs was forgotten. */
const lateSeconds = 120;

const nothingLeft = ({ items, now }: Evidence): Finding => {
  const waiting = items.filter(({ due_at }) => typeof due_at === 'string');
  const late = waiting.filter(({ due_at }) => Date.parse(String(due_at)) < now.getTime() - lateSeconds * 1000);
  const leases = items.filter(
    (item) =>
      [prefix.job, prefix.discard, single.replan, prefix.deletion].some((start) => startsWith(start)(item)) ||
      (startsWith(prefix.reminder)(item) &&
        item.due_at !== undefined &&
        Number(item.claims ?? 0) > Number(item.used ?? 0)),
  );
  return {
    invariant: 'no job and no lease is left behind',
    counted: counted([waiting.length, 'items wait for their time']),
    broken: [
      ...late.map(({ pk, sk, due_at }) => `${pk} ${sk} is due since ${due_at}`),
      ...leases.map(({ pk, sk }) => `${pk} ${sk} is left`),
    ],
  };
};

/** A sight as a device's state is compared: its version, and what it looks like. */
export const stateOf = ({ version, content }: Pick<Sight, 'version' | 'content'>): string =>
  `version ${version} ${content}`;
