import { randomBytes } from 'node:crypto';
import type { UserId } from '#shared/ids.ts';

/** Long enough to connect with, short enough that one found in a log is worthless. */
export const ticketSeconds = 30;

/** Who connects with a ticket. */
export interface TicketHolder {
  readonly owner: UserId;
  readonly clientId: string | null;
  /** The end of the access token that the ticket was got with, in epoch seconds: the socket does not outlive it. */
  readonly tokenExpiresAt: number;
}

/** Where tickets wait to be spent. */
export interface TicketStore {
  /** @param ticket as the device got it; the table holds only its hash */
  keep(ticket: string, holder: TicketHolder, expiresAt: Date): Promise<void>;
  /** Once, and in time: whoever comes second or late gets `null`. */
  spend(ticket: string, now: Date): Promise<TicketHolder | null>;
}

/** 256 random bits. */
export const newTicket = (): string => randomBytes(32).toString('base64url');
