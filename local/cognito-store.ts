import { readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

type Data = { [name: string]: unknown };
type Path = string | readonly string[];

/** What cognito-local asks of a store. */
interface Store {
  get(context: object, path: Path, otherwise?: unknown): Promise<unknown>;
  getRoot(context: object): Promise<Data>;
  set(context: object, path: Path, value: unknown): Promise<void>;
  delete(context: object, path: Path): Promise<void>;
}

/**
 * Keeps users where cognito-local would, a JSON file a pool, but replaces the file at once: its own store empties it first, and a
 * runner that is killed in between would begin again without a single account.
 */
export const cognitoStores = (folder: string) => ({
  create: async (_context: object, id: string, defaults: Data): Promise<Store> => {
    await mkdir(folder, { recursive: true });
    const file = join(folder, `${id}.json`);
    const data: Data = { ...defaults, ...read(file) };
    const save = async (): Promise<void> => {
      await writeFile(`${file}.draft`, JSON.stringify(data, null, 2));
      await rename(`${file}.draft`, file);
    };
    await save();
    return {
      get: async (_, path, otherwise) => at(data, asList(path)) ?? otherwise ?? null,
      getRoot: async () => data,
      set: async (_, path, value) => {
        const { parent, name } = parentOf(data, path);
        parent[name] = value;
        await save();
      },
      delete: async (_, path) => {
        const { parent, name } = parentOf(data, path);
        delete parent[name];
        await save();
      },
    };
  },
});

const asList = (path: Path): readonly string[] => (typeof path === 'string' ? [path] : path);

const at = (data: Data, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, name) => (isData(value) && Object.hasOwn(value, name) ? value[name] : undefined), data);

const parentOf = (data: Data, path: Path): { parent: Data; name: string } => {
  const names = asList(path);
  const parent = at(data, names.slice(0, -1));
  if (!isData(parent)) throw new Error(`there is no ${names.join('.')} to write to`);
  return { parent, name: names.at(-1) ?? '' };
};

const isData = (value: unknown): value is Data => typeof value === 'object' && value !== null;

const read = (file: string): Data => {
  try {
    // cognito-local computes with dates, by whose names they are known.
    return JSON.parse(readFileSync(file, 'utf8'), (name, value) =>
      name.endsWith('Date') && typeof value === 'string' ? new Date(value) : value,
    );
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
};
