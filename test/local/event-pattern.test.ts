import { describe, expect, it } from 'vitest';
import { patternMatcher } from '#local/event-pattern.ts';

const cases: readonly (readonly [what: string, pattern: unknown, event: unknown, matches: boolean])[] = [
  ['one of several values', { a: ['x', 'y'] }, { a: 'y' }, true],
  ['another value', { a: ['x'] }, { a: 'z' }, false],
  ['a number and its text', { a: [1] }, { a: '1' }, false],
  ['null', { a: [null] }, { a: null }, true],
  ['every member', { a: ['x'], b: ['y'] }, { a: 'x', b: 'z' }, false],
  ['a member within a member', { a: { b: { c: ['x'] } } }, { a: { b: { c: 'x' } } }, true],
  ['a member of what is not there', { a: { b: ['x'] } }, {}, false],
  ['any entry of a list', { a: ['x'] }, { a: ['w', 'x'] }, true],
  ['any object of a list', { a: { b: ['x'] } }, { a: [{ b: 'w' }, { b: 'x' }] }, true],
  ['a beginning', { a: [{ prefix: 'TASK#' }] }, { a: 'TASK#1' }, true],
  ['another beginning', { a: [{ prefix: 'TASK#' }] }, { a: 'CHANGE#1' }, false],
  ['the beginning of a number', { a: [{ prefix: '1' }] }, { a: 12 }, false],
  ['an end', { a: [{ suffix: '.png' }] }, { a: 'x.png' }, true],
  ['another case', { a: [{ 'equals-ignore-case': 'Ab' }] }, { a: 'aB' }, true],
  ['a wildcard', { a: [{ wildcard: 'a*c.d' }] }, { a: 'abbc.d' }, true],
  ['a dot that is none', { a: [{ wildcard: 'a*c.d' }] }, { a: 'abbcxd' }, false],
  ['an asterisk that is meant', { a: [{ wildcard: 'a\\*' }] }, { a: 'a*' }, true],
  ['an asterisk that is not there', { a: [{ wildcard: 'a\\*' }] }, { a: 'ab' }, false],
  ['what is there', { a: [{ exists: true }] }, { a: 'x' }, true],
  ['what is missing', { a: { b: [{ exists: false }] } }, {}, true],
  ['what should be missing', { a: [{ exists: false }] }, { a: 'x' }, false],
  ['anything else', { a: [{ 'anything-but': ['x', 'y'] }] }, { a: 'z' }, true],
  ['anything but this', { a: [{ 'anything-but': 'x' }] }, { a: 'x' }, false],
  ['anything with another beginning', { a: [{ 'anything-but': { prefix: 'x' } }] }, { a: 'xy' }, false],
  ['anything at all, where nothing is', { a: [{ 'anything-but': 'x' }] }, {}, false],
  ['numbers within bounds', { a: [{ numeric: ['>', 0, '<=', 5] }] }, { a: 5 }, true],
  ['a number beyond them', { a: [{ numeric: ['>', 0, '<=', 5] }] }, { a: 6 }, false],
  ['either of two', { $or: [{ a: ['x'] }, { b: ['y'] }] }, { b: 'y' }, true],
  ['neither of two', { $or: [{ a: ['x'] }, { b: ['y'] }] }, { b: 'x' }, false],
];

describe('an event pattern', () => {
  it.each(cases)('%s', (_, pattern, event, matches) => {
    expect(patternMatcher(pattern)(event)).toBe(matches);
  });

  it('is refused at once when it uses what the runner does not know', () => {
    expect(() => patternMatcher({ a: [{ cidr: '10.0.0.0/8' }] })).toThrow('cidr');
    expect(() => patternMatcher({ a: [{ numeric: ['~', 1] }] })).toThrow('~');
    expect(() => patternMatcher({ a: 'x' })).toThrow();
  });
});
