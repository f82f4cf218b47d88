import { describe, expect, it } from 'vitest';
import { Failure, invalidRequest, problemOf, problemTypes } from '#shared/problems.ts';

describe('a problem (RFC 9457)', () => {
  it('says type, title, status, detail and the request it is about', () => {
    expect(problemOf(new Failure('not-found', 'There is no such task.'), '7')).toEqual({
      type: 'not-found',
      title: 'There is no such thing.',
      status: 404,
      detail: 'There is no such task.',
      instance: 'urn:pomona:request:7',
    });
  });

  it('points at what is wrong', () => {
    expect(problemOf(invalidRequest('#/cursor', 'is not a cursor'), '7').errors).toEqual([
      { pointer: '#/cursor', detail: 'is not a cursor' },
    ]);
  });

  it('carries the members that its type adds', () => {
    const failure = new Failure('wrong-state', 'A session is active.', { extensions: { session: { id: 's' } } });
    expect(problemOf(failure, '7')).toMatchObject({ status: 409, session: { id: 's' } });
  });

  it('is of a type that means one status: each is an error', () => {
    for (const { status, title } of Object.values(problemTypes)) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(title).toMatch(/\.$/);
    }
  });
});
