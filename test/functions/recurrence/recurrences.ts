import { type Recurrence, recurrenceDraftSchema } from '#functions/recurrence/recurrence.ts';
import { type Rule, ruleOf } from '#functions/recurrence/rule.ts';

/** What a client says, with what it may leave out left out. */
export const recurrence = (said: Partial<Recurrence>): Recurrence =>
  recurrenceDraftSchema().parse({ recurrence_pattern: said.rrule ? 'custom' : 'daily', ...said });

export const berlin = { timezone: 'Europe/Berlin', start: '2026-11-23' };

export const ruleFor = (said: Partial<Recurrence>, defaults = berlin): Rule => ruleOf(recurrence(said), defaults);
