import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { publishMailEvents } from '#local/mail-events.ts';
import type { Assembly, BusEvent, Part } from '#local/parts.ts';
import { closeServer, isListening, portTaken } from '#local/server.ts';

const serveMailbox: (options: { port: number }) => Promise<Server> = createRequire(import.meta.url)(
  'aws-ses-v2-local',
).default;

export interface MailboxOptions {
  readonly port: number;
  /** What the app asks to hear of its mail, and who hears it. */
  readonly events?: { readonly assembly: Assembly; readonly putEvent: (event: BusEvent) => void };
}

/** SES: whatever is sent lands in a mailbox, to be looked at on a page (`/`) or as JSON (`/store`). */
export const startMailbox = async ({ port, events }: MailboxOptions): Promise<Part & { readonly url: string }> => {
  // It would wait for ever on a port that somebody else has.
  if (await isListening(port)) throw portTaken(port);
  const server = await serveMailbox({ port });
  if (events) publishMailEvents(server, events.assembly, events.putEvent);
  return { url: `http://127.0.0.1:${port}`, stop: () => closeServer(server) };
};
