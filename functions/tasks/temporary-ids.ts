/** Fields of an operation's data that name other tasks. */
const references = new Set(['parent_id', 'after', 'before']);

/** The same data, with temporary ids of earlier operations in place of which the real ones stand. */
export const resolved = (
  data: Readonly<Record<string, unknown>>,
  made: ReadonlyMap<string, string>,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(data).map(([name, value]) => [
      name,
      references.has(name) && typeof value === 'string' ? (made.get(value) ?? value) : value,
    ]),
  );
