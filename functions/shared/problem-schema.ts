import * as z from 'zod/mini';
import { type ProblemType, problemTypes } from './problems.ts';

const pointer = z.string();
z.globalRegistry.add(pointer, { description: 'A JSON Pointer as a URI fragment (RFC 6901 §6).' });

const faults = z.array(z.strictObject({ pointer, detail: z.string() }));
z.globalRegistry.add(faults, { description: 'Each place of the request that is wrong.' });

const instance = z.string();
z.globalRegistry.add(instance, { description: 'Names the request: a log is searched by it.' });

/** A problem on the wire; what else it has are its extensions (RFC 9457 §3.2). */
export const problemSchema = z.looseObject({
  type: z.enum(Object.keys(problemTypes) as ProblemType[]),
  title: z.string(),
  status: z.int().check(z.minimum(400), z.maximum(599)),
  detail: z.string(),
  instance,
  errors: z.optional(faults),
});
z.globalRegistry.add(problemSchema, { id: 'Problem', description: 'What went wrong (RFC 9457).' });
