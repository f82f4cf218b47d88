import type { Table } from '#shared/table.ts';

export interface Cost {
  readonly roundTrips: number;
  /** Of reads and writes together, as DynamoDB counts them. */
  readonly units: number;
}

/** Asks DynamoDB what each request of some work has used. */
export const costOf = async (table: Table, work: () => Promise<unknown>): Promise<Cost> => {
  let [roundTrips, units] = [0, 0];
  table.client.middlewareStack.add(
    (next) => async (request) => {
      Object.assign(request.input, { ReturnConsumedCapacity: 'TOTAL' });
      const answer = await next(request);
      const used = [(answer.output as { ConsumedCapacity?: unknown }).ConsumedCapacity].flat();
      roundTrips += 1;
      for (const capacity of used) units += Number((capacity as { CapacityUnits?: number })?.CapacityUnits ?? 0);
      return answer;
    },
    { step: 'initialize', name: 'bench' },
  );
  await work();
  table.client.middlewareStack.remove('bench');
  return { roundTrips, units };
};
