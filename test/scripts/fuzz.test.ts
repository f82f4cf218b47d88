import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const fuzz = async (...words: string[]): Promise<{ code: number; said: string }> => {
  const program = join(import.meta.dirname, '../../scripts/fuzz/run.ts');
  const told = await promisify(execFile)(process.execPath, [program, ...words]).catch((failed) => failed);
  return { code: told.code ?? 0, said: `${told.stdout}${told.stderr}` };
};

describe('the fuzzer', () => {
  it('says how it is used', async () => {
    expect(await fuzz('--help')).toEqual({ code: 0, said: expect.stringMatching(/^npm run test:fuzz -- /) });
  });

  it.each([
    ['another option', ['--turbo']],
    ['a seed that is no number', ['--seed', 'x']],
    ['no examples at all', ['--max-examples', '0']],
    ['another part', ['--only', 'everything']],
  ])('says how it is used instead, with %s', async (_, words) => {
    expect(await fuzz(...words)).toEqual({ code: 2, said: expect.stringMatching(/^npm run test:fuzz -- /) });
  });
});
