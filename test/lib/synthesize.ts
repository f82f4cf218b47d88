import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { afterAll } from 'vitest';
import { entries } from '#blueprint/environment.ts';
import { configOf, type Stage, type StageConfig } from '#lib/config.ts';
import { addPomona } from '#lib/pomona.ts';
import cdk from '../../cdk.json' with { type: 'json' };

/** Bundles that hold next to nothing: a template names them, and does not look into them. */
const makeBundles = (folder: string): string => {
  for (const name of Object.keys(entries)) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, 'index.cjs'), 'exports.handler = async () => {};');
  }
  return folder;
};

/**
 * Both stacks of a stage, made as `bin/app.ts` makes them. To be called while a test file is being read.
 * @param changed what the stage has otherwise than it has
 * @param check whether cdk-nag, and CDK's own check against CloudFormation's schemas, look at them as they are synthesized
 */
export const pomona = (stage: Stage, { check, changed = {} }: { check: boolean; changed?: Partial<StageConfig> }) => {
  const folder = mkdtempSync(join(tmpdir(), 'pomona-synth-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const app = new App({
    outdir: join(folder, 'cdk.out'),
    analyticsReporting: false,
    builtinCloudFormationValidation: check,
    // What they find is asserted on, not thrown.
    context: { ...cdk.context, '@aws-cdk/core:failSynthOnValidationErrors': false },
  });
  if (check) Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  const stacks = addPomona(app, {
    config: { ...configOf(stage), ...changed },
    bundles: makeBundles(join(folder, 'bundles')),
    apiVersion: '1.2.3',
  });
  return { app, ...stacks };
};

export interface Templates {
  readonly stateful: Template;
  readonly service: Template;
}

/** The templates of a stage, with what is `changed` of its configuration. To be called while a test file is being read. */
export const templatesOf = (stage: Stage, changed: Partial<StageConfig> = {}): Templates => {
  const { stateful, service } = pomona(stage, { check: false, changed });
  return { stateful: Template.fromStack(stateful), service: Template.fromStack(service) };
};

export interface Resource {
  readonly logicalId: string;
  /** As loose as CDK's own assertions leave them: the assertion says what is expected. */
  readonly properties: Readonly<ReturnType<Template['findResources']>[string]>;
  readonly deletionPolicy: string | undefined;
}

/** Every resource of a type, in the template's order. */
export const resourcesOf = (template: Template, type: string): readonly Resource[] =>
  Object.entries(template.findResources(type)).map(([logicalId, { Properties = {}, DeletionPolicy }]) => ({
    logicalId,
    properties: Properties,
    deletionPolicy: DeletionPolicy,
  }));

/** The only resource of a type. @throws Error when there is none, or more */
export const theOnly = (template: Template, type: string): Resource => {
  const [resource, ...others] = resourcesOf(template, type);
  if (!resource || others.length > 0)
    throw new Error(`one ${type} was expected, not ${others.length + (resource ? 1 : 0)}`);
  return resource;
};

/** A template for a snapshot: without the hashes of bundles, which are another thing's business. */
export const snapshotOf = (template: Template): unknown =>
  JSON.parse(JSON.stringify(template.toJSON()).replaceAll(/\b[0-9a-f]{64}\b/g, '<hash>'));
