import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entries } from '#blueprint/environment.ts';
import project from '../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '..');

const filesOf = (folder: string): readonly string[] => globSync(`${folder}/**/*.{ts,mjs}`, { cwd: root }).sort();

const aliases = Object.entries(project.imports).map(
  ([name, path]) => [name.slice(0, -1), normalize(path.slice(0, -1))] as const,
);

/** A path from the project's root for our own modules; the specifier as it is for packages. */
const resolve = (specifier: string, importer: string): string => {
  if (specifier.startsWith('.')) return join(dirname(importer), specifier);
  const alias = aliases.find(([name]) => specifier.startsWith(name));
  return alias ? join(alias[1], specifier.slice(alias[0].length)) : specifier;
};

/** Every way to write an import, types included: an arrow is an arrow. */
const importsOf = (file: string): readonly string[] =>
  [
    ...readFileSync(join(root, file), 'utf8').matchAll(
      /^(?:import|export|\}).*?\bfrom '([^']+)'|\bimport\(?\s*'([^']+)'/gm,
    ),
  ].map(([, from, bare]) => resolve(from ?? bare ?? '', file));

const graph: ReadonlyMap<string, readonly string[]> = new Map(
  ['bin', 'functions', 'lib', 'local', 'scripts'].flatMap(filesOf).map((file) => [file, importsOf(file)]),
);

type Where = (file: string) => boolean;

const inside =
  (...folders: readonly string[]): Where =>
  (file) =>
    folders.some((folder) => file.startsWith(`${folder}/`));

const ours = inside('bin', 'client', 'functions', 'lib', 'local', 'scripts', 'test');

/** `importer → imported` for every import that goes from some files to some others. */
const arrows = (from: Where, to: Where): readonly string[] =>
  [...graph].flatMap(([file, imports]) =>
    from(file) ? imports.filter(to).map((imported) => `${file} → ${imported}`) : [],
  );

const not =
  (where: Where): Where =>
  (file) =>
    !where(file);

/** The kinds of furniture that a room has. */
const kinds = {
  entry: (file) => Object.values<string>(entries).includes(file),
  operations: (file) => /[/-]operations\.ts$/.test(file),
  contract: (file) => basename(file) === 'contract.ts',
  store: (file) => /[/-]store\.ts$/.test(file),
  /** Besides stores and entries, these reach out of the process: a service of AWS, or the pool's keys. */
  adapter: (file) =>
    [
      'functions/accounts/cognito.ts',
      'functions/accounts/mail.ts',
      'functions/accounts/objects.ts',
      'functions/attachments/files.ts',
      'functions/export/objects.ts',
      'functions/mail/ses.ts',
      'functions/sync/access-token.ts',
      'functions/sync/gateway.ts',
    ].includes(file),
} as const satisfies Record<string, Where>;

const kernel = inside('functions/shared', 'functions/blueprint');

const room: Where = (file) => inside('functions')(file) && !kernel(file);

/** What a room is about: types, rules, errors and ports. */
const domain: Where = (file) => room(file) && !Object.values(kinds).some((is) => is(file));

/** Which kinds each kind may import, from its own room or another; the kernel is everybody's. */
const may: Readonly<Record<string, readonly [Where, readonly Where[]]>> = {
  'an entry wires everything, and is wired by nobody': [
    kinds.entry,
    [kinds.operations, kinds.contract, kinds.store, kinds.adapter, domain],
  ],
  'operations know contracts and the domain': [kinds.operations, [kinds.contract, domain]],
  'a contract knows the domain': [kinds.contract, [kinds.contract, domain]],
  'a store knows the domain': [kinds.store, [domain]],
  'an adapter knows the domain': [kinds.adapter, [domain]],
  'the domain knows itself': [domain, [domain]],
};

/** Clients of services; `@aws-sdk/util-dynamodb` only reads and writes a notation. */
const client = (imported: string): boolean => /^(@aws-sdk\/(?!util-)|aws-jwt-verify)/.test(imported);

describe('the rooms of functions/', () => {
  it.each(Object.entries(may))('%s', (_, [kind, allowed]) => {
    expect([...graph.keys()].filter(kind)).not.toEqual([]);
    expect(arrows(kind, (imported) => room(imported) && !allowed.some((is) => is(imported)))).toEqual([]);
  });

  it('reach out of the process only in stores, adapters and entries', () => {
    expect(arrows((file) => domain(file) || kinds.operations(file) || kinds.contract(file), client)).toEqual([]);
  });

  it('make no schema while they are loaded', () => {
    const eager = filesOf('functions').filter((file) =>
      /^(?:(?:export )?const \w+(?:: [^=\n]+)? =\s+)?(?:z\s*\.|text\(|wholeNumber\()/m.test(
        readFileSync(join(root, file), 'utf8'),
      ),
    );
    expect(eager).toEqual([]);
  });

  it('import nothing of what deploys, hosts or tests them', () => {
    expect(arrows(inside('functions'), (imported) => ours(imported) && !inside('functions')(imported))).toEqual([]);
    expect(arrows(inside('functions'), (imported) => /^(aws-cdk-lib|constructs|vitest)/.test(imported))).toEqual([]);
  });
});

describe('what an operator sees', () => {
  const sourceOf = (file: string): string => readFileSync(join(root, file), 'utf8');

  it.each(Object.values(entries))('%s names each invocation in its logs', (file) => {
    expect(sourceOf(file)).toMatch(/export const handler = (createHttpHandler|logged)\(/);
  });

  it('has every client of a service in its traces', () => {
    const clients = filesOf('functions').flatMap((file) =>
      [...sourceOf(file).matchAll(/(traced\(\s*'\w+',\s*)?new \w+Client\(/g)].map(([text]) => text),
    );
    expect(clients.length).toBeGreaterThan(5);
    expect(clients.filter((text) => !text.startsWith('traced('))).toEqual([]);
  });
});

describe('the kernel', () => {
  it('imports no room', () => {
    expect(
      arrows(
        inside('functions/shared'),
        not((imported) => !ours(imported) || kernel(imported)),
      ),
    ).toEqual([]);
  });

  it('rests on a blueprint that imports nothing', () => {
    expect(arrows(inside('functions/blueprint'), () => true)).toEqual([]);
  });
});

describe('the outer folders', () => {
  it('lib knows of functions only the blueprint', () => {
    const allowed = inside('lib', 'functions/blueprint');
    expect(arrows(inside('lib'), (imported) => ours(imported) && !allowed(imported))).toEqual([]);
  });

  it('nothing that is deployed knows the runner', () => {
    expect(arrows(not(inside('local', 'scripts')), inside('local'))).toEqual([]);
  });

  it('nothing but what shows, counts, tries or runs what tests test knows the tests', () => {
    const knowing = inside('scripts/bench', 'scripts/fuzz', 'scripts/journeys', 'scripts/localstack', 'scripts/soak');
    expect(
      arrows(
        not((file) => file === 'scripts/demo.ts' || knowing(file)),
        inside('test'),
      ),
    ).toEqual([]);
  });
});

describe('the journeys', () => {
  it('have no way to the API but the client, which is generated from its document', () => {
    const own = filesOf('test/journeys').filter((file) => /HttpApiUrl/.test(readFileSync(join(root, file), 'utf8')));
    expect(own).toEqual(['test/journeys/support.ts']);
  });
});

describe('every import', () => {
  it('of ours leads to a file', () => {
    const missing = [...graph].flatMap(([file, imports]) =>
      imports
        .filter((imported) => inside('bin', 'functions', 'lib', 'local', 'scripts')(imported) && !graph.has(imported))
        .map((imported) => `${file} → ${imported}`),
    );
    expect(missing).toEqual([]);
  });

  it('leads on, never back', () => {
    expect(cycleIn(graph)).toBeNull();
  });

  it('would be seen leading back', () => {
    const circle = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b']],
    ]);
    expect(cycleIn(circle)).toEqual(['b', 'c', 'b']);
  });
});

describe('every file', () => {
  it('has its name in kebab-case', () => {
    const files = [...graph.keys(), ...filesOf('test')];
    expect(files.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.(ts|mjs)$/.test(basename(file)))).toEqual([]);
  });
});

/** The first way found that comes back to where it was, depth first. */
const cycleIn = (modules: ReadonlyMap<string, readonly string[]>): readonly string[] | null => {
  const done = new Set<string>();
  const visit = (module: string, way: readonly string[]): readonly string[] | null => {
    if (way.includes(module)) return [...way.slice(way.indexOf(module)), module];
    if (done.has(module)) return null;
    for (const next of modules.get(module) ?? []) {
      const cycle = visit(next, [...way, module]);
      if (cycle) return cycle;
    }
    done.add(module);
    return null;
  };
  for (const module of modules.keys()) {
    const cycle = visit(module, []);
    if (cycle) return cycle;
  }
  return null;
};
