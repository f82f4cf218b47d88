import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { prefix } from '#blueprint/table.ts';
import { newTicket, type TicketHolder, ticketSeconds } from '#functions/sync/ticket.ts';
import { dynamoTicketStore } from '#functions/sync/ticket-store.ts';
import { secondsAfter } from '#shared/clock.ts';
import { hashOf, userId } from '#shared/ids.ts';
import { roundTripsOf } from '#test/support/round-trips.ts';
import { describeOnEngines, itemsOf } from '#test/support/table.ts';

const now = new Date('2026-11-24T12:00:00Z');
const expiresAt = secondsAfter(now, ticketSeconds);

const holder = (clientId: string | null = 'phone'): TicketHolder => ({
  owner: userId(randomUUID()),
  clientId,
  tokenExpiresAt: secondsAfter(now, 3600).getTime() / 1000,
});

describeOnEngines('tickets', (table) => {
  const store = () => dynamoTicketStore(table());
  const kept = async (whose = holder()): Promise<string> => {
    const ticket = newTicket();
    await store().keep(ticket, whose, expiresAt);
    return ticket;
  };

  it.each(['phone', null])('say who spends them (client_id %s)', async (clientId) => {
    const whose = holder(clientId);
    expect(await store().spend(await kept(whose), now)).toEqual(whose);
  });

  it('are spent once, by one of twenty at once', async () => {
    const ticket = await kept();
    const spent = await Promise.all(Array.from({ length: 20 }, () => store().spend(ticket, now)));
    expect(spent.filter((found) => found !== null)).toHaveLength(1);
    expect(await store().spend(ticket, now)).toBeNull();
  });

  it.each([
    [-1, true],
    [0, false],
    [1, false],
  ])('work until their last second: %i s from their end, while the row is still there', async (seconds, works) => {
    const ticket = await kept();
    expect((await store().spend(ticket, secondsAfter(expiresAt, seconds))) !== null).toBe(works);
  });

  it('that nobody was given are nobody’s', async () => {
    expect(await store().spend(newTicket(), now)).toBeNull();
    // The hash, which the table holds, is not the ticket.
    const ticket = await kept();
    expect(await store().spend(hashOf(ticket), now)).toBeNull();
  });

  it('are not in the table themselves', async () => {
    const ticket = await kept();
    const rows = await itemsOf(table(), `${prefix.ticket}${hashOf(ticket)}`);
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(ticket);
  });

  it('cost a round trip to keep, and one to spend', async () => {
    const ticket = newTicket();
    expect(await roundTripsOf(table(), () => store().keep(ticket, holder(), expiresAt))).toBe(1);
    expect(await roundTripsOf(table(), () => store().spend(ticket, now))).toBe(1);
  });
});
