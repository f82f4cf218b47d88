import { parseArgs } from 'node:util';
import * as z from 'zod/mini';
import { type Command, outputsOption } from './command.ts';
import { type FailureBucket, type Invoke, operatedBy } from './target.ts';

/** What Lambda puts into the bucket when a consumer gives a batch up. `payload` is the whole event, as JSON or as its text. */
const givenUp = z.object({
  requestContext: z.object({ functionArn: z.string(), condition: z.optional(z.string()) }),
  payload: z.union([z.string(), z.unknown()]),
});

const batch = z.object({ Records: z.array(z.looseObject({})).check(z.minLength(1)) });

const batchAnswer = z.nullish(z.object({ batchItemFailures: z.optional(z.nullable(z.array(z.unknown()))) }));

/** What became of an object of the bucket. */
export interface Redriven {
  readonly key: string;
  /** The name of the function that gave it up; `null` for an object that is none of Lambda's. */
  readonly consumer: string | null;
  readonly records: number;
  /** `kept`: something in it failed again, or it is nothing that could be replayed. `seen`: nothing was to be done. */
  readonly outcome: 'done' | 'kept' | 'seen';
  /** Why it was kept. */
  readonly why?: string;
}

export interface RedriveNeeds {
  readonly failures: FailureBucket;
  readonly invoke: Invoke;
}

/**
 * Hands what consumers of the stream have given up to those consumers once more, whole, the oldest of a shard first. What they have dealt with
 * is removed; what fails again stays for the next time. A consumer knows what it has done already, so that no record is too much: a mail is
 * claimed before it is sent, and a change applies by its version.
 *
 * @param wanted which consumers, by their function's name; `dryRun`: only looks
 */
export const redriveAll = async (
  { failures, invoke }: RedriveNeeds,
  { consumer: wanted, dryRun }: { readonly consumer?: string | undefined; readonly dryRun: boolean },
  told: (redriven: Redriven) => void,
): Promise<readonly Redriven[]> => {
  const all: Redriven[] = [];
  for (const key of await failures.keys()) {
    const found = read(await failures.read(key));
    const consumer = found?.functionArn.split(':')[6] ?? null;
    if (wanted !== undefined && !consumer?.endsWith(`-${wanted}`)) continue;
    const about = { key, consumer, records: found?.event.Records.length ?? 0 };
    const redriven: Redriven = !found
      ? { ...about, outcome: 'kept', why: 'it is no batch that Lambda gave up' }
      : dryRun
        ? { ...about, outcome: 'seen' }
        : { ...about, ...(await replay(invoke, found)) };
    if (redriven.outcome === 'done') await failures.remove(key);
    all.push(redriven);
    told(redriven);
  }
  return all;
};

interface Found {
  readonly functionArn: string;
  readonly event: { readonly Records: readonly object[] };
}

const read = (text: string): Found | null => {
  try {
    const { requestContext, payload } = givenUp.parse(JSON.parse(text));
    const event = batch.parse(typeof payload === 'string' ? JSON.parse(payload) : payload);
    return { functionArn: requestContext.functionArn, event };
  } catch {
    return null;
  }
};

const replay = async (invoke: Invoke, { functionArn, event }: Found): Promise<Pick<Redriven, 'outcome' | 'why'>> => {
  try {
    const failed = batchAnswer.parse(await invoke(functionArn, event))?.batchItemFailures?.length ?? 0;
    return failed === 0 ? { outcome: 'done' } : { outcome: 'kept', why: `${failed} of its records failed again` };
  } catch (error) {
    return { outcome: 'kept', why: error instanceof Error ? error.message : String(error) };
  }
};

const words = {
  done: 'replayed, and removed',
  kept: 'kept',
  seen: 'waits',
} as const satisfies Record<Redriven['outcome'], string>;

/** `npm run ops -- redrive` */
export const redrive: Command = {
  usage: `redrive [--consumer NAME] [--dry-run]
                   hands what lies in the failure bucket to the consumers that gave it up, and removes what they have dealt with
  --consumer NAME  only what this one gave up: change-feed, reactions
  --dry-run        shows what lies there, and does nothing`,

  run: async (args) => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        consumer: { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
        outputs: outputsOption,
      },
    });
    const choice = { consumer: values.consumer, dryRun: values['dry-run'] };
    const all = await redriveAll(await operatedBy(values.outputs), choice, ({ key, consumer, records, outcome, why }) =>
      console.log(`${key}\n  ${consumer ?? 'nobody'}, records: ${records}, ${words[outcome]}${why ? `: ${why}` : ''}`),
    );
    const left = all.filter(({ outcome }) => outcome !== 'done').length;
    console.log(all.length === 0 ? 'Nothing lies in the failure bucket.' : `${all.length - left} done, ${left} left.`);
    return left === 0 ? 0 : 1;
  },
};
