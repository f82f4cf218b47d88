import { createHash } from 'node:crypto';

/** Something that a person has, in one version, as somebody was told of it. */
export interface Sight {
  readonly entity: 'task' | 'attachment' | 'pomodoro' | 'profile';
  readonly id: string;
  readonly version: number;
  /** The same for the same content. */
  readonly content: string;
  /** Whose it says it is; `null` where it does not say. */
  readonly owner: string | null;
}

/** `task 0192…` */
export const nameOf = ({ entity, id }: Pick<Sight, 'entity' | 'id'>): string => `${entity} ${id}`;

/** Everything in an answer that has versions, however deep. */
export const sightsIn = (value: unknown): readonly Sight[] => {
  if (Array.isArray(value)) return value.flatMap(sightsIn);
  if (typeof value !== 'object' || value === null) return [];
  const own = sightOf(value as Readonly<Record<string, unknown>>);
  return [...(own ? [own] : []), ...Object.values(value).flatMap(sightsIn)];
};

/** @returns null for what has no versions */
export const sightOf = (value: Readonly<Record<string, unknown>>): Sight | null => {
  const { version } = value;
  if (typeof version !== 'number') return null;
  const told = (entity: Sight['entity'], id: unknown, content: object): Sight => ({
    entity,
    id: String(id),
    version,
    content: digest(content),
    owner: typeof value.user_id === 'string' ? value.user_id : null,
  });
  if ('position' in value && 'tags' in value) {
    const { children: _, ...task } = value;
    return told('task', value.id, task);
  }
  if ('planned_seconds' in value && 'kind' in value) {
    // Its clock runs on, in the same version.
    const { status, kind, planned_seconds, start_time, end_time, early, task_id, interruptions } = value;
    return told('pomodoro', value.id, {
      ...{ status, kind, planned_seconds, start_time, end_time, early, task_id, interruptions },
    });
  }
  if ('file_type' in value && 'upload_date' in value) {
    const { file_url: _url, file_url_expires_at: _until, ...attachment } = value;
    return told('attachment', value.id, attachment);
  }
  if ('notifications' in value && 'day_start' in value) return told('profile', value.user_id, value);
  return null;
};

const digest = (content: object): string =>
  createHash('sha256').update(JSON.stringify(content, inOrder)).digest('base64url').slice(0, 16);

const inOrder = (_: string, member: unknown): unknown =>
  typeof member === 'object' && member !== null && !Array.isArray(member)
    ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
    : member;

/** What one person's devices were told, and what they did: the evidence for what must hold in the end. */
export interface Testimony {
  readonly owner: string;
  /** `task <id>@<version>` → what it looked like. */
  readonly seen: ReadonlyMap<string, Sight>;
  /** Names of what was deleted, as the service has said. */
  readonly deleted: ReadonlySet<string>;
  /** Versions that offline edits have made, as the service has said: `task <id>@<version>`. */
  readonly written: ReadonlySet<string>;
  /** `Idempotency-Key` → ids of what came of it. */
  readonly made: ReadonlyMap<string, ReadonlySet<string>>;
  /** What must not be, and was seen at once. */
  readonly violations: readonly Violation[];
  /** How many answers to one device could be compared with an earlier one. */
  readonly compared: number;
}

export interface Violation {
  readonly what: 'monotone' | 'cross-user' | 'two-contents';
  readonly detail: string;
}

/** Listens to everything that one person's devices are answered. */
export class Witness {
  readonly owner: string;
  readonly #seen = new Map<string, Sight>();
  readonly #deleted = new Set<string>();
  readonly #written = new Set<string>();
  readonly #made = new Map<string, Set<string>>();
  readonly #violations: Violation[] = [];
  readonly #newest = new Map<string, number>();
  #compared = 0;

  constructor(owner: string) {
    this.owner = owner;
  }

  get testimony(): Testimony {
    return {
      owner: this.owner,
      seen: this.#seen,
      deleted: this.#deleted,
      written: this.#written,
      made: this.#made,
      violations: this.#violations,
      compared: this.#compared,
    };
  }

  /**
   * An answer to one device, which asks one thing after the other: what it is told is never older than what it was told before.
   * @param device null for what tells of the past, as the feed does
   */
  answered(device: string | null, request: string, body: unknown): void {
    const sights = sightsIn(body);
    for (const sight of sights) {
      const name = nameOf(sight);
      if (sight.owner !== null && sight.owner !== this.owner) {
        this.#violations.push({
          what: 'cross-user',
          detail: `${request} told ${this.owner} of ${name} of ${sight.owner}`,
        });
      }
      const version = `${name}@${sight.version}`;
      const before = this.#seen.get(version);
      if (before && before.content !== sight.content) {
        this.#violations.push({ what: 'two-contents', detail: `${version} came with another content in ${request}` });
      }
      this.#seen.set(version, sight);
      if (device === null) continue;
      const newest = this.#newest.get(`${device} ${name}`);
      if (newest === undefined) continue;
      this.#compared += 1;
      if (sight.version < newest) {
        const detail = `${request} told a device of ${version}, which it had been told of in ${newest}`;
        this.#violations.push({ what: 'monotone', detail });
      }
    }
    if (device === null) return;
    // Of one answer with several versions, as a batch has, the newest.
    for (const sight of sights) {
      const key = `${device} ${nameOf(sight)}`;
      this.#newest.set(key, Math.max(sight.version, this.#newest.get(key) ?? 0));
    }
  }

  removed(name: string): void {
    this.#deleted.add(name);
  }

  wrote(version: string): void {
    this.#written.add(version);
  }

  /** @param id of what an `Idempotency-Key` has made, each time it was said */
  made(key: string, id: string): void {
    this.#made.set(key, (this.#made.get(key) ?? new Set()).add(id));
  }
}
