import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { downloadOf } from '#functions/attachments/download.ts';

const headerFor = (filename: string): string => downloadOf({ filename, file_type: 'text/plain' }).contentDisposition;

/** RFC 8187 §3.2.1, RFC 6266 §4.1: one quoted name without escapes, one extended name, and nothing else. */
const grammar =
  /^attachment; filename="([ !#-$&-.0-[\]-~]*)"; filename\*=UTF-8''((?:%[0-9A-F]{2}|[A-Za-z0-9!#$&+.^_`|~-])*)$/;

const names: readonly string[] = [
  'notes.txt',
  'a "quoted" name.txt',
  'back\\slash',
  '../../etc/passwd',
  '\r\nSet-Cookie: a=b',
  '\u0000\u001f\u007f',
  '🍎'.repeat(63),
  'שלום עולם.pdf',
  '\u202egnp.exe',
  "it's (100%) *done*; filename=x",
  'ü'.repeat(127),
  ' ',
  '%22',
];

describe('a download', () => {
  it.each(names)('is saved under its own name, whatever that is: %j', (filename) => {
    const [, , extended = ''] = grammar.exec(headerFor(filename)) ?? [];
    expect(decodeURIComponent(extended)).toBe(filename);
  });

  it('is one header of the grammar for every name there is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 255 }), (filename) => {
        const [whole, plain = '', extended = ''] = grammar.exec(headerFor(filename)) ?? [];
        expect(whole).toBe(headerFor(filename));
        expect(plain).toHaveLength([...filename].length);
        expect(decodeURIComponent(extended)).toBe(filename);
      }),
    );
  });

  it('has a plain name for those that know no other', () => {
    expect(headerFor('r/é"s%um\\é\n.txt')).toMatch(/^attachment; filename="r___s_um___.txt"; /);
    expect(headerFor('notes (1).txt')).toMatch(/^attachment; filename="notes \(1\).txt"; /);
  });

  it.each([
    'text/html',
    'TEXT/HTML',
    'application/xhtml+xml',
    'image/svg+xml',
    'IMAGE/SVG+XML',
    'text/xml',
    'application/xml',
    'application/rss+xml',
    'text/xsl',
    'text/javascript',
    'application/javascript',
    'application/x-javascript',
    'application/ecmascript',
    'text/jscript',
    'text/livescript',
    'text/vbscript',
    'multipart/related',
    'message/rfc822',
    'application/x-shockwave-flash',
  ])('of a type that can run scripts is just bytes: %s', (file_type) => {
    expect(downloadOf({ filename: 'x', file_type }).contentType).toBe('application/octet-stream');
  });

  it.each([
    'text/plain',
    'image/png',
    'image/jpeg',
    'application/pdf',
    'application/json',
    'application/zip',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'text/csv',
    'application/x-anything-at-all',
  ])('of another type is what it is: %s', (file_type) => {
    expect(downloadOf({ filename: 'x', file_type }).contentType).toBe(file_type);
  });
});
