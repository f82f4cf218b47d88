import type { Table } from '#shared/table.ts';

/** How many requests a piece of work sends to DynamoDB, those that are sent again included. */
export const roundTripsOf = async (table: Table, work: () => Promise<unknown>): Promise<number> => {
  const name = 'countRoundTrips';
  let count = 0;
  table.client.middlewareStack.add(
    (next) => (args) => {
      count += 1;
      return next(args);
    },
    // Below the retries: what is counted here goes over the wire.
    { name, step: 'deserialize', priority: 'low' },
  );
  try {
    await work();
  } finally {
    table.client.middlewareStack.remove(name);
  }
  return count;
};
