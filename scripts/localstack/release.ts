import type { FunctionName } from '#blueprint/environment.ts';

/** The one function that is another in the next release: it says the release's version. */
export const replacedFunction: FunctionName = 'openapi';

export const nextVersion = 'next';
