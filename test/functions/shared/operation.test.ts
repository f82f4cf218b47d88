import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { type Contract, contract, operation, publicOperation, type Request } from '#shared/operation.ts';
import { Failure } from '#shared/problems.ts';
import { type Asked, httpEvent } from '#test/support/http-event.ts';

/** What an operation with this contract is given for a request. */
const received = async (definition: () => Contract, asked: Asked): Promise<Request<Contract, 'user'>> => {
  let request: Request<Contract, 'user'> | undefined;
  const { answer } = operation(definition, async (given) => {
    request = given;
    return { status: 204 };
  });
  await answer(httpEvent('POST /things', { user: 'ada', ...asked }));
  if (!request) throw new Error('the operation was not reached');
  return request;
};

/** What is wrong with a request, in the eyes of an operation with this contract. */
const faults = async (
  definition: () => Contract,
  asked: Asked,
): Promise<readonly { pointer: string; detail: string }[]> => {
  const failure: unknown = await received(definition, asked).catch((error: unknown) => error);
  if (!(failure instanceof Failure)) throw new Error(`not refused: ${failure}`);
  expect(failure.type).toBe('invalid-request');
  return failure.facts.errors ?? [];
};

const replies = { 204: null } as const;
const takesAnything = contract(() => ({
  summary: 'Anything',
  body: z.unknown(),
  headers: ['Idempotency-Key'],
  replies,
}));
const takesNote = contract(() => ({
  summary: 'A note',
  body: z.strictObject({ title: z.string(), lines: z.optional(z.array(z.object({ text: z.string() }))) }),
  replies,
}));

const hashOfBody = async (body: unknown): Promise<string | undefined> =>
  (await received(takesAnything, { body, headers: { 'Idempotency-Key': 'k' } })).idempotency?.requestHash;

describe('the hash of a body', () => {
  /** The same value, with the members of every object in another order. */
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([name, member]) => [name, shuffled(member)]),
    );
  };

  it('does not depend on the order of members, at any depth', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const text = JSON.stringify(value);
        expect(await hashOfBody(JSON.stringify(shuffled(value)))).toBe(await hashOfBody(text));
      }),
    );
  });

  it('depends on everything else', async () => {
    const bodies = [
      { a: 1 },
      { a: '1' },
      { a: null },
      {},
      { b: 1 },
      { a: [1, 2] },
      { a: [2, 1] },
      { a: { b: 1 } },
      [],
      null,
    ];
    const hashes = await Promise.all(bodies.map((body) => hashOfBody(JSON.stringify(body))));
    expect(new Set(hashes).size).toBe(bodies.length);
  });
});

describe('an entity tag', () => {
  const versioned = contract(() => ({
    summary: 'A thing',
    headers: ['If-Match', 'If-None-Match'],
    replies: { 200: z.object({ id: z.string() }) },
  }));
  const thing = operation(versioned, async ({ ifMatch }) => ({
    status: 200 as const,
    version: 7,
    body: { id: ifMatch ? String(ifMatch(7)) : 'unconditional' },
  }));
  const ask = (headers: Readonly<Record<string, string>>) =>
    thing.answer(httpEvent('GET /things', { user: 'ada', headers }));

  it('is the version, in quotes', async () => {
    expect((await ask({})).headers).toMatchObject({ etag: '"7"', 'cache-control': 'private, no-cache' });
  });

  it.each([
    ['"7"', true],
    ['"6", "7"', true],
    ['"6","7"', true],
    [' "7" ', true],
    ['*', true],
    ['"6"', false],
    ['W/"7"', false],
    ['7', false],
    ['"77"', false],
    ['', false],
  ])('satisfies If-Match %s: %s (strong comparison)', async (header, satisfied) => {
    expect((await ask({ 'If-Match': header })).body).toEqual({ id: String(satisfied) });
  });

  it.each([
    ['"7"', 304],
    ['W/"7"', 304],
    ['"1", W/"7"', 304],
    ['*', 304],
    ['"6"', 200],
    ['7', 200],
  ])('with If-None-Match %s: %i (weak comparison)', async (header, status) => {
    const answer = await ask({ 'If-None-Match': header });
    expect(answer.status).toBe(status);
    expect(answer.headers.etag).toBe('"7"');
    expect(answer.body === undefined).toBe(status === 304);
  });
});

describe('a request', () => {
  it('is refused with every fault it has, each with its place', async () => {
    const found = await faults(() => ({ ...takesNote(), query: z.strictObject({ limit: z.string() }) }), {
      body: { title: 7, lines: [{ text: 'a' }, { text: 1 }], 'a/b~c d': 1 },
      query: { order: 'up' },
      headers: { 'X-Client-Id': 'a b' },
    });
    expect(found.map(({ pointer }) => pointer)).toEqual(
      expect.arrayContaining([
        '#/headers/X-Client-Id',
        '#/limit',
        '#/order',
        '#/title',
        '#/lines/1/text',
        '#/a~1b~0c%20d',
      ]),
    );
  });

  it('is told where, and never what, it said', async () => {
    const found = await faults(takesNote, { body: { title: ['secret'], lines: 'secret' } });
    expect(JSON.stringify(found)).not.toContain('secret');
  });

  it('is refused, like any other, for a member with a name that is no Unicode', async () => {
    expect(await faults(takesNote, { body: '{"title":"a","\\ud800":1}' })).toEqual([
      { pointer: '#/%EF%BF%BD', detail: 'is not known here' },
    ]);
  });

  it('with thousands of faults hears of the first of them', async () => {
    const lines = await faults(takesNote, { body: `{"title":"a","lines":[${'0,'.repeat(100_000)}0]}` });
    expect(lines[0]?.pointer).toBe('#/lines/0');
    const members = Array.from({ length: 20_000 }, (_, index) => `"${index}":0`).join();
    const names = await faults(takesNote, { body: `{"title":"a",${members}}` });
    for (const found of [lines, names]) {
      expect(found.length).toBeGreaterThan(10);
      expect(JSON.stringify(found).length).toBeLessThan(10_000);
    }
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('may not have a member "%s"', async (name) => {
    expect(await faults(takesNote, { body: `{"title":"a","${name}":{"title":"b"}}` })).toEqual([
      { pointer: `#/${name}`, detail: 'is not known here' },
    ]);
    expect(await faults(takesNote, { body: { title: 'a' }, query: `${name}=1` })).toEqual([
      { pointer: `#/${name}`, detail: 'is not known here' },
    ]);
    expect({}).not.toHaveProperty('title');
  });

  it('may have a body only where one is taken', async () => {
    const bodiless = contract(() => ({ summary: 'No body', replies }));
    expect(await faults(bodiless, { body: { a: 1 } })).toEqual([{ pointer: '#/a', detail: 'is not known here' }]);
    expect((await received(bodiless, { body: '{}' })).principal.owner).toBe('ada');
    expect((await received(bodiless, {})).body).toBeUndefined();
  });

  it('must have a body where one is needed', async () => {
    expect(await faults(takesNote, {})).toEqual([{ pointer: '#', detail: 'is required' }]);
    expect(await faults(takesNote, { body: 'null' })).toEqual([{ pointer: '#', detail: 'must be of type object' }]);
  });

  it('gives a parameter once as its text, and again as their list', async () => {
    const listed = contract(() => ({ summary: 'Tags', query: z.strictObject({ tag: z.unknown() }), replies }));
    expect((await received(listed, { query: 'tag=a' })).query).toEqual({ tag: 'a' });
    expect((await received(listed, { query: 'tag=a&tag=b%20c' })).query).toEqual({ tag: ['a', 'b c'] });
  });

  it('says which device it comes from, if it wants to', async () => {
    const plain = contract(() => ({ summary: 'Any', replies }));
    expect((await received(plain, { headers: { 'X-Client-Id': 'phone-1' } })).clientId).toBe('phone-1');
    expect((await received(plain, {})).clientId).toBeNull();
    for (const id of ['', 'x'.repeat(65), 'ü', 'a\tb']) {
      expect(await faults(plain, { headers: { 'X-Client-Id': id } })).toMatchObject([
        { pointer: '#/headers/X-Client-Id' },
      ]);
    }
  });

  it('may have a condition or a key only where the contract understands it', async () => {
    const plain = contract(() => ({ summary: 'Any', replies }));
    const request = await received(plain, { headers: { 'If-Match': '"1"', 'Idempotency-Key': 'k' } });
    expect([request.ifMatch, request.idempotency]).toEqual([null, null]);
  });

  it('may have up to 256 KB, counted in bytes and after base64', async () => {
    const full = Buffer.from(JSON.stringify('é'.repeat((256 * 1024 - 2) / 2)));
    expect((await received(takesAnything, { body: full })).body).toHaveLength(131_071);
    const over = received(takesAnything, { body: Buffer.concat([full, Buffer.from(' ')]) });
    await expect(over).rejects.toMatchObject({ type: 'too-large' });
  });
});

describe('an answer', () => {
  it('lets out only what its contract declares', async () => {
    const declared = contract(() => ({ summary: 'A thing', replies: { 200: z.object({ id: z.string() }) } }));
    const { answer } = publicOperation(declared, async () => {
      const body = { id: 'a', secret: 'b' };
      return { status: 200 as const, body };
    });
    expect((await answer(httpEvent('GET /things'))).body).toEqual({ id: 'a' });
  });

  it('does not come at all from a user route that was reached without verified claims', async () => {
    const { answer } = operation(
      contract(() => ({ summary: 'Mine', replies })),
      async () => ({ status: 204 as const }),
    );
    await expect(answer(httpEvent('GET /things'))).rejects.toThrow('its authorizer is missing');
  });
});

describe('whether a picture is wanted', () => {
  const wants = async (accept?: string): Promise<boolean> =>
    (
      await received(
        contract(() => ({ summary: 'Looks', picture: true, replies })),
        accept ? { headers: { accept } } : {},
      )
    ).wantsPicture;

  it.each([
    'image/svg+xml',
    'IMAGE/SVG+XML; charset=utf-8',
    'image/*',
    'image/svg+xml, application/json;q=0.9',
    'application/json;q=0.5, image/svg+xml;q=0.6',
    'image/svg+xml, */*',
    // What Chrome and Firefox ask of an <img>.
    'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8',
    'image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5',
  ])('yes: %s', async (accept) => {
    expect(await wants(accept)).toBe(true);
  });

  it.each([
    undefined,
    '*/*',
    'application/json',
    'application/json, text/plain, */*',
    'application/json, image/svg+xml',
    'image/svg+xml;q=0',
    'image/svg+xml;q=0, image/*',
    'image/svg+xml;q=0.5, */*',
    'image/svg+xml;q=much',
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
    'image/png',
  ])('no: %s', async (accept) => {
    expect(await wants(accept)).toBe(false);
  });
});
