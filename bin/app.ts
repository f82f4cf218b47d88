import { App } from 'aws-cdk-lib';
import { configOf } from '#lib/config.ts';
import { addPomona } from '#lib/pomona.ts';
import cdk from '../cdk.json' with { type: 'json' };
import project from '../package.json' with { type: 'json' };
import { buildFunctions, bundlesFolder } from '../scripts/build.ts';

// First, so that what is deployed is what is written.
await buildFunctions();

// The CLI passes cdk.json's context itself; the runner and a bare `node bin/app.ts` get the same templates this way.
const app = new App({ context: cdk.context, analyticsReporting: false });
addPomona(app, {
  config: configOf(app.node.tryGetContext('stage') ?? 'dev'),
  bundles: bundlesFolder,
  apiVersion: project.version,
});
app.synth();
