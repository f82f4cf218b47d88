import * as z from 'zod/mini';
import { once } from '#shared/once.ts';
import { type ProblemType, problemTypes } from './problems.ts';

const pointer = once(() =>
  z.string().register(z.globalRegistry, { description: 'A JSON Pointer as a URI fragment (RFC 6901 §6).' }),
);

const faults = once(() =>
  z
    .array(z.strictObject({ pointer: pointer(), detail: z.string() }))
    .register(z.globalRegistry, { description: 'Each place of the request that is wrong.' }),
);

const instance = once(() =>
  z.string().register(z.globalRegistry, { description: 'Names the request: a log is searched by it.' }),
);

/** A problem on the wire; what else it has are its extensions (RFC 9457 §3.2). */
export const problemSchema = once(() =>
  z
    .looseObject({
      type: z.enum(Object.keys(problemTypes) as ProblemType[]),
      title: z.string(),
      status: z.int().check(z.minimum(400), z.maximum(599)),
      detail: z.string(),
      instance: instance(),
      errors: z.optional(faults()),
    })
    .register(z.globalRegistry, { id: 'Problem', description: 'What went wrong (RFC 9457).' }),
);
