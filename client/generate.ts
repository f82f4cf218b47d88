import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { documentOf } from '../functions/openapi/operations.ts';

const head = `// Generated from the OpenAPI document by \`npm run client\`, which the typecheck runs first.

`;

const schemaFile = join(import.meta.dirname, 'schema.d.ts');

/** The types of the API, as TypeScript. What has a default may be left out, also in a body that has a name. */
const generateSchema = async (): Promise<string> =>
  head + astToString(await openapiTypescript(JSON.stringify(documentOf('generated')), { defaultNonNullable: false }));

writeFileSync(schemaFile, await generateSchema());
