import type { Assembly, Invocation, Lambdas, Resource } from '#local/parts.ts';

/** Properties, or what makes them once other resources are there. */
type Properties = Resource['properties'] | ((learned: ReadonlyMap<string, string>) => Resource['properties']);

/** A resource whose physical id is its logical one. */
export interface ResourceDraft {
  readonly type: string;
  readonly properties: Properties;
}

export interface FakeAssembly extends Assembly {
  /** `<logical id>.<attribute>` → what a part said of it. */
  readonly learned: ReadonlyMap<string, string>;
}

/** An assembly of these resources alone. */
export const assemblyOf = (drafts: Readonly<Record<string, ResourceDraft>>): FakeAssembly => {
  const learned = new Map<string, string>();
  const resources = Object.entries(drafts).map(
    ([logicalId, { type, properties }]): Resource => ({
      logicalId,
      type,
      physicalId: logicalId,
      get properties() {
        return typeof properties === 'function' ? properties(learned) : properties;
      },
      assetFolder: null,
    }),
  );
  return {
    learned,
    resourcesOf: (type) => resources.filter((resource) => resource.type === type),
    named: (name) => resources.find(({ physicalId }) => physicalId === name),
    learn: (logicalId, attribute, value) => {
      learned.set(`${logicalId}.${attribute}`, value);
    },
    localUrl: (text) => text,
    outputs: () => ({}),
  };
};

export interface Call {
  readonly functionArn: string;
  readonly event: unknown;
}

/** Lambdas that remember what they were called with, and answer as they are told. */
export const fakeLambdas = (
  answer: (call: Call, index: number) => Invocation = () => ({ ok: true, payload: null }),
): Lambdas & { readonly calls: readonly Call[] } => {
  const calls: Call[] = [];
  return {
    calls,
    invoke: async (functionArn, event) => answer({ functionArn, event }, calls.push({ functionArn, event }) - 1),
  };
};

export const failure: Invocation = { ok: false, errorType: 'Error', errorMessage: 'it does not work' };
