import { describe, expect, it } from 'vitest';
import { resourcesOf, templatesOf } from '#test/lib/synthesize.ts';
import { emulators } from '../../scripts/localstack/emulators.ts';
import { runNode } from '../../scripts/program.ts';

const { stateful, service } = templatesOf('dev');

describe('an emulator', () => {
  it.each(Object.values(emulators))('is spared nothing that is not in the templates: $name', ({ leftOut }) => {
    for (const type of Object.keys(leftOut)) {
      expect([type, [...resourcesOf(stateful, type), ...resourcesOf(service, type)].length > 0]).toEqual([type, true]);
    }
  });

  it('has our APIs where they can be found', () => {
    const [endpoint, stages] = ['http://127.0.0.1:4566', ['$default', 'live']];
    expect(stages.map((stage) => emulators.ministack.address(endpoint, 'api', stage))).toEqual([
      'http://127.0.0.1:4566/_aws/execute-api/api/$default',
      'http://127.0.0.1:4566/_aws/execute-api/api/live',
    ]);
    expect(stages.map((stage) => emulators.localstack.address(endpoint, 'api', stage))).toEqual([
      'http://api.execute-api.localhost.localstack.cloud:4566',
      'http://api.execute-api.localhost.localstack.cloud:4566/live',
    ]);
  });
});

describe.each([
  ['lint:templates', 'scripts/lint-templates.ts'],
  ['test:journeys', 'scripts/journeys/run.ts'],
  ['test:localstack', 'scripts/localstack/run.ts'],
])('npm run %s', (name, script) => {
  it('says how it is called, and of what it does not know that it could not look', async () => {
    const help = await runNode([script, '--help']);
    expect([help.code, help.printed]).toEqual([0, expect.stringContaining(`npm run ${name}`)]);
    const wrong = await runNode([script, '--colour', 'red']);
    expect([wrong.code, wrong.printed]).toEqual([2, expect.stringContaining(`npm run ${name}`)]);
  });
});
