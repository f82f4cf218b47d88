import type { IncomingMessage, Server } from 'node:http';
import { connect } from 'node:net';
import { RunnerProblem } from '#local/parts.ts';

/** @throws RunnerProblem when somebody else has the port */
export const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? portTaken(port) : error),
    );
    server.listen(port, '127.0.0.1', () => resolve());
  });

export const portTaken = (port: number): RunnerProblem =>
  new RunnerProblem(`Port ${port} is taken. Stop what uses it, or choose other ports with --port.`);

/** Ends open connections as well: a keep-alive must not hold up the end. */
export const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

/** Takes everything in but keeps no more than `limit`: who stops reading cannot answer. @returns `null` when there was more */
export const readUpTo = async (request: IncomingMessage, limit: number): Promise<Buffer | null> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
  }
  return size > limit ? null : Buffer.concat(chunks);
};

export const readBody = async (request: IncomingMessage): Promise<Buffer> =>
  (await readUpTo(request, Number.POSITIVE_INFINITY)) ?? Buffer.alloc(0);

/** What is asked for. @returns `null` for what cannot be read, such as `/%zz` */
export const urlOf = ({ url = '' }: IncomingMessage): URL | null => {
  try {
    // Not as relative to a base: `//elsewhere/` would name a host.
    const parsed = new URL(`http://127.0.0.1${url}`);
    decodeURIComponent(parsed.pathname);
    return parsed;
  } catch {
    return null;
  }
};

/** Whether anybody listens on a port of this machine. */
export const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
