import { parseArgs } from 'node:util';
import { prefix } from '#blueprint/table.ts';
import { type Difference, recount as recountOf } from '#functions/reports/recount.ts';
import { dynamoReportStore } from '#functions/reports/store.ts';
import type { UserId } from '#shared/ids.ts';
import { userKey } from '#shared/item.ts';
import { type Table, updateItem } from '#shared/table.ts';
import { type Command, outputsOption, UsageError } from './command.ts';
import { operatedBy } from './target.ts';

/** By what is missing or too much: what is counted meanwhile stays counted. */
const fix = (table: Table, owner: UserId, { date, counter, counted, recounted }: Difference): Promise<unknown> =>
  updateItem(table, userKey(owner, `${prefix.day}${date}`), { add: { [counter]: recounted - counted } });

/** Counts somebody's completions and sessions anew. */
export const recount: Command = {
  usage: `recount --user USER [--user USER …] [--fix]
                   counts completions and sessions anew, and shows where a day's counters say something else
  --user USER      whose: an id or an e-mail address
  --fix            puts the counters right`,

  run: async (args) => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        user: { type: 'string', multiple: true, default: [] },
        fix: { type: 'boolean', default: false },
        outputs: outputsOption,
      },
    });
    if (values.user.length === 0) throw new UsageError('recount needs a --user.');
    const { table, ownerOf } = await operatedBy(values.outputs);
    let found = 0;
    for (const user of values.user) {
      const owner = await ownerOf(user);
      const differences = await recountOf(dynamoReportStore(table), owner);
      found += differences.length;
      console.log(`${user}: ${differences.length === 0 ? 'no difference' : `${differences.length} differences`}`);
      for (const difference of differences) {
        const { date, counter, counted, recounted } = difference;
        console.log(`  ${date} ${counter}: ${counted} counted, ${recounted} in the rows`);
        if (values.fix) await fix(table, owner, difference);
      }
    }
    if (found > 0 && values.fix) console.log('All of it is put right.');
    return found === 0 || values.fix ? 0 : 1;
  },
};
