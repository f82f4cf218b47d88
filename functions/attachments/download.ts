import type { Attachment } from './attachment.ts';

/** How a file goes out: to be saved under its own name, never to be shown by a browser as a page of ours. */
export interface Download {
  readonly contentDisposition: string;
  readonly contentType: string;
}

export const downloadOf = ({ filename, file_type }: Pick<Attachment, 'filename' | 'file_type'>): Download => ({
  contentDisposition: `attachment; filename="${plainName(filename)}"; filename*=UTF-8''${extendedName(filename)}`,
  contentType: isScriptCapable(file_type) ? 'application/octet-stream' : file_type,
});

/**
 * For those that do not know `filename*` (RFC 6266 §4.3): ASCII only, and without what ends a quoted string, escapes in it, or means a path.
 */
const plainName = (filename: string): string => filename.replaceAll(/[^\x20-\x7e]/gu, '_').replaceAll(/["\\%/]/g, '_');

/** The name as it is, byte for byte, in RFC 8187's characters (`attr-char`, §3.2.1): nothing in it can end the header. */
const extendedName = (filename: string): string =>
  encodeURIComponent(filename).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const isScriptCapable = (fileType: string): boolean =>
  scriptCapable.some((pattern) => pattern.test(fileType.toLowerCase()));

/** Types that a browser may run scripts of, were it ever to show them. */
const scriptCapable: readonly RegExp[] = [
  // HTML, and everything of XML: XHTML, SVG, XSLT.
  /^[^/]+\/(.*[.+-])?(html|xml|xsl|xslt|svg)$/,
  // Scripts themselves, under all the names that the HTML standard still knows.
  /^(text|application)\/(x-)?(java|ecma|live|j|vb)script/,
  // Envelopes that carry pages.
  /^(multipart|message)\//,
  /^application\/x-(mimearchive|shockwave-flash)$/,
];
