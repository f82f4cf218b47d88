/** @returns what runs some work at once, and lets the rest wait in the order in which it came */
export const lanes = (most: number) => {
  const waiting: (() => void)[] = [];
  let busy = 0;
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (busy >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // Whoever waits takes the lane over.
      if (next) next();
      else busy -= 1;
    }
  };
};
