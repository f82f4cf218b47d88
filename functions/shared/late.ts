/** What is asked of something that answers later anyway. */
type Port = { readonly [name: string]: (...args: never[]) => Promise<unknown> };

/**
 * Something outside of the table that is loaded when it is asked for the first time: a client of another service is a fifth of a function's
 * cold start, and most requests never need it.
 *
 * @param load imports what makes it, and makes it
 */
export const late = <P extends { readonly [Name in keyof P]: Port[string] }>(load: () => Promise<P>): P => {
  let loaded: Promise<P> | undefined;
  return new Proxy({} as P, {
    get:
      (_, name) =>
      async (...args: never[]): Promise<unknown> => {
        loaded ??= load();
        return (await loaded)[name as keyof P](...args);
      },
  });
};
