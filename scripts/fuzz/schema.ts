import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pythonPrograms } from '../python.ts';
import type { Fuzzing } from './fuzzing.ts';

/** @returns the program  @throws PythonMissing */
export const installSchemathesis = async (): Promise<string> =>
  join(await pythonPrograms({ requirement: 'schemathesis==4.32.5' }), 'schemathesis');

export interface SchemaFuzzing extends Fuzzing {
  readonly program: string;
  /** Where schemathesis may keep what it likes. */
  readonly folder: string;
}

/**
 * Everything that the OpenAPI document allows, and much that it does not, by schemathesis, which prints what it finds.
 * @returns whether every answer was as documented
 * @throws Error when it could not be looked at
 */
export const fuzzBySchema = ({
  program,
  folder,
  outputs,
  person,
  seed,
  maxExamples,
  interrupted,
}: SchemaFuzzing): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      program,
      [
        ...['--config-file', join(import.meta.dirname, 'schemathesis.toml')],
        ...['run', `${outputs.HttpApiUrl}/openapi.json`],
        ...['--seed', String(seed), '--max-examples', String(maxExamples), '--generation-database', 'none'],
      ],
      {
        cwd: folder,
        stdio: 'inherit',
        signal: interrupted,
        env: {
          ...process.env,
          PYTHONPATH: import.meta.dirname,
          PYTHONDONTWRITEBYTECODE: '1',
          FUZZ_LOGIN: person.email,
          FUZZ_PASSWORD: person.password,
          FUZZ_GUEST_UUID: guestUuid,
        },
      },
    );
    child.once('error', (error) => reject(interrupted.aborted ? interrupted.reason : error));
    child.once('close', (code) => {
      if (code === 0 || code === 1) resolve(code === 0);
      else reject(new Error(`schemathesis ended with ${code}: it could not look.`));
    });
  });

const guestUuid = '6f1d2c3b-4a5e-4f60-8b7a-9c8d7e6f5a4b';
