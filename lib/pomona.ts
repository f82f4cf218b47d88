import type { App } from 'aws-cdk-lib';
import type { StageConfig } from '#lib/config.ts';
import { ServiceStack } from '#lib/service-stack.ts';
import { StatefulStack } from '#lib/stateful-stack.ts';

export interface PomonaProps {
  readonly config: StageConfig;
  /** The folder that holds a bundle for each function, by its name. */
  readonly bundles: string;
  readonly apiVersion: string;
}

/** Both stacks of a stage. */
export const addPomona = (app: App, { config, bundles, apiVersion }: PomonaProps) => {
  const stateful = new StatefulStack(app, `Pomona-${config.stage}-Stateful`, {
    description: 'Pomona: what must survive a deploy',
    config,
    bundles,
  });
  const service = new ServiceStack(app, `Pomona-${config.stage}-Service`, {
    description: 'Pomona: what may be rebuilt',
    config,
    bundles,
    apiVersion,
    stateful,
  });
  return { stateful, service };
};
