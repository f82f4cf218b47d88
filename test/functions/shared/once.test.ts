import { describe, expect, it, vi } from 'vitest';
import { once } from '#shared/once.ts';

describe('what is made once', () => {
  it('is not made before somebody asks for it, and then for everybody', () => {
    const make = vi.fn(() => ({}));
    const made = once(make);
    expect(make).not.toHaveBeenCalled();
    expect(made()).toBe(made());
    expect(make).toHaveBeenCalledOnce();
  });

  it('may be nothing', () => {
    const make = vi.fn(() => undefined);
    const made = once(make);
    expect([made(), made()]).toEqual([undefined, undefined]);
    expect(make).toHaveBeenCalledOnce();
  });

  it('is tried again when it could not be made', () => {
    const make = vi
      .fn<() => string>(() => 'made')
      .mockImplementationOnce(() => {
        throw new Error('not yet');
      });
    const made = once(make);
    expect(made).toThrow('not yet');
    expect(made()).toBe('made');
  });
});
