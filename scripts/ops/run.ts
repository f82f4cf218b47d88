/**
 * `npm run ops`: for those who look after a Pomona. Exit code 0 when all is well, 1 when something is not, 2 when it could not be looked at.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prefix } from '#blueprint/table.ts';
import { type Difference, recount } from '#functions/reports/recount.ts';
import { dynamoReportStore } from '#functions/reports/store.ts';
import type { UserId } from '#shared/ids.ts';
import { userKey } from '#shared/item.ts';
import { type Table, updateItem } from '#shared/table.ts';
import { operatedBy } from './target.ts';

const usage = `npm run ops -- recount --user USER [--user USER …] [--fix] [--outputs FILE]

  recount          counts completions and sessions anew, and shows where a day's counters say something else
  --user USER      whose: an id or an e-mail address
  --fix            puts the counters right
  --outputs FILE   which Pomona: the outputs of a runner or a deployment (default .local/outputs.json)`;

const readOptions = () => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      user: { type: 'string', multiple: true, default: [] },
      fix: { type: 'boolean', default: false },
      outputs: { type: 'string', default: join(import.meta.dirname, '../../.local/outputs.json') },
    },
  });
  if (positionals.join(' ') !== 'recount' || values.user.length === 0) throw new Error(usage);
  return values;
};

/** By what is missing or too much: what is counted meanwhile stays counted. */
const fix = (table: Table, owner: UserId, { date, counter, counted, recounted }: Difference): Promise<unknown> =>
  updateItem(table, userKey(owner, `${prefix.day}${date}`), { add: { [counter]: recounted - counted } });

const run = async (): Promise<number> => {
  const options = readOptions();
  const { table, ownerOf } = await operatedBy(options.outputs);
  let found = 0;
  for (const user of options.user) {
    const owner = await ownerOf(user);
    const differences = await recount(dynamoReportStore(table), owner);
    found += differences.length;
    console.log(`${user}: ${differences.length === 0 ? 'no difference' : `${differences.length} differences`}`);
    for (const difference of differences) {
      const { date, counter, counted, recounted } = difference;
      console.log(`  ${date} ${counter}: ${counted} counted, ${recounted} in the rows`);
      if (options.fix) await fix(table, owner, difference);
    }
  }
  if (found > 0 && options.fix) console.log('All of it is put right.');
  return found === 0 || options.fix ? 0 : 1;
};

try {
  process.exitCode = await run();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
