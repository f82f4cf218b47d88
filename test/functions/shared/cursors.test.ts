import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { decodeCursor, decodeListCursor, encodeCursor } from '#shared/cursors.ts';
import { userId } from '#shared/ids.ts';
import { Failure } from '#shared/problems.ts';

const [ada, eve] = [userId('ada'), userId('eve')];
const anything = z.unknown();

describe('a cursor', () => {
  it('gives back what was put into it, and is fit for a URL', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: 'grapheme' }), fc.jsonValue(), (owner, purpose, payload) => {
        const cursor = encodeCursor(userId(owner), purpose, payload);
        expect(cursor).toMatch(/^[\w-]+$/);
        expect(decodeCursor(userId(owner), purpose, anything, cursor)).toEqual({
          kind: 'valid',
          payload: JSON.parse(JSON.stringify(payload)),
        });
      }),
    );
  });

  it('is foreign to another owner, and to another purpose', () => {
    const cursor = encodeCursor(ada, 'tasks open', 'place');
    expect(decodeCursor(eve, 'tasks open', z.string(), cursor)).toEqual({ kind: 'foreign' });
    expect(decodeCursor(ada, 'tasks done', z.string(), cursor)).toEqual({ kind: 'foreign' });
  });

  it('is foreign once its place has been changed by hand', () => {
    const [seal] = JSON.parse(Buffer.from(encodeCursor(ada, 'tasks', 'here'), 'base64url').toString());
    const forged = Buffer.from(JSON.stringify([seal, 'there'])).toString('base64url');
    expect(decodeCursor(ada, 'tasks', z.string(), forged)).toEqual({ kind: 'foreign' });
  });

  it('is broken when its place has another form', () => {
    expect(decodeCursor(ada, 'tasks', z.string(), encodeCursor(ada, 'tasks', 7))).toEqual({ kind: 'broken' });
  });

  it('is never valid, and never throws, when anything else stands in its place', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.base64String(),
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(decodeCursor(ada, 'tasks', anything, text).kind).not.toBe('valid');
      }),
    );
  });
});

describe('the cursor of a list', () => {
  it('is refused with a pointer where it does not belong', () => {
    for (const text of ['', 'x', encodeCursor(eve, 'tasks', 'place'), encodeCursor(ada, 'notes', 'place')]) {
      const refused = (): unknown => decodeListCursor(ada, 'tasks', z.string(), text);
      expect(refused).toThrow(Failure);
      expect(refused).toThrow(
        expect.objectContaining({
          type: 'invalid-request',
          facts: { errors: [expect.objectContaining({ pointer: '#/cursor' })] },
        }),
      );
    }
  });
});
