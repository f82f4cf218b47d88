import type { OperationsOf } from '#shared/http-handler.ts';
import { hashOf } from '#shared/ids.ts';
import { operation, publicOperation } from '#shared/operation.ts';
import { Failure } from '#shared/problems.ts';
import type { Limit } from '#shared/rate-limit.ts';
import { calendarContracts, pathOf } from './contract.ts';
import { eventsOf } from './event.ts';
import { type CalendarStore, type LinkNeeds, makeLink, revokeLink } from './link.ts';

export interface CalendarNeeds extends LinkNeeds {
  readonly calendars: CalendarStore;
  /** Of the API, without a slash at its end. */
  readonly apiUrl: string;
  readonly limit: Limit;
}

export const calendarOperations = ({ limit, apiUrl, ...needs }: CalendarNeeds): OperationsOf<'calendar'> => {
  const make = makeLink(needs);
  const revoke = revokeLink(needs);
  return {
    createCalendar: operation(calendarContracts.createCalendar, async ({ principal: { owner } }) => {
      const { secret, created_at } = await make(owner);
      const path = pathOf(secret);
      return { status: 201 as const, location: path, body: { url: `${apiUrl}${path}`, created_at } };
    }),

    deleteCalendar: operation(calendarContracts.deleteCalendar, async ({ principal: { owner } }) => {
      await revoke(owner);
      return { status: 204 as const };
    }),

    // Some programs are services, which ask for all their users from a few addresses: who has a link is counted by the link.
    getCalendar: publicOperation(calendarContracts.getCalendar, async ({ principal, params }) => {
      const secretHash = hashOf(params.secret);
      const owner = await needs.calendars.ownerOf(secretHash);
      await limit(owner === null ? `getCalendar ${principal.sourceIp}` : `getCalendar ${secretHash}`);
      if (owner === null) throw new Failure('not-found', 'The link is none of ours, or not any more.');
      const { icalendarOf } = await import('./icalendar.ts');
      const text = icalendarOf(eventsOf(await needs.calendars.planned(owner)));
      return { status: 200 as const, text, tag: hashOf(text) };
    }),
  };
};
