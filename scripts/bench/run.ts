/**
 * `npm run bench`: what Pomona costs, in counts and ratios, each beside its limit. Never in milliseconds: those are a machine's.
 * docs/performance.md says how each is obtained, and holds the last run.
 */
import { parseArgs } from 'node:util';
import { bundleSizes } from './bundles.ts';
import { coldStarts } from './cold-start.ts';
import { dueWork } from './due-work.ts';
import { fanOut } from './fan-out.ts';
import { growth } from './growth.ts';
import { handlerCpu } from './handler-cpu.ts';
import { month } from './month.ts';
import { operationCosts } from './operations.ts';
import { recurrence } from './recurrence.ts';
import { asJson, asText, writeInto } from './report.ts';
import { overLimit, type Section } from './section.ts';
import { writeToSocket } from './write-to-socket.ts';

/** In the order in which they are measured and said. */
const sections: Readonly<Record<string, (quick: boolean) => Promise<Section>>> = {
  operations: operationCosts,
  growth,
  'fan-out': fanOut,
  'write-to-socket': writeToSocket,
  'due-work': dueWork,
  recurrence,
  bundles: bundleSizes,
  'cold-start': coldStarts,
  'handler-cpu': handlerCpu,
  month,
};

const usage = `Usage: npm run bench -- [--only NAME,…] [--quick] [--json] [--write]

  --only    these sections alone: ${Object.keys(sections).join(', ')}
  --quick   without what takes minutes: histories of a hundred thousand tasks, a thousand sockets
  --json    for machines
  --write   the run goes into docs/performance.md as well; a whole one only

Exit code 0: all is within its limit. 1: something is not. 2: it could not be measured, or not asked for.`;

const options = {
  only: { type: 'string' },
  quick: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const asked = () => {
  try {
    const { only, ...values } = parseArgs({ options }).values;
    const names = only?.split(',') ?? Object.keys(sections);
    const wrong = names.find((name) => !sections[name]);
    if (wrong !== undefined) throw new Error(`There is no section "${wrong}".`);
    if (values.write && (only !== undefined || values.quick)) throw new Error('Only a whole run is written down.');
    return { ...values, names };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    return null;
  }
};

const bench = async (): Promise<number> => {
  const request = asked();
  if (!request) return 2;
  if (request.help) {
    console.log(usage);
    return 0;
  }
  const done: Section[] = [];
  for (const name of request.names) {
    const section = await sections[name]?.(request.quick);
    if (!section) continue;
    done.push(section);
    if (!request.json) console.log(asText(section));
  }
  if (request.json) console.log(asJson(done));
  if (request.write) await writeInto('docs/performance.md', done);
  return done.some((section) => overLimit(section).length > 0) ? 1 : 0;
};

// What functions count of themselves is not what is counted here.
Object.assign(process.env, { POWERTOOLS_METRICS_DISABLED: 'true', POWERTOOLS_METRICS_NAMESPACE: 'bench' });

try {
  process.exit(await bench());
} catch (error) {
  console.error(error);
  process.exit(2);
}
