import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { newSecret } from '#functions/calendar/link.ts';
import { calendarOperations } from '#functions/calendar/operations.ts';
import { dynamoCalendarStore } from '#functions/calendar/store.ts';
import { dynamoJobStore } from '#functions/tasks/job-store.ts';
import { taskOperations } from '#functions/tasks/operations.ts';
import { dynamoTaskStore } from '#functions/tasks/store.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { hashOf, newId } from '#shared/ids.ts';
import { limitTo } from '#shared/rate-limit.ts';
import type { Table } from '#shared/table.ts';
import { callerOf, context, httpEvent } from '#test/support/http-event.ts';
import { logLines } from '#test/support/log-lines.ts';
import { roundTripsOf } from '#test/support/round-trips.ts';
import { describeOnEngines, itemsOf } from '#test/support/table.ts';

/** The calendar room over a real table, and somebody's tasks beside it. */
const room = (table: Table, { at = '2026-11-24T12:00:00Z', perMinute = 1_000 } = {}) => {
  const clock = { now: () => new Date(at) };
  const calendars = dynamoCalendarStore(table);
  const handle = createHttpHandler(
    'calendar',
    calendarOperations({
      calendars,
      clock,
      newSecret,
      apiUrl: 'https://api.example.com',
      limit: limitTo({ table, clock, perMinute }),
    }),
  );
  const tasks = { tasks: dynamoTaskStore(table, 1), jobs: dynamoJobStore(table, 1), clock, newId };
  const call = callerOf(handle);
  const callTasks = callerOf(createHttpHandler('tasks', taskOperations(tasks)));
  const person = () => {
    const user = randomUUID();
    return {
      user,
      make: async () => {
        const { status, headers, body } = await call('POST /calendar', { user });
        const { url } = body as { url: string };
        return { status, headers, body, secret: /([\w-]{43})\.ics$/.exec(url)?.[1] ?? '' };
      },
      revoke: async () => (await call('DELETE /calendar', { user })).status,
      task: async (fields: object) => {
        const { status, body } = await callTasks('POST /tasks', {
          user,
          body: { title: 'Water the trees', ...fields },
        });
        expect(status).toBe(201);
        return body as { id: string };
      },
      act: (route: string, id: string, body?: object) => callTasks(route, { user, params: { task_id: id }, body }),
    };
  };
  const read = async (secret: string, headers: Record<string, string> = {}, file = `${secret}.ics`) => {
    const event = httpEvent('GET /calendar/{secret}', { params: { secret: file }, headers });
    const answer = await handle(event, context);
    return { status: answer.statusCode, headers: answer.headers ?? {}, text: answer.body ?? '' };
  };
  return { calendars, person, read };
};

const uidsIn = (text: string): readonly string[] => [...text.matchAll(/^UID:(.*)\r$/gm)].map(([, uid]) => uid ?? '');

describeOnEngines('the link to a calendar', (table) => {
  it('is shown once, and leads whoever has it to the calendar', async () => {
    const { person, read } = room(table());
    const ada = person();
    const { status, headers, body, secret } = await ada.make();
    expect([status, headers.location, body]).toEqual([
      201,
      `/calendar/${secret}.ics`,
      { url: `https://api.example.com/calendar/${secret}.ics`, created_at: '2026-11-24T12:00:00.000Z' },
    ]);
    expect(await read(secret)).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/calendar; charset=utf-8', 'cache-control': 'private, no-cache' },
    });
  });

  it('is kept as a hash, in a row of its own and in one that its owner’s account is deleted with', async () => {
    const ada = room(table()).person();
    const { secret } = await ada.make();
    const own = await itemsOf(table(), `USER#${ada.user}`);
    const link = await itemsOf(table(), `CALENDAR#${hashOf(secret)}`);
    expect(own).toEqual([
      { pk: `USER#${ada.user}`, sk: 'CALENDAR', secret_hash: hashOf(secret), created_at: '2026-11-24T12:00:00.000Z' },
    ]);
    expect(link).toEqual([{ pk: `CALENDAR#${hashOf(secret)}`, sk: 'CALENDAR', user_id: ada.user }]);
    expect(JSON.stringify([own, link])).not.toContain(secret);
  });

  it('takes the place of the one before', async () => {
    const { person, read } = room(table());
    const ada = person();
    const [first, second] = [await ada.make(), await ada.make()];
    expect([(await read(first.secret)).status, (await read(second.secret)).status]).toEqual([404, 200]);
    expect(await itemsOf(table(), `CALENDAR#${hashOf(first.secret)}`)).toEqual([]);
  });

  it('is one, however many are made at once', async () => {
    const { person, read } = room(table());
    const ada = person();
    const made = await Promise.all(Array.from({ length: 8 }, () => ada.make()));
    const answers = await Promise.all(made.map(({ secret }) => read(secret)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const rows = await Promise.all(made.map(({ secret }) => itemsOf(table(), `CALENDAR#${hashOf(secret)}`)));
    expect(rows.flat()).toHaveLength(1);
  });

  it('leads nowhere once it is revoked, and may be revoked again', async () => {
    const { person, read } = room(table());
    const ada = person();
    expect(await ada.revoke()).toBe(204);
    const { secret } = await ada.make();
    expect([await ada.revoke(), await ada.revoke()]).toEqual([204, 204]);
    expect((await read(secret)).status).toBe(404);
    expect(await itemsOf(table(), `USER#${ada.user}`)).toEqual([]);
    expect(await itemsOf(table(), `CALENDAR#${hashOf(secret)}`)).toEqual([]);
  });

  it('that is none is a 404, and so is one without its ending', async () => {
    const { person, read } = room(table());
    const { secret } = await person().make();
    for (const file of [
      secret,
      `${secret}.ICS`,
      `${secret}.ics.ics`,
      `${secret.slice(1)}.ics`,
      '.ics',
      '../PROFILE.ics',
    ]) {
      expect([file, (await read(secret, {}, file)).status]).toEqual([file, 404]);
    }
    expect((await read(newSecret())).status).toBe(404);
  });

  it('may be tried so often from one place, and no more', async () => {
    const { read } = room(table(), { at: '2026-11-24T12:34:00Z', perMinute: 3 });
    const statuses: (number | undefined)[] = [];
    for (let count = 0; count < 5; count += 1) statuses.push((await read(newSecret())).status);
    expect(statuses).toEqual([404, 404, 404, 429, 429]);
  });

  it('that is right is counted by itself: a service asks for many people from one place', async () => {
    const { person, read } = room(table(), { at: '2026-11-24T12:35:00Z', perMinute: 3 });
    for (let count = 0; count < 5; count += 1) await read(newSecret());
    const [ada, eve] = [await person().make(), await person().make()];
    const statuses: (number | undefined)[] = [];
    for (let count = 0; count < 4; count += 1) statuses.push((await read(ada.secret)).status);
    expect([...statuses, (await read(eve.secret)).status]).toEqual([200, 200, 200, 429, 200]);
  });
});

describeOnEngines('what a calendar holds', (table) => {
  it('is one’s own open tasks that have a due date', async () => {
    const { person, read } = room(table());
    const [ada, eve] = [person(), person()];
    const dated = [
      await ada.task({ due_date: '0001-01-04' }),
      await ada.task({ due_date: '2026-11-27' }),
      await ada.task({ due_date: '2026-11-28T18:00:00+01:00' }),
      await ada.task({ due_date: '9999-12-27' }),
    ];
    await ada.task({});
    await ada.task({ due_date: '2026-11-27', status: 'done' });
    const gone = await ada.task({ due_date: '2026-11-27' });
    await ada.act('DELETE /tasks/{task_id}', gone.id);
    await eve.task({ due_date: '2026-11-27' });
    const { secret } = await ada.make();
    expect(uidsIn((await read(secret)).text)).toEqual(dated.map(({ id }) => id));
  });

  it('is not sent again while it is the same', async () => {
    const { person, read } = room(table());
    const ada = person();
    const task = await ada.task({ due_date: '2026-11-27' });
    const { secret } = await ada.make();
    const { headers, text } = await read(secret);
    const etag = String(headers.etag);
    expect(etag).toBe(`"${hashOf(text)}"`);
    for (const condition of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      expect(await read(secret, { 'if-none-match': condition })).toMatchObject({
        status: 304,
        headers: { etag },
        text: '',
      });
    }
    await ada.act('PATCH /tasks/{task_id}', task.id, { title: 'Water the garden' });
    const changed = await read(secret, { 'if-none-match': etag });
    expect(changed.status).toBe(200);
    expect(changed.text).toContain('SUMMARY:Water the garden');
  });

  it('goes on with the next date when an occurrence is done, and stops with its series', async () => {
    const { person, read } = room(table());
    const ada = person();
    const recurrence = {
      recurrence_pattern: 'daily',
      recurrence_start_date: '2026-11-27T06:45',
      timezone: 'Europe/Berlin',
      count: 3,
    };
    const task = await ada.task({ recurrence });
    const { secret } = await ada.make();
    const said = async () =>
      (await read(secret)).text.match(/^(DTSTART;TZID=Europe\/Berlin|DTSTART:2026|RRULE:FREQ=DAILY).*(?=\r)/gm);
    expect(await said()).toEqual(['DTSTART;TZID=Europe/Berlin:20261127T064500', 'RRULE:FREQ=DAILY;COUNT=3']);
    await ada.act('POST /tasks/{task_id}/complete', task.id);
    expect(await said()).toEqual(['DTSTART;TZID=Europe/Berlin:20261128T064500', 'RRULE:FREQ=DAILY;COUNT=2']);
    const [next = ''] = uidsIn((await read(secret)).text);
    await ada.act('PATCH /tasks/{task_id}', next, { recurrence: null });
    expect(await said()).toEqual(['DTSTART:20261128T054500Z']);
  });

  it('costs two reads at once behind the link, and one more to count', async () => {
    const { calendars, person, read } = room(table());
    const ada = person();
    await ada.task({ due_date: '2026-11-27' });
    const { secret } = await ada.make();
    expect(await roundTripsOf(table(), () => calendars.ownerOf(hashOf(secret)))).toBe(1);
    expect(await roundTripsOf(table(), () => read(secret))).toBe(4);
  });
});

describeOnEngines('the log of the calendar room', (table) => {
  const lines = logLines();

  it('holds no secret', async () => {
    const { person, read } = room(table());
    const { secret } = await person().make();
    const none = newSecret();
    await read(secret);
    await read(none);
    expect(lines).toHaveLength(3);
    for (const one of [secret, none]) expect(JSON.stringify(lines)).not.toContain(one);
  });
});
