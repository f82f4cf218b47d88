import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { taskOperations } from '#functions/tasks/operations.ts';
import type { JobStore, TaskStore } from '#functions/tasks/ports.ts';
import { systemClock } from '#shared/clock.ts';
import { createHttpHandler } from '#shared/http-handler.ts';
import { newId } from '#shared/ids.ts';
import { type Answered, type Asked, callerOf, pointersIn } from '#test/support/http-event.ts';

/** A store that nothing can be asked of: what is refused here was neither read nor written. */
const untouched = {} as TaskStore;
const operations = taskOperations({ tasks: untouched, jobs: {} as JobStore, clock: systemClock, newId });
const call = callerOf(createHttpHandler('tasks', operations));

const ask = (routeKey: string, asked: Asked = {}): Promise<Answered> =>
  call(routeKey, {
    user: 'ada',
    ...(routeKey.includes('{task_id}') && { params: { task_id: randomUUID() } }),
    ...asked,
  });

const apples = (count: number): string => '🍎'.repeat(count);

const takesTask = ['POST /tasks', 'PUT /tasks/{task_id}', 'PATCH /tasks/{task_id}'] as const;

describe('a task may not have', () => {
  it.each<readonly [string, string, unknown, string]>([
    ['an empty title', 'title', '', '#/title'],
    ['a blank title', 'title', ' \t\n', '#/title'],
    ['a title of 501 characters', 'title', apples(501), '#/title'],
    ['a number as title', 'title', 7, '#/title'],
    ['no title', 'title', null, '#/title'],
    ['a list as title', 'title', ['a'], '#/title'],
    ['a title with a NUL', 'title', 'a\u0000b', '#/title'],
    ['a title with a DEL', 'title', 'a\u007f', '#/title'],
    ['a title with half a character', 'title', 'a\ud800', '#/title'],
    ['a description of 20,001 characters', 'description', apples(20_001), '#/description'],
    ['a number as description', 'description', 7, '#/description'],
    ['half a character as description', 'description', '\udc00', '#/description'],
    ['a status that only filters have', 'status', 'open', '#/status'],
    ['a status in capitals', 'status', 'Done', '#/status'],
    ['no status', 'status', null, '#/status'],
    ['an unknown priority', 'priority', 'highest', '#/priority'],
    ['a number as priority', 'priority', 1, '#/priority'],
    ['a word as due date', 'due_date', 'tomorrow', '#/due_date'],
    ['a due date that no calendar has', 'due_date', '2026-02-30', '#/due_date'],
    ['a due date without an offset', 'due_date', '2026-11-24T18:00:00', '#/due_date'],
    ['a number as due date', 'due_date', 1795525200, '#/due_date'],
    ['an object as due date', 'due_date', {}, '#/due_date'],
    ['a text as tags', 'tags', 'home', '#/tags'],
    ['no tags', 'tags', null, '#/tags'],
    ['an object as tags', 'tags', { 0: 'home' }, '#/tags'],
    ['21 tags', 'tags', Array.from({ length: 21 }, (_, index) => `tag ${index}`), '#/tags'],
    ['a tag of 51 characters', 'tags', ['home', apples(51)], '#/tags/1'],
    ['a blank tag', 'tags', ['  '], '#/tags/0'],
    ['a number as tag', 'tags', ['home', 7], '#/tags/1'],
    ['an absent tag', 'tags', [null], '#/tags/0'],
    ['half a character as tag', 'tags', ['\ud800'], '#/tags/0'],
    ['an unknown field', 'colour', 'red', '#/colour'],
    ['a prototype', '__proto__', { status: 'done' }, '#/__proto__'],
    ['a constructor', 'constructor', { prototype: { status: 'done' } }, '#/constructor'],
    ['an attribute of the index', 'by_state', '1#', '#/by_state'],
    ['an attribute that never leaves', 'field_versions', {}, '#/field_versions'],
  ])('%s', async (_, field, value, pointer) => {
    // By hand, because a literal's `__proto__` is no member.
    const body = `{"title":"a",${JSON.stringify(field)}:${JSON.stringify(value)}}`;
    for (const routeKey of takesTask) expect(pointersIn(await ask(routeKey, { body }), 400)).toContain(pointer);
  });

  it('several faults without hearing of each', async () => {
    const body = { title: '', priority: 'x', tags: ['', 'ok', 7], colour: 'red' };
    const places = ['#/title', '#/priority', '#/tags/0', '#/tags/2', '#/colour'];
    for (const routeKey of takesTask) {
      expect(new Set(pointersIn(await ask(routeKey, { body }), 400))).toEqual(new Set(places));
    }
  });

  it('no title, where it is made or replaced', async () => {
    for (const routeKey of ['POST /tasks', 'PUT /tasks/{task_id}']) {
      expect(pointersIn(await ask(routeKey, { body: {} }), 400)).toEqual(['#/title']);
      expect(pointersIn(await ask(routeKey), 400)).toEqual(['#']);
    }
  });

  it('what the server decides, when it is made', async () => {
    const body = { title: 'a', id: randomUUID(), version: 1, completed_at: null };
    expect(pointersIn(await ask('POST /tasks', { body }), 400)).toEqual(['#/id', '#/version', '#/completed_at']);
  });
});

describe('the body of a task', () => {
  const texts = [
    '[]',
    '[{"title":"a"}]',
    '"title"',
    '7',
    'null',
    'true',
    '{',
    "{'title':'a'}",
    'title=a',
    '{"title":"a"}}',
    ' ',
  ];
  const bytes = [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), Buffer.from('{"title":"a"}', 'utf16le')];
  const deep = ['['.repeat(200_000), '{"title":'.repeat(20_000), `${'['.repeat(100_000)}${']'.repeat(100_000)}`];

  it('is a JSON object in UTF-8, and nothing else', async () => {
    for (const body of [...texts, ...bytes, ...deep]) {
      for (const routeKey of takesTask) expect(pointersIn(await ask(routeKey, { body }), 400)).toEqual(['#']);
    }
  });

  it('has at most 256 KB: else 413', async () => {
    for (const body of [{ title: 'a', description: 'x'.repeat(300 * 1024) }, Buffer.alloc(300 * 1024, '7')]) {
      for (const routeKey of takesTask) pointersIn(await ask(routeKey, { body }), 413);
    }
  });

  it('comes as JSON: else 415', async () => {
    const body = '{"title":""}';
    for (const routeKey of takesTask) {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'json', '']) {
        pointersIn(await ask(routeKey, { body, headers: { 'Content-Type': type } }), 415);
      }
      const headers = { 'Content-Type': 'Application/JSON; charset=utf-8' };
      expect(pointersIn(await ask(routeKey, { body, headers }), 400)).toEqual(['#/title']);
    }
  });

  it('comes as a merge patch only where it is one', async () => {
    const asked = { body: '{"title":""}', headers: { 'Content-Type': 'application/merge-patch+json' } };
    pointersIn(await ask('POST /tasks', asked), 415);
    pointersIn(await ask('PUT /tasks/{task_id}', asked), 415);
    expect(pointersIn(await ask('PATCH /tasks/{task_id}', asked), 400)).toEqual(['#/title']);
  });
});

describe('a list of tasks', () => {
  it.each([
    ['limit=0', '#/limit'],
    ['limit=101', '#/limit'],
    ['limit=abc', '#/limit'],
    ['limit=1.5', '#/limit'],
    ['limit=-1', '#/limit'],
    ['limit=', '#/limit'],
    ['limit=1&limit=2', '#/limit'],
    ['status=finished', '#/status'],
    ['status=', '#/status'],
    ['colour=red', '#/colour'],
    ['__proto__=1', '#/__proto__'],
    ['a%2Fb~=1', '#/a~1b~0'],
    ['cursor=', '#/cursor'],
    ['cursor=nonsense', '#/cursor'],
    ['cursor=%00%FF', '#/cursor'],
    [`cursor=${Buffer.from('["x","1#~#"]').toString('base64url')}`, '#/cursor'],
    [`cursor=${'A'.repeat(200)}`, '#/cursor'],
  ])('with %s is a 400 at %s', async (query, pointer) => {
    expect(pointersIn(await ask('GET /tasks', { query }), 400)).toEqual([pointer]);
  });
});

describe('an id of a wrong form', () => {
  it.each(['x', ' ', '1', `${randomUUID()}#`, '\u0000', '__proto__', 'é'.repeat(500)])(
    'names nothing: %j',
    async (task_id) => {
      for (const routeKey of ['GET', 'PUT', 'PATCH', 'DELETE'].map((method) => `${method} /tasks/{task_id}`)) {
        pointersIn(await ask(routeKey, { params: { task_id } }), 404);
      }
      for (const act of ['complete', 'reopen'])
        pointersIn(await ask(`POST /tasks/{task_id}/${act}`, { params: { task_id } }), 404);
    },
  );
});
