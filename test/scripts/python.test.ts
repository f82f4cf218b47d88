import { afterEach, describe, expect, it, vi } from 'vitest';
import { PythonMissing, pythonPrograms } from '../../scripts/python.ts';

afterEach(() => vi.unstubAllEnvs());

describe('what needs Python', () => {
  it('says in one sentence that there is none', async () => {
    vi.stubEnv('PATH', '/nowhere');
    const sought = pythonPrograms({ requirement: 'nothing-that-exists==0.0.0' });
    await expect(sought).rejects.toThrow(PythonMissing);
    await expect(sought).rejects.toThrow(/^This needs Python 3 with its venv module, which is not here: .*ENOENT$/);
  });
});
