import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Cron } from 'croner';
import { patternMatcher } from '#local/event-pattern.ts';
import {
  type Assembly,
  type BusEvent,
  type Lambdas,
  localAccount,
  localRegion,
  type Part,
  type Resource,
} from '#local/parts.ts';

export interface RulesOptions {
  readonly assembly: Assembly;
  readonly lambdas: Lambdas;
  /** Between the tries of an asynchronous invocation. Default: AWS's own, one minute and then two. */
  readonly retryMilliseconds?: readonly number[];
}

interface Target {
  readonly Arn: string;
  readonly Input?: string;
  readonly InputPath?: string;
  readonly InputTransformer?: unknown;
}

interface RuleProperties {
  readonly ScheduleExpression?: string;
  readonly EventPattern?: unknown;
  readonly State?: string;
  readonly Targets?: readonly Target[];
}

/** Of EventBridge Scheduler. */
interface ScheduleProperties {
  readonly ScheduleExpression: string;
  readonly ScheduleExpressionTimezone?: string;
  readonly State?: string;
  readonly Target: Target;
}

export interface Rules extends Part {
  /** Hands an event to every rule that it matches. */
  put(event: BusEvent): void;
}

/** EventBridge: schedules run, and events reach the functions that ask for them. */
export const startRules = async ({
  assembly,
  lambdas,
  retryMilliseconds = [60_000, 120_000],
}: RulesOptions): Promise<Rules> => {
  const stopped = new AbortController();
  const timers: { stop(): void }[] = [];
  const listeners: ((event: BusEvent) => void)[] = [];

  /** Asynchronous, as EventBridge invokes: accepted at once, tried three times in all. */
  const invoke = async (target: Target, event: unknown): Promise<void> => {
    const payload = target.Input === undefined ? event : JSON.parse(target.Input);
    for (const pause of [0, ...retryMilliseconds]) {
      await wait(pause, undefined, { signal: stopped.signal });
      if ((await lambdas.invoke(target.Arn, payload)).ok) return;
    }
  };
  const invokeAll = (targets: readonly Target[], event: unknown): void => {
    for (const target of targets) {
      // Nobody waits for it: what is left of it at the end ends with the runner.
      invoke(target, event).catch((error: unknown) => {
        if (!stopped.signal.aborted) console.error(error);
      });
    }
  };

  for (const rule of assembly.resourcesOf('AWS::Events::Rule')) {
    const { ScheduleExpression, EventPattern, State, Targets = [] } = rule.properties as RuleProperties;
    if (State === 'DISABLED') continue;
    for (const target of Targets) checkTarget(rule, target);
    if (EventPattern) {
      const matches = patternMatcher(EventPattern);
      listeners.push((event) => matches(event) && invokeAll(Targets, event));
    }
    if (ScheduleExpression) {
      timers.push(schedule(ScheduleExpression, () => invokeAll(Targets, scheduledEvent(rule))));
    }
  }
  for (const resource of assembly.resourcesOf('AWS::Scheduler::Schedule')) {
    const { ScheduleExpression, ScheduleExpressionTimezone, State, Target } =
      resource.properties as unknown as ScheduleProperties;
    if (State === 'DISABLED') continue;
    checkTarget(resource, Target);
    timers.push(schedule(ScheduleExpression, () => invokeAll([Target], {}), ScheduleExpressionTimezone));
  }

  return {
    put: (event) => {
      for (const listener of listeners) listener(event);
    },
    stop: async () => {
      stopped.abort();
      for (const timer of timers) timer.stop();
    },
  };
};

const unitMilliseconds: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** @throws Error for what the runner cannot do, before anything is lost by it */
const checkTarget = ({ logicalId }: Resource, { Arn, InputPath, InputTransformer }: Target): void => {
  if (InputPath || InputTransformer) throw new Error(`${logicalId}: the runner gives targets whole events only`);
  if (!Arn.includes(':function:'))
    throw new Error(`${logicalId}: the runner knows functions as targets only, not ${Arn}`);
};

/** `rate(5 minutes)` or `cron(0 12 * * ? *)`. @throws Error for anything else */
export const schedule = (expression: string, run: () => void, timezone = 'UTC'): { stop(): void } => {
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression);
  if (rate) {
    const timer = setInterval(run, Number(rate[1]) * (unitMilliseconds[rate[2] ?? ''] ?? 0));
    return { stop: () => clearInterval(timer) };
  }
  const fields = /^cron\((.*)\)$/.exec(expression)?.[1]?.trim().split(/\s+/);
  if (fields?.length !== 6) throw new Error(`the runner does not know the schedule ${expression}`);
  const [minute, hour, day, month, weekday = '', year] = fields;
  if (year !== '*') throw new Error(`the runner does not know schedules of single years: ${expression}`);
  // AWS counts Sunday as 1, cron as 0. The number behind a slash or a hash counts something else.
  const weekdays = weekday.replace(/(?<![/#])\d/g, (digit) => String(Number(digit) - 1)).replace(/(?<=\d)L/, '#L');
  return new Cron([minute, hour, day, month, weekdays].join(' ').replaceAll('?', '*'), { timezone }, run);
};

const scheduledEvent = ({ physicalId }: Resource): BusEvent => ({
  version: '0',
  id: randomUUID(),
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: localAccount,
  time: new Date().toISOString().replace(/\.\d+/, ''),
  region: localRegion,
  resources: [`arn:aws:events:${localRegion}:${localAccount}:rule/${physicalId}`],
  detail: {},
});
