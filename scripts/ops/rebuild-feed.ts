import { parseArgs } from 'node:util';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { raiseEpoch } from '#functions/sync/feed-store.ts';
import type { Table } from '#shared/table.ts';
import { type Command, outputsOption, UsageError } from './command.ts';
import { operatedBy } from './target.ts';

const streamOf = async ({ client, name }: Table): Promise<string> => {
  const { Table: found } = await client.send(new DescribeTableCommand({ TableName: name }));
  if (!found?.LatestStreamArn) throw new Error(`The table ${name} has no stream.`);
  return found.LatestStreamArn;
};

/** Begins a new epoch of somebody's log: what their devices know, they ask for anew. Nothing of what they own is touched. */
export const rebuildFeed: Command = {
  usage: `rebuild-feed --user USER [--user USER …]
                   lets all devices of a person start over, whatever they know, when they ask next
  --user USER      whose: an id or an e-mail address`,

  run: async (args) => {
    const { values } = parseArgs({
      args: [...args],
      options: { user: { type: 'string', multiple: true, default: [] }, outputs: outputsOption },
    });
    if (values.user.length === 0) throw new UsageError('rebuild-feed needs a --user.');
    const { table, ownerOf } = await operatedBy(values.outputs);
    const stream = await streamOf(table);
    for (const user of values.user) {
      const { epoch } = await raiseEpoch({ table, stream }, await ownerOf(user), new Date());
      console.log(`${user}: devices start over (epoch ${epoch})`);
    }
    return 0;
  },
};
