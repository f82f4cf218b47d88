import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { entries } from '#blueprint/environment.ts';
import { metrics } from '#blueprint/metrics.ts';
import { log } from '#shared/log.ts';
import { measure } from '#shared/metrics.ts';

describe('what is measured', () => {
  const lines: string[] = [];

  beforeEach(() => {
    lines.length = 0;
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
    vi.stubEnv('POWERTOOLS_METRICS_NAMESPACE', 'pomona-dev');
    vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'due-work');
    vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
    log.appendPersistentKeys({ request_id: 'r-1' });
  });

  afterEach(() => {
    log.removePersistentKeys(['request_id']);
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  it("is one line of CloudWatch's embedded metric format, with the invocation's id", async () => {
    await measure({ DueWorkDone: 3, DueWorkFailed: 0, DueWorkLag: 1_250, MailsLate: undefined });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        _aws: {
          Timestamp: expect.any(Number),
          CloudWatchMetrics: [
            {
              Namespace: 'pomona-dev',
              Dimensions: [['service']],
              Metrics: [
                { Name: 'DueWorkDone', Unit: 'Count' },
                { Name: 'DueWorkFailed', Unit: 'Count' },
                { Name: 'DueWorkLag', Unit: 'Milliseconds' },
              ],
            },
          ],
        },
        service: 'due-work',
        request_id: 'r-1',
        DueWorkDone: 3,
        DueWorkFailed: 0,
        DueWorkLag: 1_250,
      },
    ]);
  });

  it('is no line where there is nothing to tell', async () => {
    await measure({});
    await measure({ MailsSent: undefined });
    expect(lines).toEqual([]);
  });

  it('fails nobody, even when CloudWatch would not take it', async () => {
    await expect(measure({ DueWorkLag: Number.NaN, ['Nonsense' as 'MailsSent']: 1 })).resolves.toBeUndefined();
  });
});

describe('every metric', () => {
  it.each(Object.entries(metrics))('%s is measured by a function that there is', (_, { measuredBy }) => {
    expect(Object.keys(entries)).toContain(measuredBy);
  });
});
