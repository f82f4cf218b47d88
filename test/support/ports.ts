import { createServer } from 'node:net';

const open = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port was given')),
      );
    });
  });

/** A port on 127.0.0.1 that nobody listens on. */
export const freePort = (): Promise<number> => open(0);

/** The first of ten ports in a row that nobody listens on, below those that the system hands out by itself. */
export const freePorts = async (): Promise<number> => {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const first = 10_000 + Math.floor(Math.random() * 2_000) * 10;
    const row = await Promise.allSettled(Array.from({ length: 10 }, (_, index) => open(first + index)));
    if (row.every(({ status }) => status === 'fulfilled')) return first;
  }
  throw new Error('there are not ten free ports in a row');
};
