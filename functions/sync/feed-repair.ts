import type { DynamoDBRecord } from 'aws-lambda';
import * as z from 'zod/mini';
import type { UserId } from '#shared/ids.ts';
import { once } from '#shared/once.ts';
import { readRecord } from './stream-record.ts';

const batch = once(() => z.object({ Records: z.array(z.looseObject({ eventName: z.optional(z.string()) })) }));

/** Lambda's invocation record, as it puts it into a bucket: `payload` is the whole event, as JSON or as its text. */
const invocationRecord = once(() => z.object({ payload: z.union([z.string(), batch()]) }));

/**
 * Whose logs lack what a failed batch would have said.
 * @param text an invocation record from the failure bucket
 * @throws ZodError, SyntaxError when it is none
 */
export const usersOf = (text: string): readonly UserId[] => {
  const { payload } = invocationRecord().parse(JSON.parse(text));
  const { Records } = typeof payload === 'string' ? batch().parse(JSON.parse(payload)) : payload;
  const owners = Records.map((record) => readRecord(record as DynamoDBRecord)).flatMap((reading) =>
    reading.kind === 'other' ? [] : [reading.owner],
  );
  return [...new Set(owners)];
};
