import { type EnvironmentOf, environment, type FunctionName } from '#blueprint/environment.ts';

/**
 * A function's own environment, complete or not at all.
 * @throws Error that names every missing variable: a function without its settings must not start
 */
export const readEnvironment = <F extends FunctionName>(name: F): EnvironmentOf<F> => {
  const missing = environment[name].filter((variable) => !process.env[variable]);
  if (missing.length > 0) throw new Error(`${name} lacks ${missing.join(', ')} in its environment`);
  return Object.fromEntries(
    environment[name].map((variable) => [variable, process.env[variable]]),
  ) as unknown as EnvironmentOf<F>;
};
