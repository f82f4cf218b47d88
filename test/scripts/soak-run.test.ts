import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, '../../scripts/soak/run.ts');

const soak = (...words: string[]): Promise<{ code: unknown; said: string }> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [program, ...words], (_, stdout, stderr) =>
      resolve({ code: child.exitCode, said: `${stdout}${stderr}` }),
    );
  });

describe('npm run soak', () => {
  it('says how it is called', async () => {
    const { code, said } = await soak('--help');
    expect([code, said]).toEqual([0, expect.stringMatching(/^npm run soak -- \[--minutes N\]/)]);
  });

  it.each([
    ['no number of minutes', ['--minutes', 'ten'], '--minutes takes a number up to 50, not "ten"'],
    ['a fault that there is not', ['--faults', 'lightning'], '--faults takes none, all, or some of'],
  ])('starts nothing with %s, and says so', async (_, words, sentence) => {
    const { code, said } = await soak(...words);
    expect(code).toBe(2);
    expect(said.split('\n')[0]).toContain(sentence);
    expect(said).toContain('npm run soak -- [--minutes N]');
  });
});
