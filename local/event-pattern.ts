/**
 * EventBridge's pattern language, which event source filters speak as well.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
export type Matcher = (event: unknown) => boolean;

/** @throws Error for what the language does not know: a rule that never matches must not pass for one that does */
export const patternMatcher = (pattern: unknown): Matcher => {
  if (!isObject(pattern)) throw new Error('an event pattern is an object');
  const members = Object.entries(pattern).map(([name, member]): Matcher => {
    if (name === '$or') {
      const alternatives = asList(member).map(patternMatcher);
      return (event) => alternatives.some((matches) => matches(event));
    }
    if (Array.isArray(member)) {
      const conditions = member.map(condition);
      return (event) => {
        const value = isObject(event) ? event[name] : undefined;
        return conditions.some((matches) => matches(value));
      };
    }
    const nested = patternMatcher(member);
    return (event) => {
      const value = isObject(event) ? event[name] : undefined;
      return Array.isArray(value) ? value.some(nested) : nested(value);
    };
  });
  return (event) => members.every((matches) => matches(event));
};

/** A list in an event matches when any of its entries does; `undefined` stands for a member that is not there. */
const condition = (expected: unknown): Matcher => {
  if (!isObject(expected)) return anyOf((value) => value === expected);
  const [[operator, operand] = ['', null], ...others] = Object.entries(expected);
  if (others.length > 0) throw new Error(`one operator each: ${JSON.stringify(expected)}`);
  switch (operator) {
    case 'exists':
      return (value) => (value !== undefined) === operand;
    case 'prefix':
      return anyOf(text((value) => value.startsWith(String(operand))));
    case 'suffix':
      return anyOf(text((value) => value.endsWith(String(operand))));
    case 'equals-ignore-case':
      return anyOf(text((value) => value.toLowerCase() === String(operand).toLowerCase()));
    case 'wildcard':
      return anyOf(text((value) => wildcard(String(operand)).test(value)));
    case 'numeric':
      return anyOf(numeric(asList(operand)));
    case 'anything-but': {
      const refused = (Array.isArray(operand) ? operand : [operand]).map(condition);
      return (value) => value !== undefined && !refused.some((matches) => matches(value));
    }
    default:
      throw new Error(`event patterns have no operator "${operator}" here`);
  }
};

const anyOf =
  (matches: (value: unknown) => boolean): Matcher =>
  (value) =>
    Array.isArray(value) ? value.some(matches) : value !== undefined && matches(value);

const text =
  (matches: (value: string) => boolean) =>
  (value: unknown): boolean =>
    typeof value === 'string' && matches(value);

/** `*` stands for any text; behind a backslash it, or another backslash, stands for itself. */
const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern.replace(/\\[*\\]|[.+?^${}()|[\]\\]|\*/g, (part) => (part === '*' ? '.*' : part.length > 1 ? part : `\\${part}`))}$`,
    's',
  );

/** `[">", 0, "<=", 5]` */
const numeric = (terms: readonly unknown[]): ((value: unknown) => boolean) => {
  const comparisons = Array.from({ length: terms.length / 2 }, (_, index) => {
    const compare = comparators[String(terms[2 * index])];
    const bound = Number(terms[2 * index + 1]);
    if (!compare) throw new Error(`numbers are not compared by "${terms[2 * index]}"`);
    return (value: number) => compare(value, bound);
  });
  return (value) => typeof value === 'number' && comparisons.every((holds) => holds(value));
};

const comparators: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
  '>=': (a, b) => a >= b,
  '>': (a, b) => a > b,
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const asList = (value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) return value;
  throw new Error(`a list was expected, not ${JSON.stringify(value)}`);
};
