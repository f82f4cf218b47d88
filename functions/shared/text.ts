import * as z from 'zod/mini';

interface TextLimits {
  /** In characters (code points), as JSON Schema counts them. */
  readonly min?: number;
  readonly max: number;
}

/**
 * Text from outside: whole characters only (no lone surrogates, which UTF-8 cannot carry), counted as JSON Schema counts them,
 * and not blank when it may not be empty.
 */
export const text = ({ min = 0, max }: TextLimits): z.ZodMiniType<string, string> => {
  const schema = z.string().check(
    z.refine((value: string) => value.isWellFormed(), 'must be well-formed Unicode'),
    z.refine((value: string) => !controls.test(value), 'must not contain control characters'),
    z.refine((value: string) => characters(value) <= max, `must have at most ${max} characters`),
    z.refine(
      (value: string) => (value.trim() === '' ? min === 0 : characters(value) >= min),
      min > 1 ? `must have at least ${min} characters` : 'must not be blank',
    ),
  );
  z.globalRegistry.add(schema, { maxLength: max, ...(min > 0 && { minLength: min }), pattern: patternOf(min) });
  return schema;
};

/** Nobody means these (tab and line breaks apart), many programs stumble over them, and JSON swells each to six bytes. */
const controlRange = '\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f';

const controls = new RegExp(`[${controlRange}]`);

/** The same for clients, who read it in the OpenAPI document. */
const patternOf = (min: number): string =>
  min === 0 ? `^[^${controlRange}]*$` : `^[^${controlRange}]*[^\\s${controlRange}][^${controlRange}]*$`;

const characters = (value: string): number => {
  let count = 0;
  for (const _ of value) count += 1;
  return count;
};
