import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BusEvent } from '#local/parts.ts';
import { type Rules, schedule, startRules } from '#local/rules.ts';
import { assemblyOf, type FakeAssembly, failure, fakeLambdas } from '#test/support/assembly.ts';

const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:work';
const rule = (properties: object) => ({
  type: 'AWS::Events::Rule',
  properties: { Targets: [{ Id: '0', Arn: functionArn }], ...properties },
});
const event = (detailType: string): BusEvent => ({
  version: '0',
  id: '1',
  'detail-type': detailType,
  source: 'aws.s3',
  account: '0',
  time: '2026-01-01T00:00:00Z',
  region: 'us-east-1',
  resources: [],
  detail: {},
});

let rules: Rules | undefined;
const start = async (assembly: FakeAssembly, lambdas = fakeLambdas()) => {
  rules = await startRules({ assembly, lambdas, retryMilliseconds: [1, 1] });
  return { rules, lambdas };
};

const runsAt = (expression: string, instant: string): boolean => {
  vi.setSystemTime(Date.parse(instant) - 1_000);
  const run = vi.fn();
  const timer = schedule(expression, run);
  vi.advanceTimersByTime(2_000);
  timer.stop();
  return run.mock.calls.length > 0;
};

beforeEach(() => {
  vi.useFakeTimers({
    now: new Date('2026-03-01T00:00:00Z'),
    toFake: ['setInterval', 'clearInterval', 'Date', 'setTimeout'],
  });
});
afterEach(async () => {
  await rules?.stop();
  vi.useRealTimers();
});

describe('a rule with a schedule', () => {
  it('invokes its target every so often, with the event that says so', async () => {
    const { lambdas } = await start(assemblyOf({ Minutely: rule({ ScheduleExpression: 'rate(1 minute)' }) }));
    vi.advanceTimersByTime(120_000);
    await vi.waitFor(() => expect(lambdas.calls).toHaveLength(2));
    expect(lambdas.calls[0]).toMatchObject({
      functionArn,
      event: {
        'detail-type': 'Scheduled Event',
        source: 'aws.events',
        resources: ['arn:aws:events:us-east-1:000000000000:rule/Minutely'],
      },
    });
  });

  it('gives a constant input instead, where there is one', async () => {
    const targets = { Targets: [{ Arn: functionArn, Input: '{"a":1}' }] };
    const { lambdas } = await start(assemblyOf({ It: rule({ ScheduleExpression: 'rate(1 minute)', ...targets }) }));
    vi.advanceTimersByTime(60_000);
    await vi.waitFor(() => expect(lambdas.calls).toEqual([{ functionArn, event: { a: 1 } }]));
  });

  it('rests while it is disabled', async () => {
    const { lambdas } = await start(
      assemblyOf({ It: rule({ ScheduleExpression: 'rate(1 minute)', State: 'DISABLED' }) }),
    );
    vi.advanceTimersByTime(600_000);
    expect(lambdas.calls).toHaveLength(0);
  });

  // 1 March 2026 is a Sunday.
  it.each([
    ['cron(30 10 * * ? *)', '2026-03-01T10:30:00Z', '2026-03-01T11:30:00Z'],
    ['cron(0 8 ? * 2 *)', '2026-03-02T08:00:00Z', '2026-03-03T08:00:00Z'],
    ['cron(0 8 ? * MON-FRI *)', '2026-03-02T08:00:00Z', '2026-03-01T08:00:00Z'],
    ['cron(0 8 ? * 6#3 *)', '2026-03-20T08:00:00Z', '2026-03-13T08:00:00Z'],
    ['cron(0 8 ? * 6L *)', '2026-03-27T08:00:00Z', '2026-03-20T08:00:00Z'],
    ['cron(0 0 L * ? *)', '2026-03-31T00:00:00Z', '2026-03-30T00:00:00Z'],
  ])('counts days as AWS does: %s', (expression, due, notDue) => {
    expect(runsAt(expression, due)).toBe(true);
    expect(runsAt(expression, notDue)).toBe(false);
  });

  it('is refused when it cannot be understood', () => {
    expect(() => schedule('every now and then', () => undefined)).toThrow('every now and then');
  });
});

describe('a schedule of EventBridge Scheduler', () => {
  it('runs in its own time zone', async () => {
    vi.setSystemTime(new Date('2026-03-01T22:59:59Z'));
    const { lambdas } = await start(
      assemblyOf({
        Morning: {
          type: 'AWS::Scheduler::Schedule',
          properties: {
            ScheduleExpression: 'cron(0 8 * * ? *)',
            ScheduleExpressionTimezone: 'Asia/Tokyo',
            Target: { Arn: functionArn, Input: '{}' },
          },
        },
      }),
    );
    vi.advanceTimersByTime(2_000);
    await vi.waitFor(() => expect(lambdas.calls).toHaveLength(1));
  });
});

describe('a rule with a pattern', () => {
  it('gets the events that match, whole', async () => {
    const { rules, lambdas } = await start(
      assemblyOf({ It: rule({ EventPattern: { 'detail-type': ['Object Created'] } }) }),
    );
    rules.put(event('Object Deleted'));
    rules.put(event('Object Created'));
    await vi.waitFor(() => expect(lambdas.calls).toEqual([{ functionArn, event: event('Object Created') }]));
  });

  it('invokes twice more when the function fails, and no more', async () => {
    const { rules, lambdas } = await start(
      assemblyOf({ It: rule({ EventPattern: { source: ['aws.s3'] } }) }),
      fakeLambdas(() => failure),
    );
    rules.put(event('Object Created'));
    await vi.waitFor(() => expect(lambdas.calls).toHaveLength(3));
    await vi.advanceTimersByTimeAsync(600_000);
    expect(lambdas.calls).toHaveLength(3);
  });

  it('is refused with a target that the runner cannot serve', async () => {
    const wanted = { EventPattern: { source: ['x'] } };
    const queue = { Targets: [{ Arn: 'arn:aws:sqs:us-east-1:000000000000:queue' }] };
    await expect(start(assemblyOf({ It: rule({ ...wanted, ...queue }) }))).rejects.toThrow('queue');
    const transformed = { Targets: [{ Arn: functionArn, InputTransformer: {} }] };
    await expect(start(assemblyOf({ It: rule({ ...wanted, ...transformed }) }))).rejects.toThrow('whole events');
  });
});
