/**
 * `npm run ops`: for those who look after a Pomona. Exit code 0 when all is well, 1 when something is not, 2 when it could not be looked at.
 */
import { type Command, UsageError } from './command.ts';
import { rebuildFeed } from './rebuild-feed.ts';
import { recount } from './recount.ts';
import { redrive } from './redrive.ts';

const commands: Readonly<Record<string, Command>> = { recount, redrive, 'rebuild-feed': rebuildFeed };

const usage = `npm run ops -- COMMAND [options] [--outputs FILE]

${Object.values(commands)
  .map(({ usage }) => usage)
  .join('\n\n')}

  --outputs FILE   which Pomona: the outputs of a runner or a deployment (default .local/outputs.json)`;

/** What `parseArgs` throws at an option that is none. */
const isWrongOption = (error: unknown): boolean =>
  error instanceof UsageError ||
  (error instanceof TypeError && 'code' in error && /^ERR_PARSE_ARGS/.test(String(error.code)));

const run = async ([name = '', ...args]: readonly string[]): Promise<number> => {
  if ([name, ...args].includes('--help')) {
    console.log(usage);
    return 0;
  }
  const command = commands[name];
  if (!command) throw new UsageError(`There is no command "${name}".`);
  return command.run(args);
};

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.error(isWrongOption(error) ? `${message}\n\n${usage}` : message);
  process.exitCode = 2;
}
