import { describe, expect, it } from 'vitest';
import { defaultProfile, profileKey } from '#functions/accounts/profile.ts';
import { attachmentKey, itemOfAttachment, newAttachment } from '#functions/attachments/attachment.ts';
import { changeOf } from '#functions/sync/change.ts';
import { changeSortKey } from '#functions/sync/feed.ts';
import { type UserId, userId } from '#shared/ids.ts';
import { guestKey, type Item, userKey } from '#shared/item.ts';
import { stoppedSessionItems, taskItem, tombstoneItem } from '#test/support/stream-records.ts';
import { type Evidence, judge } from '../../scripts/soak/invariants.ts';
import { nameOf, sightOf, Witness } from '../../scripts/soak/witness.ts';

const ada = userId('ada');
const now = new Date('2026-11-24T13:00:00Z');

const house = taskItem(ada, { id: '00000000-0000-4000-8000-000000000001', title: 'House' });
const kitchen: Item = {
  ...taskItem(ada, { id: '00000000-0000-4000-8000-000000000002', title: 'Kitchen', version: 2, tags: ['home'] }),
  parent_id: house.id,
  by_path: `${house.id}/00000000-0000-4000-8000-000000000002`,
};
const done: Item = taskItem(ada, { id: '00000000-0000-4000-8000-000000000003', title: 'Bath', status: 'done' });
const gone = tombstoneItem(ada, { id: '00000000-0000-4000-8000-000000000004', version: 2 });
const file: Item = {
  ...itemOfAttachment(
    newAttachment(
      {
        id: '00000000-0000-4000-8000-000000000005',
        owner: ada,
        draft: {
          task_id: String(house.id),
          filename: 'a.txt',
          file_type: 'text/plain',
          size: 10,
          checksum_sha256: null,
        },
        requestHash: null,
        nonce: 'n',
      },
      { now, clientId: null },
    ),
  ),
  status: 'available',
  ...attachmentKey({ owner: ada, taskId: String(house.id), id: '00000000-0000-4000-8000-000000000005' }),
};
const objectKey = String(file.object_key);
const profile = { ...profileKey(ada), ...defaultProfile(ada) };
const [seat, ...past] = stoppedSessionItems(
  ada,
  '00000000-0000-4000-8000-000000000006',
) as readonly Item[] as readonly [Item, ...Item[]];

/** Rows of a log that say, one by one, how what lies there came to be. */
const logOf = (owner: UserId, ...items: readonly Item[]): readonly Item[] => {
  const changes = items.flatMap((item) => {
    const change = changeOf(item);
    const versions = Array.from({ length: change.version }, (_, index) => index + 1);
    return versions.map((version) =>
      version === change.version ? change : { ...change, version, data: change.data && { ...change.data, version } },
    );
  });
  return [
    ...changes.map((change, index) => ({
      ...userKey(owner, changeSortKey({ epoch: 1, seq: index + 1 })),
      changes: JSON.stringify([change]),
    })),
    { ...userKey(owner, 'CHANGE#HEAD'), epoch: 1, seq: changes.length, stream: 'stream' },
  ];
};

const world: readonly Item[] = [
  ...[house, kitchen, done, gone, file, profile, seat, ...past],
  ...logOf(ada, house, kitchen, done, gone, file, profile, seat),
  {
    ...userKey(ada, `COMPLETION#${done.completed_at}#${done.id}`),
    ...{ task_id: done.id, completed_at: done.completed_at, day: done.counted_day, tags: [] },
  },
  { ...userKey(ada, 'DAY#2026-11-24'), completed: 1, focus_seconds: 600, pomodoros: 0 },
  { ...userKey(ada, 'STORAGE'), bytes: 10 },
  { ...userKey(ada, `STORAGE#${house.id}`), attachments: 1 },
  { ...userKey(ada, 'CONNECTION#1'), id: '1', connected_at: now.toISOString(), ttl: now.getTime() / 1000 + 60 },
  { pk: 'GUEST#hash', sk: 'NOTE#00', id: 'n' },
  { ...userKey(ada, 'SERIES#1'), due_at: '2026-11-25T00:00:00.000Z' },
];

/** A task as it is answered. */
const told = (item: Item): object => changeOf(item).data ?? {};

const witness = (): Witness => {
  const heard = new Witness('ada');
  heard.answered('phone', 'GET /tasks', { items: [told(house), told(kitchen)] });
  heard.answered('phone', 'GET /tasks', { items: [told(house), told(kitchen)] });
  heard.removed(`task ${gone.id}`);
  heard.wrote(`task ${kitchen.id}@2`);
  heard.made('key', String(house.id));
  return heard;
};

const states = new Map([[`task ${house.id}`, 'version 1']]);

const evidence = (changed: Partial<Evidence> = {}): Evidence => ({
  now,
  items: world,
  midway: world,
  objects: [objectKey, 'exports/ada'],
  letters: ['ada Reminder: House'],
  lettersThatMayRepeat: 0,
  left: ['cleo'],
  testimonies: [witness().testimony],
  devices: [{ device: 'the phone', holds: states, server: states }],
  ...changed,
});

/** Which invariants do not hold. */
const brokenIn = (changed: Partial<Evidence>): readonly string[] =>
  judge(evidence(changed)).flatMap(({ invariant, broken }) => (broken.length > 0 ? [invariant] : []));

const without = (which: (item: Item) => boolean): Partial<Evidence> => ({
  items: world.filter((item) => !which(item)),
});

const withItems = (...items: readonly Item[]): Partial<Evidence> => {
  const keys = new Set(items.map(({ pk, sk }) => `${pk} ${sk}`));
  return { items: [...world.filter(({ pk, sk }) => !keys.has(`${pk} ${sk}`)), ...items] };
};

const hearing = (hear: (heard: Witness) => void): Partial<Evidence> => {
  const heard = witness();
  hear(heard);
  return { testimonies: [heard.testimony] };
};

/** One more than there may be. */
const connections: readonly Item[] = Array.from({ length: 21 }, (_, at) => ({
  ...userKey(ada, `CONNECTION#${at}`),
  ttl: now.getTime(),
}));

const rowOf = (seq: number) => userKey(ada, changeSortKey({ epoch: 1, seq })).sk;

const row = (seq: number): Item => {
  const found = world.find(({ sk }) => sk === rowOf(seq));
  if (!found) throw new Error('there is no such row');
  return found;
};

const gapless = 'every log is gapless, in its first epoch';
const complete = 'the feed is complete';
const monotone = 'versions only rise: in each log, and for each device';
const oneSession = 'at most one session is active';
const recounted = 'counters equal a recount';
const ownOnly = 'nothing of one person is another’s';
const quotas = 'quotas hold';
const tree = 'places in trees equal the parents';
const converged = 'every device holds what the server holds';
const nothingLost = 'no write that was acknowledged is lost';
const madeOnce = 'every Idempotency-Key has made one thing';
const files = 'every attachment has its file, and every file its attachment';
const lettersOnce = 'every letter is sent once';
const nothingOfLeavers = 'nothing is left of who has left';
const nothingLeft = 'no job and no lease is left behind';

describe('what must hold after a soak', () => {
  it('holds in a healthy world, each with what was counted', () => {
    const findings = judge(evidence());
    expect(findings.filter(({ broken }) => broken.length > 0)).toEqual([]);
    expect(findings).toHaveLength(15);
    for (const { invariant, counted } of findings) expect(counted, invariant).toMatch(/[1-9]/);
  });

  it.each<[string, readonly string[], Partial<Evidence>]>([
    ['a row is missing', [gapless, complete, nothingLost], without(({ sk }) => sk === rowOf(1))],
    ['a row stands behind the head', [gapless], withItems({ ...row(1), sk: rowOf(99) })],
    ['a log has begun anew', [gapless], withItems({ ...userKey(ada, 'CHANGE#HEAD'), epoch: 2, seq: 0, stream: 's' })],
    ['a version never came to the log', [complete], withItems({ ...kitchen, version: 3, title: 'Kitchen, new' })],
    ['a deletion never came to the log', [complete], withItems({ ...gone, version: 3 })],
    ['the log says something else than lies there', [complete], withItems({ ...house, title: 'Hose' })],
    [
      'a log tells the newer version first',
      [monotone],
      withItems({ ...row(2), sk: rowOf(3) }, { ...row(3), sk: rowOf(2) }),
    ],
    [
      'a device is told of an older version than before',
      [monotone],
      hearing((heard) => heard.answered('phone', 'GET', { ...told(kitchen), version: 1 })),
    ],
    [
      'a session goes on beside the one on the seat',
      [oneSession, complete],
      withItems(
        { ...seat, status: 'active', day: null },
        { ...seat, sk: `POMODORO#2026-11-24T09:00:00.000Z#x`, id: 'x', status: 'paused', day: null },
      ),
    ],
    [
      'a session is twice in the history',
      [oneSession, recounted],
      withItems({ ...past[0], sk: 'POMODORO#2026-11-24T09:00:00.000Z#x' }),
    ],
    ['the last session never came to the history', [oneSession, recounted], without(({ sk }) => sk === past[0]?.sk)],
    [
      'a counter has counted twice',
      [recounted],
      withItems({ ...userKey(ada, 'DAY#2026-11-24'), completed: 2, focus_seconds: 600 }),
    ],
    ['a completion was not counted', [recounted], without(({ sk }) => String(sk).startsWith('COMPLETION#'))],
    ['a counter of files is wrong', [recounted], withItems({ ...userKey(ada, `STORAGE#${house.id}`), attachments: 2 })],
    ['a counter of bytes is wrong', [recounted], withItems({ ...userKey(ada, 'STORAGE'), bytes: 0 })],
    [
      'an item lies in another’s partition',
      [ownOnly],
      withItems({ ...profile, pk: 'USER#ada', sk: 'SERIES#2', user_id: 'bob' }),
    ],
    [
      'a log tells of another’s task',
      [ownOnly],
      withItems({
        ...row(1),
        changes: JSON.stringify([
          changeOf(house),
          { ...changeOf(house), id: 'b', data: { ...told(house), id: 'b', user_id: 'bob' } },
        ]),
      }),
    ],
    [
      'an answer tells of another’s task',
      [ownOnly, nothingLost],
      hearing((heard) => heard.answered('phone', 'GET', { ...told(house), id: 'b', user_id: 'bob' })),
    ],
    [
      'a guest has too many notes',
      [quotas],
      withItems(...Array.from({ length: 101 }, (_, at) => ({ ...guestKey('hash' as never, `NOTE#${at}`) }))),
    ],
    ['somebody has too many connections', [quotas], withItems(...connections)],
    ['a task has too many tags', [quotas, complete], withItems({ ...house, tags: Array.from({ length: 21 }, String) })],
    ['a place is another than its parent’s', [tree], withItems({ ...kitchen, by_path: kitchen.id })],
    ['a parent is gone', [tree, complete], withItems({ ...tombstoneItem(ada, { id: String(house.id), version: 2 }) })],
    [
      'a device holds another version',
      [converged],
      { devices: [{ device: 'phone', holds: new Map([[`task ${house.id}`, 'version 0']]), server: states }] },
    ],
    [
      'a device holds what is deleted',
      [converged],
      { devices: [{ device: 'phone', holds: states, server: new Map() }] },
    ],
    ['a device lacks something', [converged], { devices: [{ device: 'phone', holds: new Map(), server: states }] }],
    [
      'an answered version never was',
      [nothingLost],
      hearing((heard) => heard.answered('phone', 'PATCH', { ...told(kitchen), version: 3 })),
    ],
    [
      'an answered version was written with another content',
      [nothingLost],
      hearing((heard) => heard.answered('laptop', 'PATCH', { ...told(done), title: 'Bathroom' })),
    ],
    [
      'two were told of one version, and not of the same',
      [nothingLost],
      hearing((heard) => heard.answered('laptop', 'PATCH', { ...told(house), title: 'Hose' })),
    ],
    [
      'an offline edit made a version that never was',
      [nothingLost],
      hearing((heard) => heard.wrote(`task ${house.id}@9`)),
    ],
    ['what was deleted is there', [nothingLost], hearing((heard) => heard.removed(`task ${house.id}`))],
    ['nothing is left of somebody', [nothingLost], { testimonies: [new Witness('bob').testimony] }],
    ['a key has made two things', [madeOnce], hearing((heard) => heard.made('key', 'another'))],
    ['a file is not there', [files], { objects: [] }],
    ['a file is nobody’s', [files], { objects: [objectKey, `${objectKey}2`] }],
    ['a file is still waited for', [files, complete], withItems({ ...file, status: 'pending' })],
    ['a letter is sent twice', [lettersOnce], { letters: ['ada Reminder: House', 'ada Reminder: House'] }],
    ['something is left of who has left', [nothingOfLeavers], withItems({ ...userKey(userId('cleo'), 'CALENDAR') })],
    [
      'something leads to who has left',
      [nothingOfLeavers],
      withItems({ pk: 'USERNAME#cleo', sk: 'USERNAME', user_id: 'cleo' }),
    ],
    ['a file of who has left is there', [nothingOfLeavers], { objects: [objectKey, 'exports/cleo/1'] }],
    ['there were too many connections right after the traffic', [quotas], { midway: connections }],
    ['a job is left', [nothingLeft], withItems({ ...userKey(ada, 'JOB#1'), due_at: '2026-11-24T13:30:00.000Z' })],
    [
      'a file waits to be discarded',
      [nothingLeft],
      withItems({ ...userKey(ada, 'DISCARD#1'), due_at: '2026-11-24T13:30:00.000Z' }),
    ],
    [
      'a reminder is claimed and nothing came of it',
      [nothingLeft],
      withItems({ ...userKey(ada, 'REMINDER#1#2'), claims: 1, due_at: '2026-11-24T13:05:00.000Z' }),
    ],
    [
      'something has been due for an hour',
      [nothingLeft],
      withItems({ ...userKey(ada, 'SERIES#1'), due_at: '2026-11-24T12:00:00.000Z' }),
    ],
  ])('is seen broken when %s', (_, invariants, changed) => {
    expect(new Set(brokenIn(changed))).toEqual(new Set(invariants));
  });
});

describe('a witness', () => {
  it('knows what has versions in any answer', () => {
    const names = (body: unknown) => {
      const heard = new Witness('ada');
      heard.answered('phone', 'GET', body);
      return [...heard.testimony.seen.keys()];
    };
    expect(
      names({
        results: [
          { status: 200, body: told(house) },
          { status: 204, id: 'x' },
        ],
      }),
    ).toEqual([`task ${house.id}@1`]);
    expect(names({ ...told(house), children: [{ ...told(kitchen), children: [] }] })).toEqual([
      `task ${house.id}@1`,
      `task ${kitchen.id}@2`,
    ]);
    expect(names({ changes: [changeOf(file), changeOf(profile), changeOf(seat), changeOf(gone)] })).toEqual([
      `attachment ${changeOf(file).id}@1`,
      'profile ada@1',
      `pomodoro ${seat.id}@${seat.version}`,
    ]);
    expect(names({ type: 'not-found', status: 404 })).toEqual([]);
  });

  it('takes a link or a running clock for no other content', () => {
    const same = (a: object, b: object) => {
      const [one, other] = [sightOf({ ...a }), sightOf({ ...b })];
      expect(one && nameOf(one)).toBeTruthy();
      expect(one).toEqual(other);
    };
    same(told(file), { ...told(file), file_url: 'https://…', file_url_expires_at: 'later' });
    same(told(seat), { ...told(seat), elapsed_seconds: 1, anchor: 'then' });
    same(told(house), Object.fromEntries(Object.entries(told(house)).reverse()));
  });

  it('lets a batch tell of several versions at once', () => {
    const heard = new Witness('ada');
    heard.answered('phone', 'POST', [told(kitchen), { ...told(kitchen), version: 1 }]);
    expect(heard.testimony.violations).toEqual([]);
    heard.answered(null, 'GET /sync', { ...told(kitchen), version: 1 });
    expect(heard.testimony.violations).toEqual([]);
    heard.answered('phone', 'GET', { ...told(kitchen), version: 1 });
    expect(heard.testimony.violations).toMatchObject([{ what: 'monotone' }]);
  });
});
