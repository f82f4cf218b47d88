import { afterEach, beforeEach, vi } from 'vitest';
import { log } from '#shared/log.ts';

/** Keeps what functions log in a suite, each test from the beginning, instead of writing it. */
export const logLines = (): readonly unknown[] => {
  const lines: unknown[] = [];
  beforeEach(() => {
    lines.length = 0;
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      vi.spyOn(log, level).mockImplementation((...line) => {
        lines.push(line);
      });
    }
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  return lines;
};
