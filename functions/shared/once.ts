/**
 * Something that is made when somebody first asks for it, and then stays. Schemas are: a function has hundreds, which would take a tenth of
 * its cold start, and a request needs a handful.
 */
export const once = <T>(make: () => T): (() => T) => {
  let made: { readonly it: T } | undefined;
  return () => {
    made ??= { it: make() };
    return made.it;
  };
};
