import { createHash, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { attachmentContracts } from '#functions/attachments/contract.ts';

const sha256 = createHash('sha256').update('x').digest('base64');

const draft = { task_id: randomUUID(), filename: 'notes.txt', file_type: 'text/plain', size: 1 };

const takes = (changed: object): boolean =>
  attachmentContracts.uploadAttachment().body.safeParse({ ...draft, ...changed }).success;

describe('what a client says of a file', () => {
  it.each([
    ['a', true],
    ['a'.repeat(255), true],
    ['a'.repeat(256), false],
    ['🍎'.repeat(63), true],
    ['🍎'.repeat(64), false],
    ['', false],
    [' ', true],
    ['\r\n\u0000', true],
    ['../..', true],
    ['lone \ud83c surrogate', false],
    [7, false],
    [undefined, false],
  ])('its name has 1 to 255 bytes in UTF-8: %j', (filename, good) => {
    expect(takes({ filename })).toBe(good);
  });

  it.each([
    [0, false],
    [-1, false],
    [1, true],
    [1.5, false],
    [26_214_400, true],
    [26_214_401, false],
    ['1', false],
    [null, false],
  ])('its size is 1 to 25 MB: %j', (size, good) => {
    expect(takes({ size })).toBe(good);
  });

  it.each([
    ['text/plain', true],
    ['application/vnd.ms-excel.sheet.macroEnabled.12', true],
    ['image/svg+xml', true],
    [`a/${'b'.repeat(127)}`, true],
    [`a/${'b'.repeat(128)}`, false],
    ['text/plain; charset=utf-8', false],
    ['text', false],
    ['text/', false],
    ['/plain', false],
    ['a/b/c', false],
    ['text/pl ain', false],
    ['text/plain\r\nx-injected: 1', false],
    ['text/plain\n', false],
    ['*/*', false],
    ['', false],
  ])('its type is type/subtype: %j', (file_type, good) => {
    expect(takes({ file_type })).toBe(good);
  });

  it.each([
    [undefined, true],
    [null, true],
    [sha256, true],
    [sha256.slice(0, -1), false],
    [`${sha256} `, false],
    [Buffer.alloc(31).toString('base64'), false],
    [Buffer.alloc(32).toString('hex'), false],
    ['', false],
  ])('its checksum is a SHA-256 in base64, or nothing: %j', (checksum_sha256, good) => {
    expect(takes({ checksum_sha256 })).toBe(good);
  });

  it('is about a task, and about nothing else', () => {
    expect(takes({ task_id: 'x' })).toBe(false);
    expect(takes({ id: randomUUID() })).toBe(false);
  });
});
